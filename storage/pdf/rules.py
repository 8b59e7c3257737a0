# SPDX-License-Identifier: Apache-2.0
"""Our own PDF/A-2b check (ISO 19005-2), the post-condition of composing and signing.

No free validator for part 2 is packaged for Debian or Python, so the rules a file of ours could
ever break are written out, each with its clause and a failing example in the tests. It is not
a validator for foreign files: it never runs on bytes we did not make.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO

import pikepdf

from storage.pdf import rules_content, rules_file
from storage.pdf.rules_file import Violation

__all__ = ["RULES", "Violation", "check"]

Rule = Callable[[pikepdf.Pdf, bytes], Iterator[Violation]]

RULES: tuple[Rule, ...] = (
    rules_file.header,
    rules_file.trailer,
    rules_file.identification,
    rules_file.output_intent,
    rules_file.catalog,
    rules_content.streams,
    rules_content.fonts,
    rules_content.images_and_forms,
    rules_content.graphics_states,
    rules_content.page_annotations,
    rules_content.actions,
    rules_content.pages,
)


def check(pdf: bytes) -> list[Violation]:
    """Every rule broken by one of our own files; empty when it may be called PDF/A-2b."""
    try:
        opened = pikepdf.open(BytesIO(pdf))
    except pikepdf.PasswordError:
        return [Violation(rule="6.1.3-encrypt", detail="the file needs a password")]
    except pikepdf.PdfError as error:
        return [Violation(rule="6.1-syntax", detail=str(error))]
    with opened:
        return [found for rule in RULES for found in rule(opened, pdf)]
