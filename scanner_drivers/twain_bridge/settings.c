/* SPDX-License-Identifier: Apache-2.0 */
#include "settings.h"

#include <string.h>

#include "manager.h"

enum { MOST_VALUES = 128 };

typedef struct {
    uint16_t container, type;
    int count;
    double values[MOST_VALUES], current, low, high, step;
} Choice;

/* ---- containers ------------------------------------------------------------------------------ */

static int item_size(uint16_t type) {
    switch (type) {
    case TWTY_INT8:
    case TWTY_UINT8: return 1;
    case TWTY_INT16:
    case TWTY_UINT16:
    case TWTY_BOOL: return 2;
    case TWTY_INT32:
    case TWTY_UINT32:
    case TWTY_FIX32: return 4;
    default: return 0; /* frames and strings: none of our settings */
    }
}

static double item(uint16_t type, const void *from) {
    uint32_t raw = 0;
    memcpy(&raw, from, (size_t)item_size(type));
    switch (type) {
    case TWTY_INT8: return (int8_t)raw;
    case TWTY_INT16: return (int16_t)raw;
    case TWTY_INT32: return (int32_t)raw;
    case TWTY_FIX32: return (int16_t)(raw & 0xffff) + (double)(raw >> 16) / 65536.0;
    default: return raw;
    }
}

static uint32_t packed_item(uint16_t type, double value) {
    if (type != TWTY_FIX32) return (uint32_t)(int64_t)value;
    int64_t scaled = (int64_t)(value * 65536.0 + (value < 0 ? -0.5 : 0.5));
    return (uint32_t)((scaled >> 16 & 0xffff) | (scaled & 0xffff) << 16);
}

static void read_list(Choice *choice, const uint8_t *items, uint32_t count, uint32_t current) {
    int size = item_size(choice->type);
    for (uint32_t i = 0; i < count && i < MOST_VALUES; i++)
        choice->values[choice->count++] = item(choice->type, items + (size_t)i * (size_t)size);
    if (current < (uint32_t)choice->count) choice->current = choice->values[current];
}

static void read_range(Choice *choice, const TW_RANGE *range) {
    choice->low = item(choice->type, &range->MinValue);
    choice->high = item(choice->type, &range->MaxValue);
    choice->step = item(choice->type, &range->StepSize);
    choice->current = item(choice->type, &range->CurrentValue);
}

static bool read_container(Choice *choice, const void *content) {
    const TW_ONEVALUE *one = content;
    const TW_ENUMERATION *some = content;
    const TW_ARRAY *array = content;
    choice->type = one->ItemType; /* the first field of every container */
    if (!item_size(choice->type)) return false;
    if (choice->container == TWON_ENUMERATION)
        read_list(choice, some->ItemList, some->NumItems, some->CurrentIndex);
    else if (choice->container == TWON_ARRAY)
        read_list(choice, array->ItemList, array->NumItems, 0);
    else if (choice->container == TWON_RANGE)
        read_range(choice, content);
    else if (choice->container == TWON_ONEVALUE)
        choice->current = choice->values[choice->count++] = item(choice->type, &one->Item);
    else
        return false;
    return true;
}

static bool ask_capability(uint16_t which, uint16_t message, Choice *choice) {
    TW_CAPABILITY capability = {.Cap = which, .ConType = 0xffff};
    memset(choice, 0, sizeof *choice);
    if (!outcome_good(source_ask(DG_CONTROL, DAT_CAPABILITY, message, &capability)) ||
        !capability.hContainer)
        return false;
    choice->container = capability.ConType;
    const void *content = memory_lock(capability.hContainer);
    bool good = content && read_container(choice, content);
    memory_unlock(capability.hContainer);
    memory_free(capability.hContainer);
    return good;
}

static bool choices(uint16_t which, Choice *choice) { return ask_capability(which, MSG_GET, choice); }

static double current(uint16_t which, double otherwise) {
    Choice choice;
    return ask_capability(which, MSG_GETCURRENT, &choice) || choices(which, &choice) ? choice.current
                                                                                   : otherwise;
}

