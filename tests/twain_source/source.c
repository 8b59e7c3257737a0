/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STRIP_ROWS = 64, TILE_COLUMNS = 64, RUBBISH = 0xa5 };

static struct {
    TW_IDENTITY self, application;
    TW_ENTRYPOINT given;
    int state; /* 3 closed … 7, as in the specification */
    uint16_t condition;
    bool told; /* MSG_XFERREADY was delivered */
    int image; /* the one that is up, from 1 */
    int row, column;
    Sheet sheet;
} vds = {.state = 3};

/* ---- the environment ------------------------------------------------------------------------- */

int asked_for(const char *name) {
    char full[64], value[32];
    snprintf(full, sizeof full, "SOHOA_VDS_%s", name);
    DWORD length = GetEnvironmentVariableA(full, value, sizeof value);
    return length > 0 && length < sizeof value ? atoi(value) : 0;
}

bool asked_dir(wchar_t *to, int room) {
    DWORD length = GetEnvironmentVariableW(L"SOHOA_VDS_DIR", to, (DWORD)room);
    return length > 0 && length < (DWORD)room;
}

/* ---- memory ---------------------------------------------------------------------------------- */

void memory_functions(const TW_ENTRYPOINT *given) { vds.given = *given; }

TW_HANDLE memory_take(uint32_t bytes) {
    return vds.given.DSM_MemAllocate ? vds.given.DSM_MemAllocate(bytes) : GlobalAlloc(GHND, bytes);
}
void *memory_lock(TW_HANDLE handle) {
    return vds.given.DSM_MemLock ? vds.given.DSM_MemLock(handle) : GlobalLock(handle);
}
void memory_unlock(TW_HANDLE handle) {
    if (vds.given.DSM_MemUnlock)
        vds.given.DSM_MemUnlock(handle);
    else
        GlobalUnlock(handle);
}
void memory_free(TW_HANDLE handle) {
    if (vds.given.DSM_MemFree)
        vds.given.DSM_MemFree(handle);
    else
        GlobalFree(handle);
}

/* ---- opening and enabling -------------------------------------------------------------------- */

static uint16_t fail(uint16_t condition) {
    vds.condition = condition;
    return TWRC_FAILURE;
}

static uint16_t identify(TW_IDENTITY *self) {
    uint32_t id = self->Id;
    memset(self, 0, sizeof *self);
    self->Id = id;
    self->Version.MajorNum = 1;
    self->Version.Language = TWLG_ENGLISH_USA;
    self->Version.Country = TWCY_USA;
    strcpy(self->Version.Info, "tests only");
    self->ProtocolMajor = 2;
    self->ProtocolMinor = 4;
    self->SupportedGroups = DG_CONTROL | DG_IMAGE | DF_DS2;
    strcpy(self->Manufacturer, "Sohoa");
    strcpy(self->ProductFamily, "Virtual");
    strcpy(self->ProductName, "Sohoa Virtual TWAIN");
    return TWRC_SUCCESS;
}

/* The program that loaded us once more, reading a pipe that it holds open itself: it never ends. */
static void start_helper(void) {
    wchar_t program[MAX_PATH];
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    STARTUPINFOW start = {.cb = sizeof start, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION helper;
    HANDLE writing;
    GetModuleFileNameW(NULL, program, MAX_PATH);
    if (!CreatePipe(&start.hStdInput, &writing, &inherited, 0)) return;
    if (CreateProcessW(program, NULL, NULL, NULL, TRUE, 0, NULL, NULL, &start, &helper)) {
        CloseHandle(helper.hThread);
        CloseHandle(helper.hProcess);
    }
    CloseHandle(start.hStdInput);
    CloseHandle(writing);
}

static uint16_t open_source(TW_IDENTITY *application, TW_IDENTITY *self) {
    if (asked_for("BUSY")) return fail(TWCC_MAXCONNECTIONS);
    if (vds.state != 3) return fail(TWCC_SEQERROR);
    vds.application = *application;
    vds.self = *self;
    vds.state = 4;
    reset_settings();
    if (asked_for("HELPER")) start_helper();
    if (asked_for("CHATTER")) {
        DWORD written;
        WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), "{lamp on\n", 9, &written, NULL);
        printf("{\"event\":\"lamp\"}\n"), fflush(stdout);
    }
    return TWRC_SUCCESS;
}

