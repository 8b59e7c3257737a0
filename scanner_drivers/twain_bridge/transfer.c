/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer.h"

#include <stdlib.h>
#include <string.h>

#include "page_file.h"
#include "words.h"

enum { STRIP_BYTES = 1 << 20 };

typedef struct {
    const Applied *applied;
    const wchar_t *folder;
    long number;
    bool (*stopped)(void);
    TW_IMAGEINFO image;
    PageFile page;
} Job;

typedef struct {
    const char *fault; /* NULL: whole */
    const char *detail;
    Outcome outcome;
} Transfer;

static Transfer whole(void) { return (Transfer){.fault = NULL}; }

static Transfer failed(Outcome outcome, const char *detail) {
    return (Transfer){.fault = outcome_fault(outcome), .detail = detail, .outcome = outcome};
}

static Transfer refused(const char *fault, const char *detail) {
    return (Transfer){.fault = fault, .detail = detail};
}

/* ---- memory transfer ------------------------------------------------------------------------- */

static int pixel_bits(const TW_IMAGEINFO *image) {
    bool plain = !image->Planar && image->Compression == TWCP_NONE;
    int bits = image->BitsPerPixel;
    if (plain && bits == 1 && image->PixelType == TWPT_BW) return 1;
    if (plain && bits == 8 && image->PixelType == TWPT_GRAY) return 8;
    if (plain && bits == 24 && image->PixelType == TWPT_RGB) return 24;
    return 0;
}

static uint32_t strip_bytes(void) {
    TW_SETUPMEMXFER setup = {0};
    if (!outcome_good(source_ask(DG_CONTROL, DAT_SETUPMEMXFER, MSG_GET, &setup))) return STRIP_BYTES;
    uint32_t size = setup.Preferred;
    if (size == 0 || size == 0xffffffff) size = STRIP_BYTES;
    if (size < setup.MinBufSize) size = setup.MinBufSize;
    if (setup.MaxBufSize && setup.MaxBufSize != 0xffffffff && size > setup.MaxBufSize)
        size = setup.MaxBufSize;
    return size;
}

static bool add_strip(PageFile *page, const TW_IMAGEMEMXFER *strip, uint32_t room) {
    const uint8_t *from = strip->Memory.TheMem;
    if ((uint64_t)strip->BytesPerRow * strip->Rows > room) return false;
    /* strips come in order, and many sources leave the offsets of a strip unset */
    if (strip->Columns >= page->width) return page_add(page, from, strip->BytesPerRow, strip->Rows);
    return page_add_tile(page, from, strip->BytesPerRow, strip->XOffset, strip->YOffset,
                         strip->Columns, strip->Rows);
}

/* When the first strip is there: only it tells the width of a page that is not known before. */
static bool begin(Job *job, int bits, uint32_t width) {
    if (!page_begin(&job->page, job->folder, job->number, bits, width)) return false;
    /* PNM: a set bit is black, a high byte is light; TWAIN's chocolate: zero is dark */
    bool vanilla = job->applied->pixel_flavor == TWPF_VANILLA;
    job->page.inverted = bits == 1 ? !vanilla : bits == 8 && vanilla;
    job->page.lowest_first = bits == 1 && job->applied->bit_order == TWBO_LSBFIRST;
    return true;
}

static Transfer take_strips(Job *job, int bits, void *buffer, uint32_t room) {
    const uint32_t announced = job->image.ImageWidth > 0 ? (uint32_t)job->image.ImageWidth : 0;
    for (;;) {
        TW_IMAGEMEMXFER strip = {.Compression = 0xffff,
                                 .Memory = {TWMF_APPOWNS | TWMF_POINTER, room, buffer}};
        Outcome outcome = source_ask(DG_IMAGE, DAT_IMAGEMEMXFER, MSG_GET, &strip);
        if (outcome.rc != TWRC_SUCCESS && outcome.rc != TWRC_XFERDONE)
            return failed(outcome, "memory transfer");
        source_set_state(STATE_TRANSFERRING);
        if (!job->page.row && !begin(job, bits, announced ? announced : strip.Columns))
            return refused("damaged", "the page file cannot be written");
        if (!add_strip(&job->page, &strip, room))
            return refused("damaged", "a strip that does not fit, or a full disk");
        if (outcome.rc == TWRC_XFERDONE) return whole();
        if (job->stopped()) return refused("cancelled", "stopped in the middle of a page");
    }
}

