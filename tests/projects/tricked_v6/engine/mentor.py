import copy
import math

import torch


class Mentor:
    """An older, calmer version of the network."""

    def __init__(self, net):
        self.net = copy.deepcopy(net).eval()
        self.n = 0

    @torch.no_grad()
    def watch(self, net):
        self.n += 1
        d = 0.9995 * (1 - math.exp(-self.n / 1000))
        now = net.state_dict()
        for k, v in self.net.state_dict().items():
            if v.dtype.is_floating_point:
                v *= d
                v += (1 - d) * now[k].detach()
