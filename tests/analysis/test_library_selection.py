"""Epochs that a library chooses by test data handed over for validation, and their honest twins."""

from __future__ import annotations

import pytest

from netgain.analysis.code_selection import selection_on_test
from netgain.study import CodeTree, SourceFile

DATA = 'train = CIFAR10("d", train=True)\nheld = CIFAR10("d", train=False)\n'
LIGHTNING = (
    'keeper = ModelCheckpoint(monitor="val_acc", mode="max")\n'
    "trainer = Trainer(callbacks=[keeper])\ntrainer.fit(model, DataLoader(train), DataLoader(held))\n"
)
MODULE = (
    "class Data(LightningDataModule):\n"
    "    def setup(self, stage=None):\n"
    '        self.held = CIFAR10("d", train=False)\n'
    "    def val_dataloader(self):\n"
    "        return DataLoader(self.held)\n"
)
KERAS = "(x, y), (x_test, y_test) = cifar10.load_data()\n"
IGNITE = (
    'keeper = Checkpoint(what, where, score_function=Checkpoint.get_default_score_fn("accuracy"))\n'
    "@trainer.on(Events.EPOCH_COMPLETED)\ndef validate(engine):\n    evaluator.run(DataLoader(held))\n"
)
KEEPER = "ModelCheckpoint('w', save_best_only=True)"
FIT = "history = model.fit(x, y, validation_data=(x_test, y_test))\n"


def _found(**texts: str) -> list[str]:
    files = tuple(SourceFile(path=f"{name}.py", text=text) for name, text in texts.items())
    return [str(one.source) for one in selection_on_test(CodeTree(root=".", files=files))]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (DATA + LIGHTNING, "train.py:5"),
        (DATA + IGNITE, "train.py:6"),
        (KERAS + FIT.replace("))", f"), callbacks=[{KEEPER}])"), "train.py:2"),
        (KERAS + FIT + 'best = max(history.history["val_accuracy"])\n', "train.py:3"),
        (KERAS + FIT.replace("))", "), callbacks=[EarlyStopping(patience=3)])"), "train.py:2"),
    ],
)  # fmt: skip
def test_a_choice_by_test_data_is_found(text: str, place: str) -> None:
    """The line that hands the data over, or takes the best of what was noted on it, is cited."""
    assert _found(train=text) == [place]


@pytest.mark.parametrize(
    "text",
    [
        DATA.replace("train=False", "train=True") + LIGHTNING,
        DATA + LIGHTNING.replace('monitor="val_acc", mode="max"', "every_n_epochs=1"),
        DATA + LIGHTNING.replace("val_acc", "train_acc"),
        DATA + IGNITE.replace(', score_function=Checkpoint.get_default_score_fn("accuracy")', ""),
        KERAS + FIT,
        KERAS + FIT.replace("))", "), callbacks=[ModelCheckpoint('w', monitor='val_acc')])"),
        KERAS + FIT.replace("))", "), callbacks=[EarlyStopping(monitor='loss')])"),
        KERAS + FIT.replace("validation_data=(x_test, y_test)", "validation_split=.1")
        + 'best = max(history.history["val_accuracy"])\n',
        KERAS + FIT + 'best = max(history.history["accuracy"])\n',
    ],
)  # fmt: skip
def test_no_choice_or_no_test_data_is_not_found(text: str) -> None:
    """Every epoch kept, a choice by training scores, or data held out of the training set."""
    assert not _found(train=text)


def test_the_loader_of_a_data_module_counts_wherever_the_choice_is_made() -> None:
    """The module lies in a file of its own, the checkpoint in the script."""
    script = LIGHTNING.replace("DataLoader(train), DataLoader(held)", "datamodule=Data()")
    assert _found(data=MODULE, train="from data import Data\n" + script) == ["data.py:5"]
    assert not _found(
        data=MODULE, train="from data import Data\nTrainer().fit(m, datamodule=Data())\n"
    )
