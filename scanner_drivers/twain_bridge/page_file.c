/* SPDX-License-Identifier: Apache-2.0 */
#include "page_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* Fixed width, so that it can be written again once the rows have been counted: a source may not
 * know the length of a page before its end. */
static int header(char *to, size_t room, const PageFile *page) {
    const char *kind = page->bits == 1 ? "P4" : page->bits == 8 ? "P5" : "P6";
    return snprintf(to, room, "%s\n%10lu %10lu\n%s", kind, (unsigned long)page->width,
                    (unsigned long)page->rows, page->bits == 1 ? "" : "255\n");
}

static bool write_all(HANDLE file, const void *from, size_t length) {
    DWORD written;
    return WriteFile(file, from, (DWORD)length, &written, NULL) && written == length;
}

static bool write_header(PageFile *page) {
    char text[64];
    int length = header(text, sizeof text, page);
    return write_all(page->file, text, (size_t)length);
}

size_t page_row_bytes(int bits, uint32_t width) { return ((size_t)width * (size_t)bits + 7) / 8; }

bool page_begin(PageFile *page, const wchar_t *folder, long number, int bits, uint32_t width) {
    memset(page, 0, sizeof *page);
    page->bits = bits;
    page->width = width;
    page->row_bytes = page_row_bytes(bits, width);
    snprintf(page->name, sizeof page->name, "%04ld.pnm", number);
    if (swprintf(page->part, MAX_PATH, L"%ls\\%04ld.part", folder, number) < 0 ||
        swprintf(page->whole, MAX_PATH, L"%ls\\%04ld.pnm", folder, number) < 0)
        return false;
    page->row = malloc(page->row_bytes);
    page->file = CreateFileW(page->part, GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_ALWAYS,
                             FILE_ATTRIBUTE_NORMAL, NULL);
    return page->row && page->file != INVALID_HANDLE_VALUE && write_header(page);
}

static uint8_t mirrored(uint8_t bits) {
    bits = (uint8_t)((bits & 0xf0) >> 4 | (bits & 0x0f) << 4);
    bits = (uint8_t)((bits & 0xcc) >> 2 | (bits & 0x33) << 2);
    return (uint8_t)((bits & 0xaa) >> 1 | (bits & 0x55) << 1);
}

static const uint8_t *turned(PageFile *page, const uint8_t *from, size_t length) {
    if (!page->inverted && !page->lowest_first) return from;
    uint8_t flip = page->inverted ? 0xff : 0;
    for (size_t i = 0; i < length; i++)
        page->row[i] = (uint8_t)((page->lowest_first ? mirrored(from[i]) : from[i]) ^ flip);
    return page->row;
}

bool page_add(PageFile *page, const uint8_t *from, size_t stride, uint32_t rows) {
    if (stride < page->row_bytes) return false;
    bool packed = stride == page->row_bytes && !page->inverted && !page->lowest_first;
    if (packed && !write_all(page->file, from, stride * rows)) return false;
    for (uint32_t i = 0; !packed && i < rows; i++, from += stride)
        if (!write_all(page->file, turned(page, from, page->row_bytes), page->row_bytes)) return false;
    page->rows += rows;
    return true;
}

bool page_add_tile(PageFile *page, const uint8_t *from, size_t stride, uint32_t x, uint32_t y,
                   uint32_t columns, uint32_t rows) {
    char text[64];
    size_t start = (size_t)header(text, sizeof text, page);
    size_t left = (size_t)x * (size_t)page->bits / 8, length = page_row_bytes(page->bits, columns);
    if (page->bits == 1 && x % 8) return false;
    if (left + length > page->row_bytes || stride < length) return false;
    for (uint32_t i = 0; i < rows; i++, from += stride) {
        LARGE_INTEGER at = {.QuadPart = (LONGLONG)(start + (size_t)(y + i) * page->row_bytes + left)};
        if (!SetFilePointerEx(page->file, at, NULL, FILE_BEGIN) ||
            !write_all(page->file, turned(page, from, length), length))
            return false;
    }
    if (y + rows > page->rows) page->rows = y + rows;
    return true;
}

bool page_keep(PageFile *page) {
    LARGE_INTEGER top = {.QuadPart = 0};
    bool good = SetFilePointerEx(page->file, top, NULL, FILE_BEGIN) && write_header(page) &&
                FlushFileBuffers(page->file);
    good = CloseHandle(page->file) && good;
    page->file = INVALID_HANDLE_VALUE;
    free(page->row);
    page->row = NULL;
    return good && MoveFileExW(page->part, page->whole, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH);
}

void page_drop(PageFile *page) {
    if (page->file && page->file != INVALID_HANDLE_VALUE) CloseHandle(page->file);
    page->file = INVALID_HANDLE_VALUE;
    free(page->row);
    page->row = NULL;
    if (page->part[0]) DeleteFileW(page->part);
}
