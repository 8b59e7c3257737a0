/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "source.h"

enum { MOST = 6 };

typedef struct {
    uint16_t which, type;
    bool settable;
    int count; /* 0: any value */
    double values[MOST], now, start;
    const char *needs, *lacks; /* there only with, only without this variable */
} Capability;

static Capability table[] = {
    {CAP_XFERCOUNT, TWTY_INT16, true, 0, {0}, -1, -1, 0, 0},
    {CAP_FEEDERENABLED, TWTY_BOOL, true, 2, {0, 1}, 1, 1, 0, 0},
    {CAP_AUTOFEED, TWTY_BOOL, true, 2, {0, 1}, 1, 1, 0, 0},
    {CAP_PAPERDETECTABLE, TWTY_BOOL, false, 1, {1}, 1, 1, "SENSOR", 0},
    {CAP_FEEDERLOADED, TWTY_BOOL, false, 0, {0}, 1, 1, "SENSOR", 0},
    {CAP_UICONTROLLABLE, TWTY_BOOL, false, 1, {1}, 1, 1, 0, 0},
    {CAP_INDICATORS, TWTY_BOOL, true, 2, {0, 1}, 1, 1, 0, 0},
    {CAP_DUPLEX, TWTY_UINT16, false, 1, {1}, 1, 1, "DUPLEX", 0},
    {CAP_DUPLEXENABLED, TWTY_BOOL, true, 2, {0, 1}, 0, 0, "DUPLEX", 0},
    {ICAP_COMPRESSION, TWTY_UINT16, true, 1, {TWCP_NONE}, 0, 0, 0, 0},
    {ICAP_PIXELTYPE, TWTY_UINT16, true, 3, {TWPT_BW, TWPT_GRAY, TWPT_RGB}, TWPT_BW, TWPT_BW, 0, 0},
    {ICAP_BITDEPTH, TWTY_UINT16, true, 3, {1, 8, 24}, 1, 1, 0, 0},
    {ICAP_UNITS, TWTY_UINT16, true, 1, {TWUN_INCHES}, 0, 0, 0, 0},
    {ICAP_XFERMECH, TWTY_UINT16, true, 2, {TWSX_NATIVE, TWSX_MEMORY}, 0, 0, 0, "NATIVE_ONLY"},
    {ICAP_XFERMECH, TWTY_UINT16, true, 1, {TWSX_NATIVE}, 0, 0, "NATIVE_ONLY", 0},
    {ICAP_XRESOLUTION, TWTY_FIX32, true, 4, {100, 200, 300, 600}, 300, 300, 0, 0},
    {ICAP_YRESOLUTION, TWTY_FIX32, true, 4, {100, 200, 300, 600}, 300, 300, 0, 0},
    {ICAP_SUPPORTEDSIZES, TWTY_UINT16, true, 3, {TWSS_NONE, TWSS_A4, TWSS_A5}, 0, 0, 0, 0},
    {ICAP_PIXELFLAVOR, TWTY_UINT16, true, 1, {TWPF_CHOCOLATE}, 0, 0, 0, "VANILLA"},
    {ICAP_PIXELFLAVOR, TWTY_UINT16, true, 1, {TWPF_VANILLA}, 1, 1, "VANILLA", 0},
    {ICAP_PLANARCHUNKY, TWTY_UINT16, true, 1, {TWPC_CHUNKY}, 0, 0, 0, 0},
    {ICAP_AUTODISCARDBLANKPAGES, TWTY_INT32, true, 2, {TWBP_DISABLE, -1}, -1, -1, 0, 0},
    {ICAP_EXTIMAGEINFO, TWTY_BOOL, false, 1, {1}, 1, 1, 0, 0},
};

static Capability *find(uint16_t which) {
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        Capability *one = &table[i];
        bool there = (!one->needs || asked_for(one->needs)) && (!one->lacks || !asked_for(one->lacks));
        if (one->which == which && there) return one;
    }
    return NULL;
}

double setting(uint16_t which) {
    const Capability *one = find(which);
    if (which == CAP_FEEDERLOADED) return sheets_loaded() > 0;
    return one ? one->now : 0;
}

