"""Plans as data: resets are idempotent, commute, and never touch the idea."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netgain.errors import UsageError
from netgain.plan import Plan, Settings
from netgain.testing.conformance import clean_plan

KNOBS = st.sampled_from(
    [
        f"{arm}.{f.name}"
        for arm in ("baseline", "proposed")
        for f in fields(Settings)
        if f.name != "idea"
    ]
    + ["protocol.checkpoint", "protocol.proposed_seeds_reported", "disclosure.interval"]
)
EDITS = st.fixed_dictionaries(
    {
        "batch_size": st.integers(1, 999),
        "learning_rate": st.floats(1e-5, 1),
        "activation": st.sampled_from("ab"),
    }
)


@given(first=EDITS, second=EDITS, knobs=st.lists(KNOBS, max_size=5))
def test_resets_are_idempotent_and_commute(
    first: dict[str, object], second: dict[str, object], knobs: list[str]
) -> None:
    """Any order and any repetition of resets gives the same plan."""
    plan = clean_plan().edit("baseline", **first).edit("proposed", **second)
    once = plan.reset(tuple(knobs))
    assert once.reset(tuple(knobs)) == once
    assert plan.reset(tuple(reversed(knobs))) == once


def test_resetting_every_knob_leaves_only_the_idea() -> None:
    """After all resets the arms differ in the idea alone."""
    plan = clean_plan().edit("proposed", batch_size=7, width=9).edit("baseline", learning_rate=1.0)
    names = [f.name for f in fields(Settings) if f.name != "idea"]
    cleaned = plan.reset(tuple(f"{arm}.{n}" for arm in ("baseline", "proposed") for n in names))
    assert cleaned.differing() == ("idea",)


@pytest.mark.parametrize("knob", ["proposed.nothing", "other.width", "width", "proposed.idea"])
def test_unknown_knobs_and_the_idea_are_refused(knob: str) -> None:
    """A knob that does not exist, or that is the method itself, is an error."""
    with pytest.raises(UsageError):
        clean_plan().reset((knob,))


def test_plan_is_a_value() -> None:
    """Editing returns a new plan and leaves the old one as it was."""
    recipe = Settings()
    plan = Plan(recipe=recipe, baseline=recipe, proposed=recipe)
    assert plan.edit("proposed", width=99) != plan
    assert replace(plan) == plan and plan.differing() == ()
