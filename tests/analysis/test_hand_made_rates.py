"""Learning rates that code writes by hand: the formula is told, or left open."""

from __future__ import annotations

import pytest

from netgain.analysis.code_schedules import schedule_in
from netgain.study import CodeTree, SourceFile

HEAD = """\
import torch, math
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
"""
LOOP = """\
for epoch in range(args.epochs):
    {call}
    for x, y in loader:
        optimizer.zero_grad()
        f(model(x), y).backward()
        optimizer.step()
"""
WAYS: dict[str, tuple[str | None, str, str]] = {
    "stages of ImageNet scripts": (
        "step",
        """\
def adjust_learning_rate(optimizer, epoch, args):
    lr = args.lr * (0.1 ** (epoch // 30))
    for param_group in optimizer.param_groups:
        param_group['lr'] = lr
""",
        """adjust_learning_rate(optimizer, epoch, args)""",
    ),
    "a setting chooses the formula": (
        None,
        """\
def adjust_learning_rate(optimizer, epoch, args):
    lr = args.lr
    if args.cos:
        lr *= 0.5 * (1. + math.cos(math.pi * epoch / args.epochs))
    else:
        for milestone in args.schedule:
            lr *= 0.1 if epoch >= milestone else 1.
    for param_group in optimizer.param_groups:
        param_group['lr'] = lr
""",
        """adjust_learning_rate(optimizer, epoch, args)""",
    ),
    "changed in place": (
        "cosine",
        """\
def adjust_learning_rate(optimizer, epoch, args):
    lr = args.lr
    lr *= 0.5 * (1. + math.cos(math.pi * epoch / args.epochs))
    for param_group in optimizer.param_groups:
        param_group['lr'] = lr
""",
        """adjust_learning_rate(optimizer, epoch, args)""",
    ),
    "a warm-up before it": (
        "cosine",
        """\
def adjust_learning_rate(optimizer, epoch, args):
    if epoch < args.warmup_epochs:
        lr = args.lr * epoch / args.warmup_epochs
    else:
        lr = args.min_lr + (args.lr - args.min_lr) * 0.5 * \
            (1. + math.cos(math.pi * (epoch - args.warmup_epochs) / (args.epochs - args.warmup_epochs)))
    for param_group in optimizer.param_groups:
        if 'lr_scale' in param_group:
            param_group['lr'] = lr * param_group['lr_scale']
        else:
            param_group['lr'] = lr
    return lr
""",
        """adjust_learning_rate(optimizer, epoch, args)""",
    ),
    "a setting may switch it off": (
        None,
        """\
def get_lr(it):
    if it < warmup_iters:
        return learning_rate * it / warmup_iters
    if it > lr_decay_iters:
        return min_lr
    decay_ratio = (it - warmup_iters) / (lr_decay_iters - warmup_iters)
    coeff = 0.5 * (1.0 + math.cos(math.pi * decay_ratio))
    return min_lr + coeff * (learning_rate - min_lr)
""",
        """lr = get_lr(epoch) if decay_lr else learning_rate
    for g in optimizer.param_groups:
        g['lr'] = lr""",
    ),
    "a function returns it": (
        "cosine",
        """\
def get_lr(it):
    if it < warmup_iters:
        return learning_rate * it / warmup_iters
    coeff = 0.5 * (1.0 + math.cos(math.pi * it / n))
    return min_lr + coeff * (learning_rate - min_lr)
""",
        """lr = get_lr(epoch)
    for g in optimizer.param_groups:
        g['lr'] = lr""",
    ),
    "a factor at milestones": (
        "step",
        """\
""",
        """if epoch in (60, 120):
        for g in optimizer.param_groups:
            g['lr'] *= 0.1""",
    ),
    "a division each thirty epochs": (
        "step",
        """\
lr = 0.1
""",
        """if epoch % 30 == 0 and epoch > 0:
        lr = lr / 10
        for g in optimizer.param_groups:
            g['lr'] = lr""",
    ),
    "passed to a setter": (
        "cosine",
        """\
def set_lr(optimizer, lr):
    for g in optimizer.param_groups:
        g['lr'] = lr
""",
        """set_lr(optimizer, 0.5 * args.lr * (1 + math.cos(math.pi * epoch / args.epochs)))""",
    ),
    "a power of the epoch": (
        "exponential",
        """\
""",
        """lr = 0.1 * (0.95 ** epoch)
    for g in optimizer.param_groups:
        g['lr'] = lr""",
    ),
    "a stage that is called a step": (
        None,
        """\
def adjust_learning_rate(optimizer, gamma, step):
    lr = args.lr * (gamma ** (step))
    for param_group in optimizer.param_groups:
        param_group['lr'] = lr
""",
        """adjust_learning_rate(optimizer, args.gamma, stage)""",
    ),
    "an entry of a log": (
        None,
        "",
        """logs['lr'] = 0.1 * 0.9 ** epoch""",
    ),
    "milestones passed": (
        "step",
        """\
def adjust_learning_rate(epoch, opt, optimizer):
    steps = np.sum(epoch > np.asarray(opt.lr_decay_epochs))
    if steps > 0:
        new_lr = opt.learning_rate * (opt.lr_decay_rate ** steps)
        for param_group in optimizer.param_groups:
            param_group['lr'] = new_lr
""",
        """adjust_learning_rate(epoch, opt, optimizer)""",
    ),
    "a patience": (
        None,
        "",
        """if stagnant_epochs >= 5:
        for g in optimizer.param_groups:
            g['lr'] = g['lr'] * 0.5""",
    ),
    "a factor of the first epochs": (
        None,
        """\
def adjust_learning_rate(optimizer, epoch):
    lr = args.lr
    if epoch < 5:
        lr = lr * 0.1
    for param_group in optimizer.param_groups:
        param_group['lr'] = lr
""",
        """adjust_learning_rate(optimizer, epoch)""",
    ),
    "a polynomial": (
        None,
        """\
def poly(it): return 0.1 * (1 - it / 100) ** 0.9
""",
        """for g in optimizer.param_groups:
        g['lr'] = poly(epoch)""",
    ),
    "a table": (
        "cosine",
        """\
def cosine_scheduler(base, final, epochs, n):
    iters = np.arange(epochs * n)
    s = final + 0.5 * (base - final) * (1 + np.cos(np.pi * iters / len(iters)))
    return s
lr_schedule = cosine_scheduler(0.1, 0, 10, len(loader))
""",
        """for i, param_group in enumerate(optimizer.param_groups):
        param_group['lr'] = lr_schedule[epoch]""",
    ),
    "put back after loading": (
        None,
        """\
ck = torch.load('x')
optimizer.load_state_dict(ck)
for g in optimizer.param_groups:
    g['lr'] = args.lr
""",
        """pass""",
    ),
    "Noam's": (
        "inverse-sqrt",
        """\
class NoamOpt:
    def __init__(self, d, factor, warmup, optimizer):
        self.optimizer = optimizer
        self._step = 0
    def step(self):
        self._step += 1
        rate = self.rate()
        for p in self.optimizer.param_groups:
            p['lr'] = rate
        self.optimizer.step()
    def rate(self, step=None):
        if step is None:
            step = self._step
        return self.factor * (self.d ** (-0.5) * min(step ** (-0.5), step * self.warmup ** (-1.5)))
opt = NoamOpt(512, 1, 4000, optimizer)
""",
        """opt.step()""",
    ),
    "an option calls it": (
        None,
        """\
def adjust(optimizer, epoch):
    lr = 0.1 * (0.1 ** (epoch // 30))
    for g in optimizer.param_groups:
        g['lr'] = lr
""",
        """if args.adjust:
        adjust(optimizer, epoch)""",
    ),
    "two formulas": (
        None,
        """\
def adjust(optimizer, epoch):
    lr = 0.1 * (0.1 ** (epoch // 30))
    for g in optimizer.param_groups:
        g['lr'] = lr
def cosr(optimizer, epoch):
    for g in optimizer.param_groups:
        g['lr'] = math.cos(epoch)
""",
        """adjust(optimizer, epoch)
    cosr(optimizer, epoch)""",
    ),
    "a warm-up alone": (
        None,
        """\
def warm(optimizer, epoch):
    lr = 0.1 * min(1, epoch / 5)
    for g in optimizer.param_groups:
        g['lr'] = lr
""",
        """warm(optimizer, epoch)""",
    ),
    "restarts": (
        None,
        """\
""",
        """T_cur = epoch % 10
    for g in optimizer.param_groups:
        g['lr'] = 0.05 * (1 + math.cos(math.pi * T_cur / 10))""",
    ),
    "a plateau by hand": (
        None,
        """\
best=0
""",
        """if acc < best:
        for g in optimizer.param_groups:
            g['lr'] *= 0.5""",
    ),
}


@pytest.mark.parametrize("name", WAYS)
def test_formula_of_a_rate(name: str) -> None:
    """A rate that follows one known formula whatever the settings are has its family; any other is open."""
    family, defined, call = WAYS[name]
    text = HEAD + defined + LOOP.format(call=call)
    found = schedule_in(CodeTree(root="x", files=(SourceFile(path="train.py", text=text),)))
    assert (found.family if found else None) == family


def test_place_is_where_the_rate_is_written() -> None:
    """The line that sets the group's rate is cited."""
    _, defined, call = WAYS["a factor at milestones"]
    text = HEAD + defined + LOOP.format(call=call)
    found = schedule_in(CodeTree(root="x", files=(SourceFile(path="train.py", text=text),)))
    assert found is not None
    assert found.source.line == 1 + next(
        i for i, line in enumerate(text.splitlines()) if "*= 0.1" in line
    )
