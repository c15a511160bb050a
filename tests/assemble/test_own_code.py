"""One tree of code for both arms: each arm gets what its own runs' settings let run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import netgain
from netgain.assemble.own_code import with_own_code
from netgain.finding import Finding
from netgain.study import Arm, Cited, CodeTree, Run, Source, SourceFile

CHOICE = "if args.method == 'ours':\n    a()\nelse:\n    b()\n"


def _arm(name: str, text: str, *runs: dict, root: str = "code") -> Arm:
    tree = CodeTree(root=root, files=(SourceFile(path=f"{root}/train.py", text=text),))
    return Arm(
        name=name,
        code=tree,
        runs=tuple(
            Run(
                id=f"{name}{index}",
                group=name,
                other_config={
                    key: Cited(value=value, source=Source(path=f"{name}{index}.json", key=key))
                    for key, value in settings.items()
                },
            )
            for index, settings in enumerate(runs)
        ),
    )


def _texts(baseline: Arm, proposed: Arm) -> list[str]:
    return [arm.code.files[0].text for arm in with_own_code(baseline, proposed) if arm.code]


def test_each_arm_gets_its_own_side() -> None:
    """The baseline's view holds its branch and the proposed arm's holds the other."""
    arms = (
        _arm("base", CHOICE, {"method": "baseline"}),
        _arm("ours", CHOICE, {"method": "ours"}),
    )
    first, second = _texts(*arms)
    assert "b()" in first and "a()" not in first
    assert "a()" in second and "b()" not in second


def test_a_view_says_by_which_setting_it_was_made() -> None:
    """The tree names the setting with the arm's value."""
    arms = with_own_code(
        _arm("base", CHOICE, {"method": "baseline", "lr": 0.1}),
        _arm("ours", CHOICE, {"method": "ours", "lr": 0.1}),
    )
    assert [arm.code and arm.code.settings for arm in arms] == ["method=baseline", "method=ours"]


def test_copies_of_one_tree_are_one_tree() -> None:
    """Code that was copied beside each arm's runs is told apart by the settings as well."""
    first, second = _texts(
        _arm("base", CHOICE, {"method": "baseline"}, root="runs/base"),
        _arm("ours", CHOICE, {"method": "ours"}, root="runs/ours"),
    )
    assert "a()" not in first
    assert "b()" not in second


def test_trees_of_their_own_stay_as_they_are() -> None:
    """Two code bases are what their authors wrote."""
    arms = (
        _arm("base", CHOICE, {"method": "baseline"}),
        _arm("ours", CHOICE + "c()\n", {"method": "ours"}),
    )
    assert with_own_code(*arms) == arms


def test_runs_that_disagree_decide_nothing() -> None:
    """An arm whose runs were started with two methods has no method."""
    arms = (
        _arm("base", CHOICE, {"method": "baseline"}, {"method": "ours"}),
        _arm("ours", CHOICE, {"method": "ours"}),
    )
    first, second = _texts(*arms)
    assert first == CHOICE
    assert "b()" not in second


def test_seeds_and_folders_are_no_settings() -> None:
    """Arms that differ in seed, names and folders alone share one program."""
    text = "if args.seed == 1:\n    a()\nif args.save_dir == 'x':\n    b()\n"
    arms = (
        _arm("base", text, {"seed": 1, "save_dir": "x"}),
        _arm("ours", text, {"seed": 2, "save_dir": "y"}),
    )
    assert _texts(*arms) == [text, text]


def test_an_option_the_other_arm_alone_states_has_its_default() -> None:
    """A command line without `--use-gate` left it off, where the line states other options."""
    text = (
        "parser.add_argument('--use-gate', action='store_true')\n"
        "parser.add_argument('--lr', default=0.1)\n"
        "if args.use_gate:\n    a()\n"
    )
    first, second = _texts(
        _arm("base", text, {"lr": 0.1}), _arm("ours", text, {"lr": 0.1, "use-gate": True})
    )
    assert "a()" not in first
    assert "a()" in second


def test_an_arm_without_settings_has_no_defaults() -> None:
    """Where nothing is known of how an arm was started, no default is taken for its setting."""
    text = "parser.add_argument('--gate', action='store_true')\nif args.gate:\n    a()\n"
    first, _ = _texts(_arm("base", text, {}), _arm("ours", text, {"gate": True}))
    assert first == text


def test_an_open_choice_is_noted_where_nothing_is_decided() -> None:
    """A registry that is asked by the method leaves both arms the same tree, and says so."""
    text = "model = build_model(args.method)\n"
    arms = with_own_code(
        _arm("base", text, {"method": "baseline"}), _arm("ours", text, {"method": "ours"})
    )
    assert arms[0].code == arms[1].code
    assert arms[0].code is not None
    assert arms[0].code.undecided == "args.method (code/train.py:1)"


