"""Attributions from plan to split, killed and continued."""

import json
import os
import random
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from netgain.attribution import (
    AttributionPlan,
    FailedRunsError,
    attribute,
    attribution_schema,
    describe,
    planned_runs,
)
from netgain.attribution.run import AttributionStoppedError
from netgain.errors import UsageError

from .conftest import start_attribution, started


def make_plan(folder, **changes):
    """Return a plan of two factors made in Python."""
    settings = {"seeds": 3, "store": folder / "s.sqlite", "folder": folder, **changes}
    return AttributionPlan(
        baseline={"gate": 0, "batch": 1},
        proposed={"gate": 1, "batch": 4},
        factors={"idea": ("gate",), "NG101": ("batch",)},
        **settings,
    )


def linear(settings, seed):
    """Score a setting: half a point for the gate, three for the batch."""
    return 90 + 0.5 * settings["gate"] + settings["batch"] + 0.1 * seed


def test_a_plan_file_is_carried_out(project):
    """Commands are trained for every setting and seed, and the gain is split."""
    split = attribute(None, project / "plan.toml", quiet=True)
    assert split.runs == 16
    assert len(set(started(project))) == 16
    assert split.parts["NG101"].value == pytest.approx(1.5, abs=0.3)
    assert split.parts["NG108"].value == pytest.approx(0.5, abs=0.3)
    assert split.total.value == pytest.approx(split.proposed_score - split.baseline_score)


def test_a_second_start_trains_nothing(project):
    """Everything stored is used, and the numbers are the same to the last bit."""
    first = attribute(None, project / "plan.toml", quiet=True)
    count = len(started(project))
    assert attribute(None, project / "plan.toml", quiet=True) == first
    assert len(started(project)) == count


def finished_jobs(folder):
    """Return the trainings the store holds as done."""
    store = folder / "attribution.sqlite"
    if not store.exists():
        return set()
    database = sqlite3.connect(store)
    try:
        rows = database.execute("SELECT settings, seed FROM result WHERE state = 'done'").fetchall()
    except sqlite3.OperationalError:
        return set()  # killed before the table was made
    finally:
        database.close()
    return {json.dumps([json.loads(settings), seed], sort_keys=True) for settings, seed in rows}


def test_killed_at_any_moment_it_continues(project, tmp_path_factory):
    """After three kills -9 at random moments nothing finished ran twice or was lost."""
    whole = tmp_path_factory.mktemp("uninterrupted")
    for name in ("train.py", "plan.toml"):
        (whole / name).write_text((project / name).read_text())
    expected = attribute(None, whole / "plan.toml", quiet=True)
    rng = random.Random(20)
    for _ in range(3):
        process = start_attribution(project)
        before = len(started(project))
        deadline = time.monotonic() + 30
        while len(started(project)) < before + 2 and time.monotonic() < deadline:
            time.sleep(0.005)  # the kill is to fall among the trainings, not into the start
        time.sleep(rng.uniform(0.0, 0.15))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        kept, log = finished_jobs(project), started(project)
        again = start_attribution(project)
        time.sleep(0.6)
        again.send_signal(signal.SIGKILL)
        again.communicate()
        assert kept <= finished_jobs(project)
        assert not kept & set(started(project)[len(log) :])
    split = attribute(None, project / "plan.toml", quiet=True)
    assert split == expected


def test_two_attributions_share_one_store(project):
    """Two processes on one plan train each setting once between them, and both finish."""
    processes = [start_attribution(project) for _ in range(2)]
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()
    assert len(started(project)) == 16
    assert len(set(started(project))) == 16


def test_ctrl_c_says_how_to_continue(tmp_path):
    """A stop keeps what is finished and names the store."""
    calls = []

    def stop_at_five(settings, seed):
        calls.append(seed)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return linear(settings, seed)

    plan = make_plan(tmp_path)
    with pytest.raises(AttributionStoppedError, match="same command continues"):
        attribute(stop_at_five, plan, quiet=True)
    split = attribute(stop_at_five, plan, quiet=True)
    assert len(calls) == 5 + 8
    assert split.total.value == pytest.approx(3.5)


