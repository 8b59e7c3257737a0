/* SPDX-License-Identifier: Apache-2.0
 * Commands from stdin, read by a thread of their own: `stop` must get through while a source is at
 * work, and a bridge whose parent is gone must not hold the scanner for ever.
 */
#ifndef SOHOA_INBOX_H
#define SOHOA_INBOX_H

#include <stdbool.h>
#include <windows.h>

#include "words.h"

bool inbox_open(void);
/* Waits for the next command while `pump` serves the window. False: stdin is closed. */
bool inbox_next(Command *command, void (*pump)(void));
/* `stop` came after the last `scan`, or stdin is closed. */
bool inbox_stop_asked(void);

#endif
