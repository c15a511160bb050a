"""What becomes of averaged weights: scored, only compared with, or not said."""

import pytest

from netgain.analysis.code_averages import moving_averages
from netgain.study import CodeTree, SourceFile

PULL = (
    "        for p, q in zip(net.parameters(), {slow}.parameters()):\n"
    "            q.data.mul_(tau).add_(p.data, alpha=1 - tau)\n"
)
LOOP = (
    "def fit():\n    {slow} = copy.deepcopy(net)\n    for x in loader:\n"
    "        loss = compare(net(x), {slow}(x))\n" + PULL
)


def roles(text: str) -> list[str]:
    """Return what becomes of each average of a file."""
    tree = CodeTree(root=".", files=(SourceFile(path="m.py", text=text),))
    return [average.role for average in moving_averages(tree)]


KEY_ENCODER = (
    "class Contrast(nn.Module):\n    def __init__(self, make):\n"
    "        self.query, self.key = make(), make()\n"
    "    def pull(self):\n        for a, b in zip(self.query.parameters(), self.key.parameters()):\n"
    "            b.data = b.data * self.m + a.data * (1.0 - self.m)\n"
    "    def forward(self, x, y):\n        self.pull()\n        return self.query(x), self.key(y)\n"
)
HANDED_ON = (
    "def pull(fast, slow):\n    for a, b in zip(fast.parameters(), slow.parameters()):\n"
    "        b.data = 0.99 * b.data + 0.01 * a.data\n"
    "def fit():\n    for x in loader:\n        loss = criterion(online, anchor, x)\n"
    "        pull(online, anchor)\n    evaluate(online)\n"
)


@pytest.mark.parametrize(
    "text",
    [
        LOOP.format(slow="anchor") + "    torch.save(net.state_dict(), 'net.pt')\n",
        LOOP.format(slow="anchor") + "    anchor.eval()\n    test(net, loader)\n",
        KEY_ENCODER,
        HANDED_ON,
    ],
    ids=["live weights saved", "live weights tested", "key encoder", "handed to a loss"],
)
def test_what_is_only_compared_with_is_a_target(text: str) -> None:
    """It is called in training, or given to the loss, and nowhere evaluated, saved or returned."""
    assert roles(text) == ["target"]


@pytest.mark.parametrize(
    "end",
    [
        "    accuracy = evaluate(slow, test_loader)\n",
        "    torch.save(slow.state_dict(), 'net.pt')\n",
        "    torch.save({'model': slow.state_dict(), 'optimizer': optimizer.state_dict()}, 'net.pt')\n",
        "    print(accuracy_of(slow, loader))\n",
        "    for x in test_batches:\n        hits += slow(x)\n",
        "    report(slow)\n",
        "    return slow\n",
        "    net.load_state_dict(slow.state_dict())\n",
        "    final = slow\n    run_validation(final)\n",
        "    chosen = slow if args.ema else net\n",
        "def predict(x):\n    return slow(x)\n",
    ],
)
def test_what_is_evaluated_saved_or_handed_on_is_scored(end: str) -> None:
    """Whatever reaches an evaluation or leaves the training counts as averaged weights."""
    assert roles(LOOP.format(slow="slow") + end) == ["scored"]


def test_what_is_saved_beside_live_weights_is_open() -> None:
    """A checkpoint of both does not say which of them is scored."""
    end = "    torch.save({'student': net.state_dict(), 'teacher': slow.state_dict()}, 'both.pt')\n"
    assert roles(LOOP.format(slow="slow") + end) == ["open"]


def test_an_average_that_training_does_not_look_at_is_scored() -> None:
    """An average that is kept for nothing else is there to be scored."""
    text = "def fit():\n    for x in loader:\n        step(net, x)\n" + PULL.format(
        slow="shadow_net"
    )
    assert roles(text) == ["scored"]
