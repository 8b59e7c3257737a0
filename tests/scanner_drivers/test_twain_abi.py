"""`twain_abi.h` against the published TWAIN 2.x tables, held here a second time, 32 and 64 bit.

The tables are turned into static assertions and compiled: a wrong size, offset or number does not
compile, and the compiler names it.
"""

import re
import subprocess

import pytest
from servers.wine import BUILT, PROJECT, build_twain

pytestmark = [pytest.mark.requires_wine, pytest.mark.xdist_group("wine")]

HEADER = PROJECT / "scanner_drivers" / "twain_bridge" / "twain_abi.h"
COMPILERS = {32: "i686-w64-mingw32-gcc", 64: "x86_64-w64-mingw32-gcc"}

# Bytes of the plain types; P is a pointer or handle, as wide as the process.
PLAIN = {"u8": 1, "i16": 2, "u16": 2, "bool": 2, "i32": 4, "u32": 4, "fix": 4, "str32": 34}

# Specification 2.4, chapter 8: the fields of each structure, packed to two bytes.
STRUCTURES = {
    "TW_FIX32": "i16 Whole, u16 Frac",
    "TW_FRAME": "fix Left, fix Top, fix Right, fix Bottom",
    "TW_VERSION": "u16 MajorNum, u16 MinorNum, u16 Language, u16 Country, str32 Info",
    "TW_IDENTITY": "u32 Id, TW_VERSION Version, u16 ProtocolMajor, u16 ProtocolMinor, "
    "u32 SupportedGroups, str32 Manufacturer, str32 ProductFamily, str32 ProductName",
    "TW_CAPABILITY": "u16 Cap, u16 ConType, P hContainer",
    "TW_ONEVALUE": "u16 ItemType, u32 Item",
    "TW_ARRAY": "u16 ItemType, u32 NumItems, u8 ItemList",
    "TW_ENUMERATION": "u16 ItemType, u32 NumItems, u32 CurrentIndex, u32 DefaultIndex, u8 ItemList",
    "TW_RANGE": "u16 ItemType, u32 MinValue, u32 MaxValue, u32 StepSize, u32 DefaultValue, "
    "u32 CurrentValue",
    "TW_IMAGEINFO": "fix XResolution, fix YResolution, i32 ImageWidth, i32 ImageLength, "
    "i16 SamplesPerPixel, i16*8 BitsPerSample, i16 BitsPerPixel, bool Planar, i16 PixelType, "
    "u16 Compression",
    "TW_IMAGELAYOUT": "TW_FRAME Frame, u32 DocumentNumber, u32 PageNumber, u32 FrameNumber",
    "TW_MEMORY": "u32 Flags, u32 Length, P TheMem",
    "TW_IMAGEMEMXFER": "u16 Compression, u32 BytesPerRow, u32 Columns, u32 Rows, u32 XOffset, "
    "u32 YOffset, u32 BytesWritten, TW_MEMORY Memory",
    "TW_SETUPMEMXFER": "u32 MinBufSize, u32 MaxBufSize, u32 Preferred",
    "TW_PENDINGXFERS": "u16 Count, u32 EOJ",
    "TW_USERINTERFACE": "bool ShowUI, bool ModalUI, P hParent",
    "TW_EVENT": "P pEvent, u16 TWMessage",
    "TW_STATUS": "u16 ConditionCode, u16 Reserved",
    "TW_CALLBACK": "P CallBackProc, u32 RefCon, i16 Message",
    "TW_INFO": "u16 InfoID, u16 ItemType, u16 NumItems, u16 ReturnCode, P Item",
    "TW_EXTIMAGEINFO": "u32 NumInfos, TW_INFO Info",
    "TW_ENTRYPOINT": "u32 Size, P DSM_Entry, P DSM_MemAllocate, P DSM_MemFree, P DSM_MemLock, "
    "P DSM_MemUnlock",
}

# What other programs were measured to agree on: (32-bit, 64-bit).
MEASURED = {
    "TW_IDENTITY": (156, 156),
    "TW_CAPABILITY": (8, 12),
    "TW_ONEVALUE": (6, 6),
    "TW_IMAGEINFO": (42, 42),
    "TW_IMAGEMEMXFER": (38, 42),
    "TW_MEMORY": (12, 16),
    "TW_SETUPMEMXFER": (12, 12),
    "TW_PENDINGXFERS": (6, 6),
    "TW_USERINTERFACE": (8, 12),
    "TW_EVENT": (6, 10),
    "TW_STATUS": (4, 4),
    "TW_CALLBACK": (10, 14),
    "TW_IMAGELAYOUT": (28, 28),
}

