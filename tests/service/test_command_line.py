"""`sohoa` starts fast: only what the verb needs is loaded."""

import subprocess
import sys

import typer

from service.cli import app


def loaded(code: str) -> set[str]:
    code = f"import sys; {code}; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(ran.stdout.split())


def test_a_verb_loads_no_other_verbs_modules():
    """All together take over two seconds of CPU time, which a reading pool paid in each process."""
    heavy = {"fastapi", "dbos", "sqlalchemy", "alembic", "pyhanko", "httpx", "openpyxl"}
    assert heavy & loaded("import service.cli, service.cli.papers") == set()
    assert "numpy" not in loaded("import service.cli")


def test_every_verb_listed_can_be_loaded_and_says_what_it_does():
    whole = typer.main.get_command(app)
    context = typer.Context(whole)
    names = whole.list_commands(context)
    assert len(names) == len(set(names)) > 25
    for name in names:
        command = whole.get_command(context, name)
        assert command.name == name and command.help
    assert whole.get_command(context, "nope") is None