/* A source that finds the end of the paper itself may know the length only now, and says it anew. */
static bool rows_agree(Job *job) {
    int32_t rows = (int32_t)job->page.rows;
    if (job->image.ImageLength <= 0 || job->image.ImageLength == rows) return true;
    TW_IMAGEINFO now = {0};
    return outcome_good(source_ask(DG_IMAGE, DAT_IMAGEINFO, MSG_GET, &now)) && now.ImageLength == rows;
}

static Transfer by_memory(Job *job) {
    int bits = pixel_bits(&job->image);
    if (!bits) return refused("bad_setting", "an image that is not 1, 8 or 24 bits and plain");
    uint32_t room = strip_bytes();
    void *buffer = malloc(room);
    Transfer transfer = buffer ? take_strips(job, bits, buffer, room) : refused("damaged", "no memory");
    free(buffer);
    if (!transfer.fault && !rows_agree(job))
        return refused("damaged", "fewer or more rows than announced");
    return transfer;
}

/* ---- native transfer: a device independent bitmap, usually upside down ----------------------- */

static bool gray_palette(const RGBQUAD *palette, int count) {
    for (int i = 0; i < count; i++)
        if (palette[i].rgbRed != palette[i].rgbGreen || palette[i].rgbRed != palette[i].rgbBlue)
            return false;
    return true;
}

static void copy_row(uint8_t *to, const uint8_t *from, const BITMAPINFOHEADER *head,
                     const RGBQUAD *palette, int bits) {
    int skip = head->biBitCount / 8;
    for (LONG x = 0; x < head->biWidth; x++) {
        if (bits == 8) {
            to[x] = palette[from[x]].rgbRed;
        } else if (head->biBitCount == 8) {
            const RGBQUAD *color = &palette[from[x]];
            to[3 * x] = color->rgbRed, to[3 * x + 1] = color->rgbGreen, to[3 * x + 2] = color->rgbBlue;
        } else {
            const uint8_t *pixel = from + (size_t)x * (size_t)skip;
            to[3 * x] = pixel[2], to[3 * x + 1] = pixel[1], to[3 * x + 2] = pixel[0];
        }
    }
}

static Transfer unpack(Job *job, const BITMAPINFOHEADER *head) {
    RGBQUAD palette[256] = {0};
    int depth = head->biBitCount;
    if (head->biCompression != BI_RGB || head->biWidth <= 0 ||
        (depth != 1 && depth != 8 && depth != 24 && depth != 32))
        return refused("bad_setting", "a bitmap that is not 1, 8, 24 or 32 bits and plain");
    DWORD used = head->biClrUsed ? head->biClrUsed : depth <= 8 ? 1u << depth : 0;
    const uint8_t *pixels = (const uint8_t *)head + head->biSize + used * sizeof(RGBQUAD);
    memcpy(palette, (const uint8_t *)head + head->biSize, (used > 256 ? 256 : used) * sizeof(RGBQUAD));
    int bits = depth == 1 ? 1 : depth == 8 && gray_palette(palette, (int)used) ? 8 : 24;
    if (!page_begin(&job->page, job->folder, job->number, bits, (uint32_t)head->biWidth))
        return refused("damaged", "the page file cannot be written");
    job->page.inverted = bits == 1 && palette[0].rgbRed < palette[1].rgbRed;
    size_t stride = ((size_t)head->biWidth * (size_t)depth + 31) / 32 * 4;
    LONG rows = head->biHeight < 0 ? -head->biHeight : head->biHeight;
    uint8_t *row = malloc(job->page.row_bytes);
    bool good = row != NULL;
    for (LONG y = 0; good && y < rows; y++) {
        LONG at = head->biHeight < 0 ? y : rows - 1 - y;
        const uint8_t *from = pixels + (size_t)at * stride;
        if (bits != 1) copy_row(row, from, head, palette, bits);
        good = page_add(&job->page, bits == 1 ? from : row, job->page.row_bytes, 1);
    }
    free(row);
    return good ? whole() : refused("damaged", "the page file cannot be written");
}

static Transfer by_bitmap(Job *job) {
    TW_HANDLE handle = NULL;
    Outcome outcome = source_ask(DG_IMAGE, DAT_IMAGENATIVEXFER, MSG_GET, &handle);
    if (outcome.rc != TWRC_XFERDONE) return failed(outcome, "native transfer");
    source_set_state(STATE_TRANSFERRING);
    const BITMAPINFOHEADER *head = handle ? memory_lock(handle) : NULL;
    Transfer transfer = head ? unpack(job, head) : refused("damaged", "no bitmap came");
    if (head) memory_unlock(handle);
    if (handle) memory_free(handle);
    return transfer;
}

