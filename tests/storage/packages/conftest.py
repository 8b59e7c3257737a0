import pytest
from boxes import dossier_of, export
from office import open_office


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """(office, dossier of three papers): looked at, never changed, by the tests of a module."""
    office = open_office(tmp_path_factory.mktemp("filled"))
    return office, dossier_of(office, 3, pages=2)


@pytest.fixture(scope="module")
def written(filled):
    return export(*filled)


@pytest.fixture(scope="module")
def bagged(filled):
    return export(*filled, bag=True)
