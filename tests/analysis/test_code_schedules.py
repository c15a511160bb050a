"""Schedules that training code makes."""

from __future__ import annotations

import pytest

from netgain.analysis.code_schedules import schedule_in
from netgain.study import CodeTree, SourceFile

LOOP = """\
import torch
from torch import optim
from torch.optim import lr_scheduler
optimizer = optim.SGD(model.parameters(), lr=0.1)
{made}
for epoch in range(90):
    train(model)
    optimizer.step()
    {stepped}
"""
KERAS = """\
from keras.callbacks import EarlyStopping, ReduceLROnPlateau, LearningRateScheduler
stop = EarlyStopping(patience=5)
{made}
model.compile(optimizer='adam', loss='bce')
model.fit(x, y, epochs=50, callbacks=[stop{used}])
"""


def family(text: str) -> str | None:
    """Return the family of a script's schedule."""
    found = schedule_in(CodeTree(root="r", files=(SourceFile(path="r/train.py", text=text),)))
    return None if found is None else found.family


@pytest.mark.parametrize(
    ("made", "stepped", "expected"),
    [
        ("scheduler = lr_scheduler.MultiStepLR(optimizer, [30, 60])", "scheduler.step()", "step"),
        ("self.sched = optim.lr_scheduler.CosineAnnealingLR(optimizer, 90)", "self.sched.step()", "cosine"),
        ("s = get_linear_schedule_with_warmup(optimizer, 10, 100)", "s.step()", "linear"),
        ("plateau = lr_scheduler.ReduceLROnPlateau(optimizer)", "plateau.step(loss)", "plateau"),
        ("", "pass", "constant"),
        ("scheduler = lr_scheduler.StepLR(optimizer, 30)", "pass", None),
        ("if args.cos:\n    s = lr_scheduler.CosineAnnealingLR(optimizer, 9)", "s.step()", None),
        ("s = lr_scheduler.LambdaLR(optimizer, f)", "s.step()", None),
        ("", "adjust_learning_rate(optimizer, epoch)", None),
        ("", "optimizer.param_groups[0]['lr'] *= 0.9", None),
        ("a = lr_scheduler.StepLR(optimizer, 3)\nb = lr_scheduler.ExponentialLR(optimizer, 0.9)",
         "a.step(); b.step()", None),
        ("# scheduler = lr_scheduler.StepLR(optimizer, 30)", "pass", "constant"),
    ],
)  # fmt: skip
def test_loops_of_pytorch(made: str, stepped: str, expected: str | None) -> None:
    """One scheduler that is stepped is the schedule; none at all a constant; anything else is open."""
    assert family(LOOP.format(made=made, stepped=stepped)) == expected


@pytest.mark.parametrize(
    ("made", "used", "expected"),
    [
        ("r = ReduceLROnPlateau(patience=2)", ", r", "plateau"),
        ("", ", ReduceLROnPlateau(monitor='val_loss')", "plateau"),
        ("", "", "constant"),
        ("r = ReduceLROnPlateau(patience=2)", "", None),
        ("r = LearningRateScheduler(lambda e: 0.1 ** e)", ", r", "exponential"),
        ("lr = tf.keras.optimizers.schedules.ExponentialDecay(0.1, 100, 0.9)\n"
         "opt = tf.keras.optimizers.Adam(learning_rate=lr)", "", "exponential"),
        ("opt = Adam(lr=0.1, decay=1e-4)", "", None),
    ],
)  # fmt: skip
def test_fits_of_keras(made: str, used: str, expected: str | None) -> None:
    """What is among the callbacks of the fit counts, an import alone does not."""
    assert family(KERAS.format(made=made, used=used)) == expected


def test_code_without_a_loop_leaves_the_schedule_open() -> None:
    """An optimizer that a trainer elsewhere steps may be scheduled there."""
    assert family("import torch\nopt = torch.optim.Adam(p, lr=1e-3)\nrun(opt)\n") is None


def test_what_lightning_returns_is_used() -> None:
    """A scheduler of `configure_optimizers` is stepped by the trainer."""
    text = (
        "class Net(L.LightningModule):\n    def configure_optimizers(self):\n"
        "        opt = torch.optim.Adam(self.parameters(), lr=1e-3)\n"
        "        return [opt], [torch.optim.lr_scheduler.CosineAnnealingLR(opt, 10)]\n"
    )
    assert family(text) == "cosine"


