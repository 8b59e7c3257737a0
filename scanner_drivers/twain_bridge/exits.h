/* SPDX-License-Identifier: Apache-2.0
 * Exit codes of our own start at 40: a source that brings the process down leaves a smaller one
 * (5 under Wine) or an NTSTATUS, so the parent can tell a crash from a decision.
 */
#ifndef SOHOA_EXITS_H
#define SOHOA_EXITS_H

enum {
    EXIT_ARGUMENTS = 40, /* unknown argument */
    EXIT_START = 41,     /* no thread, no pipes */
    EXIT_MANAGER = 42,   /* no Data Source Manager that this bitness can load */
    EXIT_COMMAND = 43,   /* a line that is no command: the parent is not the one we know */
    EXIT_ORPHAN = 44     /* stdin closed and the source did not come back in time */
};

#endif
