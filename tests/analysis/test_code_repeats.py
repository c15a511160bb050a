"""Samples used several times, as training scripts, loaders and data sets write it."""

from __future__ import annotations

import pytest

from netgain.analysis.code_idioms import repeated_passes
from netgain.study import CodeTree, SourceFile

FIT = (
    "def fit(net, x):\n    loss = net(x)\n    opt.zero_grad()\n    loss.backward()\n    opt.step()\n    "
    "return loss\n\n"
)
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
    "a second call": (
        FIT + "for x in loader:\n    x = x.to(device)\n    a = fit(net, x)\n    a = fit(net, x)\n",
        "2 steps written out on each batch",
    ),
    "a second call where the settings say so": (
        FIT
        + "for x in loader:\n    fit(net, x)\n    if True:\n        fit(net, x)\n        fit(net, x)\n",
        "3 steps written out on each batch",
    ),
    "a second call in another branch": (
        FIT
        + "for x in loader:\n    if warm:\n        fit(net, x)\n    else:\n        fit(net, x)\n"
        "    fit(net, x)\n",
        "2 steps written out on each batch",
    ),
    "a second call of a library": (
        "for x, y in batches:\n    net.train_on_batch(x, y)\n    net.train_on_batch(x, y)\n",
        "2 steps written out on each batch",
    ),
    "two steps written out": (
        "for i, (x, y) in enumerate(loader):\n    for_x = x.cuda()\n"
        + 2
        * "    loss = f(net(x), y)\n    opt.zero_grad()\n    loss.backward()\n    scaler.step(opt)\n",
        "2 steps written out on each batch",
    ),
    "a list of the batch": (
        FIT + "for x in loader:\n    for again in [x] * 3:\n        fit(net, again)\n",
        "inner loop of 3 steps on each batch",
    ),
    "itertools around the batch": (
        FIT + "for x in loader:\n    for again in repeat(x, 2):\n        fit(net, again)\n",
        "inner loop of 2 steps on each batch",
    ),
    "counted down": (
        FIT
        + "for x in loader:\n    left = 3\n    while left:\n        fit(net, x)\n        left -= 1\n",
        "inner loop of 3 steps on each batch",
    ),
    "counted down with a test": (
        "for x in loader:\n    n = 2\n    while n > 0:\n        n -= 1\n        loss = f(x)\n        "
        + STEP,
        "inner loop of 2 steps on each batch",
    ),
    "counted up": (
        FIT
        + "for x in loader:\n    i = 0\n    while i < 4:\n        fit(net, x)\n        i += 1\n",
        "inner loop of 4 steps on each batch",
    ),
    "chained repeats": (
        "def stream(loader):\n    return chain.from_iterable(repeat(b, 2) for b in loader)\n",
        "each batch handed out 2 times",
    ),
    "chained lists": (
        "for x in itertools.chain.from_iterable([b] * 2 for b in train):\n    pass\n",
        "each batch handed out 2 times",
    ),
    "two loops in one": (
        "for x in (b for b in loader for _ in range(3)):\n    pass\n",
        "each batch handed out 3 times",
    ),
    "repeats in one": (
        "feed = (again for b in loader for again in repeat(b, 3))\n",
        "each batch handed out 3 times",
    ),
    "sharpness-aware, in halves": (
        "for x in loader:\n    f(x).backward()\n    opt.first_step(zero_grad=True)\n"
        "    f(x).backward()\n    opt.second_step(zero_grad=True)\n",
        "2 backward passes on each batch, sharpness-aware",
    ),
    "sharpness-aware, by a closure": (
        "opt = SAM(net.parameters(), base_optimizer=SGD, lr=0.1)\n",
        "2 backward passes on each batch, sharpness-aware",
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
    "one of two calls": FIT + "for x in loader:\n    if hard:\n        fit(net, x)\n    else:\n"
    "        fit(net, x)\n",
    "a call that ends the turn": FIT + "for x in loader:\n    if hard:\n        fit(net, x)\n"
    "        continue\n    fit(net, x)\n",
    "another try after an error": FIT + "for x in loader:\n    try:\n        fit(net, x)\n"
    "    except RuntimeError:\n        fit(net, x)\n",
    "both sides of a GAN": FIT + "for x in loader:\n    fit(critic, x)\n    fit(maker, x)\n",
    "two optimizers written out": "for x in loader:\n    d(x).backward()\n    opt_d.step()\n"
    "    d(x).backward()\n    opt_g.step()\n",
    "two optimizers and one scaler": "for x in loader:\n    d(x).backward()\n    scaler.step(opt_d)\n"
    "    d(x).backward()\n    scaler.step(opt_g)\n",
    "two batches": FIT + "for x, z in zip(loader, more):\n    fit(net, x)\n    fit(net, z)\n",
    "two batches written out": "for x, z in zip(loader, more):\n    f(x).backward()\n    opt.step()\n"
    "    f(z).backward()\n    opt.step()\n",
    "another batch under the name": FIT + "for x in loader:\n    fit(net, x)\n    x = next(more)\n"
    "    fit(net, x)\n",
    "a validation call": FIT
    + "def score(net, x):\n    return net(x)\n\nfor x in loader:\n    score(net, x)\n"
    "    fit(net, x)\n    score(net, x)\n",
    "gradients of two parts, one step": "for x in loader:\n    f(x).backward()\n    f(x).backward()\n"
    "    opt.step()\n",
    "gradients of several batches, one step": "for i, x in enumerate(loader):\n    f(x).backward()\n"
    "    if i % 4 == 3:\n        opt.step()\n        opt.zero_grad()\n",
    "optimizer and schedule": "for x in loader:\n    f(x).backward()\n    opt.step()\n    schedule.step()\n",
    "pieces counted up": FIT
    + "for x in loader:\n    i = 0\n    while i < 4:\n        fit(net, x[i])\n"
    "        i += 1\n",
    "drawn while counted": FIT
    + "for x in loader:\n    n = 3\n    while n:\n        x = next(more)\n"
    "        fit(net, x)\n        n -= 1\n",
    "counted down from one": FIT
    + "for x in loader:\n    left = 1\n    while left:\n        fit(net, x)\n"
    "        left -= 1\n",
    "waiting": FIT
    + "for x in loader:\n    while not ready():\n        sleep(1)\n    fit(net, x)\n",
    "several answers to a test": "answers = [ask(q) for q in questions for _ in range(5)]\n"
    "asked = [q for q in data for _ in range(5)]\n",
    "repeated numbers": "labels = list(chain.from_iterable(repeat(year, 3) for year in years))\n",
    "repeated tensors": "x = [repeat(b, 'c -> n c', n=3) for b in batches]\n",
    "a segmentation model": "net = SAM(image_encoder, prompt_encoder)\n",
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


def test_an_option_without_a_default_is_kept_with_its_name() -> None:
    """A file of settings may say how often, so the repeat names the option that is asked for."""
    text = (
        FIT + "class T:\n    def run(self):\n        for x in self.loader:\n"
        "            left = self.cfg.train.polish\n            while left:\n                fit(net, x)\n"
        "                left -= 1\n"
    )
    tree = CodeTree(root=".", files=(SourceFile(path="train.py", text=text),))
    (idiom,) = repeated_passes(tree)
    assert (idiom.times, idiom.option) == (None, "polish")


def test_a_second_call_under_an_open_condition_says_so() -> None:
    """The call under the condition is the one that is cited."""
    text = FIT + "for x in loader:\n    if first:\n        fit(net, x)\n    fit(net, x)\n"
    tree = CodeTree(root=".", files=(SourceFile(path="train.py", text=text),))
    (idiom,) = repeated_passes(tree)
    assert idiom.conditional
    assert idiom.source.line == text.count("\n") - 1