void reset_settings(void) {
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) table[i].now = table[i].start;
}

static int size_of(uint16_t type) {
    return type == TWTY_BOOL || type == TWTY_UINT16 || type == TWTY_INT16 ? 2 : 4;
}

static uint32_t packed(uint16_t type, double value) {
    int32_t scaled = (int32_t)(value * 65536.0);
    if (type == TWTY_FIX32) return ((uint32_t)scaled >> 16) | (uint32_t)scaled << 16;
    return (uint32_t)(int32_t)value;
}

static double unpacked(uint16_t type, uint32_t raw) {
    if (type == TWTY_FIX32) return (int16_t)(raw & 0xffff) + (raw >> 16) / 65536.0;
    if (type == TWTY_INT16) return (int16_t)raw;
    if (type == TWTY_INT32) return (int32_t)raw;
    return size_of(type) == 2 ? (uint16_t)raw : raw;
}

static uint16_t give_value(const Capability *one, TW_CAPABILITY *wanted) {
    wanted->ConType = TWON_ONEVALUE;
    wanted->hContainer = memory_take(sizeof(TW_ONEVALUE));
    TW_ONEVALUE *content = memory_lock(wanted->hContainer);
    content->ItemType = one->type;
    content->Item = packed(one->type, setting(one->which));
    memory_unlock(wanted->hContainer);
    return TWRC_SUCCESS;
}

static uint16_t give_list(const Capability *one, TW_CAPABILITY *wanted) {
    wanted->ConType = TWON_ENUMERATION;
    wanted->hContainer = memory_take((uint32_t)(sizeof(TW_ENUMERATION) + MOST * sizeof(uint32_t)));
    TW_ENUMERATION *content = memory_lock(wanted->hContainer);
    content->ItemType = one->type;
    content->NumItems = (uint32_t)one->count;
    content->CurrentIndex = content->DefaultIndex = 0;
    for (int i = 0; i < one->count; i++) {
        uint32_t raw = packed(one->type, one->values[i]);
        memcpy(content->ItemList + i * size_of(one->type), &raw, (size_t)size_of(one->type));
        if (one->values[i] == one->now) content->CurrentIndex = (uint32_t)i;
    }
    memory_unlock(wanted->hContainer);
    return TWRC_SUCCESS;
}

/* The nearest of the list, and "tried hard": real drivers round a resolution just so. */
static uint16_t take_value(Capability *one, const TW_CAPABILITY *wanted, uint16_t *condition) {
    if (wanted->ConType != TWON_ONEVALUE) return *condition = TWCC_BADVALUE, TWRC_FAILURE;
    const TW_ONEVALUE *content = memory_lock(wanted->hContainer);
    double value = unpacked(content->ItemType, content->Item);
    memory_unlock(wanted->hContainer);
    double best = one->count ? one->values[0] : value;
    for (int i = 1; i < one->count; i++) {
        double gap = one->values[i] - value, least = best - value;
        if (gap * gap < least * least) best = one->values[i];
    }
    if (best != value && one->type != TWTY_FIX32) return *condition = TWCC_BADVALUE, TWRC_FAILURE;
    one->now = best;
    return best == value ? TWRC_SUCCESS : TWRC_CHECKSTATUS;
}

uint16_t capability(uint16_t message, TW_CAPABILITY *wanted, uint16_t *condition) {
    Capability *one = find(wanted->Cap);
    *condition = TWCC_SUCCESS;
    if (!one) return *condition = TWCC_CAPUNSUPPORTED, TWRC_FAILURE;
    switch (message) {
    case MSG_GET: return one->count > 1 ? give_list(one, wanted) : give_value(one, wanted);
    case MSG_GETCURRENT:
    case MSG_GETDEFAULT: return give_value(one, wanted);
    case MSG_RESET: one->now = one->start; return give_value(one, wanted);
    case MSG_SET:
        if (one->settable) return take_value(one, wanted, condition);
        return *condition = TWCC_CAPUNSUPPORTED, TWRC_FAILURE;
    default: return *condition = TWCC_BADPROTOCOL, TWRC_FAILURE;
    }
}
