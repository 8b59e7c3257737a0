/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SOHOA_TRANSFER_H
#define SOHOA_TRANSFER_H

#include <stdbool.h>
#include <wchar.h>

#include "manager.h"
#include "settings.h"

typedef struct {
    long pages;
    const char *fault; /* NULL: the feeder is empty, the normal end */
    const char *detail;
    Outcome outcome;
} Scan;

/* Pages `first`, `first` + 1, … into `folder`, an event `page` for each that is safe on disk. */
Scan scan_pages(const Applied *applied, const wchar_t *folder, long first, bool (*stopped)(void));

#endif
