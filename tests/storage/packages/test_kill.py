"""kill -9 in the middle of an export or an import: nothing half is believed, and again works."""

import os
import signal

import pytest
from boxes import dossier_of, everything, export
from office import open_office

from storage.packages.checking import check_package
from storage.packages.zipped import ZipWriter, sweep
from workflows.errors import DamagedPackage
from workflows.importing import ImportDesk, differences

pytestmark = pytest.mark.slow


def killed_at(point, work):
    """Run `work` in a child that dies with SIGKILL at the `point`-th step; was it killed?"""
    child = os.fork()
    if child == 0:
        try:
            work(point)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def dies(function, point):
    """`function`, whose `point`-th call is the last thing this process does."""
    left = [point]

    def wrapped(*args, **kwargs):
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **kwargs)

    return wrapped


def test_an_export_killed_anywhere_leaves_nothing_to_believe(tmp_path):
    office = open_office(tmp_path)
    dossier = dossier_of(office, 2)
    folder = tmp_path / "packages"
    office.station.database.dispose()

    def work(point):
        ZipWriter.put = dies(ZipWriter.put, point)
        export(office, dossier)

    kills = 0
    for point in range(1, 60, 4):
        if not killed_at(point, work):
            break
        kills += 1
        assert not list(folder.glob("*.zip"))
        for part in folder.glob(".*.part"):
            assert not check_package(part).good
            with pytest.raises(DamagedPackage):
                office.station.imports.import_package(part, by=office.actor("archivist"))
    assert kills >= 5
    assert sweep(folder, older_than_s=0) >= 1
    assert check_package(export(office, dossier).path).good
    assert not list(folder.glob(".*.part"))


@pytest.mark.parametrize("where", ["objects", "rows"])
def test_an_import_killed_anywhere_is_all_or_nothing_and_again_completes_it(tmp_path, where):
    office = open_office(tmp_path / "here")
    dossier = dossier_of(office, 3)
    written = export(office, dossier)
    elsewhere = open_office(tmp_path / "elsewhere")
    archivist = elsewhere.actor("archivist")
    elsewhere.station.database.dispose()
    imports = elsewhere.station.imports

    def work(point):
        from storage.database.papers import SqlFields
        from storage.objects import FolderStore

        if where == "objects":
            FolderStore.put = dies(FolderStore.put, point)
        else:
            SqlFields.put = dies(SqlFields.put, point)
        ImportDesk._verify = lambda *_: None  # slow, and nothing of it stays
        imports.import_package(written.path, by=archivist)

    kills = 0
    for point in range(1, 40, 3):
        if not killed_at(point, work):
            break
        kills += 1
        with elsewhere.station.database.read() as tx:
            assert tx.dossiers.find(archivist.scope) == []
            assert not [e for _, _, e in tx.audit.entries(limit=1000) if "imported" in e.action]
        elsewhere.station.database.dispose()
    assert kills >= 4
    taken = imports.import_package(written.path, by=archivist)
    assert len(taken.added or taken.known) == 3  # known: the last child came to its end
    (_, mine), (_, theirs) = everything(office, dossier.code), everything(elsewhere, dossier.code)
    assert [differences(mine[i], theirs[i]) for i in mine] == [()] * 3
