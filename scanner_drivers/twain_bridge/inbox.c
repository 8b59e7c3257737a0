/* SPDX-License-Identifier: Apache-2.0 */
#include "inbox.h"

#include <stdio.h>
#include <string.h>

#include "exits.h"

enum { WAITING = 16, ORPHAN_GRACE_MS = 10000 };

static struct {
    CRITICAL_SECTION lock;
    HANDLE arrived, room;
    Command commands[WAITING];
    int first, count;
    bool closed;
    volatile LONG stop;
} inbox;

static void keep(const Command *command) {
    WaitForSingleObject(inbox.room, INFINITE);
    EnterCriticalSection(&inbox.lock);
    inbox.commands[(inbox.first + inbox.count++) % WAITING] = *command;
    LeaveCriticalSection(&inbox.lock);
    SetEvent(inbox.arrived);
}

static void take_line(const char *line) {
    static Command command;
    const char *what = "";
    if (read_command(line, &command))
        what = said(&command, "do", "");
    else
        command.count = 0; /* reported by the main thread, in its turn */
    if (!strcmp(what, "stop")) {
        InterlockedExchange(&inbox.stop, 1);
        SetEvent(inbox.arrived);
        return;
    }
    if (!strcmp(what, "scan")) InterlockedExchange(&inbox.stop, 0);
    keep(&command);
}

static DWORD WINAPI read_stdin(void *unused) {
    static char line[1 << 14];
    (void)unused;
    while (fgets(line, sizeof line, stdin)) take_line(line);
    EnterCriticalSection(&inbox.lock);
    inbox.closed = true;
    LeaveCriticalSection(&inbox.lock);
    InterlockedExchange(&inbox.stop, 1);
    SetEvent(inbox.arrived);
    Sleep(ORPHAN_GRACE_MS);
    TerminateProcess(GetCurrentProcess(), EXIT_ORPHAN);
    return 0;
}

bool inbox_open(void) {
    InitializeCriticalSection(&inbox.lock);
    inbox.arrived = CreateEventW(NULL, FALSE, FALSE, NULL);
    inbox.room = CreateSemaphoreW(NULL, WAITING, WAITING, NULL);
    HANDLE thread = CreateThread(NULL, 0, read_stdin, NULL, 0, NULL);
    if (thread) CloseHandle(thread);
    return thread && inbox.arrived && inbox.room;
}

static bool take(Command *command, bool *closed) {
    EnterCriticalSection(&inbox.lock);
    bool any = inbox.count > 0;
    if (any) {
        *command = inbox.commands[inbox.first];
        inbox.first = (inbox.first + 1) % WAITING;
        inbox.count--;
    }
    *closed = inbox.closed;
    LeaveCriticalSection(&inbox.lock);
    if (any) ReleaseSemaphore(inbox.room, 1, NULL);
    return any;
}

bool inbox_next(Command *command, void (*pump)(void)) {
    bool closed;
    while (!take(command, &closed)) {
        if (closed) return false;
        MsgWaitForMultipleObjects(1, &inbox.arrived, FALSE, INFINITE, QS_ALLINPUT);
        pump();
    }
    return true;
}

bool inbox_stop_asked(void) { return inbox.stop != 0; }
