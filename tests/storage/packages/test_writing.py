"""What a package says, looked at with other eyes than those that wrote it."""

import csv
import datetime as dt
import io
import json
import zipfile
from dataclasses import replace

import openpyxl
import pytest
from boxes import HAZARDS, PURPOSE, export
from lxml import etree

from storage.packages import ZipPackages
from workflows.domain.package import PackagePurpose, in_time_order
from workflows.domain.unit import EVERYWHERE
from workflows.export import gather

METS = {"m": "http://www.loc.gov/METS/", "x": "http://www.w3.org/1999/xlink"}
PREMIS = {"p": "http://www.loc.gov/premis/v3"}
# NĐ 30/2020/NĐ-CP, PL VI, as ../shared/design/domain.md section 6 lists them
FILE_COLUMNS = [
    "FileCode.OrganId",
    "FileCode.FileCatalog",
    "FileCode.FileNotation",
    "Title",
    "Maintenance",
    "Rights",
    "Creator",
    "Language",
    "StartDate",
    "EndDate",
    "DocTotal",
    "PageTotal",
    "Description",
]
DOCUMENT_COLUMNS = [
    "FileCode.OrganId",
    "FileCode.FileCatalog",
    "FileCode.FileNotation",
    "DocOrdinal",
    "TypeName",
    "CodeNumber",
    "CodeNotation",
    "IssuedDate",
    "OrganName",
    "Subject",
    "Language",
    "PageAmount",
    "Description",
    "SignerInfo.Position",
    "SignerInfo.FullName",
    "To.OrganId",
    "To.OrganName",
    "Priority",
    "IssuedAmount",
    "DueDate",
    "ArrivalDate",
    "ArrivalNumber",
    "ToPlaces",
    "TraceHeaderList",
]


@pytest.fixture(scope="module")
def inside(written):
    """name -> bytes, below the package's folder."""
    with zipfile.ZipFile(written.path) as archive:
        start = len(written.name) + 1
        return {i.filename[start:]: archive.read(i) for i in archive.infolist()}


@pytest.fixture(scope="module")
def records(filled):
    office, dossier = filled
    with office.station.database.read() as tx:
        found = [
            gather(tx, tx.documents.get(f.document_id, EVERYWHERE), dossier)
            for f in tx.filings.of_dossier(dossier.id)
        ]
    return in_time_order(found)


def test_the_tree_is_that_of_the_circular(written, inside, filled):
    _, dossier = filled
    assert written.name.startswith("urn_21907_uuid_")
    for path in (
        "METS.xml",
        "metadata/descriptive/EAD.xml",
        "metadata/preservation/PREMIS.xml",
        "representations/rep1/METS.xml",
        "representations/rep1/metadata/preservation/PREMIS_rep1.xml",
        f"representations/rep1/metadata/descriptive/EAD_doc_{dossier.code}.1.xml",
        f"representations/rep1/data/{dossier.code}.3.pdf",
        f"representations/rep1/data/{dossier.code}.3.original.pdf",
        f"representations/rep1/data/{dossier.code}.3.page-0002.jpg",
        "schemas/METS.xsd",
        "schemas/EAD.xsd",
        "schemas/EAD_doc.xsd",
        "schemas/PREMIS.xsd",
    ):
        assert path in inside


def test_evidence_original_and_machine_reading_are_in_it_byte_for_byte(filled, inside, records):
    office, dossier = filled
    for n, record in enumerate(records, 1):
        stem = f"representations/rep1/data/{dossier.code}.{n}"
        assert inside[f"{stem}.pdf"] == office.station.objects.get(record.document.evidence)
        assert inside[f"{stem}.original.pdf"] == office.station.objects.get(
            record.document.original
        )
        read = json.loads(inside[f"{stem}.extraction.json"])
        assert [r["body"] for r in read] == [r.body for r in record.extractions]
        told = json.loads(inside["documentation/signatures.json"])[record.document.id]
        assert [s["intact"] for s in told["signatures"]] == [True]


