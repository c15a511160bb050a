"""Settings that the code beside them does not ask for, or completes, from files on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

import netgain

OPTION = (
    "import argparse\nparser = argparse.ArgumentParser()\n"
    "parser.add_argument('--activation', default='tanh')\n"
)
NET = """\
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self{more}):
        super().__init__()
        self.a = nn.Sequential(nn.Linear(8, 8), {layer}, nn.Linear(8, 2))
    def forward(self, x):
        return self.a(x)
"""
LOOP = """\
args = parser.parse_args()
net = Net({given})
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for epoch in range(9):
    net(x).backward()
    optimizer.step()
"""


def finding(root: Path, code: str, files: dict[str, str]) -> netgain.Finding:
    """Return a finding on two folders, `base` and `ours`, and on `code` and README.md if given."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    study = netgain.read(
        baseline=[str(root / "base")],
        proposed=[str(root / "ours")],
        code=[str(root / "code")] if (root / "code").exists() else [],
        paper=[str(root / "README.md")] if (root / "README.md").exists() else [],
    )
    return netgain.audit(study)[code]


def test_an_option_that_no_code_reads_does_not_settle_the_activation(tmp_path: Path) -> None:
    """Both scripts declare tanh and build with other layers: the model code tells them apart."""
    found = finding(
        tmp_path,
        "NG301",
        {
            "base/train.py": OPTION
            + NET.format(more="", layer="nn.Tanh()")
            + LOOP.format(given=""),
            "ours/train.py": OPTION
            + NET.format(more="", layer="nn.ReLU()")
            + LOOP.format(given=""),
        },
    )
    assert found.verdict == "flagged"
    assert "by code" in found.message


def test_an_option_that_the_code_reads_is_evidence(tmp_path: Path) -> None:
    """Networks that take their layer from the option have what it says."""
    network = NET.format(more=", name", layer="getattr(nn, name)()")
    script = OPTION + network + LOOP.format(given="args.activation")
    found = finding(
        tmp_path,
        "NG301",
        {"base/train.py": script, "ours/train.py": script.replace("'tanh'", "'gelu'")},
    )
    assert found.verdict != "clear"


SUMMARY = (
    '{{"test_acc": {score}, "params": {params}, "epochs": {epochs}, "lr": 0.1, "batch_size": 8}}'
)


@pytest.mark.parametrize(
    ("params", "verdict"), [(11272418, "flagged"), (5272418, "unknown"), (14272418, "flagged")]
)
def test_parameters_among_the_results_carry_the_length(
    tmp_path: Path, params: int, verdict: str
) -> None:
    """1.67x the epochs of a network no smaller cost more; those of a smaller one may not."""
    found = finding(
        tmp_path,
        "NG105",
        {
            "base/summary.json": SUMMARY.format(score=90.4, params=11228838, epochs=30),
            "ours/summary.json": SUMMARY.format(score=91.9, params=params, epochs=50),
        },
    )
    assert found.verdict == verdict


MODEL = "class Net:\n    def __init__(self, hidden_dim=64, n_rbf=32): ...\n"


@pytest.mark.parametrize(
    ("base", "ours", "verdict"),
    [
        ("  hidden_dim: 64\n  n_rbf: 32\n", "  hidden_dim: 128\n  embed_path: a/b.pt\n", "flagged"),
        ("  hidden_dim: 64\n  n_rbf: 64\n", "  hidden_dim: 128\n", "unknown"),
        ("  hidden_dim: 64\n  n_layers: 3\n", "  hidden_dim: 128\n", "unknown"),
        ("  hidden_dim: 128\n", "  hidden_dim: 64\n", "unknown"),
    ],
)
def test_a_size_left_out_is_the_default_of_the_code(
    tmp_path: Path, base: str, ours: str, verdict: str
) -> None:
    """A wider network trained for longer costs more, unless a size left out may be smaller."""
    head = "model: net\nseed: 1\nbatch_size: 8\nepochs: {}\noptimizer:\n  lr: 0.1\nmodel_kwargs:\n"
    found = finding(
        tmp_path,
        "NG105",
        {
            "base/config.yaml": head.format(30) + base,
            "ours/config.yaml": head.format(150) + ours,
            "code/model.py": MODEL,
        },
    )
    assert found.verdict == verdict


