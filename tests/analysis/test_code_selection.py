"""The best epoch by a test score, in the forms of training scripts, and honest code beside them."""

from __future__ import annotations

import pytest

from netgain.analysis.code_selection import selection_on_test
from netgain.study import CodeTree, SourceFile


def lines(text: str) -> list[int | None]:
    """Return the lines at which selection is found."""
    tree = CodeTree(root=".", files=(SourceFile(path="train.py", text=text),))
    return [idiom.source.line for idiom in selection_on_test(tree)]


LOADERS = "test_loader = DataLoader(CIFAR10('.', train=False))\nval_loader = DataLoader(part)\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("for e in range(9):\n acc = evaluate(net, test_loader)\n is_best = acc > best_acc\n", 5),
        ("curve = []\nfor e in range(9):\n curve.append(evaluate(net, test_loader))\nprint(max(curve))\n", 6),
        ("h = {'test_acc': []}\nfor e in range(9):\n test_acc = go()\n h['test_acc'].append(test_acc)\n"
         "print(np.max(h['test_acc']))\n", 7),
        ("for e in range(9):\n a = run(test_loader)\n best = max(best, a)\n", 5),
        ("for e in range(9):\n acc = go(test_loader)\n if acc > top5_acc[0]:\n  torch.save(net, 'a')\n"
         "  heappush(top5_acc, acc)\n", 5),
        ("for e in range(9):\n acc = go(test_loader)\n if acc > top[0]:\n  heapq.heapreplace(top, acc)\n", 5),
        ("stop = EarlyStopping(monitor='test_acc', patience=5)\n", 3),
        ("keep = ModelCheckpoint(monitor='test/acc', mode='max')\n", 3),
        ("def evaluate():\n hit = 0\n for x, y in test_loader:\n  hit += (net(x) == y).sum()\n return hit\n"
         "for e in range(9):\n acc = evaluate()\n if acc > best_acc:\n  best_acc = acc\n", 10),
        ("valid = DataLoader(MNIST('.', train=False))\nfor e in range(9):\n acc = go(valid)\n"
         " if acc > best_acc:\n  best_acc = acc\n", 6),
    ],
)  # fmt: skip
def test_a_best_epoch_by_a_test_score_is_found(text: str, line: int) -> None:
    """The line is that of the comparison, the maximum or the monitored name."""
    assert line in lines(LOADERS + text)


@pytest.mark.parametrize(
    "text",
    [
        "for e in range(9):\n acc = evaluate(net, val_loader)\n is_best = acc > best_acc\n",
        "curve = []\nfor e in range(9):\n curve.append(evaluate(net, val_loader))\nprint(max(curve))\n",
        "accs = []\nfor seed in range(9):\n train(seed)\n accs.append(go(test_loader))\nprint(max(accs))\n",
        "stop = EarlyStopping(monitor='val_loss')\n",
        "for e in range(9):\n acc = go(val_loader)\n if acc > top[0]:\n  heapq.heapreplace(top, acc)\n",
        "acc = evaluate(net, test_loader)\nprint('final', acc)\n",
        "for e in range(9):\n val = go(val_loader)\n test_acc = go(test_loader)\n if val > best_val:\n"
        "  best_val, best_test = val, test_acc\n",
        "def loaders():\n test = DataLoader(CIFAR10('.', train=False))\n return DataLoader(a), b, test\n"
        "train_l, val_l, test_l = loaders()\nfor e in range(9):\n acc = go(val_l)\n if acc > best_acc:\n"
        "  best_acc = acc\n",
        "val_set, rest = random_split(CIFAR10('.', train=False), [5000, 5000])\nfor e in range(9):\n"
        " acc = go(val_set)\n if acc > best_acc:\n  best_acc = acc\n",
        "curve = []\nfor e in range(9):\n test_acc = go()\n curve.append(test_acc)\nprint(curve[-1])\n",
    ],
)  # fmt: skip
def test_honest_code_raises_nothing(text: str) -> None:
    """Validation data chooses, the test set is scored once or only watched, seeds are another matter."""
    assert lines(LOADERS + text) == []