static int images(void) { return setting(CAP_FEEDERENABLED) == 1 ? sheets_loaded() : sheets_loaded() ? 1 : 0; }

static DWORD WINAPI call_back(void *later) {
    if (later) Sleep(200);
    vds.given.DSM_Entry(&vds.self, &vds.application, DG_CONTROL, DAT_NULL, MSG_XFERREADY, NULL);
    return 0;
}

static uint16_t enable(void) {
    if (vds.state != 4) return fail(TWCC_SEQERROR);
    if (images() == 0) return fail(TWCC_NOMEDIA);
    vds.state = 5;
    vds.image = 1;
    vds.told = false;
    vds.row = vds.column = 0;
    /* a manager of the second generation is told; the first looks by itself, with each message */
    if (vds.given.DSM_Entry) {
        vds.told = true;
        vds.state = 6;
        if (asked_for("THREAD"))
            CloseHandle(CreateThread(NULL, 0, call_back, &vds, 0, NULL));
        else
            call_back(NULL);
    }
    return TWRC_SUCCESS;
}

static uint16_t process_event(TW_EVENT *event) {
    event->TWMessage = MSG_NULL;
    if (vds.state != 5 || vds.told) return TWRC_NOTDSEVENT;
    vds.told = true;
    vds.state = 6;
    event->TWMessage = MSG_XFERREADY;
    return TWRC_DSEVENT;
}

/* ---- images ---------------------------------------------------------------------------------- */

static bool load_image(void) {
    return vds.sheet.rows || sheet_read(vds.image, (int)setting(ICAP_PIXELTYPE), &vds.sheet);
}

static void forget_image(void) {
    free(vds.sheet.rows);
    memset(&vds.sheet, 0, sizeof vds.sheet);
    vds.row = vds.column = 0;
}

static int last_row(void) {
    return vds.image == asked_for("SHORT_AT") ? vds.sheet.height / 2 : vds.sheet.height;
}

static uint16_t image_info(TW_IMAGEINFO *info) {
    if (vds.state < 6) return fail(TWCC_SEQERROR);
    if (!load_image()) return fail(TWCC_OPERATIONERROR);
    memset(info, 0, sizeof *info);
    info->XResolution.Whole = (int16_t)setting(ICAP_XRESOLUTION);
    info->YResolution.Whole = (int16_t)setting(ICAP_YRESOLUTION);
    bool unknown = asked_for("UNKNOWN_LENGTH");
    info->ImageWidth = unknown && !asked_for("TILES") ? -1 : vds.sheet.width;
    bool through = vds.state == 7 && asked_for("REVISED");
    info->ImageLength = unknown ? -1 : through ? last_row() : vds.sheet.height;
    info->SamplesPerPixel = vds.sheet.bits == 24 ? 3 : 1;
    for (int i = 0; i < info->SamplesPerPixel; i++)
        info->BitsPerSample[i] = (int16_t)(vds.sheet.bits == 24 ? 8 : vds.sheet.bits);
    info->BitsPerPixel = (int16_t)vds.sheet.bits;
    info->PixelType = (int16_t)setting(ICAP_PIXELTYPE);
    return TWRC_SUCCESS;
}

/* What goes wrong with this image; TWRC_SUCCESS: nothing. */
static uint16_t mishap(void) {
    if (vds.image == asked_for("JAM_AT")) return fail(TWCC_PAPERJAM);
    if (vds.image == asked_for("DOUBLE_FEED_AT")) return fail(TWCC_PAPERDOUBLEFEED);
    bool middle = vds.row > 0 || vds.sheet.height <= STRIP_ROWS;
    if (vds.image == asked_for("CRASH_AT") && middle) *(volatile int *)0 = 1;
    if (vds.image == asked_for("HANG_AT") && middle) Sleep(INFINITE);
    return TWRC_SUCCESS;
}

static void copy_rows(TW_IMAGEMEMXFER *strip, size_t left, size_t bytes, size_t stride, int rows) {
    uint8_t *to = strip->Memory.TheMem;
    uint8_t flip = setting(ICAP_PIXELFLAVOR) == TWPF_VANILLA && vds.sheet.bits != 24 ? 0xff : 0;
    for (int y = 0; y < rows; y++, to += stride) {
        const uint8_t *from = vds.sheet.rows + (size_t)(vds.row + y) * vds.sheet.row_bytes + left;
        for (size_t x = 0; x < bytes; x++) to[x] = from[x] ^ flip;
        memset(to + bytes, RUBBISH, stride - bytes);
    }
}