@pytest.mark.parametrize(
    ("base", "ours", "verdict"),
    [
        ("baseline | U-Net", "ours | U-Net + stain aug + TTA", "flagged"),
        ("baseline | U-Net + TTA", "ours | U-Net++ + TTA", "unknown"),
        ("baseline | U-Net", "ours | U-Net++ without TTA", "unknown"),
        ("baseline | U-Net", "ours | U-Net++", "unknown"),
    ],
)
def test_test_passes_in_the_row_of_the_proposed_score(
    tmp_path: Path, base: str, ours: str, verdict: str
) -> None:
    """Test-time augmentation that the proposed row names and the baseline's does not is counted."""
    table = f"| model | setup | Dice |\n|---|---|---|\n| {base} | 0.55 |\n| {ours} | 0.64 |\n"
    config = "model: unet\nepochs: 40\nbatch_size: 8\nlr: 0.1\nseed: 1\n"
    found = finding(
        tmp_path,
        "NG108",
        {"base/config.yaml": config, "ours/config.yaml": config, "README.md": table},
    )
    assert found.verdict == verdict


STOPPER = "stop = EarlyStopping(patience={})\nfor epoch in range(50):\n    train()\n"


@pytest.mark.parametrize(("patience", "verdict"), [(3, "unknown"), (9, "flagged")])
def test_a_baseline_that_stopped_by_the_rule_of_both(
    tmp_path: Path, patience: int, verdict: str
) -> None:
    """A cosine left at 0.6 of its peak is open where the early stop of both arms ended it there."""
    rates = [1.0, 0.98, 0.94, 0.88, 0.8, 0.7, 0.6]
    losses = [2.0, 1.6, 1.4, 1.2, 1.3, 1.4, 1.5]
    whole = [1.0, 0.93, 0.75, 0.5, 0.25, 0.07, 0.0]
    falling = [2.0, 1.6, 1.4, 1.2, 1.1, 1.0, 0.9]

    def log(values: list[float], held_out: list[float]) -> str:
        rows = [f"{i},{r},{v}" for i, (r, v) in enumerate(zip(values, held_out, strict=True), 1)]
        return "epoch,lr,val_loss\n" + "\n".join(rows) + "\n"

    found = finding(
        tmp_path,
        "NG201",
        {
            "base/log.csv": log(rates, losses),
            "ours/log.csv": log(whole, falling),
            "base/train.py": STOPPER.format(patience),
            "ours/train.py": STOPPER.format(patience),
        },
    )
    assert found.verdict == verdict


ONCE = """\
import torch
{seed}
net = torch.nn.Linear(8, 2)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for epoch in range(9):
    for x in DataLoader(data, batch_size=8):
        net(x).backward()
        optimizer.step()
"""


@pytest.mark.parametrize(
    ("base", "ours", "verdict"),
    [
        ("same_seeds(0)", "same_seeds(1003)", "flagged"),
        ("torch.manual_seed(1)", "torch.manual_seed(3407)  # fixed", "flagged"),
        ("same_seeds(0)", "same_seeds(0)", "unknown"),
        ("torch.manual_seed(args.seed)", "torch.manual_seed(3407)", "unknown"),
        ("torch.manual_seed(0)", "for seed in range(5):\n    torch.manual_seed(seed)", "unknown"),
    ],
)
def test_seeds_that_both_scripts_fix(tmp_path: Path, base: str, ours: str, verdict: str) -> None:
    """Two scripts that train once each under seeds of their own say nothing of luck; options may."""
    found = finding(
        tmp_path,
        "NG205",
        {"base/train.py": ONCE.format(seed=base), "ours/train.py": ONCE.format(seed=ours)},
    )
    assert found.verdict == verdict
