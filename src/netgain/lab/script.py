"""The training script an arm publishes: the lab's recipe as people write it, in one file.

Settings come from the run's `config.yaml`; those a plan buries stand in the code as bare numbers instead, and
are missing from the config (NG203).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import fields
from string import Template

from netgain.plan import Settings

BURIABLE = ("label_smoothing", "auxiliary_weight", "weight_decay", "warmup", "ema_decay")
"""Settings the script can hold as literals."""

SCRIPT = Template('''\
"""Train one seed: python train.py runs/NAME/config.yaml data.npz."""

import math
import sys

import numpy as np
import torch
import torch.nn.functional as F
import yaml
from torch import nn


class Block(nn.Module):
    def __init__(self, channels, width, kernel, stride):
        super().__init__()
        self.conv = nn.Conv1d(channels, width, kernel, stride=stride, padding=kernel // 2, bias=False)
        self.norm = nn.BatchNorm1d(width)
        self.act = nn.${act}()

    def forward(self, x):
        return self.act(self.norm(self.conv(x)))


class Net(nn.Module):
    def __init__(self, cfg, channels, classes):
        super().__init__()
        blocks = []
        for index in range(${depth}):
            stride = 2 if index < ${strided_blocks} else 1
            blocks.append(Block(channels, ${width}, ${kernel_size}, stride))
            channels = ${width}
        self.blocks = nn.Sequential(*blocks)
        self.classifier = nn.Linear(channels, classes)

    def forward(self, x):
        return self.classifier(self.blocks(x).mean(-1))


def factor(step, total, warmup):
    if step < warmup * total:
        return (step + 1) / (warmup * total)
    done = (step - warmup * total) / (total - warmup * total)
    return (1 + math.cos(math.pi * done)) / 2


def main(config, arrays):
    with open(config) as stream:
        cfg = yaml.safe_load(stream)
    data = np.load(arrays)
    x, y = torch.from_numpy(data["train_x"]), torch.from_numpy(data["train_y"])
    torch.manual_seed(${seed})
    model = Net(cfg, x.shape[1], int(y.max()) + 1)
    total = ${epochs} * len(x) // ${batch_size}
    optimizer = torch.optim.AdamW(model.parameters(), lr=${learning_rate}, weight_decay=${weight_decay})
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: factor(step, total, ${warmup}))
    for epoch in range(int(${epochs})):
        for index in torch.randperm(len(x)).split(${batch_size}):
            logits = model(x[index])
            loss = F.cross_entropy(logits, y[index], label_smoothing=${label_smoothing})
            ${auxiliary}optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()


if __name__ == "__main__":
    main(*sys.argv[1:])
''')
AUXILIARY = "loss = loss + {weight} * logits.square().mean()\n            "
CLASSES = {
    "relu": "ReLU",
    "silu": "SiLU",
    "gelu": "GELU",
    "leaky_relu": "LeakyReLU",
    "prelu": "PReLU",
}


def training_script(
    settings: Settings, buried: Collection[str], spell: Callable[[str], str] = str
) -> str:
    """Return the script of an arm.

    Args:
        settings: what the arm trains with.
        buried: settings that stand in the code as numbers; see `BURIABLE`.
        spell: the key a setting has in the config, dotted where it is nested.
    """
    names = {field.name for field in fields(Settings)} | {"seed"}
    values = {
        name: repr(getattr(settings, name)) if name in buried else _looked_up(spell(name))
        for name in names
    }
    auxiliary = ""
    if settings.auxiliary_loss != "none":
        auxiliary = AUXILIARY.format(weight=values["auxiliary_weight"])
    return SCRIPT.substitute(
        values | {"auxiliary": auxiliary, "act": CLASSES.get(settings.activation, "ReLU")}
    )


def _looked_up(key: str) -> str:
    """Return the expression that takes a dotted key from the config."""
    return "cfg" + "".join(f'["{part}"]' for part in key.split("."))