static bool set(uint16_t which, uint16_t type, double value) {
    TW_CAPABILITY capability = {.Cap = which, .ConType = TWON_ONEVALUE};
    if (!(capability.hContainer = memory_take(sizeof(TW_ONEVALUE)))) return false;
    TW_ONEVALUE *one = memory_lock(capability.hContainer);
    one->ItemType = type;
    one->Item = packed_item(type, value);
    memory_unlock(capability.hContainer);
    bool good = outcome_good(source_ask(DG_CONTROL, DAT_CAPABILITY, MSG_SET, &capability));
    memory_free(capability.hContainer);
    return good;
}

/* GET, SET, read back: a source may round, or refuse and say nothing. */
static double settle(uint16_t which, uint16_t type, double value) {
    set(which, type, value);
    return current(which, -1e9);
}

static bool supported(uint16_t which) {
    Choice choice;
    return choices(which, &choice);
}

/* ---- telling --------------------------------------------------------------------------------- */

static const char *mode_name(int pixel_type) {
    return pixel_type == TWPT_BW     ? "bw"
           : pixel_type == TWPT_GRAY ? "gray"
           : pixel_type == TWPT_RGB  ? "color"
                                     : "";
}

static const struct { const char *name; int code; } SIZES[] = {
    {"A4", TWSS_A4}, {"A5", TWSS_A5}, {"A3", TWSS_A3}};

static const char *size_name(int code) {
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++)
        if (SIZES[i].code == code) return SIZES[i].name;
    return "";
}

static int size_code(const char *name) {
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++)
        if (!strcmp(SIZES[i].name, name)) return SIZES[i].code;
    return TWSS_NONE;
}

/* Some sources take only one of the two: found out by trying, then put back. */
static void tell_sources(void) {
    bool feeder = false, flatbed = true;
    if (supported(CAP_FEEDERENABLED)) {
        double before = current(CAP_FEEDERENABLED, 0);
        feeder = settle(CAP_FEEDERENABLED, TWTY_BOOL, 1) == 1;
        flatbed = settle(CAP_FEEDERENABLED, TWTY_BOOL, 0) == 0;
        set(CAP_FEEDERENABLED, TWTY_BOOL, before);
    }
    event_list_open("sources");
    if (feeder) event_list_text("adf");
    if (flatbed) event_list_text("flatbed");
    event_list_close();
}

static void tell_names(const char *name, uint16_t which, const char *(*named)(int)) {
    Choice choice;
    event_list_open(name);
    if (choices(which, &choice))
        for (int i = 0; i < choice.count; i++)
            if (*named((int)choice.values[i])) event_list_text(named((int)choice.values[i]));
    event_list_close();
}

static void tell_resolutions(void) {
    Choice choice;
    set(ICAP_UNITS, TWTY_UINT16, TWUN_INCHES);
    if (!choices(ICAP_XRESOLUTION, &choice)) return;
    event_list_open(choice.container == TWON_RANGE ? "dpi_range" : "dpi");
    if (choice.container == TWON_RANGE) {
        event_list_number((long)(choice.low + 0.5));
        event_list_number((long)(choice.high + 0.5));
        event_list_number((long)(choice.step + 0.5));
    }
    for (int i = 0; i < choice.count; i++) event_list_number((long)(choice.values[i] + 0.5));
    event_list_close();
}

void tell_capabilities(void) {
    event_open("caps");
    tell_sources();
    event_yes("duplex", current(CAP_DUPLEX, 0) > 0);
    tell_names("modes", ICAP_PIXELTYPE, mode_name);
    tell_names("sizes", ICAP_SUPPORTEDSIZES, size_name);
    tell_resolutions();
    event_yes("paper_sensor", current(CAP_PAPERDETECTABLE, 0) == 1);
    event_send();
}

/* ---- applying -------------------------------------------------------------------------------- */

static int wanted_pixel_type(const char *mode) {
    return !strcmp(mode, "bw") ? TWPT_BW : !strcmp(mode, "gray") ? TWPT_GRAY : TWPT_RGB;
}

