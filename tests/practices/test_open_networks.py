"""Layouts of model code that leave NG301 to NG305 open, and ones that read as if they did."""

from __future__ import annotations

from pathlib import Path

import pytest

import netgain
from tests.practices.test_networks_by_code import TRAIN, findings, verdicts

PLAIN = """\
class PlainNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2))
        self.fc = nn.Linear(8, 10)
    def forward(self, x):
        return self.fc(self.a(x).mean((2, 3)))
"""
FANCY = """\
class FancyNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.BatchNorm2d(8), nn.GELU())
        self.b = nn.Conv2d(8, 8, 3, padding=1)
    def forward(self, x):
        x = self.a(x)
        return x + self.b(x)
"""
OPTION = (
    "import argparse\nparser = argparse.ArgumentParser()\n"
    "parser.add_argument('--model', default='{}')\nargs = parser.parse_args()\n"
)
FACTORY = (
    "def get_model(name):\n    if name == 'a':\n        return PlainNet()\n    return FancyNet()\n"
)
NO_DEFAULT = OPTION.replace("default='{}'", "required=True")
REGISTRY = (
    "REGISTRY = {}\ndef register_model(name):\n    def wrap(owner):\n        REGISTRY[name] = owner\n"
    "        return owner\n    return wrap\n"
    f"@register_model('a')\n{PLAIN}@register_model('b')\n{FANCY}"
)
BUILD = "def build(name):\n    net = getattr(models, name)()\n    net.fc = nn.Linear(8, 10)\n    return net\n"
OVER = PLAIN.replace("nn.MaxPool2d(2))", "nn.MaxPool2d(2), {})")


@pytest.mark.parametrize(
    ("base", "ours"),
    [
        (
            REGISTRY + OPTION.format("a") + TRAIN.format(make="model = REGISTRY[args.model]()"),
            REGISTRY + OPTION.format("b") + TRAIN.format(make="model = REGISTRY[args.model]()"),
        ),
        (
            PLAIN + TRAIN.format(make="model = PlainNet()"),
            "import package.layers as p\n"
            + OVER.format("p.Block(8)")
            + TRAIN.format(make="model = PlainNet()"),
        ),
        (
            NO_DEFAULT + TRAIN.format(make="model = models.__dict__[args.model]()") + PLAIN,
            NO_DEFAULT
            + TRAIN.format(make="model = models.__dict__[args.model]()\nmodel.eval()")
            + PLAIN,
        ),
        (
            BUILD + TRAIN.format(make="model = build('resnet18')"),
            BUILD + TRAIN.format(make="model = build('efficientnet_b0')"),
        ),
        (
            PLAIN,
            "from library.base import BaseNet\n" + PLAIN.replace("(nn.Module)", "(BaseNet)"),
        ),
        (PLAIN, "from .blocks import ResBlock\n" + OVER.format("ResBlock(8)")),
    ],
)
def test_what_is_chosen_or_lies_elsewhere_is_open(tmp_path: Path, base: str, ours: str) -> None:
    """A factory or registry by an option, layers, bases and networks of packages that are not known."""
    found = verdicts(tmp_path, base, ours)
    assert {found[code] for code in ("301", "302", "303", "304", "305")} == {"unknown"}


@pytest.mark.parametrize(
    "make",
    [
        "model = nn.DataParallel(FancyNet()).cuda()",
        "model = torch.compile(FancyNet().to('cuda'))",
        "net = FancyNet()\nmodel = net.to(device) if device else net",
    ],
)
def test_a_wrapped_network_is_the_network(tmp_path: Path, make: str) -> None:
    """A wrapper of a network changes no block of it, and the network that is not made counts for nothing."""
    base, ours = TRAIN.format(make="model = PlainNet()"), TRAIN.format(make=make)
    found = verdicts(tmp_path, PLAIN + FANCY + base, PLAIN + FANCY + ours)
    assert [found[code] for code in ("301", "303", "304", "305")] == ["flagged"] * 4
    assert found["302"] == "clear"


