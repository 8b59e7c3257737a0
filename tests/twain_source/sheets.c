/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "source.h"

enum { MOST_FILES = 256 };

static wchar_t names[MOST_FILES][MAX_PATH];
static int files = -1;

static int by_name(const void *a, const void *b) { return wcscmp(a, b); }

static void read_folder(void) {
    wchar_t folder[MAX_PATH - 8], pattern[MAX_PATH];
    WIN32_FIND_DATAW found;
    files = 0;
    if (!asked_dir(folder, MAX_PATH - 8)) return;
    swprintf(pattern, MAX_PATH, L"%ls\\*.p?m", folder);
    HANDLE search = FindFirstFileW(pattern, &found);
    if (search == INVALID_HANDLE_VALUE) return;
    do {
        if (files < MOST_FILES)
            swprintf(names[files++], MAX_PATH, L"%ls\\%ls", folder, found.cFileName);
    } while (FindNextFileW(search, &found));
    FindClose(search);
    qsort(names, (size_t)files, sizeof *names, by_name);
}

int sheets_loaded(void) {
    if (files < 0) read_folder();
    return files == 0 ? 0 : getenv("SOHOA_VDS_PAGES") ? asked_for("PAGES") : files;
}

/* One pixel as red, green, blue. */
static void pixel(const uint8_t *row, int kind, int x, uint8_t *rgb) {
    if (kind == 6)
        memcpy(rgb, row + 3 * x, 3);
    else
        memset(rgb, kind == 5 ? row[x] : row[x / 8] >> (7 - x % 8) & 1 ? 0 : 255, 3);
}

static void convert_row(const uint8_t *from, int kind, Sheet *sheet, uint8_t *to) {
    memset(to, 0, sheet->row_bytes);
    for (int x = 0; x < sheet->width; x++) {
        uint8_t rgb[3];
        pixel(from, kind, x, rgb);
        int light = rgb[0] == rgb[1] && rgb[1] == rgb[2]
                        ? rgb[0]
                        : (299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2]) / 1000;
        if (sheet->bits == 24)
            memcpy(to + 3 * x, rgb, 3);
        else if (sheet->bits == 8)
            to[x] = (uint8_t)light;
        else if (light >= 128)
            to[x / 8] |= (uint8_t)(0x80 >> x % 8);
    }
}

static bool read_file(FILE *file, Sheet *sheet) {
    int kind = 0, depth = 0;
    if (fscanf(file, "P%d %d %d", &kind, &sheet->width, &sheet->height) != 3) return false;
    if (kind != 4 && fscanf(file, " %d", &depth) != 1) return false;
    fgetc(file);
    size_t row = kind == 6 ? 3 * (size_t)sheet->width
                 : kind == 5 ? (size_t)sheet->width
                             : ((size_t)sheet->width + 7) / 8;
    uint8_t *raw = malloc(row);
    sheet->row_bytes = ((size_t)sheet->width * (size_t)sheet->bits + 7) / 8;
    sheet->rows = malloc(sheet->row_bytes * (size_t)sheet->height);
    bool good = raw && sheet->rows && kind >= 4 && kind <= 6;
    for (int y = 0; good && y < sheet->height; y++) {
        good = fread(raw, 1, row, file) == row;
        convert_row(raw, kind, sheet, sheet->rows + (size_t)y * sheet->row_bytes);
    }
    free(raw);
    return good;
}

bool sheet_read(int number, int pixel_type, Sheet *sheet) {
    free(sheet->rows);
    memset(sheet, 0, sizeof *sheet);
    sheet->bits = pixel_type == TWPT_BW ? 1 : pixel_type == TWPT_GRAY ? 8 : 24;
    if (sheets_loaded() < number || number < 1) return false;
    FILE *file = _wfopen(names[(number - 1) % files], L"rb");
    bool good = file && read_file(file, sheet);
    if (file) fclose(file);
    return good;
}
