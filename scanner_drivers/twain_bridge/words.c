/* SPDX-License-Identifier: Apache-2.0 */
#include "words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *skip_space(const char *at) {
    while (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n') at++;
    return at;
}

static int hex4(const char *at) {
    int value = 0;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0) return -1;
        value = value * 16 + digit;
    }
    return value;
}

static char *put_utf8(char *to, unsigned code) {
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    } else {
        *to++ = (char)(0xf0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3f));
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    return to;
}

/* `at` stands behind "\u"; returns what follows the one or two escapes, NULL when they are wrong. */
static const char *read_escape(const char *at, unsigned *code) {
    int first = hex4(at);
    if (first <= 0) return NULL; /* no NUL inside a C string */
    at += 4;
    if (first >= 0xd800 && first < 0xdc00) {
        int second = at[0] == '\\' && at[1] == 'u' ? hex4(at + 2) : -1;
        if (second < 0xdc00 || second > 0xdfff) return NULL;
        *code = 0x10000u + ((unsigned)(first - 0xd800) << 10) + (unsigned)(second - 0xdc00);
        return at + 6;
    }
    *code = (unsigned)first;
    return first >= 0xdc00 && first < 0xe000 ? NULL : at;
}

static const char *read_string(const char *at, char *to, size_t room) {
    char *end = to + room - 5;
    if (*at++ != '"') return NULL;
    while (*at != '"') {
        if (to >= end || (unsigned char)*at < 0x20) return NULL;
        if (*at != '\\') {
            *to++ = *at++;
            continue;
        }
        at++;
        static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
        const char *known = *at ? strchr(names, *at) : NULL;
        unsigned code;
        if (known) {
            *to++ = values[known - names];
            at++;
        } else if (*at == 'u' && (at = read_escape(at + 1, &code))) {
            to = put_utf8(to, code);
        } else {
            return NULL;
        }
    }
    *to = 0;
    return at + 1;
}

static const char *read_plain(const char *at, char *to, size_t room) {
    size_t length = strspn(at, "+-.0123456789eEtrufalsn");
    if (!length || length >= room) return NULL;
    memcpy(to, at, length);
    to[length] = 0;
    return at + length;
}

bool read_command(const char *line, Command *command) {
    command->count = 0;
    const char *at = skip_space(line);
    if (*at++ != '{') return false;
    at = skip_space(at);
    while (*at != '}') {
        if (command->count == WORDS_FIELDS) return false;
        Field *field = &command->fields[command->count++];
        if (!(at = read_string(at, field->name, sizeof field->name))) return false;
        at = skip_space(at);
        if (*at++ != ':') return false;
        at = skip_space(at);
        at = *at == '"' ? read_string(at, field->value, sizeof field->value)
                        : read_plain(at, field->value, sizeof field->value);
        if (!at) return false;
        at = skip_space(at);
        if (*at == '}') break;
        if (*at++ != ',') return false;
        at = skip_space(at);
        if (*at != '"') return false;
    }
    return *skip_space(at + 1) == 0;
}

const char *said(const Command *command, const char *name, const char *otherwise) {
    for (int i = 0; i < command->count; i++)
        if (!strcmp(command->fields[i].name, name)) return command->fields[i].value;
    return otherwise;
}

long said_number(const Command *command, const char *name, long otherwise) {
    const char *value = said(command, name, NULL);
    char *end;
    long number = value ? strtol(value, &end, 10) : otherwise;
    return value && (end == value || *end) ? otherwise : number;
}

bool said_yes(const Command *command, const char *name) {
    return !strcmp(said(command, name, "false"), "true");
}

/* ---- events ---------------------------------------------------------------------------------- */

static FILE *out;
static bool first_in_list;

void events_to(FILE *stream) { out = stream; }

static void put_string(const char *text) {
    fputc('"', out);
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        if (*at == '"' || *at == '\\') fputc('\\', out);
        if (*at < 0x20)
            fprintf(out, "\\u%04x", *at);
        else
            fputc(*at, out);
    }
    fputc('"', out);
}

static void put_name(const char *name) {
    fputc(',', out);
    put_string(name);
    fputc(':', out);
}

void event_open(const char *name) {
    fputs("{\"event\":", out);
    put_string(name);
}

void event_text(const char *name, const char *value) {
    put_name(name);
    put_string(value);
}

void event_number(const char *name, long value) {
    put_name(name);
    fprintf(out, "%ld", value);
}

void event_decimal(const char *name, double value) {
    put_name(name);
    fprintf(out, "%.4f", value);
}

void event_yes(const char *name, bool value) {
    put_name(name);
    fputs(value ? "true" : "false", out);
}

void event_list_open(const char *name) {
    put_name(name);
    fputc('[', out);
    first_in_list = true;
}

static void separate(void) {
    if (!first_in_list) fputc(',', out);
    first_in_list = false;
}

void event_list_number(long value) {
    separate();
    fprintf(out, "%ld", value);
}

void event_list_text(const char *value) {
    separate();
    put_string(value);
}

void event_list_close(void) { fputc(']', out); }

void event_send(void) {
    fputs("}\n", out);
    fflush(out);
}
