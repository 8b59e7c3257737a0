/* SPDX-License-Identifier: Apache-2.0
 *
 * The part of the TWAIN 2.x interface that the bridge uses, written from the published
 * specification: structures are packed to 2 bytes, integers are little endian, 16 and 32 bits wide
 * whatever the bitness of the process. tests/scanner_drivers/test_twain_abi.py holds the published
 * tables a second time and compares every size, offset and number with this file.
 */
#ifndef SOHOA_TWAIN_ABI_H
#define SOHOA_TWAIN_ABI_H

#include <stddef.h>
#include <stdint.h>

#define TWAIN_CALL __stdcall

#pragma pack(push, 2)

typedef char TW_STR32[34];
typedef char TW_STR255[256];
typedef uint16_t TW_BOOL;
typedef void *TW_HANDLE;
typedef void *TW_MEMREF;

typedef struct { int16_t Whole; uint16_t Frac; } TW_FIX32;
typedef struct { TW_FIX32 Left, Top, Right, Bottom; } TW_FRAME;

typedef struct {
    uint16_t MajorNum, MinorNum, Language, Country;
    TW_STR32 Info;
} TW_VERSION;

typedef struct {
    uint32_t Id;
    TW_VERSION Version;
    uint16_t ProtocolMajor, ProtocolMinor;
    uint32_t SupportedGroups;
    TW_STR32 Manufacturer, ProductFamily, ProductName;
} TW_IDENTITY;

typedef struct { uint16_t Cap, ConType; TW_HANDLE hContainer; } TW_CAPABILITY;
typedef struct { uint16_t ItemType; uint32_t Item; } TW_ONEVALUE;
typedef struct { uint16_t ItemType; uint32_t NumItems; uint8_t ItemList[2]; } TW_ARRAY;
typedef struct {
    uint16_t ItemType;
    uint32_t NumItems, CurrentIndex, DefaultIndex;
    uint8_t ItemList[2];
} TW_ENUMERATION;
typedef struct {
    uint16_t ItemType;
    uint32_t MinValue, MaxValue, StepSize, DefaultValue, CurrentValue;
} TW_RANGE;

typedef struct {
    TW_FIX32 XResolution, YResolution;
    int32_t ImageWidth, ImageLength;
    int16_t SamplesPerPixel, BitsPerSample[8], BitsPerPixel;
    TW_BOOL Planar;
    int16_t PixelType;
    uint16_t Compression;
} TW_IMAGEINFO;

typedef struct {
    TW_FRAME Frame;
    uint32_t DocumentNumber, PageNumber, FrameNumber;
} TW_IMAGELAYOUT;

typedef struct { uint32_t Flags, Length; TW_MEMREF TheMem; } TW_MEMORY;
typedef struct {
    uint16_t Compression;
    uint32_t BytesPerRow, Columns, Rows, XOffset, YOffset, BytesWritten;
    TW_MEMORY Memory;
} TW_IMAGEMEMXFER;

typedef struct { uint32_t MinBufSize, MaxBufSize, Preferred; } TW_SETUPMEMXFER;
typedef struct { uint16_t Count; uint32_t EOJ; } TW_PENDINGXFERS;
typedef struct { TW_BOOL ShowUI, ModalUI; TW_HANDLE hParent; } TW_USERINTERFACE;
typedef struct { TW_MEMREF pEvent; uint16_t TWMessage; } TW_EVENT;
typedef struct { uint16_t ConditionCode, Reserved; } TW_STATUS;
typedef struct { TW_MEMREF CallBackProc; uint32_t RefCon; int16_t Message; } TW_CALLBACK;

typedef struct { uint16_t InfoID, ItemType, NumItems, ReturnCode; uintptr_t Item; } TW_INFO;
typedef struct { uint32_t NumInfos; TW_INFO Info[1]; } TW_EXTIMAGEINFO;

typedef uint16_t(TWAIN_CALL *DSMENTRYPROC)(TW_IDENTITY *origin, TW_IDENTITY *destination,
                                           uint32_t group, uint16_t type, uint16_t message,
                                           TW_MEMREF content);
typedef uint16_t(TWAIN_CALL *DSENTRYPROC)(TW_IDENTITY *origin, uint32_t group, uint16_t type,
                                          uint16_t message, TW_MEMREF content);