def test_mets_links_each_paper_with_its_description_and_attachments(inside, records):
    mets = etree.fromstring(inside["representations/rep1/METS.xml"])
    names = {
        e.get("ID"): e.find(".//*[@x:href]", METS).get(f"{{{METS['x']}}}href")
        for e in mets.xpath("//m:dmdSec | //m:file", namespaces=METS)
    }
    links = mets.xpath("//m:div[@LABEL='MetadataLink/File']", namespaces=METS)
    assert len(links) == len(records) == 3
    for link in links:
        (main,) = [names[p.get("FILEID")] for p in link.findall("m:fptr", METS)]
        stem = main.removeprefix("data/").removesuffix(".pdf")
        assert names[link.get("DMDID")] == f"metadata/descriptive/EAD_doc_{stem}.xml"
        attached = [names[p.get("FILEID")] for p in link.findall("m:div/m:fptr", METS)]
        assert {a.removeprefix(f"data/{stem}.") for a in attached} == {
            "original.pdf",
            "copy.pdf",
            "page-0001.jpg",
            "page-0002.jpg",
            "record.json",
            "extraction.json",
        }


def test_the_dossier_is_described_in_time_order_with_all_18_fields(inside, records, filled):
    _, dossier = filled
    ead = {e.tag: e.text or "" for e in etree.fromstring(inside["metadata/descriptive/EAD.xml"])}
    assert len(ead) == 18
    assert ead["arcFileCode"] == f"21907.21907.{dossier.received_on.year}.{dossier.code}"
    assert (ead["totalDoc"], ead["numberOfPage"], ead["numberOfPaper"]) == ("3", "6", "6")
    assert ead["confidenceLevel"] == "02" and ead["mode"] == "02" and ead["maintenance"] == "01"
    dates = []
    for n, record in enumerate(records, 1):
        path = f"representations/rep1/metadata/descriptive/EAD_doc_{dossier.code}.{n}.xml"
        told = {e.tag: e.text or "" for e in etree.fromstring(inside[path])}
        assert len(told) == 19
        assert told["codeNumber"] == record.values["number"] and told["typeName"] == "02"
        assert told["docOrdinal"] == str(n)
        dates.append(dt.datetime.strptime(told["issuedDate"], "%d/%m/%Y"))  # noqa: DTZ007
    assert dates == sorted(dates)
    assert ead["startDate"] == f"{dates[0]:%d/%m/%Y}"


def test_premis_carries_the_log_with_its_chain_and_the_fixity_of_every_file(
    filled, inside, records
):
    office, dossier = filled
    rep = etree.fromstring(inside["representations/rep1/metadata/preservation/PREMIS_rep1.xml"])
    top = etree.fromstring(inside["metadata/preservation/PREMIS.xml"])
    hashes = set(
        rep.xpath("//p:eventIdentifierValue/text()", namespaces=PREMIS)
        + top.xpath("//p:eventIdentifierValue/text()", namespaces=PREMIS)
    )
    with office.station.database.read() as tx:
        log = tx.audit.entries(limit=1000)
    ids = {dossier.id} | {r.document.id for r in records}
    mine = {h for _, h, e in log if e.subject_id in ids and not e.action.endswith("exported")}
    assert mine and mine <= hashes
    making = top.xpath("//p:event[p:eventType='information package creation']", namespaces=PREMIS)
    assert [m.findtext(".//p:eventDetail", namespaces=PREMIS) for m in making] == [PURPOSE]
    import hashlib

    fixity = dict(
        zip(
            rep.xpath(
                "//p:object[p:objectCharacteristics]/p:objectIdentifier/p:objectIdentifierValue/text()",
                namespaces=PREMIS,
            ),
            rep.xpath("//p:messageDigest/text()", namespaces=PREMIS),
            strict=True,
        )
    )
    data = {p: hashlib.sha256(c).hexdigest() for p, c in inside.items() if "/data/" in p}
    assert fixity == data
    assert top.xpath("//p:statuteCitation", namespaces=PREMIS)


def test_a_sip_has_no_preservation_metadata_and_21_fields_a_paper(filled):
    office, dossier = filled
    written = export(office, dossier, kind=PackagePurpose.SIP)
    assert written.name.startswith("uuid-")
    with zipfile.ZipFile(written.path) as archive:
        names = archive.namelist()
        assert not [n for n in names if "PREMIS" in n or "preservation" in n]
        (one,) = [n for n in names if n.endswith(f"EAD_doc_{dossier.code}.1.xml")]
        assert len(etree.fromstring(archive.read(one))) == 21
        mets = etree.fromstring(archive.read(f"{written.name}/METS.xml"))
    assert mets.findtext(".//m:altRecordID", namespaces=METS).endswith(dossier.code)