static uint16_t give_strip(TW_IMAGEMEMXFER *strip) {
    if (vds.state < 6 || setting(ICAP_XFERMECH) != TWSX_MEMORY) return fail(TWCC_SEQERROR);
    if (!load_image()) return fail(TWCC_OPERATIONERROR);
    if (mishap() != TWRC_SUCCESS) return TWRC_FAILURE;
    if (asked_for("SLOW_MS")) Sleep((DWORD)asked_for("SLOW_MS"));
    int columns = vds.sheet.width - vds.column;
    if (asked_for("TILES") && columns > TILE_COLUMNS) columns = TILE_COLUMNS;
    int rows = last_row() - vds.row < STRIP_ROWS ? last_row() - vds.row : STRIP_ROWS;
    size_t left = (size_t)vds.column * (size_t)vds.sheet.bits / 8;
    size_t bytes = ((size_t)columns * (size_t)vds.sheet.bits + 7) / 8;
    size_t stride = bytes + (size_t)asked_for("STRIDE_PAD");
    while (rows > 1 && stride * (size_t)rows > strip->Memory.Length) rows--;
    if (stride * (size_t)rows > strip->Memory.Length) return fail(TWCC_BADVALUE);
    copy_rows(strip, left, bytes, stride, rows);
    strip->Compression = TWCP_NONE;
    strip->BytesPerRow = (uint32_t)stride;
    strip->Columns = (uint32_t)columns;
    strip->Rows = (uint32_t)rows;
    strip->XOffset = (uint32_t)vds.column;
    strip->YOffset = asked_for("TILES") ? (uint32_t)vds.row : 0;
    strip->BytesWritten = (uint32_t)(stride * (size_t)rows);
    vds.state = 7;
    vds.column += columns;
    if (vds.column >= vds.sheet.width) {
        vds.column = 0;
        vds.row += rows;
    }
    return vds.row >= last_row() ? TWRC_XFERDONE : TWRC_SUCCESS;
}

static void fill_bitmap(BITMAPINFOHEADER *head, size_t stride, int colors) {
    head->biSize = sizeof *head;
    head->biWidth = vds.sheet.width;
    head->biHeight = vds.sheet.height;
    head->biPlanes = 1;
    head->biBitCount = (WORD)vds.sheet.bits;
    RGBQUAD *palette = (RGBQUAD *)(head + 1);
    for (int i = 0; i < colors; i++) {
        BYTE light = (BYTE)(i * 255 / (colors - 1));
        palette[i] = (RGBQUAD){light, light, light, 0};
    }
    uint8_t *pixels = (uint8_t *)(palette + colors);
    for (int y = 0; y < vds.sheet.height; y++) {
        const uint8_t *from = vds.sheet.rows + (size_t)y * vds.sheet.row_bytes;
        uint8_t *to = pixels + (size_t)(vds.sheet.height - 1 - y) * stride;
        for (size_t x = 0; x < vds.sheet.row_bytes; x++)
            to[x] = vds.sheet.bits == 24 ? from[x / 3 * 3 + 2 - x % 3] : from[x];
    }
}

static uint16_t give_bitmap(TW_HANDLE *handle) {
    if (vds.state < 6 || setting(ICAP_XFERMECH) != TWSX_NATIVE) return fail(TWCC_SEQERROR);
    if (!load_image()) return fail(TWCC_OPERATIONERROR);
    if (mishap() != TWRC_SUCCESS) return TWRC_FAILURE;
    int colors = vds.sheet.bits == 24 ? 0 : 1 << vds.sheet.bits;
    size_t stride = ((size_t)vds.sheet.width * (size_t)vds.sheet.bits + 31) / 32 * 4;
    size_t size = sizeof(BITMAPINFOHEADER) + (size_t)colors * sizeof(RGBQUAD) + stride * (size_t)vds.sheet.height;
    if (!(*handle = memory_take((uint32_t)size))) return fail(TWCC_LOWMEMORY);
    fill_bitmap(memory_lock(*handle), stride, colors);
    memory_unlock(*handle);
    vds.state = 7;
    return TWRC_XFERDONE;
}

