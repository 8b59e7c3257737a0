/* SPDX-License-Identifier: Apache-2.0
 * The words on the wire: one flat JSON object a line, UTF-8, both ways.
 */
#ifndef SOHOA_WORDS_H
#define SOHOA_WORDS_H

#include <stdbool.h>
#include <stdio.h>

enum { WORDS_FIELDS = 16, WORDS_LENGTH = 2048 };

typedef struct {
    char name[32];
    char value[WORDS_LENGTH]; /* strings unescaped; numbers, true and false as written */
} Field;

typedef struct {
    int count;
    Field fields[WORDS_FIELDS];
} Command;

/* False: not one flat object of strings, numbers and booleans, or too long. */
bool read_command(const char *line, Command *command);
const char *said(const Command *command, const char *name, const char *otherwise);
long said_number(const Command *command, const char *name, long otherwise);
bool said_yes(const Command *command, const char *name);

/* Where events go; before the first of them. */
void events_to(FILE *stream);

/* An event is opened, filled and sent; text is escaped, and the line is flushed at once. */
void event_open(const char *name);
void event_text(const char *name, const char *value);
void event_number(const char *name, long value);
void event_decimal(const char *name, double value);
void event_yes(const char *name, bool value);
void event_list_open(const char *name);
void event_list_number(long value);
void event_list_text(const char *value);
void event_list_close(void);
void event_send(void);

#endif
