"""Networks of torchvision that code takes whole."""

from __future__ import annotations

import pytest

from netgain.analysis.code_components import code_census
from netgain.analysis.library_networks import network_of
from netgain.study import CodeTree, SourceFile

HEAD = """\
import torch
from torch import nn
from torchvision import models
class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(512, 10)
    def forward(self, x):
        return torch.tanh(self.fc(x))
"""


def _found(text: str) -> tuple[set[str], tuple[str, ...]]:
    profile = code_census(CodeTree(root=".", files=(SourceFile(path="m.py", text=HEAD + text),)))
    assert profile is not None
    return {c.name for c in profile.components}, profile.observed_kinds


def test_a_network_taken_whole_is_what_the_package_makes() -> None:
    """ResNet's ReLU, batch norm, pools and sums stand beside the head's own tanh."""
    names, observed = _found("net = models.resnet18(weights='DEFAULT')\nnet.fc = Head()\n")
    assert {"relu", "batch-norm", "residual-skip", "max-pool", "tanh"} <= names
    assert {"attention", "skip"} <= set(observed)


@pytest.mark.parametrize(
    "text",
    [
        "net = getattr(models, args.arch)()\nnet.fc = Head()\n",
        "net = models.__dict__[args.arch]()\nnet.fc = Head()\n",
        "import timm\nnet = timm.create_model(args.arch)\nnet.fc = Head()\n",
        "net = torch.hub.load('someone/else', 'resnet18')\nnet.fc = Head()\n",
        "net = models.resnet18() if args.small else models.efficientnet_b0()\nnet.fc = Head()\n",
        "net = models.detection.fasterrcnn_resnet50_fpn()\nhead = Head()\n",
        "def build(block=models.resnet.BasicBlock):\n    return models.resnet.ResNet(block, [2] * 4)\n"
        "net = build()\nhead = Head()\n",
    ],
)
def test_a_network_that_is_not_known_leaves_all_open(text: str) -> None:
    """One by a name, one of two, one that is not known, one of another's repository, one of blocks given."""
    names, observed = _found(text)
    assert observed == ()
    assert "residual-skip" not in names


@pytest.mark.parametrize(
    "text",
    [
        "teacher = models.resnet18()\nhead = Head()\n",
        "class Loss(nn.Module):\n    def forward(self, x):\n        return models.resnet18()(x)\n"
        "loss = Loss()\nhead = Head()\n",
        "net = models.resnet18()\nclass OwnNet(nn.Module):\n    def forward(self, x):\n"
        "        return Head()(x)\nown = OwnNet()\n",
        "net = models.resnet18()\nclass Own(nn.Module):\n    def __init__(self):\n"
        "        self.a = nn.Conv2d(3, 8, 3)\n    def forward(self, x):\n        return self.a(x)\n"
        "own = Own()\nhead = Head()\n",
        "net = models.resnet18(norm_layer=nn.Identity)\nnet.fc = Head()\n",
        "net = models.resnet18()\nnet.layer4 = Head()\n",
        "net = models.resnet18()\nreplace_relu(net)\nnet.fc = Head()\n",
    ],
)
def test_a_network_that_may_not_be_the_model_leaves_open_what_it_holds(text: str) -> None:
    """A teacher, a loss, one beside an own network, one that is changed: kinds it lacks stay known."""
    names, observed = _found(text)
    assert "residual-skip" not in names
    assert observed == ("attention",)


@pytest.mark.parametrize(
    "text",
    [
        "net = nn.Sequential(*list(models.resnet18().children())[:-2])\nhead = Head()\n",
        "net = getattr(models, 'resnet18')()\nnet.fc = Head()\n",
        "ARCH = 'resnet18'\nnet = models.__dict__[ARCH](pretrained=True)\nnet.fc = Head()\n",
        "net = torch.hub.load('pytorch/vision:v0.10.0', 'resnet18', pretrained=True)\nnet.fc = Head()\n",
        "import timm\nnet = timm.create_model('resnet50.a1_in1k', num_classes=10)\nhead = Head()\n",
        "from timm import create_model\nnet = create_model('resnet50', features_only=True)\nhead = Head()\n",
        "net = models.get_model('resnet18', weights=None)\nnet.fc = Head()\n",
        "class A(nn.Module):\n    def __init__(self):\n        r = models.resnet18()\n"
        "        self.stem = nn.Sequential(r.conv1, r.bn1, r.relu, r.maxpool)\n        self.l = r.layer1\n"
        "        self.m = r.layer2\n    def forward(self, x):\n        return self.m(self.l(self.stem(x)))\n"
        "net = nn.DataParallel(A()).cuda()\nhead = Head()\n",
        "from torchvision.models.feature_extraction import create_feature_extractor\n"
        "net = create_feature_extractor(models.resnet50(), {'layer4': 'x'})\nhead = Head()\n",
    ],
)
def test_a_network_by_a_name_or_by_its_parts_is_what_these_hold(text: str) -> None:
    """The children, a literal name, the hub, timm and the parts of a ResNet name the same blocks."""
    names, observed = _found(text)
    assert {
        "relu",
        "batch-norm",
        "max-pool",
        "strided-convolution",
        "residual-skip",
        "tanh",
    } == names
    assert {"attention", "skip", "normalization", "resampling"} <= set(observed)


def test_a_stem_alone_holds_no_skip() -> None:
    """Convolution, norm and activation of a ResNet without its stages leave pools and sums out."""
    text = "r = models.resnet18()\nnet = nn.Sequential(r.conv1, r.bn1, r.relu)\nhead = Head()\n"
    assert _found(text)[0] == {"relu", "batch-norm", "strided-convolution", "tanh"}


