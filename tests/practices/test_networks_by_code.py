"""NG301 to NG305 over two folders of model code, from files on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

import netgain

HEAD = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\nfrom torchvision import models\n"
TRAIN = (
    "{make}\noptimizer = torch.optim.SGD(model.parameters(), lr=0.1)\n"
    "for x, y in loader:\n    F.cross_entropy(model(x), y).backward()\n    optimizer.step()\n"
)


def verdicts(root: Path, base: str, ours: str, **more: str) -> dict[str, str]:
    """Return the verdicts of the practices on two files of code, by number."""
    return {code: finding.verdict for code, finding in findings(root, base, ours, **more).items()}


def findings(root: Path, base: str, ours: str, **more: str) -> dict[str, netgain.Finding]:
    """Return the findings on two files of code, by number of the practice."""
    for arm, text in (("base", base), ("ours", ours)):
        (root / arm).mkdir()
        (root / arm / "model.py").write_text(HEAD + text)
    for name, text in more.items():
        (root / name / "train.py").write_text(HEAD + text)
    report = netgain.audit(
        netgain.read(baseline=[str(root / "base")], proposed=[str(root / "ours")])
    )
    return {
        code[2:]: report[code] for code in ("NG301", "NG302", "NG303", "NG304", "NG305", "NG403")
    }


LIBRARY = TRAIN.format(make="model = models.resnet18()\nmodel.fc = nn.Linear(512, 10)")
WITH_HEADS = (
    "class HeadNet(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    "        self.a = models.resnet18()\n"
    "        self.b = nn.Sequential(nn.Linear(512, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 10))\n"
    "    def forward(self, x):\n        return self.b(self.a(x))\n"
)


def test_norms_beside_a_network_of_a_package_are_not_set_against_its_own(tmp_path: Path) -> None:
    """How many norms ResNet holds is not counted, so that a norm in a new head stays open."""
    found = verdicts(tmp_path, LIBRARY, WITH_HEADS + TRAIN.format(make="model = HeadNet()"))
    assert found["305"] == "unknown"
    assert found["304"] == found["301"] == "clear"


def test_an_own_network_against_one_of_a_package(tmp_path: Path) -> None:
    """Pools without sums against ResNet's stages: strides and skips are new, norm and activation are not."""
    own = (
        "class SmallNet(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.a = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2))\n"
        "        self.fc = nn.Linear(8, 10)\n"
        "    def forward(self, x):\n        return self.fc(self.a(x).mean((2, 3)))\n"
    )
    found = verdicts(tmp_path, own + TRAIN.format(make="model = SmallNet().cuda()"), LIBRARY)
    assert (found["303"], found["304"], found["302"]) == ("flagged", "flagged", "clear")


POOLED = """\
class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2))
    def forward(self, x):
        return self.a(x)
"""
STRIDED = """\
class Extractor(nn.Module):
    def __init__(self, depth=6, every=2):
        super().__init__()
        layers = []
        for i in range(depth):
            stride = 2 if every and (i + 1) % every == 0 else 1
            layers += [nn.Conv2d(8, 8, 3, stride=stride), nn.ReLU()]
        self.a = nn.Sequential(*layers)
    def forward(self, x):
        return self.a(x)
"""


def test_a_network_that_nothing_makes_is_read_by_its_defaults(tmp_path: Path) -> None:
    """One network in each folder and no script: a stride over the loop variable stands against a pool."""
    found = findings(tmp_path, POOLED, STRIDED)
    assert found["303"].verdict == "flagged"
    assert found["301"].verdict == found["302"].verdict == "clear"
    assert "Nothing in the files makes Extractor or Backbone" in found["303"].message


def test_layers_that_come_as_an_argument_leave_a_network_open(tmp_path: Path) -> None:
    """A ResNet over a block class that nobody hands it may be made of either block."""
    net = """\
class Block(nn.Module):
    def __init__(self, a, b):
        super().__init__()
        self.c = nn.Conv2d(a, b, 3)
        self.n = {norm}
    def forward(self, x):
        return F.relu(self.n(self.c(x)) + x)
class ResNet(nn.Module):
    def __init__(self, block, layers):
        super().__init__()
        self.a = nn.Sequential(*[block(8, 8) for _ in range(layers[0])])
    def forward(self, x):
        return self.a(x)
"""
    found = verdicts(
        tmp_path, net.format(norm="nn.BatchNorm2d(b)"), net.format(norm="nn.GroupNorm(2, b)")
    )
    assert set(found.values()) == {"unknown"}


def test_a_choice_of_networks_that_nothing_makes_is_open(tmp_path: Path) -> None:
    """Two networks in the proposed folder and none that is made: which one is compared is not known."""
    gated = POOLED.replace("Backbone", "SecondNet").replace("nn.ReLU()", "nn.GELU()")
    found = verdicts(
        tmp_path,
        POOLED.replace("Backbone", "FirstNet"),
        POOLED.replace("Backbone", "FirstNet") + gated,
    )
    assert set(found.values()) == {"unknown"}


