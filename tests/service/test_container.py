"""The image as shipped: built by buildah from a base of our own, run as the user it names."""

import json
import os
import shutil
import subprocess
import tarfile
import time
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.requires_buildah,
    pytest.mark.timeout(2400),
    pytest.mark.xdist_group("container"),
]
PROJECT = Path(__file__).resolve().parents[2]
BASE = PROJECT / "var" / "cache" / "bookworm.tar"
LIMITS = {"SOHOA_PORT": "18899", "SOHOA_HOST": "127.0.0.1", "SOHOA_WORKERS": "1"}


class Builder:
    """buildah with storage of its own; chroot isolation, because containers rarely nest."""

    def __init__(self, folder):
        self.start = [
            "buildah",
            "--root",
            f"{folder}/storage",
            "--runroot",
            f"{folder}/run",
            "--storage-driver",
            "vfs",
        ]
        self.environment = os.environ | {"BUILDAH_ISOLATION": "chroot"}

    def __call__(self, *arguments, check=True):
        done = subprocess.run(
            [*self.start, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, (done.stdout + done.stderr)[-3000:]
        return done

    def inside(self, container, *command):
        settings = [f"--env={name}={value}" for name, value in LIMITS.items()]
        return [
            *self.start,
            "run",
            "--isolation",
            "chroot",
            "--network",
            "host",
            *settings,
            container,
            "--",
            *command,
        ]


def base(folder):
    """The root file system of a bare Debian, kept between runs."""
    if not BASE.is_file():
        root = folder / "rootfs"
        subprocess.run(
            ["debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm", root],
            check=True,
            capture_output=True,
        )
        BASE.parent.mkdir(parents=True, exist_ok=True)
        part = BASE.with_suffix(".part")
        with tarfile.open(part, "w") as tar:
            for path in sorted(root.iterdir()):
                if path.name not in ("proc", "sys", "dev"):
                    tar.add(path, arcname=path.name)
        part.rename(BASE)
        shutil.rmtree(root, ignore_errors=True)
    return BASE


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        pytest.fail("building needs root and debootstrap; deselect with -m 'not requires_buildah'")
    folder = tmp_path_factory.mktemp("container")
    build = Builder(folder)
    bare = build("from", "scratch").stdout.strip()
    build("add", "-q", bare, str(base(folder)), "/")
    build(
        "config", "--env", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", bare
    )
    build("commit", "-q", bare, "localhost/base:1")
    # the certificates this machine trusts, for a build behind a proxy that has its own
    trust = ["-v", "/etc/ssl/certs:/etc/ssl/certs:ro"]
    if Path("/usr/local/share/ca-certificates").is_dir():
        trust += ["-v", "/usr/local/share/ca-certificates:/usr/local/share/ca-certificates:ro"]
    build(
        "bud",
        "--format",
        "docker",
        "--isolation",
        "chroot",
        "--network",
        "host",
        *trust,
        "--build-arg",
        "BASE_IMAGE=localhost/base:1",
        "-t",
        "localhost/sohoa:1",
        "-f",
        str(PROJECT / "Dockerfile"),
        str(PROJECT),
    )
    yield build
    shutil.rmtree(folder, ignore_errors=True)


def test_the_image_starts_as_an_ordinary_user_and_says_that_it_is_ready(built):
    config = json.loads(built("inspect", "--type", "image", "localhost/sohoa:1").stdout)
    shipped = config["Docker"]["config"]
    assert shipped["User"] == "10001"
    health = shipped["Healthcheck"]["Test"]
    assert health[0] == "CMD"
    container = built("from", "localhost/sohoa:1").stdout.strip()
    serving = subprocess.Popen(
        built.inside(container, *shipped["Entrypoint"], *shipped["Cmd"]),
        env=built.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 120
        while subprocess.run(
            built.inside(container, *health[1:]),
            env=built.environment,
            check=False,
            capture_output=True,
        ).returncode:
            assert serving.poll() is None and time.monotonic() < deadline
        who = subprocess.run(
            built.inside(container, "id", "-u"),
            env=built.environment,
            check=True,
            capture_output=True,
            text=True,
        )
        assert who.stdout.strip() == "10001"
    finally:
        serving.terminate()
        assert serving.wait(20) is not None


def test_the_image_holds_what_reading_needs_and_nothing_of_the_checkout(built):
    container = built("from", "localhost/sohoa:1").stdout.strip()
    said = subprocess.run(
        built.inside(
            container,
            "sh",
            "-c",
            "tesseract --list-langs; ls /opt/sohoa /; "
            "find /opt/sohoa -name tests -path '*sohoa/tests*' -o -name '*.p12'",
        ),
        env=built.environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert {"vie", "osd"} <= set(said.split())
    assert ".p12" not in said and "/src" not in said
