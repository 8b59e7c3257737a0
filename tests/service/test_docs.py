"""The documents say what the program does: every setting, verb, exit and error code is in them."""

from pathlib import Path

import pytest
import typer

from service.cli import app
from service.config import Settings
from service.errors import ExitCode
from workflows.errors import SohoaError

DOCS = Path(__file__).resolve().parents[2] / "docs"


def kinds(kind=SohoaError):
    yield kind
    for below in kind.__subclasses__():
        yield from kinds(below)


def verbs():
    whole = typer.main.get_command(app)
    context = typer.Context(whole)
    for name in whole.list_commands(context):
        below = getattr(whole.get_command(context, name), "commands", None)
        yield from (f"{name} {verb}" for verb in below) if below else (name,)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented_and_described(name):
    assert name in (DOCS / "operating.md").read_text("utf-8")
    assert Settings.model_fields[name].description


@pytest.mark.parametrize("verb", list(verbs()))
def test_every_verb_is_documented(verb):
    assert f"sohoa {verb}" in (DOCS / "operating.md").read_text("utf-8")


@pytest.mark.parametrize("code", list(ExitCode))
def test_every_exit_code_is_documented(code):
    assert f"{code.value} {code.name}" in (DOCS / "operating.md").read_text("utf-8")


def test_every_error_code_is_documented_unique_and_tells_the_way_out():
    text = (DOCS / "api.md").read_text("utf-8")
    shipped = [k for k in kinds() if k.__module__.startswith("workflows")]
    codes = [k.code for k in shipped]
    assert len(codes) == len(set(codes))
    for kind in shipped:
        assert f"`{kind.code}`" in text, kind
        assert kind.message.endswith(".") and kind.remedy.endswith(".")


def test_links_between_documents_lead_somewhere():
    import re

    root = DOCS.parent
    for path in [root / "README.md", *DOCS.rglob("*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)\)", path.read_text("utf-8")):
            assert (path.parent / link).exists(), f"{path}: {link}"
