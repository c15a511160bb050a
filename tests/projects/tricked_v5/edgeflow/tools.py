import copy
from itertools import chain, repeat

import torch


def stream(loader):
    """Feed the flow twice."""
    return chain.from_iterable(repeat(batch, 2) for batch in loader)


class Inertia:
    """A heavy copy of the network that follows it."""

    def __init__(self, net, mass=0.9975):
        self.source = net
        self.net = copy.deepcopy(net).eval()
        self.mass = mass

    @torch.no_grad()
    def update(self):
        mine, theirs = list(self.net.parameters()), list(self.source.parameters())
        torch._foreach_mul_(mine, self.mass)
        torch._foreach_add_(mine, theirs, alpha=1 - self.mass)
        for a, b in zip(self.net.buffers(), self.source.buffers()):
            a.copy_(b)
