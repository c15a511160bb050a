"""Models of packages, and functions of the tree that only share their names."""

import pytest

from netgain.analysis.code_foreign import brings_models
from netgain.study import CodeTree, SourceFile

OWN = "def resnet34(n):\n    return Net(n)\ndef create_model(name):\n    return resnet34(10)\n"


def brings(script: str, own: str = OWN) -> bool:
    """Tell whether a tree of one script and one file of models takes models from elsewhere."""
    files = (
        SourceFile(path="nets/zoo.py", text=own),
        SourceFile(path="run.py", text=script),
    )
    return brings_models(CodeTree(root=".", files=files))


@pytest.mark.parametrize(
    "script",
    [
        "from nets.zoo import resnet34\nm = resnet34(10)\n",
        "from nets import zoo\nm = zoo.resnet34(10)\n",
        "import nets.zoo as z\nm = z.create_model('a')\n",
        "from nets.zoo import *\nm = resnet34(10)\n",
        "from torchvision import datasets, models\nfrom nets.zoo import resnet34\nm = resnet34(10)\n",
        "from torchvision.models.utils import load_state_dict_from_url\nload_state_dict_from_url('u')\n",
    ],
)
def test_what_the_tree_defines_is_its_own(script: str) -> None:
    """A name that a package has too, an import never used and a downloader bring no model."""
    assert not brings(script)


@pytest.mark.parametrize(
    "script",
    [
        "from torchvision.models import resnet34\nm = resnet34()\n",
        "from torchvision import models\nm = models.vgg11()\n",
        "import torchvision as tv\nm = tv.models.alexnet()\n",
        "import torchvision.models as models\nm = models.__dict__[name]()\n",
        "from robustbench import resnet34\nm = resnet34()\n",
        "import torch\nm = torch.hub.load('a', 'b')\n",
        "from tensorflow.keras.applications import MobileNetV2\nm = MobileNetV2()\n",
        "import timm\nm = timm.create_model('a')\n",
    ],
)
def test_what_a_package_hands_out_is_not(script: str) -> None:
    """A model is a package's where it is imported from one, though the tree has a namesake."""
    assert brings(script)


def test_a_name_defined_nowhere_is_a_packages() -> None:
    """Where its definition is not among the files, it may be any model."""
    assert brings("m = resnet34()\n", own="")