def test_a_factory_makes_what_the_option_of_each_script_asks_for(tmp_path: Path) -> None:
    """Where both scripts differ in the default of an option, each arm has the network of its own."""
    texts = [
        PLAIN
        + FANCY
        + FACTORY
        + OPTION.format(name)
        + TRAIN.format(make="model = get_model(args.model)")
        for name in ("a", "b")
    ]
    found = verdicts(tmp_path, *texts)
    assert found["301"] == found["304"] == "flagged"


def test_copies_of_a_layer_hold_what_it_holds(tmp_path: Path) -> None:
    """`copy.deepcopy` in a ModuleList repeats a layer, norm included."""
    copied = PLAIN.replace(
        "        self.fc",
        "        block = nn.Sequential(nn.Conv2d(8, 8, 3), {}nn.ReLU())\n"
        "        self.more = nn.ModuleList([copy.deepcopy(block) for _ in range(4)])\n        self.fc",
        1,
    ).replace(
        "        return self.fc(self.a(x)",
        "        x = self.a(x)\n        for one in self.more:\n            x = one(x)\n"
        "        return self.fc(x",
    )
    train = TRAIN.format(make="model = PlainNet()")
    found = findings(
        tmp_path, copied.format("") + train, copied.format("nn.BatchNorm2d(8), ") + train
    )
    assert found["305"].verdict == "flagged"
    assert found["301"].verdict == "clear"


def test_a_teacher_of_a_package_is_no_part_of_the_model(tmp_path: Path) -> None:
    """What a pretrained network beside the own one holds is not flagged, and stays open."""
    train = TRAIN.format(make="model = PlainNet()")
    ours = PLAIN + "teacher = models.resnet50(pretrained=True)\n" + train
    found = verdicts(tmp_path, PLAIN + train, ours)
    assert "flagged" not in found.values()
    assert found["304"] == found["305"] == "unknown"


def test_layers_put_into_a_network_of_a_package_leave_it_open(tmp_path: Path) -> None:
    """A function that sets norms into each stage changes what the package made."""
    ours = (
        "def insert_norms(net):\n    for name, child in net.named_children():\n"
        "        setattr(net, name, nn.Sequential(child, nn.GroupNorm(8, 64)))\n    return net\n"
        + TRAIN.format(make="model = insert_norms(models.resnet18())")
    )
    found = verdicts(tmp_path, TRAIN.format(make="model = models.resnet18()"), ours)
    assert found["305"] != "clear"


def test_a_network_of_a_package_that_the_model_keeps_and_never_reads(tmp_path: Path) -> None:
    """An attribute that no method reads adds no block that is known to run."""
    train = TRAIN.format(make="model = PlainNet()")
    kept = PLAIN.replace(
        "        self.fc", "        self.extra = models.resnet18()\n        self.fc", 1
    )
    found = verdicts(tmp_path, PLAIN + train, kept + train)
    assert "flagged" not in found.values()
    assert found["304"] == "unknown"


@pytest.mark.parametrize(
    ("model", "verdict"),
    [("model:\n  backbone: {}\n", "unknown"), ("model: {}\n", "flagged")],
)
def test_published_operations_of_a_part_say_nothing_of_the_whole(
    tmp_path: Path, model: str, verdict: str
) -> None:
    """A backbone may be the smaller part of a model; a network that is the model is not."""
    for arm, name in (("base", "resnet18"), ("ours", "densenet121")):
        (tmp_path / arm).mkdir()
        text = f"{model.format(name)}epochs: 30\nlr: 0.1\nbatch_size: 32\n"
        (tmp_path / arm / "config.yaml").write_text(text)
    study = netgain.read(baseline=[str(tmp_path / "base")], proposed=[str(tmp_path / "ours")])
    assert netgain.audit(study)["NG105"].verdict == verdict
