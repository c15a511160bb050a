"""Lists of configurations that each say their name, in JSON and in code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import netgain
from netgain.study import Run

AGENTS = [
    {"name": "DQN-def", "active": True},
    {"name": "DQN-opt", "model_args": {"batch_size": 64, "learning_rate": 0.023}},
    {
        "name": "PPO-opt",
        "model_args": {"learning_rate": 0.001, "n_epochs": 20, "n_steps": 256, "gae_lambda": 1},
    },
]


def _runs(root: Path, files: dict[str, str]) -> dict[str, Run]:
    for index, name in enumerate(("DQN-def", "DQN-opt", "PPO-opt", "A2C")):
        rows = "".join(f"{100 * i},{0.5 + index / 10 + i / 100}\n" for i in range(1, 6))
        files = {**files, f"logs/{name}.csv": f"step,val_acc\n{rows}"}
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    study = netgain.read(root, unsorted=True)
    return {Path(run.id).name: run for run in (*study.baseline.runs, *study.proposed.runs)}


def _values(run: Run) -> dict[str, object]:
    return {name: cited.value for name, cited in run.config.items()}


@pytest.mark.parametrize("name", ["settings/model_settings.json", "agents.json"])
def test_a_json_list_gives_each_run_its_own(tmp_path: Path, name: str) -> None:
    """The entry called like a log holds for that log alone, even where its neighbours say nothing."""
    runs = _runs(tmp_path, {name: json.dumps(AGENTS, indent=1)})
    assert _values(runs["DQN-opt"]) == {"batch_size": 64, "learning_rate": 0.023}
    assert _values(runs["DQN-def"]) == {}
    assert _values(runs["A2C"]) == {}


def test_values_of_a_list_are_likely_and_have_a_line(tmp_path: Path) -> None:
    """A value is cited by its own line in the file."""
    text = json.dumps(AGENTS, indent=1)
    cited = _runs(tmp_path, {"settings.json": text})["DQN-opt"].config["learning_rate"]
    assert (cited.confidence, cited.source.key) == ("likely", "DQN-opt.model_args.learning_rate")
    assert cited.source.line is not None
    assert "0.023" in text.splitlines()[cited.source.line - 1]


def test_passes_over_a_rollout_are_no_epochs(tmp_path: Path) -> None:
    """`n_epochs` and `n_steps` beside `gae_lambda` are the agent's, not the length of the training."""
    runs = _runs(tmp_path, {"settings.json": json.dumps(AGENTS)})
    assert _values(runs["PPO-opt"]) == {"learning_rate": 0.001}


def test_a_list_in_code_counts_the_same(tmp_path: Path) -> None:
    """A literal list of dictionaries in a script is told by name as the JSON is."""
    runs = _runs(tmp_path, {"cli.py": f"agents = {AGENTS!r}\n"})
    assert _values(runs["DQN-opt"]) == {"batch_size": 64, "learning_rate": 0.023}
    assert _values(runs["DQN-def"]) == {}


@pytest.mark.parametrize(
    "items",
    [
        [{"name": "DQN-opt", "batch_size": 64}, {"name": "DQN-opt", "batch_size": 32}],
        [{"name": "DQN-opt", "batch_size": 64}, {"batch_size": 32}],
        [{"name": "DQN-opt", "batch_size": 64}, 3],
        [{"name": 1, "batch_size": 64}, {"name": 2, "batch_size": 32}],
    ],
)
def test_lists_that_tell_nothing_apart_give_nothing(tmp_path: Path, items: list[object]) -> None:
    """Names twice, missing, of another type, or an item that is no configuration: no value."""
    runs = _runs(tmp_path, {"settings.json": json.dumps(items)})
    assert "batch_size" not in _values(runs["DQN-opt"])


def test_a_list_of_results_is_none_of_configurations(tmp_path: Path) -> None:
    """Entries that hold a score are results: they give no setting to the logs called like them."""
    items = [{"name": n, "batch_size": 64, "accuracy": 0.9} for n in ("DQN-opt", "DQN-def")]
    runs = _runs(tmp_path, {"experiment.json": json.dumps(items)})
    assert "batch_size" not in _values(runs["DQN-opt"])