MODEL = """import torch.nn as nn

class Recalibrate(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(nn.Linear(c, c // 4), nn.ReLU(), nn.Linear(c // 4, c), nn.Sigmoid())

    def forward(self, x):
        w = self.fc(self.pool(x).flatten(1))
        return x * w[:, :, None, None]


class Net(nn.Module):
    def __init__(self, recalibrate=False):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.gate = Recalibrate(8) if recalibrate else nn.Identity()

    def forward(self, x):
        return self.gate(self.conv(x))
"""
TRAIN = """import argparse, torch
from model import Net

parser = argparse.ArgumentParser()
parser.add_argument("--arch", default="plain")
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--epochs", type=int, default=10)
args = parser.parse_args()
NETS = {"plain": lambda: Net(), "gated": lambda: Net(recalibrate=True)}
net = NETS[args.arch]()
"""
BUILD = """import argparse, torch
from model import Net

def build(args):
    if args.arch == "gated":
        return Net(recalibrate=True)
    return Net()

parser = argparse.ArgumentParser()
parser.add_argument("--arch", default="plain")
args = parser.parse_args()
net = build(args)
"""


def _project(folder: Path, train: str) -> dict[str, Finding]:
    """Write a project with one tree of code and audit it; return the findings by code."""
    folder.mkdir(exist_ok=True)
    (folder / "model.py").write_text(MODEL, encoding="utf-8")
    (folder / "train.py").write_text(train, encoding="utf-8")
    arms = {}
    for arm, arch in (("baseline", "plain"), ("ours", "gated")):
        run = folder / "runs" / arm
        run.mkdir(parents=True)
        settings = {"arch": arch, "lr": 0.1, "epochs": 10}
        (run / "config.json").write_text(json.dumps(settings), encoding="utf-8")
        (run / "result.json").write_text('{"test_acc": 91.0}', encoding="utf-8")
        arms[arm] = run
    study = netgain.read(
        baseline=arms["baseline"],
        proposed=arms["ours"],
        code=[folder / "model.py", folder / "train.py"],
    )
    return {finding.code: finding for finding in netgain.audit(study).findings}


def test_a_gate_of_one_arms_branch_is_found(tmp_path: Path) -> None:
    """Squeeze-excite that a flag of the proposed branch switches on is cited with its line."""
    finding = _project(tmp_path / "p", BUILD)["NG302"]
    assert finding.verdict == "flagged"
    assert "arch=gated" in finding.message
    assert finding.evidence[0].line == 3


def test_a_gate_behind_a_table_that_is_not_followed_is_never_clear(tmp_path: Path) -> None:
    """Functions in a table picked by the option leave the blocks open."""
    assert _project(tmp_path / "p", TRAIN)["NG302"].verdict == "unknown"


ASKED = "if cfg.get('att', 'none') == 'cbam':\n    a()\nelse:\n    b()\n"
WRITTEN = {"width": 8, "depth": 4}


def test_a_file_that_lacks_an_entry_leaves_it_to_the_code() -> None:
    """The arm without the entry runs the default that the code names."""
    first, second = _texts(
        _arm("base", ASKED, WRITTEN), _arm("ours", ASKED, {**WRITTEN, "att": "cbam"})
    )
    assert "a()" not in first
    assert "b()" not in second


def test_a_file_that_inherits_may_have_the_entry() -> None:
    """A file built on another may get the entry from there: the baseline's choice stays open."""
    first, _ = _texts(
        _arm("base", ASKED, {**WRITTEN, "_base_": "default.yaml"}),
        _arm("ours", ASKED, {**WRITTEN, "att": "cbam"}),
    )
    assert "a()" in first
    assert "b()" in first


def test_a_declared_option_has_its_own_default() -> None:
    """An option of the command line whose default is not written down stays open."""
    code = "parser.add_argument('--att', default=DEFAULT)\n" + ASKED
    first, _ = _texts(_arm("base", code, WRITTEN), _arm("ours", code, {**WRITTEN, "att": "cbam"}))
    assert "a()" in first


def test_a_default_that_a_run_was_read_with_is_no_setting_of_its_own() -> None:
    """The option that only one command gives has the value the code declares in the other arm."""
    parser = "p.add_argument('--method', default='baseline')\np.add_argument('--lr', type=float)\n"
    base = _arm("base", parser + CHOICE, {"lr": 0.1})
    read = Cited(
        value="baseline",
        source=Source(path="code/train.py", line=1, key="method"),
        confidence="likely",
    )
    run = base.runs[0]
    known = replace(run, other_config={**run.other_config, "method": read})
    ours = _arm("ours", parser + CHOICE, {"lr": 0.1, "method": "ours"})
    first, second = _texts(replace(base, runs=(known,)), ours)
    assert "    a()" not in first and "    b()" not in second
