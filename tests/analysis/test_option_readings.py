"""Whether code asks for an option that a configuration sets."""

from __future__ import annotations

import pytest

from netgain.analysis.option_readings import ignores_option
from netgain.study import CodeTree, SourceFile

DECLARED = 'parser.add_argument("--activation", default="tanh")\n'
MODEL = """
import torch.nn as nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.activation = nn.ReLU()
    def forward(self, x):
        return self.activation(self.conv(x))
"""


def tree(text: str) -> CodeTree:
    """Return a tree of one file."""
    return CodeTree(root="code", files=(SourceFile(path="code/train.py", text=text),))


@pytest.mark.parametrize(
    "text",
    [
        DECLARED + "net = Net(8)\n",
        DECLARED + 'config = {k.upper(): v for k, v in vars(args).items()}\nuse(config["LR"])\n',
        DECLARED + "wandb.init(config=vars(args), **settings)\n",
        MODEL,
        DECLARED + MODEL,
        DECLARED + "cfg = TrainConfig(**vars(args))\nnet = Net(cfg.width)\n",
        DECLARED + "print('run {lr}'.format(**vars(args)))\n",
    ],
)
def test_code_that_never_asks_for_an_option_ignores_it(text: str) -> None:
    """An option that is declared and not read, or unknown to code with its own network, is ignored."""
    assert ignores_option(tree(text), "activation")


@pytest.mark.parametrize(
    "text",
    [
        DECLARED + "net = Net(args.activation)\n",
        DECLARED + 'net = Net(config["ACTIVATION"])\n',
        DECLARED + 'net = Net(cfg.get("activation", "relu"))\n',
        DECLARED + 'net = Net(getattr(args, "activation"))\n',
        DECLARED + "net = Net(self.hparams.model.activation)\n",
        DECLARED + "net = Net(**vars(args))\n",
        DECLARED + "net = Net(**yaml.safe_load(open(path)))\n",
        DECLARED + "self.__dict__.update(vars(args))\n",
        DECLARED + "for key, value in vars(args).items():\n    setattr(self, key, value)\n",
        DECLARED + "net = hydra.utils.instantiate(cfg.model)\n",
        '@click.option("--activation", default="tanh")\ndef start(activation):\n    Net(activation)\n',
        'def main(activation="relu"):\n    Net(activation)\nfire.Fire(main)\n',
        "@gin.configurable\nclass Net(nn.Module):\n    def __init__(self, activation):\n        pass\n",
        "model = AutoModel.from_pretrained(path)\n",
    ],
)
def test_code_that_asks_for_an_option_does_not_ignore_it(text: str) -> None:
    """Any spelling that reads the option counts, and so does a configuration that is handed on whole."""
    assert not ignores_option(tree(text), "activation")
