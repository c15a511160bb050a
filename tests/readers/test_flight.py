"""Recordings read back: what is understood, and what damage does."""

import json

import pytest

from netgain.errors import UnreadableFile
from netgain.readers import flight
from netgain.readers.base import Entry, Limits

START = {"kind": "start", "t": 0.0, "schema": "netgain/recording/1", "python": "3.11.7"}
STEPS = {
    "kind": "steps",
    "t": 1.0,
    "steps": 10,
    "drawn": 80,
    "unique": 40,
    "trained": 160,
    "evaluated": 0,
    "passes": 2,
    "rates": [[1, 0.1], [10, 0.01]],
}
SCORE = {
    "kind": "score",
    "t": 1.1,
    "split": "test",
    "steps": 10,
    "epoch": 2.0,
    "weights": "averaged",
    "metrics": {"accuracy": 91.5},
}
END = {"kind": "end", "t": 2.0, "status": "finished"}


def entry_of(tmp_path, *rows, tail=""):
    """Write a recording and return it as the walk offers it."""
    path = tmp_path / "recording.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + tail)
    return Entry(path=path, display="run/flight/recording.jsonl", size=path.stat().st_size)


def facts(entry):
    """Return the one run of a recording."""
    return next(flight.read(entry, Limits()))


def values(entry):
    """Return the settings by key."""
    return {s.key: s for s in facts(entry).settings}


def test_recording_is_recognised_by_its_first_line(tmp_path):
    """A recording is the reader's, another JSON-lines log is not."""
    assert flight.sniff(entry_of(tmp_path, START))
    assert not flight.sniff(entry_of(tmp_path, {"kind": "start", "epoch": 1}))


def test_counters_are_measured_and_cited(tmp_path):
    """Counters become measured settings that name the line they stand on."""
    steps = values(entry_of(tmp_path, START, STEPS, END))["steps"]
    assert (steps.value, steps.strength) == (10, "measured")
    assert (steps.source.path, steps.source.line) == ("run/flight/recording.jsonl", 2)


def test_passes_are_trained_over_drawn(tmp_path):
    """160 trained samples of 80 drawn are two passes."""
    assert values(entry_of(tmp_path, START, STEPS))["passes_per_sample"].value == 2.0


def test_scores_give_finals_curves_and_the_weights_scored(tmp_path):
    """A score line gives a final, a curve over epochs, and says which weights were scored."""
    found = facts(entry_of(tmp_path, START, {**SCORE, "epoch": 1.0}, SCORE, END))
    assert [(f.key, f.value) for f in found.finals] == [("test/accuracy", 91.5)]
    curve = next(s for s in found.series if s.key == "test/accuracy")
    assert (curve.unit, curve.steps) == ("epoch", (1.0, 2.0))
    assert found.model.evaluated_weights.value == "averaged"
    assert found.model.parameters is None


def test_line_cut_short_is_left_out(tmp_path):
    """A last line cut by a kill is no error, and the run is unfinished."""
    found = facts(entry_of(tmp_path, START, STEPS, tail='{"kind": "steps", "steps": 2'))
    assert found.status == "running"
    assert next(s.value for s in found.settings if s.key == "steps") == 10


def test_cut_line_before_a_resumed_session_is_left_out(tmp_path):
    """A line cut by a kill may stand before the start of the next session."""
    path = tmp_path / "recording.jsonl"
    rows = [
        json.dumps(START),
        json.dumps(STEPS),
        '{"kind": "st',
        json.dumps(START),
        json.dumps(STEPS),
    ]
    path.write_text("\n".join(rows) + "\n")
    entry = Entry(path=path, display="recording.jsonl", size=path.stat().st_size)
    assert values(entry)["steps"].value == 20


def test_damage_in_the_middle_is_refused(tmp_path):
    """A damaged line with ordinary lines after it is reported by number."""
    path = tmp_path / "recording.jsonl"
    path.write_text(json.dumps(START) + "\n{damaged\n" + json.dumps(STEPS) + "\n")
    entry = Entry(path=path, display="recording.jsonl", size=path.stat().st_size)
    with pytest.raises(UnreadableFile, match="line 2 is damaged"):
        facts(entry)


def test_other_version_is_refused(tmp_path):
    """A format of the future is named, not guessed."""
    with pytest.raises(UnreadableFile, match="netgain/recording/9"):
        facts(entry_of(tmp_path, {**START, "schema": "netgain/recording/9"}))


@pytest.mark.parametrize("value", ["ten", None, [10], True, float("nan"), -float("inf"), {"n": 1}])
def test_counter_of_another_type_is_unknown(tmp_path, value):
    """A counter that is no finite number leaves what stands on it unknown."""
    found = values(entry_of(tmp_path, START, {**STEPS, "drawn": value}))
    assert "samples_seen" not in found
    assert "passes_per_sample" not in found


def test_hostile_lines_of_every_kind_are_survived(tmp_path):
    """Lines whose content has the wrong shape throughout give facts without them."""
    kinds = ("environment", "config", "seed", "model", "graph", "loader", "inputs", "loss", "epoch")
    wrong = [{"kind": kind, "settings": [], "metrics": 3, "scalars": "x"} for kind in kinds]
    wrong += [
        {"kind": "steps", "rates": [[1], "x", [2, "y"], 5]},
        {"kind": "score", "metrics": [1]},
    ]
    assert facts(entry_of(tmp_path, START, *wrong)).finals == ()


def test_graph_that_is_damaged_leaves_the_components_unknown(tmp_path):
    """A graph.json that is no JSON gives no components and no observed kinds."""
    (tmp_path / "graph.json").write_text("{")
    model = {"kind": "model", "t": 0.1, "parameters": 7, "scalars": {}}
    found = facts(entry_of(tmp_path, START, model)).model
    assert (found.components, found.observed_kinds, found.forward_flops) == ((), (), None)


def test_graph_gives_components_with_its_place(tmp_path):
    """Operations beside the log are counted and cite graph.json."""
    node = {
        "op": "aten.relu",
        "module": "act",
        "inputs": ["v0"],
        "outputs": ["v1"],
        "shapes": [[2, 3]],
    }
    source = {"op": "input", "module": "", "inputs": [], "outputs": ["v0"], "shapes": [[2, 3]]}
    document = {
        "schema": "netgain/graph/1",
        "forward_flops": 6,
        "uncovered": [],
        "nodes": [source, node],
    }
    (tmp_path / "graph.json").write_text(json.dumps(document))
    found = facts(entry_of(tmp_path, START)).model
    assert [(c.name, c.where, c.source.path) for c in found.components] == [
        ("relu", ("act",), "run/flight/graph.json")
    ]


def test_uncovered_operators_leave_the_training_cost_unknown(tmp_path):
    """Where an operator's cost is not known the total is not stated."""
    document = {"forward_flops": 6, "uncovered": ["aten.fft"], "nodes": []}
    (tmp_path / "graph.json").write_text(json.dumps(document))
    entry = entry_of(tmp_path, START, STEPS)
    assert "train_flops" not in values(entry)
    assert facts(entry).model.uncovered_operators == ("aten.fft",)


def test_link_in_place_of_the_graph_is_not_followed(tmp_path):
    """A graph.json that is a link out of the evidence is left alone."""
    outside = tmp_path / "outside.json"
    outside.write_text('{"nodes": [], "forward_flops": 1}')
    folder = tmp_path / "flight"
    folder.mkdir()
    (folder / "graph.json").symlink_to(outside)
    assert facts(entry_of(folder, START)).model is None
