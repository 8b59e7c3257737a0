/* SPDX-License-Identifier: Apache-2.0
 * Capabilities of the open source, in our words; every value that is set is read back.
 */
#ifndef SOHOA_SETTINGS_H
#define SOHOA_SETTINGS_H

#include <stdbool.h>

#include "twain_abi.h"
#include "words.h"

typedef struct {
    bool feeder, duplex, memory; /* memory: strips; otherwise one native bitmap a page */
    int pixel_type, pixel_flavor, bit_order;
    bool image_notes; /* side and paper count come with the page */
} Applied;

/* Sends the event `caps`. */
void tell_capabilities(void);
/* Sets what the command asks for, sends the event `applied` with what the source made of it. */
Applied apply_settings(const Command *command);
/* The device has a paper sensor, and it sees none. */
bool feeder_is_empty(const Applied *applied);

#endif
