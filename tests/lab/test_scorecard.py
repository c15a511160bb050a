"""What a scorecard says: counts with Wilson's intervals, as JSON, text and a table."""

import json

import pytest

from netgain.lab.publish import FORMS
from netgain.lab.scorecard import FormScore, Score, Scorecard, form_of


@pytest.fixture
def card() -> Scorecard:
    """Return two practices, one with a miss and a false alarm."""
    common = {"trials": 30, "honest_trials": 30}
    return Scorecard(
        task="mnist1d",
        scores=(
            Score(
                code="NG101", name="unmatched-batch-size", detected=30, false_alarms=0,
                also_flagged={"NG105": 15}, false_alarm_codes={}, **common,
            ),
            Score(
                code="NG102", name="unequal-training-length", detected=29, false_alarms=1,
                also_flagged={}, false_alarm_codes={"NG202": 1}, **common,
            ),
        ),
        forms=(
            FormScore(form="flight", trials=30, detected=30, honest_trials=30, false_alarms=0),
            FormScore(form="table", trials=30, detected=29, honest_trials=30, false_alarms=1),
        ),
    )  # fmt: skip


def test_table_holds_counts_and_intervals(card: Scorecard) -> None:
    """30 of 30 has Wilson's lower end at 88.6 %, 59 of 60 lies between 91.1 and 99.7 %."""
    rows = card.to_markdown().splitlines()
    assert rows[2] == (
        "| NG101 unmatched-batch-size | 30/30 (88.6 to 100.0%) | 0/30 (0.0 to 11.4%) | NG105 15 |"
    )
    assert rows[4] == "| all | 59/60 (91.1 to 99.7%) | 1/60 (0.3 to 8.9%) | |"
    assert rows[-1] == "| table | 29/30 (83.3 to 99.4%) | 1/30 (0.6 to 16.7%) |"


def test_trials_take_turns_in_their_form() -> None:
    """As many trials as there are forms have each of them once."""
    assert sorted(map(form_of, range(len(FORMS)))) == sorted(FORMS)


def test_json_and_text_say_the_same(card: Scorecard) -> None:
    """Recall and false alarms agree between the forms."""
    document = json.loads(card.to_json())
    assert document["recall"]["value"] == pytest.approx(59 / 60)
    assert document["scores"]["NG102"]["false_alarm_codes"] == {"NG202": 1}
    assert document["forms"]["table"]["recall"]["value"] == pytest.approx(29 / 30)
    assert "recall 98.3% (91.1 to 99.7%, n = 60)" in card.to_text()
