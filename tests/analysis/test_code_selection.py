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
