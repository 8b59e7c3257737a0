/* SPDX-License-Identifier: Apache-2.0
 * The Data Source Manager (DSM) of either generation, and the one source of this process.
 */
#ifndef SOHOA_MANAGER_H
#define SOHOA_MANAGER_H

#include <stdbool.h>
#include <windows.h>

#include "twain_abi.h"

typedef struct { uint16_t rc, cc; } Outcome; /* return code, condition code */

enum { /* the states of the specification, as far as the bridge goes */
    STATE_LOADED = 2,
    STATE_MANAGER_OPEN = 3,
    STATE_SOURCE_OPEN = 4,
    STATE_ENABLED = 5,
    STATE_READY = 6,
    STATE_TRANSFERRING = 7
};

/* `named`: the library to load, NULL for the system's. */
bool manager_load(const wchar_t *named);
const wchar_t *manager_path(void);
int manager_generation(void); /* 1 or 2 (callbacks and memory functions) */

Outcome manager_open(void);
void manager_close(void);
bool manager_first(TW_IDENTITY *source);
bool manager_next(TW_IDENTITY *source);

Outcome source_open(const TW_IDENTITY *which);
/* Back to `state`, step by step, whatever the source says on the way. */
void source_retreat(int state);
Outcome source_ask(uint32_t group, uint16_t type, uint16_t message, void *content);
Outcome source_enable(void);
int source_state(void);
void source_set_state(int state);

/* Serves the window once; true after MSG_XFERREADY. `closing`: the source wants to be closed. */
void manager_pump(void);
bool source_wait_ready(bool (*stopped)(void), bool *closing);

TW_HANDLE memory_take(uint32_t bytes);
void *memory_lock(TW_HANDLE handle);
void memory_unlock(TW_HANDLE handle);
void memory_free(TW_HANDLE handle);

bool outcome_good(Outcome outcome);
const char *outcome_fault(Outcome outcome); /* our name for it, as in ScannerFault */

#endif
