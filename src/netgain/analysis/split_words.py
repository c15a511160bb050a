"""Words by which code says which split of the data it means, and what was found of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from netgain.study import Source

Split = Literal["train", "validation", "test"]
TEST_WORD = re.compile(
    r"(?:^|[_\W\d])(?:test|tst|testing|holdout)(?:[_\W\d]|$)|^test(?!ing_|er|ed|_?mode|_?freq|_?interval|_?every)"
    r"|[a-z_]Test(?=[A-Z_\W\d]|$)|^Test(?=[A-Z_])"
)
VALIDATION_WORD = re.compile(
    r"(?:^|[_\W])(?:val|valid|validation|dev)(?:[_\W\d]|$)|^val(?!ue|_?freq|_?interval|_?every)|"
    r"[a-z]Val(?:id|idation)?(?=[A-Z_\W\d]|$)"
)
TRAIN_WORD = re.compile(
    r"(?:^|[_\W])(?:train|training|trn|tr)(?:[_\W\d]|$)|^train(?!er|_?mode|_?freq)"
)
NO_DATA = re.compile(
    r"(?:.*[._])?(?:self|model|net|network|backbone|encoder|decoder|classifier|ema|args?|cfg|config|opts?|"
    r"hparams|params|optimizer|optim|device|criterion|loss_fn|scheduler|lr_scheduler|logger|writer|epoch|i|j|k|"
    r"np|torch|F|nn|os|math|seed|best\w*|start\w*|state|scaler|wandb|rank)",
    re.IGNORECASE,
)
"""Names that a score is computed with; they tell its data only where they say a split."""
NEVER_DATA = re.compile(
    r"(?:.*\.)?dev|.*(?:transforms?|_tf|augs?|augment\w*|batch_?size|_bs|size|ratio|fraction|frac|percent\w*|freq|interval|"
    r"every|kwargs|_mode|logger|writer|_model|_criterion|epochs?|steps?|workers|shuffle)|(?:n|num|len|do|is|no|use)_.*|.*_nums?(?:_.*)?|"
    r"(?:self\.)?(?:args|cfg|config|conf|opts?|hparams|params|FLAGS)\..*"
    r"(?<!data)(?<!dir)(?<!path)(?<!root)(?<!file)(?<!set)(?<!csv)",
    re.IGNORECASE,
)
"""Names that tell no data whatever split they say: `test_transform`, `args.test_batch_size`."""
SPLITTERS = frozenset(
    {"random_split", "train_test_split", "Subset", "split_dataset", "StratifiedShuffleSplit",
     "stratified_split", "SubsetRandomSampler", "KFold", "StratifiedKFold"}
)  # fmt: skip
DATA_MAKERS = re.compile(r"[A-Z]\w*|\w*(?:data|Data|loader|Loader|mnist|cifar|imagenet)\w*")
KNOWN_DATASETS = re.compile(r"CIFAR10{1,2}|\w*MNIST|USPS|Omniglot|SEMEION")
"""Data sets of torchvision whose `train` tells the official training set from the official test set."""
SPLIT_ARGUMENTS = frozenset(
    {"split", "partition", "mode", "phase", "subset", "stage", "set", "image_set", "flag"}
)
LOADER = re.compile(r"(?:loader|set|data|dl|iter|queue)$", re.IGNORECASE)
LOADED = frozenset({"dataset", "sampler", "batch_sampler"})
TEST_FUNCTION = re.compile(r"(?:run_|do_)?test(?:_|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One reason to believe that an expression stands on a split."""

    split: Split
    """Which."""
    source: Source
    """Where that is said."""
    sure: bool = True
    """False where it is the name of the function called, or a flag that can mean more than one thing."""
    by_name: bool = False
    """Whether names and paths alone say so, and nothing the code does."""
    renamed: str = ""
    """Name that says validation, on the way from test data."""


Marks = frozenset[Mark]
NONE: Marks = frozenset()


def settled(marks: Marks) -> Marks:
    """Return the marks that count: what is only guessed gives way to what is sure."""
    sure = frozenset(mark for mark in marks if mark.sure)
    return sure if any(mark.split != "train" for mark in sure) else marks


def is_test(marks: Marks) -> bool:
    """Tell whether marks say test data and no validation data."""
    splits = {mark.split for mark in settled(marks)}
    return "test" in splits and "validation" not in splits


def said_by(name: str) -> Split | None:
    """Return the split a name says: that of its last part that says one."""
    for part in reversed(re.split(r"[.\[\]]", name)):
        if part and VALIDATION_WORD.search(part):
            return "validation"
        if part and TEST_WORD.search(part):
            return "test"
        if part and TRAIN_WORD.search(part):
            return "train"
    return None


def is_about(argument: str | None) -> bool:
    """Tell whether an argument says how data is treated and not which it is."""
    return argument is not None and NEVER_DATA.fullmatch(argument) is not None