/* ---- one page, then the next ----------------------------------------------------------------- */

static void tell_notes(const Job *job) {
    struct { TW_EXTIMAGEINFO head; TW_INFO second; } asked = {
        .head = {.NumInfos = 2, .Info = {{.InfoID = TWEI_PAGESIDE}}}, .second = {.InfoID = TWEI_PAPERCOUNT}};
    if (!job->applied->image_notes ||
        !outcome_good(source_ask(DG_IMAGE, DAT_EXTIMAGEINFO, MSG_GET, &asked)))
        return;
    const TW_INFO *side = &asked.head.Info[0], *paper = &asked.second;
    if (side->ReturnCode == TWRC_SUCCESS && side->NumItems == 1)
        event_text("side", (uint16_t)side->Item == TWCS_BOTTOM ? "back" : "front");
    if (paper->ReturnCode == TWRC_SUCCESS && paper->NumItems == 1)
        event_number("paper", (long)(uint32_t)paper->Item);
}

static double fix(TW_FIX32 value) { return value.Whole + value.Frac / 65536.0; }

static void tell_page(const Job *job) {
    event_open("page");
    event_number("number", job->number);
    event_text("file", job->page.name);
    event_number("width", (long)job->page.width);
    event_number("rows", (long)job->page.rows);
    event_decimal("dpi_x", fix(job->image.XResolution));
    event_decimal("dpi_y", fix(job->image.YResolution));
    tell_notes(job);
    event_send();
}

static Transfer one_page(Job *job) {
    memset(&job->image, 0, sizeof job->image);
    memset(&job->page, 0, sizeof job->page);
    Outcome outcome = source_ask(DG_IMAGE, DAT_IMAGEINFO, MSG_GET, &job->image);
    if (!outcome_good(outcome)) return failed(outcome, "image info");
    Transfer transfer = job->applied->memory ? by_memory(job) : by_bitmap(job);
    if (!transfer.fault && !page_keep(&job->page))
        transfer = refused("damaged", "the page file cannot be written");
    if (transfer.fault)
        page_drop(&job->page);
    else
        tell_page(job);
    return transfer;
}

/* How many images wait; 65535 is "more, I do not know how many". */
static unsigned end_page(void) {
    TW_PENDINGXFERS pending = {0};
    Outcome outcome = source_ask(DG_CONTROL, DAT_PENDINGXFERS, MSG_ENDXFER, &pending);
    unsigned count = outcome_good(outcome) ? pending.Count : 0;
    source_set_state(count ? STATE_READY : STATE_ENABLED);
    return count;
}

static Scan pages_while_they_come(Job *job) {
    Scan scan = {0};
    for (;;) {
        Transfer transfer = one_page(job);
        /* an empty feeder behind the last page is the end of the stack, not a fault */
        if (transfer.fault && scan.pages && !strcmp(transfer.fault, "out_of_paper")) return scan;
        if (transfer.fault) {
            scan.fault = transfer.fault;
            scan.detail = transfer.detail;
            scan.outcome = transfer.outcome;
            return scan;
        }
        scan.pages++;
        job->number++;
        if (!end_page() || !job->applied->feeder) return scan;
        manager_pump();
        if (job->stopped()) {
            scan.fault = "cancelled";
            return scan;
        }
    }
}

Scan scan_pages(const Applied *applied, const wchar_t *folder, long first, bool (*stopped)(void)) {
    Job job = {.applied = applied, .folder = folder, .number = first, .stopped = stopped};
    Scan scan = {0};
    bool closing = false;
    /* asked before enabling: many drivers put up a window of their own about an empty feeder */
    if (feeder_is_empty(applied)) return (Scan){.fault = "out_of_paper", .detail = "the sensor sees none"};
    Outcome outcome = source_enable();
    if (!outcome_good(outcome)) {
        scan.fault = outcome_fault(outcome);
        scan.detail = "enable";
        scan.outcome = outcome;
    } else if (source_wait_ready(stopped, &closing)) {
        event_open("ready");
        event_send();
        scan = pages_while_they_come(&job);
    } else {
        scan.fault = "cancelled";
        scan.detail = closing ? "the driver's window was closed" : "stopped before the first page";
    }
    source_retreat(STATE_SOURCE_OPEN);
    return scan;
}
