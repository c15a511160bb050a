"""Which network a script trains, where it is given to an optimizer in parts, or not at all."""

from __future__ import annotations

import textwrap

from netgain.analysis.symbolic.networks import NetworkCost, configured, trained_costs
from netgain.study import CodeTree, SourceFile

PARTS = """
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self, act=nn.ReLU, depth=1):
        super().__init__()
        self.encoder = nn.Sequential(*[nn.Linear(8, 8) for _ in range(depth)])
        self.act = act()
        self.decoder = nn.Linear(8, 8)
    def forward(self, x):
        return self.decoder(self.act(self.encoder(x)))
"""


def trained(**files: str) -> tuple[NetworkCost, ...] | None:
    """Return the networks that files of code train; `__` in a name is a folder."""
    held = tuple(
        SourceFile(path=f"{name.replace('__', '/')}.py", text=textwrap.dedent(text))
        for name, text in files.items()
    )
    return trained_costs(CodeTree(root=".", files=held), configured({}))


def test_parts_given_together_are_their_network() -> None:
    """An optimizer over encoder and decoder trains the network that holds both."""
    found = trained(
        train=PARTS
        + "net = Net()\nboth = list(net.encoder.parameters()) + list(net.decoder.parameters())\n"
        "torch.optim.Adam(both, lr=1e-3)\n"
    )
    assert found is not None
    assert [(one.name, dict(one.operations)[8,]) for one in found] == [("Net", 128)]


def test_an_optimizer_of_something_unknown_leaves_the_script_open() -> None:
    """Where the generator cannot be followed, the discriminator is not taken for the model."""
    text = (
        PARTS + "import elsewhere\nmaker = elsewhere.build()\njudge = Net()\n"
        "torch.optim.Adam(maker.parameters(), lr=1e-3)\ntorch.optim.Adam(judge.parameters(), lr=1e-3)\n"
    )
    assert trained(train=text) is None


def test_functions_that_each_make_a_network_tell_its_kinds_alone() -> None:
    """Two depths of one design have no one cost, and one kind of activation."""
    found = trained(
        model=PARTS + "def small():\n    return Net()\ndef large():\n    return Net(depth=3)\n"
    )
    assert found is not None
    assert found[0].operations == ()
    assert found[0].alone
    assert {c.name for c in found[0].components or () if c.kind == "activation"} == {"relu"}


def test_functions_that_make_different_networks_tell_nothing() -> None:
    """Two activations: which one is compared is open."""
    found = trained(
        model=PARTS + "def one():\n    return Net()\ndef two():\n    return Net(act=nn.GELU)\n"
    )
    assert found is not None
    assert found[0].components is None


def test_a_file_that_lost_its_folder_is_found() -> None:
    """`from models.net import Net` finds `net.py` where the folder was left out."""
    script = (
        "import torch\nfrom models.net import Net\ntorch.optim.SGD(Net().parameters(), lr=0.1)\n"
    )
    found = trained(train=script, net=PARTS)
    assert found is not None
    assert found[0].name == "Net"


def test_a_package_is_not_looked_for_among_the_files() -> None:
    """`from timm.net import Net` does not mean the project's `net.py`."""
    script = "import torch\nfrom timm.net import Net\ntorch.optim.SGD(Net().parameters(), lr=0.1)\n"
    found = trained(train=script, net=PARTS)
    assert found is None or found[0].source.path != "train.py"


def test_names_of_a_file_that_a_configurator_sets() -> None:
    """A file whose names `exec` overrides makes the network that the run was configured with.

    Two blocks of 64 x 64 weights on 128 tokens, and the head on the last position alone.
    """
    script = """
    import torch
    from torch import nn
    from dataclasses import dataclass
    n_layer = 12
    n_embd = 64
    exec(open("configurator.py").read())
    @dataclass
    class Config:
        n_layer: int = 1
        n_embd: int = 8
    class Model(nn.Module):
        def __init__(self, config):
            super().__init__()
            self.wte = nn.Embedding(100, config.n_embd)
            self.blocks = nn.ModuleList(
                [nn.Linear(config.n_embd, config.n_embd, bias=False) for _ in range(config.n_layer)]
            )
            self.head = nn.Linear(config.n_embd, 100, bias=False)
        def forward(self, tokens, targets=None):
            x = self.wte(tokens)
            for block in self.blocks:
                x = x + block(x)
            return self.head(x if targets is not None else x[:, [-1], :])
        def optimizers(self):
            named = {name: p for name, p in self.named_parameters()}
            decayed = [p for name, p in named.items() if p.dim() >= 2]
            others = [p for name, p in named.items() if p.dim() < 2]
            return torch.optim.AdamW([{"params": decayed}, {"params": others}], lr=1e-3)
    model = Model(Config(**dict(n_layer=n_layer, n_embd=n_embd)))
    model.optimizers()
    """
    file = SourceFile(path="train.py", text=textwrap.dedent(script))
    found = trained_costs(CodeTree(root=".", files=(file,)), configured({"n_layer": 2}))
    assert found is not None
    assert dict(found[0].operations)[128,] == 2 * 128 * 64 * 64 + 64 * 100
    assert found[0].left_out == ()


def test_a_discriminator_that_is_not_among_the_files_leaves_the_generator_alone() -> None:
    """Only what is trained beside the model is not followed."""
    found = trained(
        train=PARTS + "import elsewhere\nnet = Net()\ndiscriminator = elsewhere.build()\n"
        "torch.optim.Adam(net.parameters(), lr=1e-3)\n"
        "torch.optim.Adam(discriminator.parameters(), lr=1e-3)\n"
    )
    assert found is not None
    assert [one.name for one in found] == ["Net"]
