"""NG201 and NG203 over folders of which one holds a function that nothing calls."""

from __future__ import annotations

from pathlib import Path

import netgain

TRAIN = """import torch
import models
net = models.__dict__[args.arch]()
optimizer = torch.optim.SGD(net.parameters(), lr=args.lr)
for epoch in range(args.epochs):
    for x, y in loader:
        torch.nn.functional.cross_entropy(net(x), y).backward()
        optimizer.step()
"""
ASIDE = """import torch
def experiment(net, loader):
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.0173, weight_decay=0.03)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 100)
    for epoch in range(100):
        for x, y in loader:
            torch.nn.functional.cross_entropy(net(x), y, label_smoothing=0.13).backward()
            optimizer.step()
        schedule.step()
"""


def audited(root: Path, ours: str) -> netgain.Report:
    """Audit two folders, the proposed of which holds one file more."""
    for arm in ("base", "ours"):
        (root / arm).mkdir()
        (root / arm / "train.py").write_text(TRAIN)
    (root / "ours" / "experiment.py").write_text(ours)
    return netgain.audit(netgain.read(baseline=[str(root / "base")], proposed=[str(root / "ours")]))


def test_numbers_of_a_function_that_nothing_names_are_open(tmp_path: Path) -> None:
    """Neither flagged, for nothing runs them, nor clear, for something outside might."""
    found = audited(tmp_path, ASIDE)
    assert found["NG203"].verdict == "unknown"
    assert "nothing among the files names" in found["NG203"].message
    assert found["NG201"].verdict == "unknown"


def test_numbers_of_a_script_that_calls_the_function_are_flagged(tmp_path: Path) -> None:
    """A call at the end of the file makes them the arm's."""
    found = audited(tmp_path, ASIDE + "\nexperiment(make(), load())\n")
    assert found["NG203"].verdict == "flagged"
