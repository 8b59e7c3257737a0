"""Damage is told by the file it is in; and whoever hands in a hostile archive gets an answer."""

import io
import random
import shutil
import zipfile

import bagit
import pytest

from storage.packages.checking import check_package
from storage.packages.sandboxed import SandboxedCheck
from storage.sandbox import best_sandbox
from workflows.errors import DamagedPackage
from workflows.ports.sandbox import Ran


@pytest.fixture
def unpacked(written, tmp_path):
    with zipfile.ZipFile(written.path) as archive:
        archive.extractall(tmp_path)
    return tmp_path / written.name


@pytest.fixture
def bag(bagged, tmp_path):
    with zipfile.ZipFile(bagged.path) as archive:
        archive.extractall(tmp_path)
    return tmp_path / bagged.name


def files_of(folder):
    return sorted(p for p in folder.rglob("*") if p.is_file())


def test_a_whole_package_has_no_fault_as_zip_and_as_folder(written, unpacked):
    for path in (written.path, unpacked):
        checked = check_package(path)
        assert checked.faults == ()
        assert checked.type_name == "AIP_hoso" and checked.documents == 3
        assert checked.name == written.name and checked.files == written.files


def test_one_flipped_byte_is_told_by_its_file_whichever_file_it_is(unpacked):
    chance = random.Random(7)
    for path in files_of(unpacked):
        name = path.relative_to(unpacked).as_posix()
        if name == "METS.xml":  # its own fixity lies outside: see the bag, and the log
            continue
        whole = path.read_bytes()
        at = chance.randrange(len(whole))
        path.write_bytes(
            whole[:at] + bytes([whole[at] ^ (1 << chance.randrange(8))]) + whole[at + 1 :]
        )
        assert name in {f.file for f in check_package(unpacked).faults}, name
        path.write_bytes(whole)
    assert check_package(unpacked).good


def test_a_lost_a_cut_and_a_foreign_file_are_told_by_name(unpacked):
    for path in files_of(unpacked):
        name = path.relative_to(unpacked).as_posix()
        whole = path.read_bytes()
        path.unlink()
        assert name in {f.file for f in check_package(unpacked).faults}, name
        path.write_bytes(whole[: len(whole) // 2])
        assert name in {f.file for f in check_package(unpacked).faults}, name
        path.write_bytes(whole)
    stranger = unpacked / "representations/rep1/data/khác.pdf"
    stranger.write_bytes(b"%PDF-1.7")
    assert [f.file for f in check_package(unpacked).faults] == [
        "representations/rep1/data/khác.pdf"
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'OAISPACKAGETYPE="AIP"', b'OAISPACKAGETYPE="XXX"'),
        (b'TYPE="Mixed"', b'TYPE="Other"'),
        (b"OBJID=", b"LABELS="),
        (b"</mets>", b"</mest>"),
        (b"<mets ", b"<!DOCTYPE mets [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>\n<mets "),
        (b'CHECKSUMTYPE="SHA-256"', b'CHECKSUMTYPE="MD5"'),
    ],
)
def test_a_changed_mets_is_no_package(unpacked, old, new):
    mets = unpacked / "METS.xml"
    content = mets.read_bytes()
    assert old in content
    mets.write_bytes(content.replace(old, new, 1))
    faults = check_package(unpacked).faults
    assert faults and any("METS" in f.file or "METS" in f.what for f in faults)


def test_the_counts_must_agree(unpacked):
    """A paper taken out of METS with all its files still is a paper less than EAD says."""
    from lxml import etree

    path = unpacked / "representations/rep1/METS.xml"
    tree = etree.parse(str(path))
    link = next(d for d in tree.iter("{*}div") if d.get("LABEL") == "MetadataLink/File")
    link.getparent().remove(link)
    tree.write(str(path), xml_declaration=True, encoding="UTF-8")
    faults = {(f.file, f.what.split()[0]) for f in check_package(unpacked).faults}
    assert ("metadata/descriptive/EAD.xml", "totalDoc") in faults


