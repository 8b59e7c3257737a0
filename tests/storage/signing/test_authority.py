"""Development certificates: made once, private, and nobody's by accident."""

import os
import stat
import subprocess
import sys
import threading

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12

from storage.signing.authority import DevelopmentAuthority, DevelopmentKeys, Subject
from storage.signing.keys import Pkcs12Keys, file_name
from workflows.errors import SigningFailed


def contents(folder) -> dict[str, bytes]:
    files = (f for f in folder.rglob("*") if f.is_file())
    return {str(f.relative_to(folder)): f.read_bytes() for f in files}


def test_made_once_and_kept(tmp_path):
    authority = DevelopmentAuthority(tmp_path / "c")
    authority.ensure()
    before = contents(authority.folder)
    DevelopmentAuthority(tmp_path / "c").ensure()
    assert contents(authority.folder) == before
    assert {"README", "trust/sohoa-development-root.crt", "authority/tsa.key"} <= set(before)


def test_keys_are_for_their_owner_only(authority):
    authority.issue("u1", Subject(name="Nguyễn Thị Mẫu", organisation="UBND xã Đông Sơn"))
    private = [*authority.folder.rglob("*.key"), *authority.folder.rglob("*.p12")]
    private += authority.folder.rglob("*.pass")
    assert len(private) >= 5
    for path in private:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700, path
    root = authority.trust / "sohoa-development-root.crt"
    assert stat.S_IMODE(root.stat().st_mode) == 0o644


def test_every_certificate_says_development(authority, keys):
    for who in ("u1", "unit1"):
        subject = keys.key_of(who).signing_cert.subject.native
        assert subject["organizational_unit_name"] == "DEVELOPMENT"
    chain = keys.key_of("u1").cert_registry
    assert any("DEVELOPMENT" in c.subject.human_friendly for c in chain)


def test_a_certificate_is_issued_once_for_a_name(authority):
    path = authority.issue("u9", Subject(name="Lê Thị Một"))
    before = path.read_bytes()
    assert authority.issue("u9", Subject(name="Lê Thị Một")).read_bytes() == before
    again = authority.issue("u9", Subject(name="Lê Thị Hai")).read_bytes()
    assert again != before
    opened = pkcs12.load_pkcs12(again, path.with_suffix(".pass").read_bytes())
    assert "Lê Thị Hai" in opened.cert.certificate.subject.rfc4514_string()


def test_a_damaged_key_file_is_made_again(authority):
    path = authority.issue("u8", Subject(name="Lê Văn Ba"))
    path.write_bytes(path.read_bytes()[:100])
    keys = DevelopmentKeys(authority, {"u8": Subject(name="Lê Văn Ba")}.get)
    assert keys.key_of("u8").signing_cert is not None


def test_a_renamed_user_signs_under_the_new_name(authority):
    names = {"u7": Subject(name="Phạm Thị Cũ")}
    keys = DevelopmentKeys(authority, names.get)
    assert keys.key_of("u7").subject_name == "Phạm Thị Cũ"
    names["u7"] = Subject(name="Phạm Thị Mới")
    assert keys.key_of("u7").subject_name == "Phạm Thị Mới"


def test_long_names_fit_a_certificate(authority):
    name = "Trung tâm Phục vụ hành chính công và Kiểm soát thủ tục hành chính tỉnh Quảng Ngãi"
    keys = DevelopmentKeys(authority, {"long": Subject(name=name, organisation=name)}.get)
    assert name.startswith(keys.key_of("long").subject_name)


def test_many_at_once_agree(tmp_path):
    authority = DevelopmentAuthority(tmp_path / "c")
    seen: list[bytes] = []

    def work():
        mine = DevelopmentAuthority(tmp_path / "c")
        seen.append(mine.issue("u1", Subject(name="Cùng Lúc")).read_bytes())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 4
    assert len(set(seen)) == 1
    assert Pkcs12Keys(authority.folder / "signers").key_of("u1").subject_name == "Cùng Lúc"


@pytest.mark.parametrize("who", ["../../etc/passwd", "a/b", "", "với dấu", "x" * 100, ".hidden"])
def test_no_user_id_leaves_the_folder(who):
    name = file_name(who)
    assert "/" not in name
    assert not name.startswith(".")
    assert 0 < len(name) <= 64
    assert name != file_name(who + "x")


def test_a_folder_without_the_key_says_so(tmp_path):
    with pytest.raises(SigningFailed) as failed:
        Pkcs12Keys(tmp_path).key_of("u1")
    assert "chứng thư" in failed.value.shown


def test_the_module_makes_a_folder(tmp_path):
    command = [sys.executable, "-m", "storage.signing.authority", str(tmp_path / "made")]
    subprocess.run(command, check=True, env={**os.environ}, timeout=60)
    assert (tmp_path / "made" / "README").is_file()
    for who in ("can-bo-thu", "don-vi-thu"):
        key = Pkcs12Keys(tmp_path / "made" / "signers").key_of(who)
        assert "Thử" in key.subject_name
