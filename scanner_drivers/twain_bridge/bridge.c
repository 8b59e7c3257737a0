/* SPDX-License-Identifier: Apache-2.0
 *
 * One TWAIN source, driven by JSON lines: commands on stdin, events on stdout, pixels as files.
 * A process of its own because sources crash and hang; one a job, killed by whoever started it.
 * Every command is answered by one `end` or one `fault`, after the events that belong to it.
 */
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exits.h"
#include "inbox.h"
#include "manager.h"
#include "settings.h"
#include "transfer.h"
#include "words.h"

static Applied applied;
static bool settled;

static bool end_of(const char *command) {
    event_open("end");
    event_text("of", command);
    event_send();
    return true;
}

static bool fault_of(const char *command, const char *fault, Outcome outcome, const char *detail) {
    event_open("fault");
    event_text("of", command);
    event_text("fault", fault);
    event_number("rc", outcome.rc);
    event_number("cc", outcome.cc);
    event_text("detail", detail ? detail : "");
    event_send();
    return false;
}

static bool refuse(const char *command, const char *why) {
    return fault_of(command, "bad_setting", (Outcome){0, 0}, why);
}

/* Names in identities are in the code page of the machine. */
static void to_utf8(const char *name, char *to, int room) {
    wchar_t wide[64];
    to[0] = 0;
    if (MultiByteToWideChar(CP_ACP, 0, name, -1, wide, 64))
        WideCharToMultiByte(CP_UTF8, 0, wide, -1, to, room, NULL, NULL);
}

static void tell_device(const TW_IDENTITY *source) {
    char product[256], maker[256];
    to_utf8(source->ProductName, product, sizeof product);
    to_utf8(source->Manufacturer, maker, sizeof maker);
    event_open("device");
    event_text("name", product);
    event_text("vendor", maker);
    event_number("bits", (long)sizeof(void *) * 8);
    event_number("generation", manager_generation());
    event_send();
}

static bool opened_manager(const char *command) {
    Outcome outcome = manager_open();
    if (!outcome_good(outcome)) fault_of(command, "offline", outcome, "the source manager");
    return outcome_good(outcome);
}

static bool list_devices(const Command *command) {
    TW_IDENTITY source;
    (void)command;
    if (!opened_manager("list")) return false;
    for (bool any = manager_first(&source); any; any = manager_next(&source)) tell_device(&source);
    return end_of("list");
}

/* By name, never by position: the order is the manager's. */
static bool find_source(const char *wanted, TW_IDENTITY *source) {
    char name[256];
    for (bool any = manager_first(source); any; any = manager_next(source)) {
        to_utf8(source->ProductName, name, sizeof name);
        if (!strcmp(name, wanted)) return true;
    }
    return false;
}

static bool open_device(const Command *command) {
    TW_IDENTITY source;
    if (source_state() >= STATE_SOURCE_OPEN) return refuse("open", "a source is open already");
    if (!opened_manager("open")) return false;
    if (!find_source(said(command, "device", ""), &source))
        return fault_of("open", "offline", (Outcome){TWRC_FAILURE, TWCC_NODS}, "no such source");
    Outcome outcome = source_open(&source);
    if (outcome_good(outcome)) {
        tell_device(&source);
        return end_of("open");
    }
    /* Wine's manager hides the source's own answer, "in use", behind an operation error */
    bool busy = outcome.cc == TWCC_OPERATIONERROR;
    return fault_of("open", busy ? "busy" : outcome_fault(outcome), outcome, "the source does not open");
}

static bool tell_caps(const Command *command) {
    (void)command;
    if (source_state() != STATE_SOURCE_OPEN) return refuse("caps", "no source is open");
    tell_capabilities();
    return end_of("caps");
}

static bool set_all(const Command *command) {
    if (source_state() != STATE_SOURCE_OPEN) return refuse("set", "no source is open");
    applied = apply_settings(command);
    settled = true;
    return end_of("set");
}

static bool scan(const Command *command) {
    wchar_t folder[MAX_PATH - 16];
    long first = said_number(command, "first", 1);
    if (source_state() != STATE_SOURCE_OPEN || !settled)
        return refuse("scan", "no source is open, or nothing is set");
    if (!MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, said(command, "folder", ""), -1, folder,
                             MAX_PATH - 16) ||
        !folder[0] || first < 1 || first > 99999)
        return refuse("scan", "folder or first page number");
    Scan done = scan_pages(&applied, folder, first, inbox_stop_asked);
    if (done.fault) return fault_of("scan", done.fault, done.outcome, done.detail);
    event_open("end");
    event_text("of", "scan");
    event_number("pages", done.pages);
    event_send();
    return true;
}

static bool close_device(const Command *command) {
    (void)command;
    source_retreat(STATE_MANAGER_OPEN);
    settled = false;
    return end_of("close");
}

static const struct { const char *name; bool (*run)(const Command *); } COMMANDS[] = {
    {"list", list_devices}, {"open", open_device}, {"caps", tell_caps},
    {"set", set_all},       {"scan", scan},        {"close", close_device}};

static bool run(const Command *command) {
    const char *name = said(command, "do", "");
    for (size_t i = 0; i < sizeof COMMANDS / sizeof *COMMANDS; i++)
        if (!strcmp(COMMANDS[i].name, name)) {
            COMMANDS[i].run(command);
            return true;
        }
    return false;
}

static int serve(void) {
    static Command command;
    int code = 0;
    while (inbox_next(&command, manager_pump)) {
        if (!strcmp(said(&command, "do", ""), "quit")) break;
        if (!run(&command)) {
            refuse("", "not a command");
            code = EXIT_COMMAND;
            break;
        }
    }
    manager_close();
    return code;
}

/* Sources print what they please: the pipe to the parent is ours alone, theirs is stderr. */
static bool keep_stdout_to_ourselves(void) {
    int kept = _dup(_fileno(stdout));
    FILE *stream = kept < 0 ? NULL : _fdopen(kept, "wb");
    if (!stream || _dup2(_fileno(stderr), _fileno(stdout))) return false;
    SetStdHandle(STD_OUTPUT_HANDLE, GetStdHandle(STD_ERROR_HANDLE));
    events_to(stream);
    return true;
}

/* Sources start helpers of their own; they end with the bridge, however it ends. */
static void take_helpers_along(void) {
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    HANDLE job = CreateJobObjectW(NULL, NULL);
    if (job && SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits))
        AssignProcessToJobObject(job, GetCurrentProcess()); /* the handle is closed with us */
}

/* `--dsm PATH` names another source manager than the system's (tests, a vendor's own). */
int wmain(int count, wchar_t **arguments) {
    const wchar_t *named = NULL;
    if (count == 3 && !wcscmp(arguments[1], L"--dsm"))
        named = arguments[2];
    else if (count != 1)
        return EXIT_ARGUMENTS;
    _setmode(_fileno(stdin), _O_BINARY);
    /* no box may wait for a click when a source fails to load or dies */
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
    if (!keep_stdout_to_ourselves()) return EXIT_START;
    take_helpers_along();
    if (!manager_load(named)) return EXIT_MANAGER;
    if (!inbox_open()) return EXIT_START;
    int code = serve();
    /* not exit(): the reader thread is in fgets, and sources' clean-up code has been seen to hang */
    TerminateProcess(GetCurrentProcess(), (UINT)code);
    return code;
}