typedef struct {
    uint32_t Size;
    DSMENTRYPROC DSM_Entry;
    TW_HANDLE(TWAIN_CALL *DSM_MemAllocate)(uint32_t bytes);
    void(TWAIN_CALL *DSM_MemFree)(TW_HANDLE handle);
    TW_MEMREF(TWAIN_CALL *DSM_MemLock)(TW_HANDLE handle);
    void(TWAIN_CALL *DSM_MemUnlock)(TW_HANDLE handle);
} TW_ENTRYPOINT;

#pragma pack(pop)

#define TWAIN_SIZE(type, bits32, bits64) \
    _Static_assert(sizeof(type) == (sizeof(void *) == 8 ? (bits64) : (bits32)), #type)

TWAIN_SIZE(TW_IDENTITY, 156, 156);
TWAIN_SIZE(TW_CAPABILITY, 8, 12);
TWAIN_SIZE(TW_ONEVALUE, 6, 6);
TWAIN_SIZE(TW_RANGE, 22, 22);
TWAIN_SIZE(TW_IMAGEINFO, 42, 42);
TWAIN_SIZE(TW_IMAGELAYOUT, 28, 28);
TWAIN_SIZE(TW_MEMORY, 12, 16);
TWAIN_SIZE(TW_IMAGEMEMXFER, 38, 42);
TWAIN_SIZE(TW_SETUPMEMXFER, 12, 12);
TWAIN_SIZE(TW_PENDINGXFERS, 6, 6);
TWAIN_SIZE(TW_USERINTERFACE, 8, 12);
TWAIN_SIZE(TW_EVENT, 6, 10);
TWAIN_SIZE(TW_STATUS, 4, 4);
TWAIN_SIZE(TW_CALLBACK, 10, 14);
TWAIN_SIZE(TW_INFO, 12, 16);
TWAIN_SIZE(TW_ENTRYPOINT, 24, 44);

enum { /* what our identity says of itself */
    TWON_PROTOCOLMAJOR = 2,
    TWON_PROTOCOLMINOR = 4,
    TWLG_ENGLISH_USA = 13,
    TWCY_USA = 1,
    DG_CONTROL = 1,
    DG_IMAGE = 2,
    DF_DSM2 = 0x10000000,
    DF_APP2 = 0x20000000,
    DF_DS2 = 0x40000000
};

enum { /* data argument types */
    DAT_NULL = 0,
    DAT_CAPABILITY = 1,
    DAT_EVENT = 2,
    DAT_IDENTITY = 3,
    DAT_PARENT = 4,
    DAT_PENDINGXFERS = 5,
    DAT_SETUPMEMXFER = 6,
    DAT_STATUS = 8,
    DAT_USERINTERFACE = 9,
    DAT_CALLBACK = 0x10,
    DAT_IMAGEINFO = 0x101,
    DAT_IMAGELAYOUT = 0x102,
    DAT_IMAGEMEMXFER = 0x103,
    DAT_IMAGENATIVEXFER = 0x104,
    DAT_EXTIMAGEINFO = 0x10b,
    DAT_ENTRYPOINT = 0x403
};

enum { /* messages */
    MSG_NULL = 0,
    MSG_GET = 1,
    MSG_GETCURRENT = 2,
    MSG_GETDEFAULT = 3,
    MSG_GETFIRST = 4,
    MSG_GETNEXT = 5,
    MSG_SET = 6,
    MSG_RESET = 7,
    MSG_QUERYSUPPORT = 8,
    MSG_XFERREADY = 0x101,
    MSG_CLOSEDSREQ = 0x102,
    MSG_CLOSEDSOK = 0x103,
    MSG_OPENDSM = 0x301,
    MSG_CLOSEDSM = 0x302,
    MSG_OPENDS = 0x401,
    MSG_CLOSEDS = 0x402,
    MSG_DISABLEDS = 0x501,
    MSG_ENABLEDS = 0x502,
    MSG_PROCESSEVENT = 0x601,
    MSG_ENDXFER = 0x701,
    MSG_STOPFEEDER = 0x702,
    MSG_REGISTER_CALLBACK = 0x902
};

enum { /* return codes */
    TWRC_SUCCESS = 0,
    TWRC_FAILURE = 1,
    TWRC_CHECKSTATUS = 2,
    TWRC_CANCEL = 3,
    TWRC_DSEVENT = 4,
    TWRC_NOTDSEVENT = 5,
    TWRC_XFERDONE = 6,
    TWRC_ENDOFLIST = 7,
    TWRC_INFONOTSUPPORTED = 8,
    TWRC_BUSY = 10,
    TWRC_SCANNERLOCKED = 11
};

enum { /* condition codes */
    TWCC_SUCCESS = 0,
    TWCC_BUMMER = 1,
    TWCC_LOWMEMORY = 2,
    TWCC_NODS = 3,
    TWCC_MAXCONNECTIONS = 4,
    TWCC_OPERATIONERROR = 5,
    TWCC_BADCAP = 6,
    TWCC_BADPROTOCOL = 9,
    TWCC_BADVALUE = 10,
    TWCC_SEQERROR = 11,
    TWCC_CAPUNSUPPORTED = 13,
    TWCC_PAPERJAM = 20,
    TWCC_PAPERDOUBLEFEED = 21,
    TWCC_CHECKDEVICEONLINE = 23,
    TWCC_INTERLOCK = 24,
    TWCC_DAMAGEDCORNER = 25,
    TWCC_FOCUSERROR = 26,
    TWCC_DOCTOOLIGHT = 27,
    TWCC_DOCTOODARK = 28,
    TWCC_NOMEDIA = 29
};

enum { /* containers and item types */
    TWON_ARRAY = 3,
    TWON_ENUMERATION = 4,
    TWON_ONEVALUE = 5,
    TWON_RANGE = 6,
    TWTY_INT8 = 0,
    TWTY_INT16 = 1,
    TWTY_INT32 = 2,
    TWTY_UINT8 = 3,
    TWTY_UINT16 = 4,
    TWTY_UINT32 = 5,
    TWTY_BOOL = 6,
    TWTY_FIX32 = 7
};

enum { /* capabilities */
    CAP_XFERCOUNT = 0x0001,
    ICAP_COMPRESSION = 0x0100,
    ICAP_PIXELTYPE = 0x0101,
    ICAP_UNITS = 0x0102,
    ICAP_XFERMECH = 0x0103,
    CAP_FEEDERENABLED = 0x1002,
    CAP_FEEDERLOADED = 0x1003,
    CAP_AUTOFEED = 0x1007,
    CAP_INDICATORS = 0x100b,
    CAP_PAPERDETECTABLE = 0x100d,
    CAP_UICONTROLLABLE = 0x100e,
    CAP_DUPLEX = 0x1012,
    CAP_DUPLEXENABLED = 0x1013,
    ICAP_XRESOLUTION = 0x1118,
    ICAP_YRESOLUTION = 0x1119,
    ICAP_PIXELFLAVOR = 0x111f,
    ICAP_PLANARCHUNKY = 0x1120,
    ICAP_BITORDER = 0x111c,
    ICAP_SUPPORTEDSIZES = 0x1122,
    ICAP_BITDEPTH = 0x112b,
    ICAP_EXTIMAGEINFO = 0x112f,
    ICAP_AUTODISCARDBLANKPAGES = 0x1134
};

enum { /* values */
    TWPT_BW = 0,
    TWPT_GRAY = 1,
    TWPT_RGB = 2,
    TWPF_CHOCOLATE = 0,
    TWPF_VANILLA = 1,
    TWBO_LSBFIRST = 0,
    TWBO_MSBFIRST = 1,
    TWPC_CHUNKY = 0,
    TWCP_NONE = 0,
    TWUN_INCHES = 0,
    TWSX_NATIVE = 0,
    TWSX_MEMORY = 2,
    TWSS_NONE = 0,
    TWSS_A4 = 1,
    TWSS_A5 = 5,
    TWSS_A3 = 11,
    TWBP_DISABLE = -2,
    TWMF_APPOWNS = 1,
    TWMF_POINTER = 8,
    TWEI_PAGESIDE = 0x1245,
    TWEI_PAPERCOUNT = 0x1249,
    TWCS_TOP = 1,
    TWCS_BOTTOM = 2
};

#endif