@pytest.mark.parametrize(
    "line",
    [
        "optimizer.lr = 0.01",
        "for epoch in range(9):\n        optimizer.load_state_dict(states[epoch])",
        "while epoch < 9:\n        optimizer = optim.Adam(model.parameters(), lr=0.1 / epoch)",
        "model.optimizer.learning_rate.assign(0.01)",
        "optimizer = optim.SGD(model.parameters(), lr=0.1 / (1 + epoch))",
    ],
)
def test_a_rate_that_is_set_in_place_is_open(line: str) -> None:
    """Code that writes a rate itself, in whatever spelling, is not called constant."""
    assert family(LOOP.format(made="", stepped=line)) is None


def test_a_trainer_with_a_schedule_of_its_own_is_open() -> None:
    """Hugging Face's trainer lowers the rate unless it is told otherwise."""
    text = LOOP.format(made="from transformers import Trainer", stepped="Trainer(model).train()")
    assert family(text) is None


def test_a_tree_with_a_file_that_cannot_be_read_is_open() -> None:
    """A file this interpreter cannot parse may hold the schedule."""
    texts = {"r/train.py": LOOP.format(made="", stepped=""), "r/old.py": "print 'lr', lr\n"}
    files = tuple(SourceFile(path=path, text=text) for path, text in texts.items())
    assert schedule_in(CodeTree(root="r", files=files)) is None


FACTORY = """\
def make_scheduler(args, optimizer):
    scheduler = lr_scheduler.StepLR(optimizer, 30)
    return {returned}
optimizer = optim.SGD(model.parameters(), lr=0.1)
{taken} = make_scheduler(args, optimizer)
for epoch in range(90):
    optimizer.step()
    {stepped}.step()
"""


@pytest.mark.parametrize(
    ("returned", "taken", "stepped"),
    [
        ("scheduler", "sched", "sched"),
        ("scheduler", "self.scheduler", "self.scheduler"),
        ("None, scheduler", "_, schedule", "schedule"),
    ],
)
def test_a_schedule_that_a_function_hands_back_is_stepped(
    returned: str, taken: str, stepped: str
) -> None:
    """The caller steps it under its own name."""
    assert family(FACTORY.format(returned=returned, taken=taken, stepped=stepped)) == "step"


@pytest.mark.parametrize(
    ("returned", "taken", "stepped"),
    [("optimizer", "sched", "sched"), ("scheduler", "s", "scaler")],
)
def test_a_schedule_that_is_not_handed_back_or_not_stepped_is_open(
    returned: str, taken: str, stepped: str
) -> None:
    """What the function returns is another thing, or what the caller steps is."""
    assert family(FACTORY.format(returned=returned, taken=taken, stepped=stepped)) is None


def test_the_schedule_behind_a_warm_up_is_the_schedule() -> None:
    """A warm-up is put before a cosine, and stepped in its place."""
    made = (
        "cosine = lr_scheduler.CosineAnnealingLR(optimizer, 90)\n"
        "scheduler = GradualWarmupScheduler(optimizer, 1, 5, after_scheduler=cosine)"
    )
    assert family(LOOP.format(made=made, stepped="scheduler.step()")) == "cosine"


def test_a_warm_up_before_one_of_two_schedules_is_open() -> None:
    """Which of them follows is not known."""
    made = (
        "after = lr_scheduler.CosineAnnealingLR(optimizer, 90) if c else lr_scheduler.StepLR(optimizer, 9)\n"
        "scheduler = GradualWarmupScheduler(optimizer, 1, 5, after_scheduler=after)"
    )
    assert family(LOOP.format(made=made, stepped="scheduler.step()")) is None


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ("LambdaLR(optimizer, lambda e: 0.5 * (1 + math.cos(math.pi * e / 90)))", "cosine"),
        ("LambdaLR(optimizer, lr_lambda=lambda e: 0.95 ** e)", "exponential"),
        ("LambdaLR(optimizer, lambda e: 1 - e / 90)", "linear"),
        ("LambdaLR(optimizer, lambda e: 1.0)", "constant"),
        ("get_scheduler('cosine', optimizer=optimizer)", "cosine"),
        ("get_scheduler(name='linear', optimizer=optimizer)", "linear"),
        ("LambdaLR(optimizer, lambda e: 0.1 ** (e // 30))", None),
        ("LambdaLR(optimizer, lambda e: (1 - e / 90) ** 0.9)", None),
        ("LambdaLR(optimizer, lambda e: max(0.1, 1 - e / 90))", None),
        ("LambdaLR(optimizer, rule)", None),
        ("get_scheduler(args.scheduler, optimizer=optimizer)", None),
    ],
)
def test_the_formula_or_the_name_tells_the_shape(made: str, expected: str | None) -> None:
    """A cosine, a power and a line; steps in a power, polynomials, bounds and names of a run stay open."""
    made = f"scheduler = {made}"
    assert family(LOOP.format(made=made, stepped="scheduler.step()")) == expected
