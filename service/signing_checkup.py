# SPDX-License-Identifier: Apache-2.0
"""What `sohoa doctor` says of signatures: whom we believe, what our own need to become provable."""

from __future__ import annotations

import datetime as dt
import socket
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from service.config import Settings
from storage.signing.chain import name_of
from storage.signing.profiles import load_profiles
from storage.signing.trust import Trust, load_trust
from workflows.ports.clock import VIETNAM
from workflows.ports.signer import SignatureLevel, SignatureProfile

SOON = dt.timedelta(days=90)
"""A root that ends sooner is told: a new one takes an office weeks."""
ANSWER_WITHIN_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One thing looked at."""

    name: str
    good: bool
    detail: str


def signing_standing(settings: Settings, now: dt.datetime) -> Iterator[Standing]:
    """Trust folder, profiles, time stamps, revocation; asks only the configured authority."""
    yield trust_standing(settings.trust_dir, now)
    try:
        profiles = load_profiles(settings.signature_profiles)
    except (OSError, ValueError, tomllib.TOMLDecodeError) as error:
        yield Standing(name="Hồ sơ ký", good=False, detail=f"không đọc được: {error}")
        return
    said = ", ".join(f"{p.name} {p.level}" for p in profiles.values())
    yield Standing(name="Hồ sơ ký", good=True, detail=said)
    yield _time_stamps(settings, profiles)
    yield _revocation(settings, profiles, now)


def trust_standing(folder: Path | None, now: dt.datetime) -> Standing:
    """The folder of roots and lists for checking other people's signatures."""
    name = "Thư mục tin cậy"
    if folder is None:
        detail = "chưa đặt trust_dir: chữ ký của nơi khác đều là «chưa tin cậy»"
        return Standing(name=name, good=False, detail=detail)
    if not folder.is_dir():
        return Standing(name=name, good=False, detail=f"không có thư mục {folder}")
    trust = load_trust(folder)
    counted = (
        f"{folder}: {len(trust.roots)} gốc, {len(trust.others)} trung gian, "
        f"{len(trust.crls)} danh sách thu hồi"
    )
    troubles = list(_troubles(trust, now))
    if not trust.roots:
        troubles.insert(0, "không có chứng thư gốc nào")
    return Standing(name=name, good=not troubles, detail="; ".join([counted, *troubles]))


def _troubles(trust: Trust, now: dt.datetime) -> Iterator[str]:
    for certificate in trust.roots:
        ends = certificate.not_valid_after
        who = name_of(certificate.subject.native)
        if ends < now:
            yield f"gốc {who} đã hết hạn {_day(ends)}"
        elif ends < now + SOON:
            yield f"gốc {who} sắp hết hạn {_day(ends)}"
    for crl in trust.crls:
        until = crl["tbs_cert_list"]["next_update"].native
        if until is not None and until < now:
            yield f"danh sách thu hồi của {name_of(crl.issuer.native)} đã cũ (đến {_day(until)})"
    for file in trust.unusable:
        yield f"không đọc được tệp {file}"


def _time_stamps(settings: Settings, profiles: Mapping[str, SignatureProfile]) -> Standing:
    name = "Máy chủ dấu thời gian"
    needy = _needing(profiles, SignatureLevel.B_T)
    if settings.tsa_url:
        trouble = _silence(settings.tsa_url)
        detail = f"{settings.tsa_url}: {trouble or 'nối được'}"
        return Standing(name=name, good=not trouble, detail=detail)
    if settings.signing_keys is None:
        return Standing(name=name, good=True, detail="dấu thử nghiệm của máy này")
    detail = f"chưa đặt tsa_url; hồ sơ {needy} dừng ở mức B-B" if needy else "không hồ sơ nào cần"
    return Standing(name=name, good=not needy, detail=detail)


def _revocation(
    settings: Settings, profiles: Mapping[str, SignatureProfile], now: dt.datetime
) -> Standing:
    name = "Tình trạng thu hồi để ký"
    needy = _needing(profiles, SignatureLevel.B_LT)
    if settings.signing_keys is None:
        return Standing(name=name, good=True, detail="danh sách thử nghiệm của máy này")
    # only the trust of our own keys counts here, see `signing_parts`
    lists = load_trust(settings.certificates / "trust").crls
    fresh = [c for c in lists if (c["tbs_cert_list"]["next_update"].native or now) >= now]
    if settings.revocation_hosts or fresh:
        asked = ", ".join(settings.revocation_hosts) or "không hỏi máy chủ nào"
        return Standing(name=name, good=True, detail=f"{asked}; {len(fresh)} danh sách còn hạn")
    detail = f"chưa đặt revocation_hosts; hồ sơ {needy} dừng ở mức B-T" if needy else "không cần"
    return Standing(name=name, good=not needy, detail=detail)


def _needing(profiles: Mapping[str, SignatureProfile], level: SignatureLevel) -> str:
    return ", ".join(p.name for p in profiles.values() if p.level.reaches(level))


def _silence(url: str) -> str:
    """Why nobody answers there; empty when somebody does. Connects, sends nothing."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return "địa chỉ phải bắt đầu bằng http:// hoặc https://"
        with socket.create_connection((parts.hostname, port), timeout=ANSWER_WITHIN_S):
            return ""
    except (OSError, ValueError) as error:
        return f"không nối được ({error}); chữ ký được giữ ở B-B và tự bổ sung sau"


def _day(when: dt.datetime) -> str:
    return f"{when.astimezone(VIETNAM):%d/%m/%Y}"
