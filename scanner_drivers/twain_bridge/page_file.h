/* SPDX-License-Identifier: Apache-2.0
 * One page on its way to the disk: a raw PNM, `.part` until every row is in and flushed.
 */
#ifndef SOHOA_PAGE_FILE_H
#define SOHOA_PAGE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <windows.h>

typedef struct {
    HANDLE file;
    wchar_t part[MAX_PATH], whole[MAX_PATH];
    char name[16];
    int bits; /* 1, 8 or 24 a pixel */
    uint32_t width, rows;
    size_t row_bytes;
    uint8_t *row;        /* one row, for turning */
    bool inverted;       /* zero bits or bytes mean the other end than in PNM */
    bool lowest_first;   /* bits: the leftmost pixel is the lowest bit */
} PageFile;

size_t page_row_bytes(int bits, uint32_t width);
bool page_begin(PageFile *page, const wchar_t *folder, long number, int bits, uint32_t width);
/* `rows` rows, each starting `stride` bytes after the one before; what is behind a row is dropped. */
bool page_add(PageFile *page, const uint8_t *from, size_t stride, uint32_t rows);
/* A tile, its left edge at pixel `x` (a multiple of 8 for bits) and its top at row `y`. */
bool page_add_tile(PageFile *page, const uint8_t *from, size_t stride, uint32_t x, uint32_t y,
                   uint32_t columns, uint32_t rows);
bool page_keep(PageFile *page);
void page_drop(PageFile *page);

#endif