static uint16_t image_notes(TW_EXTIMAGEINFO *asked) {
    bool both = setting(CAP_DUPLEXENABLED) == 1;
    if (vds.state != 7) return fail(TWCC_SEQERROR);
    for (uint32_t i = 0; i < asked->NumInfos; i++) {
        TW_INFO *info = &asked->Info[i];
        info->NumItems = 1;
        info->ReturnCode = TWRC_SUCCESS;
        if (info->InfoID == TWEI_PAGESIDE) {
            info->ItemType = TWTY_UINT16;
            info->Item = both && vds.image % 2 == 0 ? TWCS_BOTTOM : TWCS_TOP;
        } else if (info->InfoID == TWEI_PAPERCOUNT) {
            info->ItemType = TWTY_UINT32;
            /* an odometer that did not start with this stack */
            info->Item = (uintptr_t)(100 + (both ? (vds.image + 1) / 2 : vds.image));
        } else {
            info->NumItems = 0;
            info->ReturnCode = TWRC_INFONOTSUPPORTED;
        }
    }
    return TWRC_SUCCESS;
}

static uint16_t end_image(TW_PENDINGXFERS *pending) {
    if (vds.state < 6) return fail(TWCC_SEQERROR);
    forget_image();
    int left = images() - vds.image++;
    vds.state = left ? 6 : 5;
    pending->Count = left && asked_for("UNKNOWN_LENGTH") ? 65535 : (uint16_t)left;
    return TWRC_SUCCESS;
}

static uint16_t drop_images(TW_PENDINGXFERS *pending) {
    forget_image();
    if (vds.state > 5) vds.state = 5;
    pending->Count = 0;
    return TWRC_SUCCESS;
}

/* ---- the one door ---------------------------------------------------------------------------- */

static uint16_t control(TW_IDENTITY *origin, uint16_t type, uint16_t message, TW_MEMREF content) {
    switch (type) {
    case DAT_IDENTITY:
        if (message == MSG_GET) return identify(content);
        if (message == MSG_OPENDS) return open_source(origin, content);
        if (message == MSG_CLOSEDS) return vds.state = 3, TWRC_SUCCESS;
        break;
    case DAT_ENTRYPOINT:
        if (message == MSG_SET) return memory_functions(content), TWRC_SUCCESS;
        break;
    case DAT_STATUS:
        *(TW_STATUS *)content = (TW_STATUS){.ConditionCode = vds.condition};
        vds.condition = TWCC_SUCCESS;
        return TWRC_SUCCESS;
    case DAT_CAPABILITY: return capability(message, content, &vds.condition);
    case DAT_EVENT: return process_event(content);
    case DAT_SETUPMEMXFER:
        *(TW_SETUPMEMXFER *)content = (TW_SETUPMEMXFER){1 << 12, 1 << 22, 1 << 16};
        return TWRC_SUCCESS;
    case DAT_USERINTERFACE:
        if (message == MSG_ENABLEDS) return enable();
        if (message == MSG_DISABLEDS) return forget_image(), vds.state = 4, TWRC_SUCCESS;
        break;
    case DAT_PENDINGXFERS:
        if (message == MSG_ENDXFER) return end_image(content);
        if (message == MSG_RESET) return drop_images(content);
        break;
    }
    return fail(TWCC_BADPROTOCOL);
}

static uint16_t image(uint16_t type, uint16_t message, TW_MEMREF content) {
    if (message != MSG_GET) return fail(TWCC_BADPROTOCOL);
    switch (type) {
    case DAT_IMAGEINFO: return image_info(content);
    case DAT_IMAGEMEMXFER: return give_strip(content);
    case DAT_IMAGENATIVEXFER: return give_bitmap(content);
    case DAT_EXTIMAGEINFO: return image_notes(content);
    default: return fail(TWCC_BADPROTOCOL);
    }
}

__declspec(dllexport) uint16_t TWAIN_CALL DS_Entry(TW_IDENTITY *origin, uint32_t group, uint16_t type,
                                                   uint16_t message, TW_MEMREF content) {
    if (group == DG_CONTROL) return control(origin, type, message, content);
    if (group == DG_IMAGE) return image(type, message, content);
    return fail(TWCC_BADPROTOCOL);
}
