/* SPDX-License-Identifier: Apache-2.0
 * A TWAIN source made of image files, for tests. What it does is told by the environment:
 *
 *   SOHOA_VDS_DIR             folder of raw PNM files (P4, P5, P6), fed in order of name
 *   SOHOA_VDS_PAGES           images to feed (the files again from the first when they run out)
 *   SOHOA_VDS_JAM_AT, SOHOA_VDS_DOUBLE_FEED_AT, SOHOA_VDS_CRASH_AT, SOHOA_VDS_HANG_AT
 *                             the image, from 1, at which it happens
 *   SOHOA_VDS_BUSY            somebody else has the scanner open
 *   SOHOA_VDS_STRIDE_PAD      bytes of rubbish behind every row
 *   SOHOA_VDS_DUPLEX          the scanner can do both sides
 *   SOHOA_VDS_UNKNOWN_LENGTH  size of a page -1 (tiles: its length), count of pages 65535: not known before
 *   SOHOA_VDS_SHORT_AT        the image that ends some rows early
 *   SOHOA_VDS_REVISED         the real length is told once the page is through
 *   SOHOA_VDS_TILES           tiles instead of strips
 *   SOHOA_VDS_NATIVE_ONLY     no memory transfer
 *   SOHOA_VDS_VANILLA         zero is light, and the application cannot change that
 *   SOHOA_VDS_SENSOR          there is a paper sensor
 *   SOHOA_VDS_SLOW_MS         milliseconds a strip takes
 *   SOHOA_VDS_CHATTER         prints to the standard output of the process when it is opened
 *   SOHOA_VDS_HELPER          a helper program is started when the source is opened
 *   SOHOA_VDS_THREAD          "ready" is called back from a thread, some time after enabling
 */
#ifndef SOHOA_VIRTUAL_SOURCE_H
#define SOHOA_VIRTUAL_SOURCE_H

#include <stdbool.h>
#include <windows.h>

#include "twain_abi.h"

int asked_for(const char *name); /* the number in SOHOA_VDS_<name>, 0 without one */
bool asked_dir(wchar_t *to, int room);

/* capabilities.c */
uint16_t capability(uint16_t message, TW_CAPABILITY *wanted, uint16_t *condition);
double setting(uint16_t which);
void reset_settings(void);

/* memory of whichever manager opened us */
void memory_functions(const TW_ENTRYPOINT *given);
TW_HANDLE memory_take(uint32_t bytes);
void *memory_lock(TW_HANDLE handle);
void memory_unlock(TW_HANDLE handle);
void memory_free(TW_HANDLE handle);

/* sheets.c */
typedef struct {
    int width, height, bits;
    size_t row_bytes;
    uint8_t *rows; /* TWAIN's chocolate: zero is dark */
} Sheet;
int sheets_loaded(void);
bool sheet_read(int number, int pixel_type, Sheet *sheet);

#endif
