"""A constant rate by code: what may change it unseen leaves the schedule open."""

from __future__ import annotations

import pytest

from netgain.analysis.code_schedules import schedule_in
from netgain.study import CodeTree, SourceFile

TORCH = "o = torch.optim.Adam(model.parameters(), lr=1e-3)\nfor e in range(9):\n    o.step()\n"
KERAS = 'm.compile(optimizer="adam")\nm.fit(x, y)\n'


def _family(text: str, **others: str) -> str | None:
    files = [SourceFile(path="train.py", text=text)]
    files += [SourceFile(path=f"{name}.py", text=other) for name, other in others.items()]
    found = schedule_in(CodeTree(root=".", files=tuple(files)))
    return found.family if found else None


@pytest.mark.parametrize(
    "text",
    [
        TORCH + "    tune(o, e)\n",
        TORCH + "p = PolyAdjuster(o)\n",
        TORCH + "s = SWALR(o, swa_lr=0.05)\n",
        "def train(lr):\n    "
        + TORCH.replace("1e-3", "lr").replace("\n", "\n    ")
        + "\nlr *= 0.9\n",
        TORCH + "    base_lr = base_lr * 0.9\n",
        KERAS.replace("y)", "y, callbacks=make())"),
        KERAS.replace("y)", "y, callbacks=[Mystery()])"),
        "cbs = make()\n" + KERAS.replace("y)", "y, callbacks=cbs)"),
    ],
)
def test_what_may_change_the_rate_leaves_it_open(text: str) -> None:
    """Code that is not among the files gets the optimizer or is called back; arithmetic lowers a rate."""
    assert _family(text) is None


@pytest.mark.parametrize(
    "text",
    [
        TORCH,
        TORCH + "    scaler.step(o)\n    torch.save(o.state_dict())\n",
        TORCH + "    run(o)\n",
        TORCH + "opt = parse()\nnet = Net(opt)\n",
        KERAS.replace("y)", "y, callbacks=[EarlyStopping(), ModelCheckpoint('w')])"),
        "cbs = [EarlyStopping()]\n" + KERAS.replace("y)", "y, callbacks=cbs)"),
    ],
)
def test_what_leaves_the_rate_alone_is_constant(text: str) -> None:
    """Steps, saves, callbacks that are known, and functions of the tree itself change nothing unseen."""
    assert _family(text, other="def run(o):\n    o.step()\n") == "constant"