def test_a_stopped_attribution_leaves_no_training_behind(project):
    """When the process is killed its trainings end as well."""
    source = (project / "train.py").read_text()
    (project / "train.py").write_text(source.replace("time.sleep(0.03)", "time.sleep(60)"))
    process = start_attribution(project)
    deadline = time.monotonic() + 30
    while not started(project) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.communicate()
    while (left := trainings_alive(project)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []


def trainings_alive(folder):
    """Return the processes whose working folder is the project's."""
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit() and entry.name != str(os.getpid()):
            try:
                if Path(entry.path, "cwd").readlink() == folder:
                    found.append(entry.name)
            except OSError:
                continue
    return found


def test_a_failing_run_stops_the_split(tmp_path):
    """A training that fails three times is reported, and no split is computed on a hole."""
    attempts = []

    def fragile(settings, seed):
        if settings == {"gate": 1, "batch": 4} and seed == 1:
            attempts.append(seed)
            raise RuntimeError("out of luck")
        return linear(settings, seed)

    with pytest.raises(FailedRunsError, match="1 of 12 runs failed") as caught:
        attribute(fragile, make_plan(tmp_path), quiet=True)
    assert len(attempts) == 3
    assert "out of luck" in str(caught.value)
    assert "11 finished runs are kept" in str(caught.value)


def test_a_training_that_never_works_is_given_up_early(tmp_path):
    """Where nothing succeeds the rest is not tried."""
    calls = []

    def broken(settings, seed):
        calls.append(seed)
        raise RuntimeError("no GPU")

    with pytest.raises(FailedRunsError, match="none of 3 worked"):
        attribute(broken, make_plan(tmp_path), quiet=True)
    assert len(calls) == 9


def test_a_target_adds_seeds_until_it_is_met(tmp_path):
    """Seed blocks are added until every half-width is below the target."""

    def noisy(settings, seed):
        noise = random.Random(f"{settings}{seed}").gauss(0, 0.3)
        return linear(settings, seed) + noise

    plan = make_plan(tmp_path, seeds=None, target=0.25, max_runs=400)
    split = attribute(noisy, plan, quiet=True)
    assert split.seeds > 3
    assert max(s.half_width for s in (split.total, *split.shares.values())) <= 0.25


def test_a_target_out_of_reach_stops_at_the_limit(tmp_path):
    """The limit on runs holds, and the split says that the target was missed."""

    def noisy(settings, seed):
        return random.Random(f"{settings}{seed}").gauss(0, 1)

    plan = make_plan(tmp_path, seeds=None, target=0.001, max_runs=20)
    split = attribute(noisy, plan, quiet=True)
    assert split.runs == 20
    assert "above the target of 0.001" in split.notes[0]


def test_more_runs_than_allowed_are_refused_before_the_first(tmp_path):
    """A fixed number of seeds beyond max_runs is an error, not a cut."""
    with pytest.raises(UsageError, match="needs 12 runs and"):
        attribute(linear, make_plan(tmp_path, max_runs=10), quiet=True)


def test_a_plan_without_training_needs_a_function(tmp_path):
    """Neither command nor function is an error that shows both forms."""
    with pytest.raises(UsageError, match="names no training"):
        attribute(None, make_plan(tmp_path), quiet=True)


def test_evaluation_only_factors_cost_no_training(tmp_path):
    """A factor of evaluation is crossed with every training for free."""
    plan = AttributionPlan(
        baseline={"x": 1.0, "ema": False, "log": str(tmp_path / "t")},
        proposed={"x": 2.0, "ema": True, "log": str(tmp_path / "t")},
        factors={"idea": ("x",), "NG108": ("ema",)},
        callable="trainings:model",
        evaluate="trainings:accuracy",
        evaluation_only=("NG108",),
        seeds=2,
        store=tmp_path / "s.sqlite",
        folder=Path(__file__).parent,
    )
    assert planned_runs(plan) == 4
    split = attribute(None, plan, quiet=True)
    assert (tmp_path / "t").read_text() == "tttt"
    assert split.runs == 4
    assert split.parts["NG108"].value == pytest.approx(0.5)
    assert split.method.value == pytest.approx(1.0)


def test_a_changed_training_file_is_noted(project):
    """Results made by two versions of the training code are not mixed in silence."""
    attribute(None, project / "plan.toml", quiet=True)
    (project / "train.py").write_text((project / "train.py").read_text() + "\n# edited\n")
    plan = (project / "plan.toml").read_text().replace("seeds = 2", "seeds = 3")
    (project / "plan.toml").write_text(plan)
    split = attribute(None, project / "plan.toml", quiet=True)
    assert "training code changed" in split.notes[0]


def test_the_announcement_says_what_will_run(tmp_path, capsys):
    """Before user code runs, its name and the number of runs are printed."""
    attribute(linear, make_plan(tmp_path), progress=False)
    captured = capsys.readouterr()
    assert "attribute runs the given function 12 times" in captured.err
    assert captured.out == ""


def test_the_announcement_counts_what_is_stored(tmp_path, capsys):
    """A second start says that nothing is left to run."""
    attribute(linear, make_plan(tmp_path), quiet=True)
    attribute(linear, make_plan(tmp_path), progress=False)
    assert "12 times, 12 of them stored already" in capsys.readouterr().err


def test_settings_that_are_no_json_are_refused(tmp_path):
    """A plan made in Python is held to JSON settings as well."""
    plan = AttributionPlan(
        baseline={"a": {1}},
        proposed={"a": {2}},
        factors={"idea": ("a",)},
        store=tmp_path / "s.sqlite",
    )
    with pytest.raises(UsageError, match="no JSON value"):
        attribute(linear, plan, quiet=True)


def test_a_progress_bar_is_drawn_when_asked(tmp_path, capsys):
    """Progress goes to standard error."""
    attribute(linear, make_plan(tmp_path), progress=True)
    assert "training" in capsys.readouterr().err


def test_the_written_json_follows_its_schema(tmp_path):
    """The file has the contract's keys and passes the shipped JSON Schema."""
    import jsonschema

    split = attribute(linear, make_plan(tmp_path), quiet=True)
    split.write(tmp_path / "split.json")
    content = json.loads((tmp_path / "split.json").read_text())
    jsonschema.validate(content, attribution_schema())
    assert content["schema"] == "netgain/attribution/1"
    assert set(content["total"]) == {"value", "low", "high", "level"}
    added = sum(p["value"] for p in content["parts"].values())
    added += content["method"]["value"] + content["residual"]["value"]
    assert content["total"]["value"] == pytest.approx(added, abs=1e-12)


def test_an_unknown_suffix_is_refused(tmp_path):
    """The format comes from the suffix, or not at all."""
    split = attribute(linear, make_plan(tmp_path), quiet=True)
    with pytest.raises(UsageError, match=r"use \.json or \.txt"):
        split.write(tmp_path / "split.docx")


def test_the_text_goes_from_gain_to_idea(tmp_path):
    """The text names each share with its interval, from the total to the idea."""
    lines = describe(attribute(linear, make_plan(tmp_path), quiet=True)).splitlines()
    order = [next(i for i, line in enumerate(lines) if word in line) for word in
             ("gain, re-trained", "of it NG101", "net gain, the idea itself")]  # fmt: skip
    assert order == sorted(order)
    assert "+3.000  [+3.000, +3.000]" in lines[order[1]]


def test_the_published_schema_is_fresh():
    """The schema in the documentation is the one the package gives."""
    path = Path(__file__).parents[2] / "docs" / "schema" / "attribution-1.json"
    assert json.loads(path.read_text()) == attribution_schema()
