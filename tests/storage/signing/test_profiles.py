"""Profiles are data: the shipped ones follow the law, broken ones are refused when read."""

import pytest

from storage.signing.profiles import load_profiles
from workflows.ports.signer import SignatureLevel


def test_the_shipped_profiles():
    profiles = load_profiles()
    assert set(profiles) == {"ca_nhan", "co_quan", "sao_y"}
    assert profiles["ca_nhan"].corner == "top_left"
    assert profiles["sao_y"].corner == "top_right"
    assert all(p.visible and p.level is SignatureLevel.B_LTA for p in profiles.values())
    assert len({p.field_prefix for p in profiles.values()}) == 3
    for name, profile in profiles.items():
        assert profile.name == name
        shown = profile.stamp.format(signer="Tên", time="2026-11-22T14:03:05+07:00")
        assert "Tên" in shown
        assert "+07:00" in shown


@pytest.mark.parametrize(
    "spoiled",
    [
        'corner = "middle"',
        'level = "B-X"',
        'colour = "red"',
        'stamp = "{signer} {nobody}"',
    ],
)
def test_a_broken_profile_is_refused(spoiled, tmp_path):
    path = tmp_path / "profiles.toml"
    path.write_text(f'[x]\nreason = "r"\nfield_prefix = "X"\n{spoiled}\n')
    with pytest.raises((ValueError, KeyError)):
        load_profiles(path)