def test_a_switch_of_a_network_that_nothing_makes_is_open(tmp_path: Path) -> None:
    """A layer under an argument that is off by default is not said to be there, nor not to be."""
    switched = POOLED.replace("def __init__(self):", "def __init__(self, norm=False):").replace(
        "    def forward",
        "        if norm:\n            self.n = nn.BatchNorm2d(8)\n    def forward",
    )
    assert verdicts(tmp_path, POOLED, switched)["305"] == "unknown"


def test_a_script_that_imports_a_network_that_is_not_given_leaves_the_others_alone(
    tmp_path: Path,
) -> None:
    """A training over a `model` that is not among the files does not put the one network out of use."""
    script = "from model import SmallNet\n" + TRAIN.format(make="model = SmallNet()")
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "model_v2.py").write_text(HEAD + STRIDED)
    (tmp_path / "ours" / "main.py").write_text(HEAD + script)
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "model.py").write_text(HEAD + POOLED.replace("Backbone", "SmallNet"))
    (tmp_path / "base" / "main.py").write_text(HEAD + script)
    study = netgain.read(baseline=[str(tmp_path / "base")], proposed=[str(tmp_path / "ours")])
    assert netgain.audit(study)["NG303"].verdict == "flagged"


def _stack(norms: int, layers: int, *, loop: bool = False) -> str:
    parts = [
        f"nn.Conv2d(8, 8, 3), {'nn.BatchNorm2d(8), ' if i < norms else ''}nn.ReLU()"
        for i in range(layers)
    ]
    repeated = (
        "        self.b = nn.Sequential(*[nn.Conv2d(8, 8, 3) for _ in range(9)])\n" if loop else ""
    )
    return (
        "class StackNet(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        f"        self.a = nn.Sequential({', '.join(parts)})\n{repeated}"
        "    def forward(self, x):\n        return self.a(x)\n"
    ) + TRAIN.format(make="model = StackNet()")


def test_more_norms_than_layers_were_added_stand_at_layers_of_both(tmp_path: Path) -> None:
    """Four norms at nine layers against nine at ten: four of five new norms have no new layer."""
    found = findings(tmp_path, _stack(4, 9), _stack(9, 10))
    assert found["305"].verdict == "flagged"
    assert found["305"].evidence[0].key == "StackNet"


def test_a_norm_behind_each_added_layer_is_clear(tmp_path: Path) -> None:
    """Three more layers with their three norms are a deeper model."""
    assert verdicts(tmp_path, _stack(4, 4), _stack(7, 7))["305"] == "clear"


def test_layers_that_a_loop_makes_are_not_counted(tmp_path: Path) -> None:
    """A loop may hold the layers that the new norms stand behind: open."""
    assert verdicts(tmp_path, _stack(4, 9), _stack(9, 10, loop=True))["305"] == "unknown"


BY_OPTION = (
    "import argparse\nimport timm\n"
    "names = sorted(n for n in models.__dict__ if n.islower() and callable(models.__dict__[n]))\n"
    "parser = argparse.ArgumentParser()\nparser.add_argument('-a', '--arch', default='{}', choices=names)\n"
    "parser.add_argument('--epochs', default=90, type=int)\nargs = parser.parse_args()\n"
)
LOOP = (
    "{make}\noptimizer = torch.optim.SGD(model.parameters(), lr=0.1)\nfor epoch in range(args.epochs):\n"
    "    for x, y in loader:\n        F.cross_entropy(model(x), y).backward()\n        optimizer.step()\n"
)
ASKED = (
    "model = models.__dict__[args.arch](pretrained=True)",
    "model = getattr(models, args.arch)(num_classes=10)",
    "model = timm.create_model(args.arch, num_classes=10)",
    "name = args.arch\nmodel = torch.nn.DataParallel(models.__dict__[name]()).cuda()",
)


@pytest.mark.parametrize("make", ASKED)
def test_a_network_by_an_option_is_the_one_that_is_set(tmp_path: Path, make: str) -> None:
    """ResNet against EfficientNet by their defaults: activation and attention are new, norms are not."""
    found = verdicts(
        tmp_path,
        BY_OPTION.format("resnet50") + LOOP.format(make=make),
        BY_OPTION.format("efficientnet_b0") + LOOP.format(make=make),
    )
    assert (found["301"], found["302"], found["305"]) == ("flagged", "flagged", "clear")


def test_a_network_by_an_option_without_a_default_is_open(tmp_path: Path) -> None:
    """Where nothing says which network an option names, neither arm's blocks are known."""
    options = BY_OPTION.replace(" default='{}',", "")
    base = options + LOOP.format(make=ASKED[0])
    found = verdicts(tmp_path, base, base.replace("lr=0.1", "lr=0.2"))
    assert {found[code] for code in ("301", "302", "303", "304", "305")} == {"unknown"}


def test_a_name_that_the_tree_registers_is_no_network_of_timm(tmp_path: Path) -> None:
    """`create_model("resnet50")` of a tree that registers a `resnet50` of its own may be that one."""
    own = (
        "from timm.models import register_model\n"
        "@register_model\ndef resnet50(**options):\n    return Own()\n"
    )
    make = TRAIN.format(make="import timm\nmodel = timm.create_model('resnet50')")
    found = verdicts(tmp_path, own + make, TRAIN.format(make="model = models.resnet50()"))
    assert {found[code] for code in ("301", "302", "303", "304", "305")} == {"unknown"}
