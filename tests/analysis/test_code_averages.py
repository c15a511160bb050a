"""Moving averages of weights written by hand: each spelling found, and what only looks like one."""

import pytest

from netgain.analysis.code_idioms import weight_averaging
from netgain.study import CodeTree, SourceFile

PAIRS = "for a, b in zip(slow.parameters(), fast.parameters()):\n    "


def found(text: str, settings: str = "") -> list[int | None]:
    """Return the lines of the averages of one file."""
    file = SourceFile(path="train.py", text=text)
    tree = CodeTree(root=".", files=(file,), settings=settings)
    return [idiom.source.line for idiom in weight_averaging(tree)]


AVERAGES = {
    "difference times a number": (PAIRS + "a += (b - a) * 0.002\n", 2),
    "number times a difference": (PAIRS + "a.data += 0.002 * (b.data - a.data)\n", 2),
    "difference over a count": (PAIRS + "a += (b - a) / (n + 1)\n", 2),
    "difference taken away": (PAIRS + "a -= (a - b) * k\n", 2),
    "difference added by a call": (PAIRS + "a.add_(b - a, alpha=0.002)\n", 2),
    "difference taken away by a call": (PAIRS + "a.sub_((1 - d) * (a - b))\n", 2),
    "difference kept in a name": (
        PAIRS + "gap = a - b.detach()\n    gap.mul_(1 - d)\n    a.sub_(gap)\n",
        4,
    ),
    "difference copied in": (PAIRS + "a.data.copy_(a.data + (b.data - a.data) * k)\n", 2),
    "two statements": (PAIRS + "a *= d\n    a += (1 - d) * b.detach()\n", 3),
    "two statements, the rest first": (
        PAIRS + "a.data *= (1.0 - k)\n    a.data += b.data * k\n",
        3,
    ),
    "two calls": (PAIRS + "a.mul_(d)\n    a.add_(b, alpha=1 - d)\n", 3),
    "two calls in the old order": (PAIRS + "a.mul_(d)\n    a.add_(1 - d, b)\n", 3),
    "two numbers": (PAIRS + "a.mul_(0.999)\n    a.add_(0.001 * b)\n", 3),
    "rest kept in a name": ("rest = 1 - d\n" + PAIRS + "a.mul_(d)\n    a.add_(b, alpha=rest)\n", 4),
    "running mean": (PAIRS + "a.copy_((a * n + b) / (n + 1))\n", 2),
    "lerp of torch": (PAIRS + "a.copy_(torch.lerp(a, b, 0.01))\n", 2),
    "multiplied by calls": (PAIRS + "a.copy_(a.mul(d) + b.mul(1 - d))\n", 2),
    "set by a call": (PAIRS + "a.set_value((1.0 - k) * a + k * b)\n", 2),
    "lists kept in names": (
        "mine, theirs = list(slow.parameters()), list(fast.parameters())\n"
        "torch._foreach_mul_(mine, d)\ntorch._foreach_add_(mine, theirs, alpha=1 - d)\n",
        2,
    ),
    "lists filled in a loop": (
        "params_k.append(p)\nparams_q.append(q)\ntorch._foreach_mul_(params_k, m)\n"
        "torch._foreach_add_(params_k, params_q, alpha=1 - m)\n",
        3,
    ),
    "interpolated lists": (
        "torch._foreach_lerp_(list(slow.parameters()), list(fast.parameters()), 1 - d)\n",
        1,
    ),
    "lists kept in attributes": (
        "class Tail:\n    def __init__(self, slow, fast):\n        self.a = list(slow.parameters())\n"
        "        self.b = [p for p in fast.parameters()]\n    def step(self):\n"
        "        for x, y in zip(self.a, self.b):\n            x.lerp_(y, 0.01)\n",
        7,
    ),
    "state kept in a name": (
        "now = net.state_dict()\nfor k in now:\n    old[k] = old[k] * d + now[k] * (1 - d)\n",
        3,
    ),
    "comprehension": (
        "old = {k: d * old[k] + (1 - d) * v for k, v in net.state_dict().items()}\n",
        1,
    ),
    "function called in the loop": (
        "def mixed(old, new):\n    return old * 0.99 + (1 - 0.99) * new\n" + PAIRS + "a.data = mixed(a, b)\n",
        4,
    ),
    "lambda called in the loop": (
        "def go(f):\n    for a, b in zip(x.state_dict().values(), y.state_dict().values()):\n"
        "        a.copy_(f(a, b))\ngo(f=lambda e, m: d * e + (1 - d) * m)\n",
        3,
    ),
    "map over a tree": (
        "ema = jax.tree_util.tree_map(lambda e, p: e * d + (1 - d) * p, ema, params)\n",
        1,
    ),
    "handed-in parameters": (
        "def f(target_params, source_params):\n    for t, s in zip(target_params, source_params):\n"
        "        t.detach().mul_(r).add_(s, alpha=1 - r)\n",
        3,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line"), AVERAGES.values(), ids=AVERAGES)
def test_each_spelling_is_found_on_its_line(text: str, line: int) -> None:
    """However weights are pulled towards the live ones, it is found once, where it happens."""
    assert found(text) == [line]


OTHERS = {
    "momentum of an optimizer": "for p in net.parameters():\n    m = state[p]\n"
    "    m.mul_(0.9).add_(p.grad, alpha=1 - 0.9)\n",
    "momentum by a name for the gradient": "for p in net.parameters():\n    g = p.grad\n    m = state[p]\n"
    "    m.mul_(b)\n    m.add_(g, alpha=1 - b)\n",
    "moments of Adam": "for p, exp_avg in zip(params, exp_avgs):\n    exp_avg.lerp_(p.g, 1 - beta1)\n",
    "moments beside the gradients": "for p, m, g in zip(params, ms, grads):\n    m.mul_(b)\n"
    "    m.add_(g, alpha=1 - b)\n",
    "moments of Adam, all at once": "torch._foreach_lerp_(exp_avgs, grads, 1 - beta1)\n",
    "weight decay, all at once": "torch._foreach_mul_(params, 1 - lr * wd)\n"
    "torch._foreach_add_(params, steps, alpha=-lr)\n",
    "running norm of the weights": "for p in net.parameters():\n"
    "    size = 0.9 * size + (1 - 0.9) * p.norm()\n",
    "running loss": "for k, v in losses.items():\n    mean[k] += (v - mean[k]) * 0.1\n",
    "running metric": "for name, value in metrics.items():\n    kept[name] *= d\n"
    "    kept[name] += (1 - d) * value\n",
    "running statistics of a norm": "for p in net.buffers():\n    running_mean.lerp_(p, 0.1)\n",
    "step towards a difference of others": "for p, c, d in zip(net.parameters(), xs, ys):\n"
    "    p.data.add_(c - d, alpha=-lr)\n",
    "decayed rate": "for p in net.parameters():\n    rate = lr / (1 + (step - 1) * k)\n",
    "outer step": PAIRS + "gap = b - a\n    a.data.add_(gap, alpha=-lr)\n",
    "copy": PAIRS + "a.copy_(b)\n",
    "pull added to the gradient": PAIRS + "a.grad += mu * (a - b)\n",
    "sum of models": PAIRS + "a.mul_(0.5)\n    a.add_(b)\n",
    "mixed samples": "for x, y in loader:\n    x = lam * x + (1 - lam) * x[order]\n",
    "price of a share": "for price in closes:\n    ema = (price - ema) * k + ema\n",
    "target network": "def learn(replay_buffer):\n    reward = replay_buffer.reward\n"
    "    for t, p in zip(target_net.parameters(), net.parameters()):\n"
    "        t.mul_(1 - tau).add_(tau * p)\n",
}


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS)
def test_what_only_looks_like_averaged_weights_is_not_found(text: str) -> None:
    """Optimizers, statistics, metrics and target networks of reinforcement learning are never scored."""
    assert found(text) == []


def test_a_teacher_beside_reinforcement_learning_is_still_an_average() -> None:
    """Only what is called a target is left out there."""
    assert found("reward = 1\n" + PAIRS + "a.lerp_(b, 0.1)\n") == [3]


UNCALLED = (
    "def drag(slow, fast):\n    " + PAIRS.replace("\n    ", "\n        ") + "a.lerp_(b, 0.1)\n"
)


def test_an_average_without_a_caller_is_none_of_the_arm() -> None:
    """Where one arm's settings took out the calls, the function left standing does nothing."""
    assert found(UNCALLED, settings="method=plain") == []
    assert found(UNCALLED + "drag(a, b)\n", settings="method=ours") == [3]
    assert found(UNCALLED) == [3]


def test_an_average_that_nothing_names_beside_a_training_is_idle() -> None:
    """A helper left in a file that the training script never mentions averages nothing."""
    script = "model = Net()\nmodel(x).backward()\n"
    files = [
        SourceFile(path="r/utils.py", text=UNCALLED),
        SourceFile(path="r/train.py", text=script),
    ]
    assert weight_averaging(CodeTree(root="r", files=tuple(files))) == ()
    files[1] = SourceFile(path="r/train.py", text=script + "from utils import drag\ndrag(a, b)\n")
    assert len(weight_averaging(CodeTree(root="r", files=tuple(files)))) == 1


def test_an_expression_nested_too_deep_is_passed_over() -> None:
    """A sum of thousands of terms ends no audit."""
    terms = " + ".join(["a"] * 900)
    assert found(PAIRS + f"a = {terms} + (b - a) * k\n") in ([], [2])
