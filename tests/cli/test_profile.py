"""`netgain profile`: counts by hand, clear errors, and the profile read back as evidence."""

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
from typer.testing import CliRunner  # noqa: E402

import netgain  # noqa: E402
from netgain import cli  # noqa: E402
from netgain.errors import UsageError  # noqa: E402

pytestmark = pytest.mark.torch

MODEL = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, width=8, branches=1):
        super().__init__()
        self.stem = nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.extra = nn.ModuleList(nn.Conv2d(3, width, 1, bias=False) for _ in range(branches - 1))
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        y = self.stem(x)
        for layer in self.extra:
            y = y + layer(x)
        return self.head(torch.relu(y).mean((2, 3)))

frozen = Net()
for parameter in frozen.stem.parameters():
    parameter.requires_grad = False
words = "no model"
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Write a file with a small model."""
    path = tmp_path / "net.py"
    path.write_text(MODEL)
    return path


def _run(*arguments: str):
    return CliRunner().invoke(cli.app, ["profile", *arguments])


def test_counts_are_those_by_hand(model: Path) -> None:
    """A 3 x 3 convolution of 3 to 8 channels at 6 x 6, and a linear layer of 8 to 10."""
    result = _run(f"{model}:Net", "--input", "1x3x6x6", "--format", "json", "--quiet")
    document = json.loads(result.stdout)
    flops = 2 * (3 * 8 * 9 * 36) + 2 * (8 * 10)
    assert document["parameters"] == 3 * 8 * 9 + 8 * 10 + 10
    assert document["graph"]["forward_flops"] == flops
    assert {m["module"]: m["forward_flops"] for m in document["modules"]} == {
        "stem": 2 * 3 * 8 * 9 * 36,
        "head": 160,
    }


def test_text_names_the_parts_and_says_that_code_runs(model: Path) -> None:
    """The table has a row for each part; the notice goes to the error stream."""
    result = _run(f"{model}:Net", "-i", "2x3x6x6", "--set", "width=16")
    assert "importing and running" in result.stderr
    assert "stem" in result.stdout and "head" in result.stdout
    assert "relu x1" in result.stdout


def test_frozen_parameters_are_told_apart(model: Path) -> None:
    """A model that is there already is taken as it is; its stem does not train."""
    result = _run(f"{model}:frozen", "-i", "1x3x6x6", "--quiet")
    assert "306 (90 trainable)" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["net.py", "-i", "1x3"], "expected MODULE:FACTORY"),
        (["{model}:Nett", "-i", "1x3x6x6"], "did you mean 'Net'"),
        (["{model}:words", "-i", "1x3x6x6"], "cannot be called"),
        (["{model}:Net", "-i", "1x4x6x6"], "cannot be run on 1x4x6x6"),
        (["{model}:Net", "-i", "1x3xsix"], "not a shape"),
        (["{model}:Net", "-i", "1x3x6x6:float9"], "no element type"),
        (["{model}:Net", "-i", "1x3x6x6", "--set", "depth=2"], "--set name=value"),
        (["{model}:Net", "-i", "1x3x6x6", "--set", "depth"], "expected name=value"),
        (["nowhere_at_all:Net", "-i", "1x3"], "cannot be imported"),
        (["missing.py:Net", "-i", "1x3"], "no such file"),
    ],
)
def test_mistakes_are_named(model: Path, arguments: list[str], words: str) -> None:
    """Each mistake ends in one line that says what to do."""
    result = _run(*(argument.format(model=model) for argument in arguments))
    assert isinstance(result.exception, UsageError)
    assert words in str(result.exception)


def test_profiles_beside_the_runs_are_evidence(model: Path, tmp_path: Path) -> None:
    """Two profiles show branches that fuse away in the proposed arm alone: NG107 is measured."""
    for arm, branches in (("baseline", 1), ("ours", 3)):
        folder = tmp_path / arm / "seed0"
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps({"batch_size": 8, "lr": 0.1, "seed": 0}))
        (folder / "metrics.csv").write_text("epoch,test_acc\n1,0.5\n2,0.6\n")
        out = str(tmp_path / arm / "model.json")
        result = _run(
            f"{model}:Net", "-i", "1x3x6x6", "-s", f"branches={branches}", "-o", out, "-q"
        )
        assert result.exit_code == 0, result.output
    study = netgain.read(baseline=tmp_path / "baseline", proposed=tmp_path / "ours")
    finding = netgain.audit(study)["NG107"]
    assert (finding.verdict, finding.grade) == ("flagged", "measured")
    assert finding.numbers["parameters_fused_away"] == 2 * 3 * 8
    assert finding.evidence[0].path.endswith("ours/model.json")
