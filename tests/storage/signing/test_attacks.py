"""Signed papers that were made to lie: every known way, each caught with a state and a reason."""

from io import BytesIO

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigFieldSpec
from servers import attacks
from servers.issuer import Issuer

from storage.signing.verify import PyHankoVerifier
from workflows.domain.signature import Changes, SignatureState

S = SignatureState


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture(scope="module")
def person(issuer):
    return issuer.certificate("Người Ký")


@pytest.fixture(scope="module")
def approved(issuer, person):
    return issuer.sign(attacks.paper(), person)


@pytest.fixture(scope="module")
def certified(issuer, person):
    return issuer.sign(attacks.paper(), person, certify=True, docmdp_permissions=MDPPerm.FILL_FORMS)


@pytest.fixture(scope="module")
def look(issuer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("attacks")
    verifier = PyHankoVerifier(issuer.put_trust(folder / "trust", *issuer.lists()))

    def look(content: bytes):
        path = folder / "f.pdf"
        path.write_bytes(content)
        return verifier.verify(path)

    return look


@pytest.fixture(params=["approved", "certified"])
def signed(request):
    return request.getfixturevalue(request.param)


def test_the_paper_itself_is_valid(signed, look):
    [report] = look(signed)
    assert (report.state, report.changes) == (S.VALID, Changes.NONE)
    assert report.reason == ""


@pytest.mark.parametrize("case", attacks.UPDATES)
def test_updates_that_lie(case, signed, look):
    content = attacks.updated(signed, attacks.UPDATES[case])
    assert content.startswith(signed), "the signed bytes are whole: hashes alone see nothing"
    [report] = look(content)
    assert report.state in (S.ALTERED, S.UNREADABLE), report
    assert report.reason
    assert report.intact or report.state is S.UNREADABLE


@pytest.mark.parametrize("case", attacks.RAW)
def test_bytes_that_lie(case, signed, look):
    content = attacks.RAW[case](signed)
    assert content != signed
    told = look(content)
    assert told.signatures, "a file that was signed is never told to be without signature"
    for report in told:
        assert report.state in (S.ALTERED, S.UNREADABLE), report
        assert report.reason


def test_the_moved_part_still_has_the_right_hash(approved, look):
    """Else the wrapping attack was not tried at all."""
    [report] = look(attacks.wrapped(approved))
    assert report.intact
    assert report.state is S.ALTERED
    assert "khoảng trống" in report.reason


def test_pyhanko_alone_would_have_believed_bytes_in_the_gap(approved, look):
    content = attacks.literal_gap(approved)
    [signature] = PdfFileReader(BytesIO(content)).embedded_signatures
    assert signature.evaluate_signature_coverage().name == "ENTIRE_FILE"
    [report] = look(content)
    assert (report.state, report.intact) == (S.ALTERED, True)


# Positive controls: what may happen to a signed paper


def test_a_second_signature(issuer, person, signed, look):
    again = issuer.sign(signed, issuer.certificate("Thủ Trưởng"), field="ChuKy2")
    first, second = look(again)
    assert (first.state, second.state) == (S.VALID, S.VALID)
    assert first.changes is Changes.FORM
    assert not first.covers_whole_file
    assert second.covers_whole_file


def test_preservation(issuer, person, look):
    content = issuer.stamp(
        issuer.sign_for_long(attacks.paper(), person, at=-2, archive=True), at=-1
    )
    first, *stamps = look(content)
    assert (first.state, first.changes) == (S.VALID, Changes.PRESERVATION)
    assert [s.state for s in stamps] == [S.VALID] * 2


def test_filling_an_empty_field(signed, look):
    [report] = look(attacks.updated(signed, attacks.fill_empty_field))
    assert (report.state, report.changes) == (S.VALID, Changes.FORM)
    assert any("GhiChu" in note for note in report.notes)


# What a signature forbids


def test_a_certifying_signature_that_allows_nothing(issuer, person, look):
    content = issuer.sign(
        attacks.paper(), person, certify=True, docmdp_permissions=MDPPerm.NO_CHANGES
    )
    [report] = look(content)
    assert report.state is S.VALID
    assert report.certifies
    [report] = look(attacks.updated(content, attacks.fill_empty_field))
    assert report.state is S.ALTERED


def test_locked_fields(issuer, person, look):
    lock = FieldMDPSpec(FieldMDPAction.INCLUDE, fields=["GhiChu"])
    content = issuer.sign(attacks.paper(), person, spec=SigFieldSpec("ChuKy1", field_mdp_spec=lock))
    [report] = look(content)
    assert (report.state, report.locked_fields) == (S.VALID, "GhiChu")
    [report] = look(attacks.updated(content, attacks.fill_empty_field))
    assert report.state is S.ALTERED
    assert "đã khóa" in report.reason


def test_visible_signatures_after_a_certifying_one_are_for_a_person_to_judge(
    issuer, certified, look
):
    spec = SigFieldSpec("ChuKy2", on_page=0, box=(300, 20, 500, 60))
    again = issuer.sign(certified, issuer.certificate("Thủ Trưởng"), field="ChuKy2", spec=spec)
    first, second = look(again)
    assert (first.state, second.state) == (S.DOUBTFUL, S.VALID)
    assert second.visible
    assert "chữ ký chứng nhận" in first.reason
    first, _ = look(attacks.updated(again, attacks.replace_content))
    assert first.state is S.ALTERED


# What else a reader must know


def test_things_that_act_are_told_although_they_were_signed(issuer, person, look):
    told = look(issuer.sign(attacks.paper(), person))
    assert told[0].state is S.VALID
    assert any("đính kèm" in warning for warning in told.warnings)
    active = attacks.updated(attacks.paper(), attacks.script_on_opening)
    active = attacks.updated(active, attacks.dynamic_form)
    told = look(issuer.sign(active, person))
    assert any("JavaScript" in warning for warning in told.warnings)
    assert any("XFA" in warning for warning in told.warnings)


def test_a_signature_nobody_can_see_says_so(approved, issuer, person, look):
    assert not look(approved)[0].visible
    spec = SigFieldSpec("ChuKy1", on_page=1, box=(300, 20, 500, 60))
    [report] = look(issuer.sign(attacks.paper(), person, spec=spec))
    assert (report.visible, report.page) == (True, 2)