def rows_of(content):
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_the_tables_of_the_decree_have_all_its_columns_and_run_nothing(inside, records):
    files = rows_of(inside["documentation/nd30/ho-so.csv"])
    papers = rows_of(inside["documentation/nd30/van-ban.csv"])
    assert list(files[0]) == FILE_COLUMNS and list(papers[0]) == DOCUMENT_COLUMNS
    assert [p["CodeNumber"] for p in papers] == [r.values["number"] for r in records]
    for row in (*files, *papers):
        assert not [c for c in row.values() if c.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert any(p["Subject"].startswith("'=HYPERLINK") for p in papers)


def test_the_workbook_holds_text_only_and_what_the_paper_says(inside, records):
    book = openpyxl.load_workbook(io.BytesIO(inside["documentation/nd30/nd30.xlsx"]))
    assert book.sheetnames == ["Hồ sơ", "Văn bản"]
    sheet = book["Văn bản"]
    assert [c.value for c in sheet[1]] == DOCUMENT_COLUMNS
    cells = [c for row in sheet.iter_rows(min_row=3) for c in row if c.value is not None]
    assert {c.data_type for c in cells} == {"s"}
    subjects = [row[DOCUMENT_COLUMNS.index("Subject")].value for row in sheet.iter_rows(min_row=3)]
    assert subjects == [r.values["abstract"] for r in records]


def test_the_xml_nests_as_the_decree_does(inside):
    root = etree.fromstring(inside["documentation/nd30/van-ban.xml"])
    first = root.find("VanBan")
    assert first.findtext("FileCode/OrganId") == "21907"
    flat = [f"{e.tag}.{i.tag}" if len(e) else e.tag for e in first for i in (e if len(e) else [e])]
    assert flat == DOCUMENT_COLUMNS


class Keeping:
    """A store of packages that only remembers what it was asked to write."""

    def write(self, package):
        self.package = package
        raise KeyboardInterrupt


def package_of(office, dossier, **wishes):
    spy = Keeping()
    seen = replace(office.station.exports, packages=spy)
    office = replace(office, station=replace(office.station, exports=seen))
    with pytest.raises(KeyboardInterrupt):
        export(office, dossier, **wishes)
    return spy.package


@pytest.mark.parametrize("bag", [False, True])
def test_equal_content_gives_equal_bytes_but_for_the_time_of_export(filled, tmp_path, bag):
    office, dossier = filled
    package = package_of(office, dossier, bag=bag)
    objects = office.station.objects
    first = ZipPackages(tmp_path / "1", objects).write(package)
    assert ZipPackages(tmp_path / "2", objects).write(package).sha256 == first.sha256
    later = replace(package, exported_at=package.exported_at + dt.timedelta(days=3))
    third = ZipPackages(tmp_path / "3", objects).write(later)
    assert third.name == first.name
    with zipfile.ZipFile(first.path) as a, zipfile.ZipFile(third.path) as b:
        assert a.namelist() == b.namelist()
        differ = {n.rpartition(f"{first.name}/")[2] for n in a.namelist() if a.read(n) != b.read(n)}
    tags = {"bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"} if bag else set()
    assert differ == tags | {
        "METS.xml",
        "representations/rep1/METS.xml",
        "metadata/preservation/PREMIS.xml",
    }


def test_exporting_again_keeps_what_is_there_if_it_is_whole(filled, tmp_path):
    office, dossier = filled
    package = package_of(office, dossier)
    packages = ZipPackages(tmp_path, office.station.objects)
    first = packages.write(package)
    stamp = first.path.stat().st_mtime_ns
    again = packages.write(replace(package, exported_at=dt.datetime.now(dt.UTC)))
    assert (again.sha256, again.path.stat().st_mtime_ns) == (first.sha256, stamp)


def test_too_long_values_are_shortened_in_the_tables_only_and_told(filled, written):
    office, dossier = filled
    long = [h for h in HAZARDS if len(h) > 500]
    package = package_of(office, dossier)
    record = package.documents[0]
    told = tuple(replace(v, value=long[0]) if v.name == "abstract" else v for v in record.fields)
    changed = replace(package, documents=(replace(record, fields=told), *package.documents[1:]))
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as room:
        made = ZipPackages(Path(room), office.station.objects).write(changed)
        assert any("subject dài" in w for w in made.warnings)
        with ZipPackages(Path(room), office.station.objects).open(made.path) as opened:
            assert next(opened.documents()).values["abstract"] == long[0]
