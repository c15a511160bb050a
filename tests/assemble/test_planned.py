"""Arms that were named and hold no run: what their one configuration plans stands for it."""

from __future__ import annotations

from pathlib import Path

import pytest

import netgain
from netgain.renderers.study import study_text
from netgain.study import Study

CONFIG = """\
from dataclasses import dataclass

@dataclass
class TrainConfig:
    num_epochs: int = {epochs}
    batch_size: int = 256
    lr: float = 0.1
    scheduler: str = 'MultiStepLR'
"""
SCRIPT = """\
import torch
from torch.utils.data import DataLoader

EPOCHS = 30
loader = DataLoader(data, batch_size={batch}, shuffle=True)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for epoch in range(EPOCHS):
    for x, y in loader:
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()
"""


def write(root: Path, files: dict[str, str]) -> None:
    """Write files below a folder."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def read(root: Path, baseline: dict[str, str], proposed: dict[str, str]) -> Study:
    """Write both arms and read them as named."""
    write(root / "one", baseline)
    write(root / "two", proposed)
    return netgain.read(baseline=root / "one", proposed=root / "two")


def test_one_config_module_is_the_plan_of_a_named_arm(tmp_path: Path) -> None:
    """Its settings are those of a run without results, and are said to be from code."""
    study = read(
        tmp_path,
        {"configs/base.py": CONFIG.format(epochs=90)},
        {"configs/ours.py": CONFIG.format(epochs=1000)},
    )
    (run,) = study.proposed.runs
    assert (run.status, run.config["epochs"].value, run.config["batch_size"].value) == (
        "planned", 1000, 256,
    )  # fmt: skip
    assert not run.curves and not run.finals
    assert "no run; settings by code" in study_text(study)
    assert netgain.audit(study)["NG102"].verdict == "flagged"


def test_literals_of_one_training_script_are_a_plan(tmp_path: Path) -> None:
    """Numbers that reach loader, loop and optimizer count, with no option or constant for them."""
    study = read(tmp_path, {"train.py": SCRIPT.format(batch=64)}, {"t.py": SCRIPT.format(batch=32)})
    values = [arm.runs[0].config["batch_size"].value for arm in (study.baseline, study.proposed)]
    assert values == [64, 32]
    assert study.baseline.runs[0].config["epochs"].value == 30


def test_two_configurations_that_disagree_are_no_plan(tmp_path: Path) -> None:
    """Nothing says which was run; the reason names both places."""
    study = read(
        tmp_path,
        {"a.py": CONFIG.format(epochs=90), "b.py": CONFIG.format(epochs=100)},
        {"c.py": CONFIG.format(epochs=90)},
    )
    assert study.baseline.runs == ()
    (why,) = [one.why for one in study.excluded_runs]
    assert "disagree: epochs 90 in" in why and "a.py" in why and "b.py" in why


def test_code_beside_a_run_is_no_second_run(tmp_path: Path) -> None:
    """A recorded run stays alone; the code gives it its defaults."""
    rows = "epoch,val_acc\n" + "".join(f"{e},0.{e}\n" for e in range(1, 6))
    study = read(
        tmp_path,
        {"config.py": CONFIG.format(epochs=5), "log.csv": rows},
        {"config.py": CONFIG.format(epochs=5), "log.csv": rows},
    )
    assert [run.status for run in study.baseline.runs] == ["unknown"]
    assert len(study.baseline.runs[0].curves) == 1


def test_a_folder_that_is_only_looked_at_has_no_planned_run(tmp_path: Path) -> None:
    """Where no arm was named, code alone makes no run."""
    write(tmp_path, {"configs/base.py": CONFIG.format(epochs=90)})
    assert netgain.read(tmp_path, unsorted=True).baseline.runs == ()


@pytest.mark.parametrize(
    "files",
    [
        {"model.py": "import torch\nclass Net(torch.nn.Module):\n    width = 3\n"},
        {"README.md": "Trained for 90 epochs.\n"},
        {"test.py": "batch_size = 8\nepochs = 3\nlr = 0.1\n"},
    ],
)
def test_what_configures_no_training_plans_none(tmp_path: Path, files: dict[str, str]) -> None:
    """Models, documents and tests state no plan."""
    study = read(tmp_path, files, files)
    assert study.baseline.runs == () and study.excluded_runs == ()