PUBLISHED = """
    TWON_PROTOCOLMAJOR=2 TWON_PROTOCOLMINOR=4
    TWLG_ENGLISH_USA=13
    TWCY_USA=1
    DG_CONTROL=1 DG_IMAGE=2
    DF_DSM2=0x10000000 DF_APP2=0x20000000 DF_DS2=0x40000000
    DAT_NULL=0 DAT_CAPABILITY=1 DAT_EVENT=2 DAT_IDENTITY=3 DAT_PARENT=4 DAT_PENDINGXFERS=5
    DAT_SETUPMEMXFER=6 DAT_STATUS=8 DAT_USERINTERFACE=9 DAT_CALLBACK=0x10 DAT_IMAGEINFO=0x101
    DAT_IMAGELAYOUT=0x102 DAT_IMAGEMEMXFER=0x103 DAT_IMAGENATIVEXFER=0x104
    DAT_EXTIMAGEINFO=0x10b DAT_ENTRYPOINT=0x403
    MSG_NULL=0 MSG_GET=1 MSG_GETCURRENT=2 MSG_GETDEFAULT=3 MSG_GETFIRST=4 MSG_GETNEXT=5
    MSG_SET=6 MSG_RESET=7 MSG_QUERYSUPPORT=8 MSG_XFERREADY=0x101 MSG_CLOSEDSREQ=0x102
    MSG_CLOSEDSOK=0x103 MSG_OPENDSM=0x301 MSG_CLOSEDSM=0x302 MSG_OPENDS=0x401 MSG_CLOSEDS=0x402
    MSG_DISABLEDS=0x501 MSG_ENABLEDS=0x502 MSG_PROCESSEVENT=0x601 MSG_ENDXFER=0x701
    MSG_STOPFEEDER=0x702 MSG_REGISTER_CALLBACK=0x902
    TWRC_SUCCESS=0 TWRC_FAILURE=1 TWRC_CHECKSTATUS=2 TWRC_CANCEL=3 TWRC_DSEVENT=4
    TWRC_NOTDSEVENT=5 TWRC_XFERDONE=6 TWRC_ENDOFLIST=7 TWRC_INFONOTSUPPORTED=8 TWRC_BUSY=10
    TWRC_SCANNERLOCKED=11
    TWCC_SUCCESS=0 TWCC_BUMMER=1 TWCC_LOWMEMORY=2 TWCC_NODS=3 TWCC_MAXCONNECTIONS=4
    TWCC_OPERATIONERROR=5 TWCC_BADCAP=6 TWCC_BADPROTOCOL=9 TWCC_BADVALUE=10 TWCC_SEQERROR=11
    TWCC_CAPUNSUPPORTED=13 TWCC_PAPERJAM=20 TWCC_PAPERDOUBLEFEED=21 TWCC_CHECKDEVICEONLINE=23
    TWCC_INTERLOCK=24 TWCC_DAMAGEDCORNER=25 TWCC_FOCUSERROR=26 TWCC_DOCTOOLIGHT=27
    TWCC_DOCTOODARK=28 TWCC_NOMEDIA=29
    TWON_ARRAY=3 TWON_ENUMERATION=4 TWON_ONEVALUE=5 TWON_RANGE=6
    TWTY_INT8=0 TWTY_INT16=1 TWTY_INT32=2 TWTY_UINT8=3 TWTY_UINT16=4 TWTY_UINT32=5 TWTY_BOOL=6
    TWTY_FIX32=7
    CAP_XFERCOUNT=1
    ICAP_COMPRESSION=0x100 ICAP_PIXELTYPE=0x101 ICAP_UNITS=0x102 ICAP_XFERMECH=0x103
    CAP_FEEDERENABLED=0x1002 CAP_FEEDERLOADED=0x1003 CAP_AUTOFEED=0x1007 CAP_INDICATORS=0x100b
    CAP_PAPERDETECTABLE=0x100d CAP_UICONTROLLABLE=0x100e CAP_DUPLEX=0x1012
    CAP_DUPLEXENABLED=0x1013
    ICAP_XRESOLUTION=0x1118 ICAP_YRESOLUTION=0x1119 ICAP_BITORDER=0x111c ICAP_PIXELFLAVOR=0x111f
    ICAP_PLANARCHUNKY=0x1120 ICAP_SUPPORTEDSIZES=0x1122 ICAP_BITDEPTH=0x112b
    ICAP_EXTIMAGEINFO=0x112f ICAP_AUTODISCARDBLANKPAGES=0x1134
    TWPT_BW=0 TWPT_GRAY=1 TWPT_RGB=2
    TWPF_CHOCOLATE=0 TWPF_VANILLA=1
    TWBO_LSBFIRST=0 TWBO_MSBFIRST=1
    TWPC_CHUNKY=0
    TWCP_NONE=0
    TWUN_INCHES=0
    TWSX_NATIVE=0 TWSX_MEMORY=2
    TWSS_NONE=0 TWSS_A4=1 TWSS_A5=5 TWSS_A3=11
    TWBP_DISABLE=-2
    TWMF_APPOWNS=1 TWMF_POINTER=8
    TWEI_PAGESIDE=0x1245 TWEI_PAPERCOUNT=0x1249
    TWCS_TOP=1 TWCS_BOTTOM=2
"""
CONSTANTS = {
    name: int(value, 0) for name, _, value in (pair.partition("=") for pair in PUBLISHED.split())
}


