# SPDX-License-Identifier: Apache-2.0
"""Who said whether a certificate was revoked: an answer in the file, or a list of the folder.

A person must see how old the word is that a verdict rests on: "not revoked" from a list of three
weeks ago is another thing than from this morning.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from asn1crypto.crl import CertificateList
from asn1crypto.ocsp import OCSPResponse
from asn1crypto.x509 import Certificate

from storage.signing.chain import Evidence
from workflows.domain.signature import Revocation, RevocationSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One answer about one certificate: who gave it, when, until when it is fresh."""

    source: RevocationSource
    made_at: dt.datetime
    fresh_until: dt.datetime | None
    revokes: bool


def deciding_word(
    certificate: Certificate, evidence: Evidence, told: Revocation, at: dt.datetime
) -> Word | None:
    """The newest answer about `certificate` that says what was `told`; None when none does.

    Answers that ran out before `at` (outdated when they were needed) come after fresh ones.
    """
    if told in (Revocation.UNCHECKED, Revocation.NOT_ANNOUNCED):
        return None
    words = [w for w in _words(certificate, evidence) if w.revokes is (told is Revocation.REVOKED)]
    return max(words, key=lambda w: (_fresh(w, at), w.made_at), default=None)


def _fresh(word: Word, at: dt.datetime) -> bool:
    return word.fresh_until is None or word.fresh_until >= at


def _words(certificate: Certificate, evidence: Evidence) -> Iterator[Word]:
    yield from _of_answers(certificate, evidence.ocsps)
    yield from _of_lists(certificate, evidence.crls, RevocationSource.LIST_IN_FILE)
    yield from _of_lists(certificate, evidence.trust.crls, RevocationSource.LIST_IN_FOLDER)


def _of_answers(certificate: Certificate, answers: Iterable[OCSPResponse]) -> Iterator[Word]:
    for answer in answers:
        try:
            for single in answer.response_data["responses"]:
                if single["cert_id"]["serial_number"].native == certificate.serial_number:
                    yield _word(
                        RevocationSource.ANSWER_IN_FILE,
                        single,
                        revokes=single["cert_status"].name == "revoked",
                    )
        except (ValueError, TypeError, KeyError):
            continue  # of a foreign file; the validator has said what it is worth


def _of_lists(
    certificate: Certificate, lists: Iterable[CertificateList], source: RevocationSource
) -> Iterator[Word]:
    for one in lists:
        try:
            if one.issuer != certificate.issuer:
                continue
            entries = one["tbs_cert_list"]["revoked_certificates"]
            named = any(e["user_certificate"].native == certificate.serial_number for e in entries)
            yield _word(source, one["tbs_cert_list"], revokes=named)
        except (ValueError, TypeError, KeyError):
            continue


def _word(source: RevocationSource, told: Any, *, revokes: bool) -> Word:
    return Word(
        source=source,
        made_at=told["this_update"].native,
        fresh_until=told["next_update"].native,
        revokes=revokes,
    )