static bool apply_source(bool feeder) {
    if (!supported(CAP_FEEDERENABLED)) return false;
    bool got = settle(CAP_FEEDERENABLED, TWTY_BOOL, feeder) == 1;
    if (got) set(CAP_AUTOFEED, TWTY_BOOL, 1);
    return got;
}

static const char *apply_size(const char *name) {
    int code = size_code(name);
    if (code == TWSS_NONE || !supported(ICAP_SUPPORTEDSIZES)) return "";
    return size_name((int)settle(ICAP_SUPPORTEDSIZES, TWTY_UINT16, code));
}

/* What must hold for the transfer, and what would lose or change pages if left to the driver:
 * its own blank page removal drops pages that the law wants counted. */
static void apply_plainness(Applied *applied) {
    set(ICAP_COMPRESSION, TWTY_UINT16, TWCP_NONE);
    set(ICAP_PLANARCHUNKY, TWTY_UINT16, TWPC_CHUNKY);
    set(ICAP_AUTODISCARDBLANKPAGES, TWTY_INT32, TWBP_DISABLE);
    set(CAP_INDICATORS, TWTY_BOOL, 0);
    applied->bit_order = (int)settle(ICAP_BITORDER, TWTY_UINT16, TWBO_MSBFIRST);
    applied->pixel_flavor = (int)settle(ICAP_PIXELFLAVOR, TWTY_UINT16, TWPF_CHOCOLATE);
    if (applied->bit_order < 0) applied->bit_order = TWBO_MSBFIRST; /* the specified defaults */
    if (applied->pixel_flavor < 0) applied->pixel_flavor = TWPF_CHOCOLATE;
    applied->memory = settle(ICAP_XFERMECH, TWTY_UINT16, TWSX_MEMORY) == TWSX_MEMORY;
    if (!applied->memory) set(ICAP_XFERMECH, TWTY_UINT16, TWSX_NATIVE);
    applied->image_notes = current(ICAP_EXTIMAGEINFO, 0) == 1 ||
                           settle(ICAP_EXTIMAGEINFO, TWTY_BOOL, 1) == 1;
}

static void tell_applied(const Applied *applied, double x, double y, const char *size) {
    event_open("applied");
    event_text("source", applied->feeder ? "adf" : "flatbed");
    event_yes("duplex", applied->duplex);
    event_text("mode", mode_name(applied->pixel_type));
    event_decimal("dpi_x", x);
    event_decimal("dpi_y", y);
    event_text("size", size);
    event_text("transfer", applied->memory ? "memory" : "native");
    event_send();
}

Applied apply_settings(const Command *command) {
    Applied applied = {0};
    double dpi = (double)said_number(command, "dpi", 300);
    applied.feeder = apply_source(!strcmp(said(command, "source", "flatbed"), "adf"));
    applied.duplex = applied.feeder && supported(CAP_DUPLEXENABLED) &&
                     settle(CAP_DUPLEXENABLED, TWTY_BOOL, said_yes(command, "duplex")) == 1;
    set(CAP_XFERCOUNT, TWTY_INT16, applied.feeder ? -1 : 1);
    int wanted = wanted_pixel_type(said(command, "mode", "color"));
    applied.pixel_type = (int)settle(ICAP_PIXELTYPE, TWTY_UINT16, wanted);
    set(ICAP_BITDEPTH, TWTY_UINT16, applied.pixel_type == TWPT_BW ? 1 : applied.pixel_type == TWPT_GRAY ? 8 : 24);
    set(ICAP_UNITS, TWTY_UINT16, TWUN_INCHES);
    double x = settle(ICAP_XRESOLUTION, TWTY_FIX32, dpi);
    double y = settle(ICAP_YRESOLUTION, TWTY_FIX32, dpi);
    const char *size = apply_size(said(command, "size", "A4"));
    apply_plainness(&applied);
    tell_applied(&applied, x, y, size);
    return applied;
}

bool feeder_is_empty(const Applied *applied) {
    return applied->feeder && current(CAP_PAPERDETECTABLE, 0) == 1 && current(CAP_FEEDERLOADED, 1) == 0;
}