def layout(name, bits):
    """({field: offset}, size) by the rule of the specification: alignment is two bytes at most."""
    offsets, at, widest = {}, 0, 1
    for text in STRUCTURES[name].split(", "):
        kind, field = text.split()
        kind, _, count = kind.partition("*")
        if kind in STRUCTURES:
            (_, size), align = layout(kind, bits), 2
        elif kind == "P":
            size, align = bits // 8, 2
        else:
            size, align = PLAIN[kind], 1 if kind in ("u8", "str32") else 2
        at += at % align
        offsets[field], at, widest = at, at + size * int(count or 1), max(widest, align)
    return offsets, at + at % widest


def assertions(bits):
    for name in STRUCTURES:
        offsets, size = layout(name, bits)
        yield f'_Static_assert(sizeof({name}) == {size}, "sizeof {name} is not {size}");'
        for field, at in offsets.items():
            yield f'_Static_assert(offsetof({name}, {field}) == {at}, "{name}.{field}");'
    for name, value in CONSTANTS.items():
        yield f'_Static_assert({name} == {value}, "{name} is not {value}");'


def compile_against(header, bits, folder):
    probe = folder / "probe.c"
    probe.write_text(f'#include "{header}"\n' + "\n".join(assertions(bits)) + "\n")
    command = [COMPILERS[bits], "-std=c11", "-fsyntax-only", str(probe)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("bits", [32, 64])
def test_sizes_offsets_and_numbers_are_the_published_ones(bits, tmp_path):
    """T11: ABI, 32 and 64 bit."""
    compiled = compile_against(HEADER, bits, tmp_path)
    assert compiled.returncode == 0, compiled.stderr


@pytest.mark.parametrize(
    ("right", "wrong", "named"),
    [
        ("TWCC_PAPERJAM = 20", "TWCC_PAPERJAM = 22", "TWCC_PAPERJAM"),
        ("uint32_t Id;", "uintptr_t Id;", "TW_IDENTITY"),
        ("#pragma pack(push, 2)", "#pragma pack(push, 4)", "TW_ONEVALUE"),
        (
            "TW_BOOL Planar;\n    int16_t PixelType;",
            "int16_t PixelType;\n    TW_BOOL Planar;",
            "Planar",
        ),
    ],
)
def test_a_wrong_header_is_found_out(right, wrong, named, tmp_path):
    header = tmp_path / "twain_abi.h"
    assert right in HEADER.read_text()
    header.write_text(HEADER.read_text().replace(right, wrong))
    compiled = compile_against(header, 64, tmp_path)
    assert compiled.returncode != 0
    assert named in compiled.stderr


def test_every_number_of_the_header_is_checked():
    used = set(re.findall(r"^\s+(T?W?[A-Z]*_\w+|I?CAP_\w+) = ", HEADER.read_text(), re.MULTILINE))
    assert used == set(CONSTANTS)
    declared = set(
        re.findall(r"^(?:typedef struct .*|\}) (TW_[A-Z0-9]+);", HEADER.read_text(), re.M)
    )
    assert declared == set(STRUCTURES)


def test_the_tables_agree_with_what_was_measured():
    for name, (narrow, wide) in MEASURED.items():
        assert (layout(name, 32)[1], layout(name, 64)[1]) == (narrow, wide), name


@pytest.mark.parametrize("bits", [32, 64])
def test_the_source_exports_the_one_undecorated_door(bits):
    """T11: `DS_Entry` in both bitnesses."""
    build_twain()
    tool = COMPILERS[bits].replace("gcc", "objdump")
    read = subprocess.run(
        [tool, "-p", str(BUILT / f"source{bits}.ds")],
        capture_output=True,
        text=True,
        check=True,
    )
    exported = read.stdout.partition("[Ordinal/Name Pointer] Table")[2].partition("\n\n")[0]
    assert re.findall(r"\[ *\d+\].* (\S+)$", exported, re.M) == ["DS_Entry"]
    machine = {32: "pei-i386", 64: "pei-x86-64"}[bits]
    assert machine in read.stdout


@pytest.mark.parametrize("bits", [32, 64])
def test_the_bridge_needs_nothing_that_windows_does_not_have(bits):
    build_twain()
    tool = COMPILERS[bits].replace("gcc", "objdump")
    program = BUILT / f"twain_bridge{bits}.exe"
    read = subprocess.run([tool, "-p", str(program)], capture_output=True, text=True, check=True)
    needed = {name.lower() for name in re.findall(r"DLL Name: (\S+)", read.stdout)}
    assert needed <= {"kernel32.dll", "user32.dll", "msvcrt.dll"}
    assert {32: "pei-i386", 64: "pei-x86-64"}[bits] in read.stdout
