"""Plan files: what is read, what is refused and how it is said."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netgain.attribution import AttributionPlan, load_plan, write_plan
from netgain.errors import UsageError

ARMS = "[baseline]\nlr = 0.1\nema = 0.0\n[proposed]\nlr = 0.3\nema = 0.9\n"
COMMAND = '[plan]\ncommand = "train {settings} {seed} {out}"\n'


def read(tmp_path, text):
    """Write a plan file and read it."""
    path = tmp_path / "plan.toml"
    path.write_text(text)
    return load_plan(path)


def test_every_differing_setting_is_a_factor_without_a_table(tmp_path):
    """Without [factors] each setting that differs switches alone."""
    plan = read(tmp_path, COMMAND + ARMS)
    assert plan.factors == {"lr": ("lr",), "ema": ("ema",)}
    assert plan.seeds == 5


def test_the_store_lies_beside_the_plan(tmp_path):
    """A relative store is relative to the plan file, not to the working folder."""
    plan = read(tmp_path, COMMAND + ARMS + '[run]\nstore = "results/a.sqlite"\n')
    assert plan.store == tmp_path / "results" / "a.sqlite"


def test_a_configuration_takes_the_proposed_settings_of_the_factors_that_are_on(tmp_path):
    """Switching one factor changes its settings and no other."""
    plan = read(tmp_path, COMMAND + ARMS)
    assert plan.configuration({"lr": True, "ema": False}) == {"lr": 0.3, "ema": 0.0}


def test_a_setting_of_one_arm_only_is_switched_by_its_absence():
    """A key that only the proposed arm has is absent where its factor is off."""
    plan = AttributionPlan(
        baseline={"a": 1}, proposed={"a": 1, "gate": {"k": 3}}, factors={"idea": ("gate",)}
    )
    assert plan.configuration({"idea": False}) == {"a": 1}
    assert plan.configuration({"idea": True}) == {"a": 1, "gate": {"k": 3}}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (COMMAND + ARMS + '[factors]\nNG203 = ["lr"]\n', r"leaves out ema"),
        (COMMAND + ARMS + '[factors]\nA = ["lr", "ema"]\nB = ["ema"]\n', r"'ema' is in A and in B"),
        (COMMAND + ARMS + '[factors]\nA = ["lr", "ema", "typo"]\n', r"'typo', which is in neither"),
        (COMMAND + ARMS + '[factors]\nA = ["lr", "ema"]\nB = []\n', r"B is empty"),
        (COMMAND + ARMS + "[factors]\nA = 3\n", r"A = 3; expected a list of names"),
        (COMMAND + ARMS + "[run]\nseed = 3\n", r"'seed'; did you mean seeds"),
        (COMMAND + ARMS + "[run]\nseeds = 0\n", r"seeds = 0; expected a whole number"),
        (COMMAND + ARMS + "[run]\nseeds = 3\ntarget = 0.1\n", r"both seeds and target"),
        (COMMAND + ARMS + "[run]\ntarget = -1\n", r"target = -1.0; expected a half-width"),
        (COMMAND + ARMS + '[run]\nengine = "slurm"\n', r"'slurm'; expected one of local"),
        (COMMAND + ARMS + '[run]\ndesign = "greedy"\n', r"'greedy'; expected one of full, half"),
        ('[plan]\ncommand = "train {seed}"\n' + ARMS, r"lacks {settings}, {out}"),
        ('[plan]\ncallable = "train"\n' + ARMS, r"expected module:function"),
        ("[plan]\nhigher_is_better = 1\n" + ARMS, r"higher_is_better = 1; expected true or false"),
        (COMMAND + "[baseline]\na = 1\n", r"\[proposed\] is missing"),
        (COMMAND + "[baseline]\na = 1\n[proposed]\na = 1\n", r"are equal; there is no gain"),
        (COMMAND + "[baseline]\na = nan\n[proposed]\na = 1\n", r"\[baseline\] a = nan; expected a"),
        (COMMAND + "[baseline]\na = 1979-05-27\n[proposed]\na = 1\n", r"expected a JSON value"),
        ("[plan\n", r"not a TOML file .*line 1"),
        ("[plans]\n" + ARMS, r"'plans'; did you mean plan"),
    ],
)  # fmt: skip
def test_a_bad_plan_is_refused_in_one_clear_line(tmp_path, text, words):
    """The message names the file, the key, the value and what is allowed."""
    with pytest.raises(UsageError, match=words) as caught:
        read(tmp_path, text)
    assert "plan.toml: " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_says_how_to_write_one(tmp_path):
    """A wrong path points to `netgain plan`."""
    with pytest.raises(UsageError, match="netgain plan"):
        load_plan(tmp_path / "none.toml")


SETTINGS = st.dictionaries(
    st.text(min_size=1, max_size=8).filter(lambda text: text.isprintable()),
    st.recursive(
        st.booleans()
        | st.integers(-(2**60), 2**60)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(exclude_categories=["Cs"]), max_size=10),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=2)
        ),
        max_leaves=4,
    ),
    max_size=5,
)


@given(settings=SETTINGS)
def test_a_written_plan_reads_back_the_same(tmp_path_factory, settings):
    """Any JSON settings survive writing and reading, hostile names included."""
    path = tmp_path_factory.mktemp("plan") / "plan.toml"
    baseline, proposed = {**settings, "gate!": False}, {**settings, "gate!": True}
    text = write_plan(baseline, proposed, {"idea": ["gate!"]}, metric="acc@1")
    path.write_text(text, encoding="utf-8", newline="\n")
    plan = load_plan(path)
    assert (plan.baseline, plan.proposed) == (baseline, proposed)
    assert plan.factors == {"idea": ("gate!",)}
    assert plan.metric == "acc@1"


def test_a_written_plan_is_valid_when_factors_are_missing(tmp_path):
    """Settings that no practice explains become factors of their own; null is a comment."""
    text = write_plan(
        {"lr": 0.1, "steps": None, "bs": 1}, {"lr": 0.2, "steps": None, "bs": 2}, {"NG101": ["bs"]}
    )
    plan = read(tmp_path, text)
    assert plan.factors == {"NG101": ("bs",), "idea": (), "lr": ("lr",)}
    assert "# steps: null" in text


def test_the_documented_plan_is_a_plan(tmp_path):
    """The example in the documentation reads as it stands."""
    page = (Path(__file__).parents[2] / "docs" / "attributing.md").read_text()
    plan = read(tmp_path, page.split("```toml\n")[1].split("```")[0])
    assert plan.factors == {"idea": ("gate",), "NG101": ("batch_size",), "NG108": ("ema",)}