DATA = (
    "class Digits(torchvision.datasets.KMNIST):\n    pass\n"
    "def sets(root):\n    return Digits(root, train=True), Digits(root, train={held})\n"
)
KEEP = (
    "def keep(now, best, state):\n    if now > best:\n        best = now\n        torch.save(state, 'a')\n"
    "    return best\n"
)
ENGINE = (
    "from data import sets as get_sets\nfrom keep import keep\n"
    "class Judge:\n    def __init__(self, val_loader, logger):\n        self.val_loader = val_loader\n"
    "    def once(self):\n        for x, y in self.val_loader:\n            acc = accuracy(net(x), y)\n"
    "        return {'acc': acc}\n"
    "train_set, val_set = get_sets('.')\n"
    "judge = Judge(val_loader=DataLoader(val_set), logger=val_logger)\nbest = 0\n"
    "for epoch in range(9):\n    stat = judge.once()\n    best = keep(stat['acc'], best, net.state_dict())\n"
)


def test_a_best_kept_in_a_helper_is_followed_through_engine_alias_and_subclass() -> None:
    """The score reaches a helper from an object that was given the loader of a subclassed test set."""
    files = [("data.py", DATA.format(held="False")), ("keep.py", KEEP), ("train.py", ENGINE)]
    tree = CodeTree(root=".", files=tuple(SourceFile(path=path, text=text) for path, text in files))
    (found,) = selection_on_test(tree)
    assert (str(found.source), str(found.data), found.saves) == ("keep.py:2", "data.py:4", True)


def test_a_part_of_the_training_set_in_its_place_is_none() -> None:
    """The same scripts with another flag choose by training data."""
    files = [("data.py", DATA.format(held="True")), ("keep.py", KEEP), ("train.py", ENGINE)]
    tree = CodeTree(root=".", files=tuple(SourceFile(path=path, text=text) for path, text in files))
    assert selection_on_test(tree) == ()


@pytest.mark.parametrize(
    ("then", "saves"),
    [
        (" if acc > top_acc:\n  top_acc = acc\n  torch.save(net.state_dict(), 'a')\n", True),
        (" is_best = acc > best_acc\n save_checkpoint(net, is_best)\n", True),
        (" is_best = acc > best_acc\n if is_best:\n  torch.save(net, 'a')\n", True),
        (" if acc > top_acc:\n  top_acc = acc\n", False),
        (" best = max(best, acc)\n print(best)\n", False),
    ],
)
def test_what_saves_weights_is_told_from_what_is_noted(then: str, saves: bool) -> None:
    """A best that weights are saved by is not kept for orientation alone."""
    text = LOADERS + "for e in range(9):\n acc = evaluate(net, test_loader)\n" + then
    tree = CodeTree(root=".", files=(SourceFile(path="train.py", text=text),))
    assert [found.saves for found in selection_on_test(tree)] == [saves]


GENERIC = (
    "def test(test_loader, model):\n out = []\n for i, test_data in enumerate(test_loader):\n"
    "  out.append(model(test_data))\n test_acc, test_f1 = score(out)\n return test_acc, test_f1\n"
    "for e in range(9):\n val_acc, val_f1 = test({}, net)\n if val_acc > best:\n  best = val_acc\n"
    "  torch.save(net, 'best.pt')\n"
)


def test_what_a_call_passes_beats_the_names_inside_the_function() -> None:
    """A generic `test()` is validation where it is given the validation loader, and test data else."""
    assert lines(LOADERS + GENERIC.format("val_loader")) == []
    assert lines(LOADERS + GENERIC.format("test_loader")) != []


def test_the_strongest_attack_on_test_data_chooses_no_epoch() -> None:
    """A search of the worst change of an input keeps its best by a loss on the inputs it attacks."""
    body = """
def attack(model, test_loader, steps):
    for x_test, y_test in test_loader:
        best_loss, best_delta = -1.0, None
        for step in range(steps):
            test_loss = loss_fn(model(x_test + delta), y_test)
            if test_loss > best_loss:
                best_loss = test_loss
                best_delta = delta.clone()
"""
    assert lines(body) == []
    assert lines(body.replace("delta", "weights")) == [7]
