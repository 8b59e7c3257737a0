"""Named profiles: the shipped ones, an office's own, and what is wrong with a bad file."""

import pytest

from scanner_drivers.driver import Policy, ScannerError, ScannerFault, ScanProfile
from scanner_drivers.escl_wire import SIZES
from scanner_drivers.profiles import load_profiles


def test_three_profiles_come_along_and_every_scanner_knows_their_words():
    known = load_profiles()
    assert set(known) == {"counter", "archive", "card"}
    for one in known.values():
        assert one.title != one.name
        assert one.profile.source in ("adf", "flatbed") and one.profile.size in SIZES
        assert one.profile.mode in ("color", "gray", "bw")


def test_an_office_adds_its_own_and_replaces_a_shipped_one(tmp_path):
    path = tmp_path / "profiles.toml"
    path.write_text(
        '[counter]\nsource = "flatbed"\n'
        '[council]\ntitle = "Hội đồng"\ndpi = 200\npolicy = "fail"\n',
        "utf-8",
    )
    known = load_profiles(path)
    assert set(known) == {"counter", "archive", "card", "council"}
    assert known["counter"].profile == ScanProfile(source="flatbed")
    assert known["council"].profile == ScanProfile(dpi=200, policy=Policy.FAIL)


@pytest.mark.parametrize(
    "text",
    ["[a", "a = 1", "[a]\ndip = 300", '[a]\ndpi = "300"', "[a]\ndpi = true", '[a]\npolicy = "x"'],
)
def test_a_bad_file_is_refused_with_its_name(tmp_path, text):
    path = tmp_path / "profiles.toml"
    path.write_text(text)
    with pytest.raises(ScannerError) as refused:
        load_profiles(path)
    assert refused.value.fault is ScannerFault.BAD_SETTING
    assert str(path) in refused.value.detail
