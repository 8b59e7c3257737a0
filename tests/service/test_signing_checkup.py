"""What the doctor says of trust, profiles and time stamps, with real certificates and sockets."""

import datetime as dt
import socket

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from servers.ports import free_port

from service.config import Settings
from service.signing_checkup import signing_standing, trust_standing

NOW = dt.datetime(2026, 11, 26, tzinfo=dt.UTC)
KEY = ec.generate_private_key(ec.SECP256R1())


def root(folder, name, ends):
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(KEY.public_key())
        .serial_number(1)
        .not_valid_before(NOW - dt.timedelta(days=2000))
        .not_valid_after(NOW + ends)
        .sign(KEY, hashes.SHA256())
    )
    path = folder / f"{name}.crt"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))


def revocations(folder, name, ends):
    issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer)
        .last_update(NOW - dt.timedelta(days=30))
        .next_update(NOW + ends)
        .sign(KEY, hashes.SHA256())
    )
    (folder / f"{name}.crl").write_bytes(made.public_bytes(serialization.Encoding.DER))


def rows(settings):
    return {s.name: s for s in signing_standing(settings, NOW)}


def test_the_trust_folder_is_counted_and_what_ends_is_named(tmp_path):
    root(tmp_path, "Gốc còn hạn", dt.timedelta(days=900))
    revocations(tmp_path, "Gốc còn hạn", dt.timedelta(days=3))
    good = trust_standing(tmp_path, NOW)
    assert good.good and "1 gốc, 0 trung gian, 1 danh sách thu hồi" in good.detail
    root(tmp_path, "Gốc sắp hết", dt.timedelta(days=89))
    root(tmp_path, "Gốc đã hết", dt.timedelta(days=-1))
    revocations(tmp_path, "Danh sách cũ", dt.timedelta(days=-1))
    (tmp_path / "hong.crt").write_text("rác")
    bad = trust_standing(tmp_path, NOW)
    assert not bad.good
    for said in (
        "gốc Gốc sắp hết sắp hết hạn 23/02/2027",
        "gốc Gốc đã hết đã hết hạn 25/11/2026",
        "danh sách thu hồi của Danh sách cũ đã cũ",
        "không đọc được tệp hong.crt",
    ):
        assert said in bad.detail
    assert "Gốc còn hạn" not in bad.detail


@pytest.mark.parametrize("folder", [None, "missing", "empty"])
def test_no_trust_is_said(tmp_path, folder):
    (tmp_path / "empty").mkdir()
    told = trust_standing(tmp_path / folder if folder else None, NOW)
    assert not told.good and told.detail


def test_the_time_stamp_authority_is_asked_whether_it_is_there(tmp_path):
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        url = f"http://127.0.0.1:{port}/tsa"
        there = rows(Settings(data_dir=tmp_path, tsa_url=url))["Máy chủ dấu thời gian"]
    gone = rows(Settings(data_dir=tmp_path, tsa_url=url))["Máy chủ dấu thời gian"]
    assert there.good and "nối được" in there.detail
    assert not gone.good and "không nối được" in gone.detail
    wrong = rows(Settings(data_dir=tmp_path, tsa_url="tsa.vn"))["Máy chủ dấu thời gian"]
    assert not wrong.good and "http://" in wrong.detail


def test_what_the_profiles_need_and_do_not_have_is_said(tmp_path):
    keys = tmp_path / "keys.toml"
    keys.touch()
    told = rows(Settings(data_dir=tmp_path, signing_keys=keys))
    assert "ca_nhan" in told["Hồ sơ ký"].detail
    assert not told["Máy chủ dấu thời gian"].good
    assert "B-B" in told["Máy chủ dấu thời gian"].detail
    assert not told["Tình trạng thu hồi để ký"].good
    asked = rows(Settings(data_dir=tmp_path, signing_keys=keys, revocation_hosts=("crl.vn",)))
    assert asked["Tình trạng thu hồi để ký"].good
    broken = tmp_path / "profiles.toml"
    broken.write_text('[ca_nhan]\ncorner = "giữa trang"\n')
    told = rows(Settings(data_dir=tmp_path, signature_profiles=broken))
    assert not told["Hồ sơ ký"].good and "giữa trang" in told["Hồ sơ ký"].detail


def test_an_office_that_declares_nothing_signs_for_trial(tmp_path):
    told = rows(Settings(data_dir=tmp_path))
    assert (
        told["Máy chủ dấu thời gian"].good and "thử nghiệm" in told["Máy chủ dấu thời gian"].detail
    )
