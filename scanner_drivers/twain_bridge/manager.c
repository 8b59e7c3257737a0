/* SPDX-License-Identifier: Apache-2.0 */
#include "manager.h"

#include <stdio.h>
#include <string.h>

enum { WAKE_MS = 100 };

static struct {
    DSMENTRYPROC entry;
    wchar_t path[MAX_PATH];
    TW_IDENTITY self, source;
    TW_ENTRYPOINT memory;
    HWND window;
    int state;
    volatile LONG ready, closing;
} manager = {.state = STATE_LOADED};

/* ---- loading --------------------------------------------------------------------------------- */

static bool load(const wchar_t *path) {
    /* altered search path: what the library needs is looked for beside it first */
    HMODULE library = LoadLibraryExW(path, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
    if (!library) return false;
    FARPROC found = GetProcAddress(library, "DSM_Entry");
    if (!found) {
        FreeLibrary(library);
        return false;
    }
    memcpy(&manager.entry, &found, sizeof manager.entry);
    GetModuleFileNameW(library, manager.path, MAX_PATH);
    return true;
}

/* By full path only: a library of that name in the working folder must not be run. */
static bool load_from(UINT(WINAPI *folder)(LPWSTR, UINT), const wchar_t *name) {
    wchar_t path[MAX_PATH * 2];
    UINT length = folder(path, MAX_PATH);
    if (!length || length >= MAX_PATH) return false;
    path[length] = L'\\';
    wcscpy(path + length + 1, name);
    return load(path);
}

bool manager_load(const wchar_t *named) {
    if (named) return load(named);
    return load_from(GetSystemDirectoryW, L"TWAINDSM.dll") ||
           load_from(GetWindowsDirectoryW, L"twain_32.dll") ||
           load_from(GetSystemDirectoryW, L"twain_32.dll");
}

const wchar_t *manager_path(void) { return manager.path; }
int manager_generation(void) { return manager.self.SupportedGroups & DF_DSM2 ? 2 : 1; }

/* ---- asking ---------------------------------------------------------------------------------- */

static uint16_t ask(TW_IDENTITY *whom, uint32_t group, uint16_t type, uint16_t message, void *content) {
    return manager.entry(&manager.self, whom, group, type, message, content);
}

static Outcome judged(TW_IDENTITY *whom, uint16_t rc) {
    Outcome outcome = {rc, TWCC_SUCCESS};
    TW_STATUS status = {0};
    if ((rc == TWRC_FAILURE || rc == TWRC_CHECKSTATUS) &&
        ask(whom, DG_CONTROL, DAT_STATUS, MSG_GET, &status) == TWRC_SUCCESS)
        outcome.cc = status.ConditionCode;
    return outcome;
}

static Outcome ask_manager(uint16_t type, uint16_t message, void *content) {
    return judged(NULL, ask(NULL, DG_CONTROL, type, message, content));
}

Outcome source_ask(uint32_t group, uint16_t type, uint16_t message, void *content) {
    return judged(&manager.source, ask(&manager.source, group, type, message, content));
}

bool outcome_good(Outcome outcome) {
    return outcome.rc == TWRC_SUCCESS || outcome.rc == TWRC_CHECKSTATUS;
}

const char *outcome_fault(Outcome outcome) {
    if (outcome.rc == TWRC_CANCEL) return "cancelled";
    if (outcome.rc == TWRC_BUSY || outcome.rc == TWRC_SCANNERLOCKED) return "busy";
    switch (outcome.cc) {
    case TWCC_NOMEDIA: return "out_of_paper";
    case TWCC_PAPERJAM: return "jam";
    case TWCC_PAPERDOUBLEFEED: return "double_feed";
    case TWCC_INTERLOCK: return "cover_open";
    case TWCC_MAXCONNECTIONS: return "busy";
    case TWCC_NODS:
    case TWCC_CHECKDEVICEONLINE: return "offline";
    case TWCC_BADVALUE:
    case TWCC_BADCAP:
    case TWCC_CAPUNSUPPORTED: return "bad_setting";
    case TWCC_DAMAGEDCORNER:
    case TWCC_FOCUSERROR:
    case TWCC_DOCTOOLIGHT:
    case TWCC_DOCTOODARK: return "damaged";
    default: return "driver_crashed";
    }
}

/* ---- memory: the manager's functions, or the global heap of the first generation ------------- */

TW_HANDLE memory_take(uint32_t bytes) {
    return manager.memory.DSM_MemAllocate ? manager.memory.DSM_MemAllocate(bytes)
                                          : (TW_HANDLE)GlobalAlloc(GHND, bytes);
}

void *memory_lock(TW_HANDLE handle) {
    return manager.memory.DSM_MemLock ? manager.memory.DSM_MemLock(handle)
                                      : GlobalLock((HGLOBAL)handle);
}

void memory_unlock(TW_HANDLE handle) {
    if (manager.memory.DSM_MemUnlock)
        manager.memory.DSM_MemUnlock(handle);
    else
        GlobalUnlock((HGLOBAL)handle);
}

void memory_free(TW_HANDLE handle) {
    if (manager.memory.DSM_MemFree)
        manager.memory.DSM_MemFree(handle);
    else
        GlobalFree((HGLOBAL)handle);
}

/* ---- the manager ----------------------------------------------------------------------------- */

static HWND make_window(void) {
    WNDCLASSW class = {.lpfnWndProc = DefWindowProcW,
                       .hInstance = GetModuleHandleW(NULL),
                       .lpszClassName = L"SohoaTwainBridge"};
    RegisterClassW(&class);
    /* a real window, never shown: a message-only one gets no broadcasts, and sources send some;
     * without a desktop (Wine with no display) there is only the other kind */
    HWND real = CreateWindowExW(WS_EX_TOOLWINDOW, class.lpszClassName, L"Sohoa", WS_POPUP, 0, 0, 1, 1,
                                NULL, NULL, class.hInstance, NULL);
    return real ? real
                : CreateWindowExW(0, class.lpszClassName, L"Sohoa", 0, 0, 0, 0, 0, HWND_MESSAGE, NULL,
                                  class.hInstance, NULL);
}

static void introduce(TW_IDENTITY *self) {
    memset(self, 0, sizeof *self);
    self->Version.MajorNum = 1;
    self->Version.Language = TWLG_ENGLISH_USA;
    self->Version.Country = TWCY_USA;
    strcpy(self->Version.Info, "1.0");
    self->ProtocolMajor = TWON_PROTOCOLMAJOR;
    self->ProtocolMinor = TWON_PROTOCOLMINOR;
    self->SupportedGroups = DG_CONTROL | DG_IMAGE | DF_APP2;
    strcpy(self->Manufacturer, "Sohoa");
    strcpy(self->ProductFamily, "Sohoa");
    strcpy(self->ProductName, "Sohoa TWAIN bridge");
}

Outcome manager_open(void) {
    Outcome outcome = {TWRC_SUCCESS, TWCC_SUCCESS};
    if (manager.state >= STATE_MANAGER_OPEN) return outcome;
    if (!manager.window && !(manager.window = make_window()))
        return (Outcome){TWRC_FAILURE, TWCC_LOWMEMORY};
    introduce(&manager.self);
    outcome = ask_manager(DAT_PARENT, MSG_OPENDSM, &manager.window);
    if (!outcome_good(outcome)) return outcome;
    manager.state = STATE_MANAGER_OPEN;
    if (manager_generation() == 2) {
        manager.memory.Size = sizeof manager.memory;
        outcome = ask_manager(DAT_ENTRYPOINT, MSG_GET, &manager.memory);
        if (!outcome_good(outcome)) memset(&manager.memory, 0, sizeof manager.memory);
    }
    return (Outcome){TWRC_SUCCESS, TWCC_SUCCESS};
}

void manager_close(void) {
    source_retreat(STATE_MANAGER_OPEN);
    if (manager.state < STATE_MANAGER_OPEN) return;
    ask_manager(DAT_PARENT, MSG_CLOSEDSM, &manager.window);
    manager.state = STATE_LOADED;
}

bool manager_first(TW_IDENTITY *source) {
    memset(source, 0, sizeof *source);
    return ask_manager(DAT_IDENTITY, MSG_GETFIRST, source).rc == TWRC_SUCCESS;
}

bool manager_next(TW_IDENTITY *source) {
    memset(source, 0, sizeof *source);
    return ask_manager(DAT_IDENTITY, MSG_GETNEXT, source).rc == TWRC_SUCCESS;
}

/* ---- the source ------------------------------------------------------------------------------ */

static void notice(uint16_t message) {
    if (message == MSG_XFERREADY) InterlockedExchange(&manager.ready, 1);
    if (message == MSG_CLOSEDSREQ || message == MSG_CLOSEDSOK) InterlockedExchange(&manager.closing, 1);
}

/* Called by a manager of the second generation, possibly from a thread of the source. */
static uint16_t TWAIN_CALL called_back(TW_IDENTITY *origin, TW_IDENTITY *destination, uint32_t group,
                                       uint16_t type, uint16_t message, TW_MEMREF content) {
    (void)origin, (void)destination, (void)group, (void)type, (void)content;
    notice(message);
    PostMessageW(manager.window, WM_NULL, 0, 0);
    return TWRC_SUCCESS;
}

Outcome source_open(const TW_IDENTITY *which) {
    manager.source = *which;
    Outcome outcome = ask_manager(DAT_IDENTITY, MSG_OPENDS, &manager.source);
    if (!outcome_good(outcome)) return outcome;
    manager.state = STATE_SOURCE_OPEN;
    if (manager_generation() == 2) {
        DSMENTRYPROC ours = called_back;
        TW_CALLBACK callback = {0};
        memcpy(&callback.CallBackProc, &ours, sizeof callback.CallBackProc);
        source_ask(DG_CONTROL, DAT_CALLBACK, MSG_REGISTER_CALLBACK, &callback);
    }
    return outcome;
}

Outcome source_enable(void) {
    TW_USERINTERFACE shown = {.ShowUI = 0, .ModalUI = 0, .hParent = manager.window};
    manager.ready = manager.closing = 0;
    /* the source may call back before it returns, and asks us for nothing below state 5 */
    manager.state = STATE_ENABLED;
    Outcome outcome = source_ask(DG_CONTROL, DAT_USERINTERFACE, MSG_ENABLEDS, &shown);
    if (!outcome_good(outcome)) manager.state = STATE_SOURCE_OPEN;
    return outcome;
}

int source_state(void) { return manager.state; }
void source_set_state(int state) { manager.state = state; }

void source_retreat(int state) {
    TW_PENDINGXFERS pending = {0};
    TW_USERINTERFACE shown = {.hParent = manager.window};
    if (manager.state == STATE_TRANSFERRING && state < STATE_TRANSFERRING) {
        source_ask(DG_CONTROL, DAT_PENDINGXFERS, MSG_ENDXFER, &pending);
        manager.state = pending.Count ? STATE_READY : STATE_ENABLED;
    }
    if (manager.state == STATE_READY && state < STATE_READY) {
        source_ask(DG_CONTROL, DAT_PENDINGXFERS, MSG_RESET, &pending);
        manager.state = STATE_ENABLED;
    }
    if (manager.state == STATE_ENABLED && state < STATE_ENABLED) {
        source_ask(DG_CONTROL, DAT_USERINTERFACE, MSG_DISABLEDS, &shown);
        manager.state = STATE_SOURCE_OPEN;
    }
    if (manager.state == STATE_SOURCE_OPEN && state < STATE_SOURCE_OPEN) {
        ask_manager(DAT_IDENTITY, MSG_CLOSEDS, &manager.source);
        manager.state = STATE_MANAGER_OPEN;
    }
}

/* ---- the message pump ------------------------------------------------------------------------ */

/* While a source is enabled every message goes through it first: that is how the first generation
 * tells the application anything, and sources of the second keep their windows alive by it. */
static bool source_took(MSG *message) {
    if (manager.state < STATE_ENABLED) return false;
    TW_EVENT event = {.pEvent = message, .TWMessage = MSG_NULL};
    uint16_t rc = ask(&manager.source, DG_CONTROL, DAT_EVENT, MSG_PROCESSEVENT, &event);
    notice(event.TWMessage);
    return rc == TWRC_DSEVENT;
}

void manager_pump(void) {
    MSG message;
    while (PeekMessageW(&message, NULL, 0, 0, PM_REMOVE)) {
        if (source_took(&message)) continue;
        TranslateMessage(&message);
        DispatchMessageW(&message);
    }
}

bool source_wait_ready(bool (*stopped)(void), bool *closing) {
    while (!manager.ready && !manager.closing && !stopped()) {
        /* a source with nothing in the queue is never asked: give it something to look at */
        PostMessageW(manager.window, WM_NULL, 0, 0);
        manager_pump();
        if (manager.ready || manager.closing) break;
        MsgWaitForMultipleObjects(0, NULL, FALSE, WAKE_MS, QS_ALLINPUT);
    }
    *closing = manager.closing != 0;
    if (manager.ready) manager.state = STATE_READY;
    return manager.ready != 0;
}
