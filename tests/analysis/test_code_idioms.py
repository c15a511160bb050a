"""Idioms in training scripts: what must be found, and what must not."""

import pytest

from netgain.analysis.code_idioms import repeated_passes, weight_averaging
from netgain.analysis.code_selection import selection_on_test
from netgain.study import CodeTree, SourceFile


def tree(text: str) -> CodeTree:
    """Return a tree of one file."""
    return CodeTree(root=".", files=(SourceFile(path="train.py", text=text),))


SELECTED = [
    # the torchvision habit: train=False under a validation name
    "val_set = MNIST(root, train=False)\nval_loader = DataLoader(val_set)\nbest = 0\n"
    "for e in range(9):\n    acc = validate(model, val_loader)\n    best = max(best, acc)\n",
    "for e in range(9):\n    test_acc = test(model)\n    if test_acc > best_acc:\n"
    "        best_acc = test_acc\n",
    "for e in range(9):\n    loss, score = run(model, test_loader)\n    if score >= state.best_score:\n"
    "        state.best_score = score\n",
    "ds = load_dataset('x', split='test')\nfor e in range(9):\n    f1 = evaluate(m, ds)\n"
    "    is_best = f1 > best_f1\n    best_f1 = max(f1, best_f1)\n",
]
HONEST = [
    "for e in range(9):\n    acc = evaluate(model, val_loader)\n    if acc > best:\n        best = acc\n"
    "test_acc = evaluate(model, test_loader)\n",
    "test_acc = evaluate(model, test_loader)\nprint(max(test_acc, 0.0))\n",
    "latest = max(latest, step)\ncontest_score = 3\nif contest_score > best:\n    best = contest_score\n",
    "def broken(:\n",
]


@pytest.mark.parametrize("text", SELECTED)
def test_selection_on_test_is_found(text: str) -> None:
    """A best-so-far kept by a test score is found under each spelling, with its line."""
    (idiom, *_) = selection_on_test(tree(text))
    assert idiom.source.line is not None and idiom.source.line >= 3


@pytest.mark.parametrize("text", HONEST)
def test_selection_on_validation_is_not_flagged(text: str) -> None:
    """A best-so-far kept by a validation score, or no selection at all, raises nothing."""
    assert selection_on_test(tree(text)) == ()


@pytest.mark.parametrize(
    "text",
    [
        "ema = ModelEmaV2(model, decay=0.999)\n",
        "avg = torch.optim.swa_utils.AveragedModel(model)\n",
        "for a, b in zip(m.parameters(), s.parameters()):\n    b.data = d * b.data + (1 - d) * a.data\n",
        "for k, v in model.state_dict().items():\n    ema[k].lerp_(v, 0.001)\n",
        "for p, q in zip(a.parameters(), b.parameters()):\n    q.mul_(d).add_(p, alpha=1 - d)\n",
    ],
)
def test_weight_averaging_is_found(text: str) -> None:
    """Library averages and averages written by hand are both found."""
    assert len(weight_averaging(tree(text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "loss_avg = 0.9 * loss_avg + (1 - 0.9) * loss\n",
        "for p in model.parameters():\n    p.requires_grad_(False)\n",
        "for p in model.parameters():\n    p.add_(p.grad, alpha=-lr)\n",
        "meter = AverageMeter()\n",
    ],
)
def test_other_averages_are_not_weight_averaging(text: str) -> None:
    """A running loss, a hand-written optimizer step and a meter are no averaged weights."""
    assert weight_averaging(tree(text)) == ()


def test_gradient_accumulation_is_no_inner_loop() -> None:
    """Several backward passes before one step, over several batches, use each sample once."""
    text = (
        "for epoch in range(3):\n    for i, (x, y) in enumerate(loader):\n        loss(x, y).backward()\n"
        "        if i % 4 == 0:\n            optimizer.step()\n"
    )
    assert repeated_passes(tree(text)) == ()


@pytest.mark.parametrize(
    "text",
    [
        "sampler = RASampler(data, num_replicas=2)\n",
        "loader = create_loader(data, num_aug_repeats=3)\n",
        "data = ConcatDataset([base] * 3)\n",
        "for x, y in loader:\n    for k in range(args.inner):\n        f(x).backward()\n        opt.step()\n",
    ],
)
def test_repeats_are_found(text: str) -> None:
    """Repeating samplers, arguments, self-concatenation and inner loops are found."""
    assert len(repeated_passes(tree(text))) == 1


def test_loaders_assigned_together_are_told_apart() -> None:
    """A best score kept on validation data is not one on test data because one line makes both loaders."""
    text = (
        "train_loader, val_loader, test_loader = make('a'), make('b'), make('c')\n"
        "best_acc = 0\nfor epoch in range(9):\n    acc = score(model, val_loader)\n"
        "    if acc > best_acc:\n        best_acc = acc\n"
    )
    assert selection_on_test(tree(text)) == ()
    assert selection_on_test(tree(text.replace("model, val_loader", "model, test_loader")))
