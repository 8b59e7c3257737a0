# SPDX-License-Identifier: Apache-2.0
"""What every schema shares: text is NFC, unknown keys are refused; signing in."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _nfc(value: str) -> str:
    return unicodedata.normalize("NFC", value)


Text = Annotated[str, AfterValidator(_nfc)]


class Asked(BaseModel):
    """What a caller sends: unknown keys are refused, so that a typing error is not silence."""

    model_config = ConfigDict(extra="forbid")


class SignIn(Asked):
    username: Text = Field(max_length=100)
    password: str = Field(max_length=200)


class Session(BaseModel):
    token: str
    expires_in: int = Field(description="Giây; gia hạn sau mỗi thao tác trên giao diện.")


class Me(BaseModel):
    id: str
    name: str
    unit_id: str
    roles: list[str]
    kind: str
