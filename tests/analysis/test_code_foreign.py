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


@pytest.mark.parametrize(
    "script",
    [
        "import torch.nn as nn\ne = nn.Embedding.from_pretrained(vectors, freeze=False)\n",
        "from transformers import BertTokenizer\nt = BertTokenizer.from_pretrained('bert')\n",
        "from transformers import AutoTokenizer, get_linear_schedule_with_warmup\n"
        "t = AutoTokenizer.from_pretrained('a')\ns = get_linear_schedule_with_warmup(o, 1, 2)\n",
        "from timm.models.layers import trunc_normal_, DropPath\ntrunc_normal_(w)\nd = DropPath(0.1)\n",
        "from timm.scheduler import CosineLRScheduler\ns = CosineLRScheduler(o, 3)\n",
        "from torchvision import transforms\nt = transforms.ToTensor()\n",
        "from torchvision.models import resnet50\nm = Net()\n",
    ],
)
def test_what_is_no_network_brings_none(script: str) -> None:
    """Vectors of words, tokenizers, schedules, initial values, transforms, and what is never used."""
    assert not brings(script)


@pytest.mark.parametrize(
    "script",
    [
        "from transformers import BertModel\nm = BertModel.from_pretrained('bert')\n",
        "from transformers import AutoTokenizer, AutoModel\nt = AutoTokenizer.from_pretrained('a')\n"
        "m = AutoModel.from_pretrained('a')\n",
        "from timm.models.layers import PatchEmbed\np = PatchEmbed()\n",
        "from timm.models import vit_base_patch16_224\nm = vit_base_patch16_224()\n",
    ],
)
def test_a_network_beside_a_tokenizer_is_brought(script: str) -> None:
    """One of the same package is one."""
    assert brings(script)


def test_a_function_that_nothing_calls_brings_no_model() -> None:
    """Only what is used counts where it is known what is."""
    text = "from torchvision import models\ndef old():\n    return models.vgg16()\n"
    tree = CodeTree(root=".", files=(SourceFile(path="m.py", text=f"{text}m = Net()\n"),))
    assert brings_models(tree)
    assert not brings_models(tree, used={"Net"})