def test_a_pool_that_is_put_out_is_none() -> None:
    """`net.maxpool = nn.Identity()` takes the pool out, as for small images."""
    text = "net = models.resnet18()\nnet.maxpool = nn.Identity()\nnet.fc = Head()\n"
    names, observed = _found(text)
    assert "max-pool" not in names
    assert "resampling" in observed


@pytest.mark.parametrize("cut", ["[:4]", "[:k]", "[4]"])
def test_layers_up_to_an_early_or_open_cut_are_not_all(cut: str) -> None:
    """The first four layers of VGG hold no pool, and how many an open cut takes is not known."""
    names, observed = _found(f"net = models.vgg16().features{cut}\nhead = Head()\n")
    assert "max-pool" not in names
    assert "resampling" not in observed


def test_a_network_without_any_layer_of_the_tree_is_the_model() -> None:
    """A script that takes a network whole and adds nothing shows what the package makes."""
    text = "import timm\nmodel = timm.create_model('efficientnet_b0', num_classes=10)\n"
    profile = code_census(CodeTree(root=".", files=(SourceFile(path="m.py", text=text),)))
    assert profile is not None
    assert {c.name for c in profile.components} >= {"silu", "squeeze-excite"}


def test_a_keras_application_is_known() -> None:
    """`ResNet50(include_top=False)` of Keras is made as its namesake."""
    text = (
        "import tensorflow as tf\nfrom tensorflow.keras import layers\n"
        "base = tf.keras.applications.ResNet50(include_top=False, weights='imagenet')\n"
        "model = tf.keras.Sequential([base, layers.GlobalAveragePooling2D(), layers.Dense(10)])\n"
    )
    profile = code_census(CodeTree(root=".", files=(SourceFile(path="m.py", text=text),)))
    assert profile is not None
    assert {c.name for c in profile.components} >= {"relu", "batch-norm", "residual-skip"}
    assert "attention" in profile.observed_kinds


@pytest.mark.parametrize(
    "use",
    [
        "def f(block: Type[Union[BasicBlock, Bottleneck]]) -> Optional[Bottleneck]:\n    return None\n",
        "Block = Union[BasicBlock, Bottleneck]\n",
        "for m in net.modules():\n    if isinstance(m, (BasicBlock, Bottleneck)):\n        m.eval()\n",
    ],
)
def test_a_name_of_a_package_that_is_only_asked_for_brings_no_network(use: str) -> None:
    """Annotations, aliases of types and tests of a type make nothing of a block of torchvision."""
    text = f"from torchvision.models.resnet import BasicBlock, Bottleneck\n{use}net = Head()\n"
    names, observed = _found(text)
    assert names == {"tanh"}
    assert {"attention", "normalization", "skip"} <= set(observed)


@pytest.mark.parametrize(
    "text",
    [
        "from torchvision.models.resnet import BasicBlock\n"
        "class Net(nn.Module):\n    def __init__(self):\n        self.a = BasicBlock(64, 64)\n"
        "    def forward(self, x):\n        return self.a(x)\nnet = Net()\nhead = Head()\n",
        "from torchvision.models.resnet import BasicBlock\nclass Own(BasicBlock):\n"
        "    def forward(self, x):\n        return super().forward(x)\nnet = Own(8, 8)\nhead = Head()\n",
        "from torchvision.models import resnet\nnet = getattr(resnet, name)()\nhead = Head()\n",
        "net = eval(f'models.{name}')()\nhead = Head()\n",
        "net = eval('models.' + name)()\nhead = Head()\n",
    ],
)
def test_a_block_or_network_of_a_package_that_is_not_followed_leaves_all_open(text: str) -> None:
    """A block that is made or derived from, a module asked for a member, a name that is evaluated."""
    assert _found(text)[1] == ()


def test_modules_and_tables_of_weights_are_no_networks() -> None:
    """What a network is named through, and the weights it starts from, say nothing of another."""
    found = network_of(
        ["torchvision.models.resnet.resnet50", "torchvision.models.ResNet50_Weights.DEFAULT"]
    )
    assert found is not None
    assert found[0] == "resnet50"


def test_a_keras_network_cut_at_a_layer_by_name_is_open() -> None:
    """`get_layer(...).output` may be any part of the network."""
    text = (
        "from tensorflow import keras\nbase = keras.applications.ResNet50(include_top=False)\n"
        "x = base.get_layer('conv2_block3_out').output\n"
        "model = keras.Model(base.input, keras.layers.Dense(5)(x))\n"
    )
    profile = code_census(CodeTree(root=".", files=(SourceFile(path="m.py", text=text),)))
    assert profile is None or profile.observed_kinds == ("attention",)


@pytest.mark.parametrize(
    "change",
    [
        "net.features[0] = nn.Conv2d(1, 64, 3)\n",
        "net.classifier[6] = nn.Linear(4096, 10)\n",
        "for p in net.features.parameters():\n    p.requires_grad = False\n",
    ],
)
def test_a_first_or_last_layer_of_its_own_leaves_a_network_known(change: str) -> None:
    """Other channels, other classes and frozen weights change no kind of block."""
    names, observed = _found(f"net = models.vgg16()\n{change}out = net(x)\nhead = Head()\n")
    assert {"relu", "max-pool"} <= names
    assert "resampling" in observed


def test_a_layer_in_the_midst_that_is_replaced_leaves_a_network_open() -> None:
    """What stands in the place of a later layer may be of another kind."""
    change = "net.features[4] = nn.AvgPool2d(2)\n"
    assert (
        "resampling"
        not in _found(f"net = models.vgg16()\n{change}out = net(x)\nhead = Head()\n")[1]
    )
