"""Samples used several times, as training scripts, loaders and data sets write it."""

from __future__ import annotations

import pytest

from netgain.analysis.code_idioms import repeated_passes
from netgain.study import CodeTree, SourceFile

STEP = "loss.backward()\n        optimizer.step()\n"

REPEATS = {
    "inner loop": (
        "for x, y in loader:\n    for _ in range(3):\n        loss = f(x, y)\n        " + STEP,
        "inner loop of 3 steps on each batch",
    ),
    "inner loop that calls a step": (
        "def update(x):\n    loss = f(x)\n    loss.backward()\n    optimizer.step()\n\n"
        "for batch in train_loader:\n    for _ in range(2):\n        update(batch)\n",
        "inner loop of 2 steps on each batch",
    ),
    "number in a constant": (
        "K = 4\nfor x in loader:\n    for _ in range(K):\n        loss = f(x)\n        " + STEP,
        "inner loop of 4 steps on each batch",
    ),
    "number by default of an option": (
        "p.add_argument('--inner', type=int, default=3)\nargs = p.parse_args()\n"
        "for x in loader:\n    for _ in range(args.inner):\n        loss = f(x)\n        " + STEP,
        "inner loop of 3 steps on each batch",
    ),
    "number by default of a field": (
        "@dataclass\nclass Config:\n    inner: int = 2\n\n"
        "for x in loader:\n    for _ in range(cfg.inner):\n        loss = f(x)\n        " + STEP,
        "inner loop of 2 steps on each batch",
    ),
    "number that nobody gives": (
        "for x in loader:\n    for _ in range(k):\n        loss = f(x)\n        " + STEP,
        "inner loop of k steps on each batch",
    ),
    "generator": (
        "def twice(loader):\n    for batch in loader:\n        for _ in range(2):\n            yield batch\n",
        "each batch handed out 2 times",
    ),
    "generator with another call for each": (
        "def views(loader):\n    for x, y in loader:\n        for _ in range(2):\n"
        "            yield augment(x), y\n",
        "each batch handed out 2 times",
    ),
    "repeat of itertools": (
        "def echo(loader, n=5):\n    for batch in loader:\n        yield from itertools.repeat(batch, 3)\n",
        "each batch handed out 3 times",
    ),
    "display times a number": (
        "def echo(loader):\n    for batch in loader:\n        yield from [batch] * 2\n",
        "each batch handed out 2 times",
    ),
    "written out": (
        "def echo(loader):\n    for batch in loader:\n        yield batch\n        yield batch\n",
        "each batch handed out 2 times",
    ),
    "whole loader": (
        "class Feed:\n    def __iter__(self):\n        for _ in range(self.repeats):\n"
        "            for batch in self.loader:\n                yield batch\n\nFeed(repeats=2)\n",
        "all batches handed out self.repeats times",
    ),
    "data set that wraps around": (
        "class Long(Dataset):\n    def __len__(self):\n        return len(self.files) * 5\n\n"
        "    def __getitem__(self, index):\n        return self.files[index % len(self.files)]\n",
        "data set as long as 5 passes over its data",
    ),
    "sampler": (
        "class Echo(Sampler):\n    def __iter__(self):\n"
        "        return iter(self.order.repeat_interleave(3).tolist())\n",
        "sampler that draws each item 3 times",
    ),
}


def _found(text: str) -> list[str]:
    tree = CodeTree(root=".", files=(SourceFile(path="train.py", text=text),))
    return [idiom.what for idiom in repeated_passes(tree)]


@pytest.mark.parametrize(("text", "what"), REPEATS.values(), ids=REPEATS)
def test_a_repeat_is_found_with_its_number(text: str, what: str) -> None:
    """Each way to use a drawn sample several times is found, with the number where the code says it."""
    assert _found(text) == [what]


ONCE = {
    "a loop of one": "K = 1\nfor x in loader:\n    for _ in range(K):\n        loss = f(x)\n        "
    + STEP,
    "another batch in each turn": "for x, y in loader:\n    for _ in range(5):\n        z = next(other)\n"
    "        loss = f(z)\n        " + STEP,
    "a sample of its own in each turn": "for task in task_batch:\n    for _ in range(5):\n"
    "        x = buffer.sample(32)\n        loss = f(x)\n        " + STEP,
    "a part of the batch in each turn": "for x in loader:\n    for i in range(4):\n        loss = f(x[i])\n"
    "        " + STEP,
    "strides through the batch": "for x in loader:\n    for t in range(0, T, 35):\n        loss = f(x, t)\n"
    "        " + STEP,
    "gradients added up, one step": "for x in loader:\n    for _ in range(4):\n        f(x).backward()\n"
    "    optimizer.step()\n",
    "folds around the epochs": "for data in datasets:\n    for epoch in range(10):\n        for x in data:\n"
    "            loss = f(x)\n            loss.backward()\n            optimizer.step()\n",
    "rates around the training": "for lr in (0.1, 0.2):\n    for _ in range(100):\n        loss = f(X)\n"
    "        " + STEP,
    "epochs around the batches": "for epoch in range(10):\n    for x in loader:\n"
    "        loss = f(x)\n        " + STEP,
    "batches of rows": "def chunks(rows, size):\n    for row in rows:\n        batch.append(row)\n"
    "        if len(batch) >= size:\n            yield batch\n    yield batch\n",
    "pieces of a batch": "def split(loader, n):\n    for batch in loader:\n        for i in range(n):\n"
    "            yield batch[i]\n",
    "an endless loader": "def endless(loader):\n    while True:\n        for batch in loader:\n"
    "            yield batch\n",
    "all epochs from one generator": "def stream(loader, epochs):\n    for _ in range(epochs):\n"
    "        for batch in loader:\n            yield batch\n",
    "pairs of two data sets": "class Pairs(Dataset):\n    def __len__(self):\n"
    "        return len(self.a) * len(self.b)\n\n    def __getitem__(self, i):\n"
    "        return self.a[i % len(self.a)], self.b[i // len(self.a)]\n",
    "a loader told to hand out once": "class Feed:\n    def __init__(self, loader, passes):\n"
    "        self.loader, self.passes = loader, passes\n\n    def __iter__(self):\n"
    "        for batch in self.loader:\n            for _ in range(self.passes):\n"
    "                yield batch\n\ntrain = Feed(loader, passes=1)\n",
}


@pytest.mark.parametrize("text", ONCE.values(), ids=ONCE)
def test_what_uses_each_sample_once_is_no_repeat(text: str) -> None:
    """Loops that draw anew, take parts, or hold the loop over the batches repeat nothing."""
    assert _found(text) == []


def test_an_option_that_is_one_by_default_is_kept_with_its_name() -> None:
    """A run may have set it, so the repeat is told with the number 1 and the option."""
    text = (
        "p.add_argument('--inner', type=int, default=1)\nargs = p.parse_args()\n"
        "for x in loader:\n    for _ in range(args.inner):\n        loss = f(x)\n        " + STEP
    )
    tree = CodeTree(root=".", files=(SourceFile(path="train.py", text=text),))
    (idiom,) = repeated_passes(tree)
    assert (idiom.times, idiom.option) == (1, "inner")


def test_a_repeat_under_a_condition_says_so() -> None:
    """Who runs it is open, so it does not settle anything by being in both arms' code."""
    text = (
        "if args.long:\n    for x in loader:\n        for _ in range(2):\n            loss = f(x)\n"
        "            loss.backward()\n            optimizer.step()\n"
    )
    tree = CodeTree(root=".", files=(SourceFile(path="train.py", text=text),))
    assert [idiom.conditional for idiom in repeated_passes(tree)] == [True]
