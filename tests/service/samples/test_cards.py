"""Identity cards, pixels to fields: a pasted QR square is seen, a genuine card raises no alarm."""

import pytest

from benchmarks.cards import FORGED, as_row, read_card
from service.sample_evaluation import shipped_reader
from service.samples import make_sample


@pytest.mark.slow
@pytest.mark.parametrize("forged", [None, *FORGED.values()])
def test_a_card_with_and_without_a_pasted_square(forged):
    card = read_card(shipped_reader(), 3004, "L3", forged)
    assert card.square and card.typed
    assert card.alarms == () if forged is None else forged in card.alarms
    assert not set(card.silent) & {"id", "full_name", "born_on"}
    assert as_row("L3", [card]).startswith("| L3 | 1 | 1 | ")


@pytest.mark.slow
def test_the_print_of_a_forged_card_stays_as_it_was():
    genuine = make_sample("cccd", 3004, "L1")
    forged = make_sample("cccd", 3004, "L1", forged="id")
    assert forged.truth["fields"] == genuine.truth["fields"]
    assert forged.scans != genuine.scans
    with pytest.raises(ValueError, match="forged"):
        make_sample("cccd", 3004, "L1", forged="residence")