def test_random_damage_to_the_zip_is_always_answered_and_never_passes(written, tmp_path):
    whole = written.path.read_bytes()
    chance = random.Random(11)
    for n in range(60):
        path = tmp_path / f"{n}.zip"
        if n % 3 == 0:
            content = whole[: chance.randrange(len(whole))]
        else:
            content = bytearray(whole)
            at = chance.randrange(len(whole))
            content[at : at + 8] = bytes(b ^ 0xFF for b in content[at : at + 8])
        path.write_bytes(content)
        checked = check_package(path)
        if checked.good:  # only bytes no reader looks at: dates, flags of the ZIP directory
            with zipfile.ZipFile(path) as a, zipfile.ZipFile(written.path) as b:
                assert [a.read(i) for i in a.infolist()] == [b.read(i) for i in b.infolist()]
        path.unlink()


def hostile(*entries):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content, attributes in entries:
            place = zipfile.ZipInfo(name)
            place.external_attr = attributes
            archive.writestr(place, content)
    return made.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a zip",
        hostile(("a/METS.xml", b"<mets/>", 0)),
        hostile(("../METS.xml", b"<mets/>", 0)),
        hostile(("/METS.xml", b"<mets/>", 0)),
        hostile(("a\\METS.xml", b"<mets/>", 0)),
        hostile(("a/METS.xml", b"<mets/>", 0), ("a/x", b"/etc/passwd", 0o120777 << 16)),
        hostile(("a/METS.xml", b"<mets/>", 0), ("b/METS.xml", b"<mets/>", 0)),
        hostile(("a/bagit.txt", b"", 0)),
        hostile(("a/bagit.txt", b"", 0), ("a/data/p/METS.xml", b"<a>" * 100_000, 0)),
    ],
)
def test_what_is_no_package_is_told_so(content, tmp_path, filled):
    path = tmp_path / "goi.zip"
    path.write_bytes(content)
    assert check_package(path).faults
    office, _ = filled
    with pytest.raises(DamagedPackage) as refused:
        office.station.imports.import_package(path, by=office.actor("archivist"))
    assert refused.value.shown.startswith("Gói tin bị lỗi: ")


def test_a_link_in_a_folder_is_not_followed(unpacked):
    (unpacked / "documentation/x").symlink_to("/etc/passwd")
    assert [f.file for f in check_package(unpacked).faults] == ["x"]


def test_an_unfinished_or_absent_package_is_not_believed(written, tmp_path):
    part = tmp_path / ".x.zip.1.part"
    shutil.copy(written.path, part)
    assert check_package(part).faults[0].what.startswith("gói đang ghi dở")
    assert check_package(tmp_path / "absent.zip").faults


def test_the_bag_holds_for_the_library_of_the_library_of_congress(bag):
    opened = bagit.Bag(str(bag))
    opened.validate()
    assert opened.info["Loại-gói-tin"] == "AIP_hoso"
    assert opened.info["Số-giấy-tờ"] == "3" and opened.info["Mã-phông"] == "21907"
    assert check_package(bag).good


def test_damage_to_the_bag_is_seen_by_both_and_in_the_same_file(bag):
    for path in files_of(bag):
        name = path.relative_to(bag).as_posix()
        whole = path.read_bytes()
        path.write_bytes(whole[:-2] + bytes([whole[-2] ^ 1]) + whole[-1:])
        faults = {f.file for f in check_package(bag).faults}
        if name == "tagmanifest-sha256.txt":
            assert faults
        else:
            assert {name, name.removeprefix(f"data/{bag.name}/")} & faults, name
        with pytest.raises(bagit.BagError):
            bagit.Bag(str(bag)).validate()
        path.write_bytes(whole)


def test_a_package_from_outside_is_examined_in_the_sandbox_with_the_same_result(written, tmp_path):
    check = SandboxedCheck(best_sandbox())
    assert check(written.path) == check_package(written.path)
    damaged = tmp_path / "hỏng.zip"
    damaged.write_bytes(written.path.read_bytes()[:-900])
    assert check(damaged) == check_package(damaged)
    assert check(damaged).faults


@pytest.mark.slow
def test_a_package_that_kills_its_reader_is_a_fault_and_no_crash(written):
    class Killing:
        def run(self, argv, *, read, out, limits, env=None):
            assert written.path in read
            return Ran(returncode=-9, stdout=b"", stderr=b"", killed="memory", seconds=1.0)

    (fault,) = SandboxedCheck(Killing())(written.path).faults
    assert fault.file == written.path.name and "memory" in fault.what
