/* SPDX-License-Identifier: Apache-2.0
 *
 * A source manager of the second generation with one source, the virtual one beside it. Wine's is of
 * the first, and the real one comes with scanners: this one tries callbacks and memory functions.
 * Its memory is not the global heap, so that nobody gets away with the functions of the first; what
 * is not given back is counted on stderr.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <windows.h>

#include "twain_abi.h"

enum { MAGIC = 0x50a0a };

typedef struct { int magic, locks; double content[1]; } Block;

static struct {
    HMODULE self, library;
    DSENTRYPROC source;
    TW_IDENTITY application;
    TW_CALLBACK callback;
    uint16_t condition;
    int open, blocks;
} manager;

/* ---- memory ---------------------------------------------------------------------------------- */

static Block *checked(TW_HANDLE handle) {
    Block *block = handle;
    if (block->magic != MAGIC) {
        fprintf(stderr, "not memory of this manager\n");
        abort();
    }
    return block;
}

static TW_HANDLE TWAIN_CALL allocate(uint32_t bytes) {
    Block *block = calloc(1, sizeof *block + bytes);
    block->magic = MAGIC;
    manager.blocks++;
    return block;
}

static void TWAIN_CALL release(TW_HANDLE handle) {
    Block *block = checked(handle);
    if (block->locks) fprintf(stderr, "freed while locked\n");
    block->magic = 0;
    manager.blocks--;
    free(block);
}

static TW_MEMREF TWAIN_CALL lock(TW_HANDLE handle) {
    checked(handle)->locks++;
    return checked(handle)->content;
}

static void TWAIN_CALL unlock(TW_HANDLE handle) { checked(handle)->locks--; }

/* ---- the source ------------------------------------------------------------------------------ */

static uint16_t fail(uint16_t condition) {
    manager.condition = condition;
    return TWRC_FAILURE;
}

static int load_source(void) {
    wchar_t path[MAX_PATH];
    if (manager.source) return 1;
    GetModuleFileNameW(manager.self, path, MAX_PATH);
    wcscpy(wcsrchr(path, L'\\') + 1, sizeof(void *) == 8 ? L"source64.ds" : L"source32.ds");
    manager.library = LoadLibraryW(path);
    FARPROC found = manager.library ? GetProcAddress(manager.library, "DS_Entry") : NULL;
    memcpy(&manager.source, &found, sizeof manager.source);
    return found != NULL;
}

__declspec(dllexport) uint16_t TWAIN_CALL DSM_Entry(TW_IDENTITY *origin, TW_IDENTITY *destination,
                                                    uint32_t group, uint16_t type, uint16_t message,
                                                    TW_MEMREF content);

static TW_ENTRYPOINT functions(void) {
    return (TW_ENTRYPOINT){sizeof(TW_ENTRYPOINT), DSM_Entry, allocate, release, lock, unlock};
}

static uint16_t identity(TW_IDENTITY *origin, uint16_t message, TW_IDENTITY *which) {
    if (!load_source()) return fail(TWCC_NODS);
    TW_ENTRYPOINT given = functions();
    switch (message) {
    case MSG_GETFIRST:
        which->Id = 1;
        return manager.source(origin, DG_CONTROL, DAT_IDENTITY, MSG_GET, which);
    case MSG_GETNEXT: return fail(TWCC_SUCCESS), TWRC_ENDOFLIST;
    case MSG_OPENDS:
        manager.application = *origin;
        manager.source(origin, DG_CONTROL, DAT_ENTRYPOINT, MSG_SET, &given);
        break;
    case MSG_CLOSEDS: break;
    default: return fail(TWCC_BADPROTOCOL);
    }
    uint16_t rc = manager.source(origin, DG_CONTROL, DAT_IDENTITY, message, which);
    TW_STATUS status = {0};
    if (rc == TWRC_FAILURE) {
        manager.source(origin, DG_CONTROL, DAT_STATUS, MSG_GET, &status);
        manager.condition = status.ConditionCode;
    }
    return rc;
}

/* ---- the one door ---------------------------------------------------------------------------- */

static uint16_t own(TW_IDENTITY *origin, uint16_t type, uint16_t message, TW_MEMREF content) {
    if (type == DAT_STATUS) {
        *(TW_STATUS *)content = (TW_STATUS){.ConditionCode = manager.condition};
        manager.condition = TWCC_SUCCESS;
        return TWRC_SUCCESS;
    }
    if (type == DAT_PARENT && message == MSG_OPENDSM) {
        if (!(origin->SupportedGroups & DF_APP2)) return fail(TWCC_BADPROTOCOL);
        origin->SupportedGroups |= DF_DSM2;
        manager.open = 1;
        return TWRC_SUCCESS;
    }
    if (!manager.open) return fail(TWCC_SEQERROR);
    if (type == DAT_PARENT && message == MSG_CLOSEDSM) {
        manager.open = 0;
        if (manager.blocks) fprintf(stderr, "%d blocks were not given back\n", manager.blocks);
        return TWRC_SUCCESS;
    }
    if (type == DAT_ENTRYPOINT && message == MSG_GET) {
        if (((TW_ENTRYPOINT *)content)->Size != sizeof(TW_ENTRYPOINT)) return fail(TWCC_BADVALUE);
        *(TW_ENTRYPOINT *)content = functions();
        return TWRC_SUCCESS;
    }
    if (type == DAT_IDENTITY) return identity(origin, message, content);
    return fail(TWCC_BADPROTOCOL);
}

/* The source speaks: to whoever registered. */
static uint16_t pass_back(TW_IDENTITY *origin, uint16_t message) {
    DSMENTRYPROC theirs;
    memcpy(&theirs, &manager.callback.CallBackProc, sizeof theirs);
    if (!theirs) return fail(TWCC_SEQERROR);
    return theirs(origin, &manager.application, DG_CONTROL, DAT_NULL, message, NULL);
}

uint16_t TWAIN_CALL DSM_Entry(TW_IDENTITY *origin, TW_IDENTITY *destination, uint32_t group,
                              uint16_t type, uint16_t message, TW_MEMREF content) {
    if (group == DG_CONTROL && type == DAT_NULL) return pass_back(origin, message);
    if (!destination) return own(origin, type, message, content);
    if (group == DG_CONTROL && type == DAT_CALLBACK) {
        if (message != MSG_REGISTER_CALLBACK) return fail(TWCC_BADPROTOCOL);
        manager.callback = *(TW_CALLBACK *)content;
        return TWRC_SUCCESS;
    }
    return manager.source(origin, group, type, message, content);
}

BOOL WINAPI DllMain(HINSTANCE self, DWORD why, LPVOID unused) {
    (void)unused;
    if (why == DLL_PROCESS_ATTACH) manager.self = self;
    return TRUE;
}
