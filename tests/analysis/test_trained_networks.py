"""The one network of a package that code trains."""

import pytest

from netgain.analysis.trained_networks import trained_network
from netgain.study import CodeTree, SourceFile

HEAD = (
    "import torch\nimport segmentation_models_pytorch as smp\nfrom cellpose import models\n"
    "from ours import Net\n"
)
OPTIMIZER = "optimizer = torch.optim.Adam({}.parameters(), lr=0.1)\n"


def _made(text: str) -> tuple[str, tuple[tuple[str, object], ...]] | None:
    files = (
        SourceFile(path="train.py", text=HEAD + text),
        SourceFile(path="ours.py", text="class Net: ..."),
    )
    found = trained_network(CodeTree(root=".", files=files))
    return None if found is None else (found.name, found.arguments)


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ("model = smp.Unet('resnet34', classes=n)\n" + OPTIMIZER.format("model"),
         "segmentation_models_pytorch.Unet", (("0", "resnet34"),)),
        ("def main(model):\n    pass\ndef run():\n"
         "    m = models.CellposeModel(gpu=g, pretrained_model=str(p))\n    net = m.net\n    "
         + OPTIMIZER.format("net"), "cellpose.models.CellposeModel", ()),
        ("net = torch.nn.DataParallel(smp.FPN(encoder_depth=4).cuda())\n" + OPTIMIZER.format("net"),
         "segmentation_models_pytorch.FPN", (("encoder_depth", 4),)),
        ("model = smp.Unet()\nmodel = model.to(device)\n" + OPTIMIZER.format("model"),
         "segmentation_models_pytorch.Unet", ()),
        ("class T:\n    def __init__(self):\n        self.net = smp.Unet()\n"
         "    def fit(self):\n        " + OPTIMIZER.format("self.net"),
         "segmentation_models_pytorch.Unet", ()),
        ("from transformers import AutoModel, Trainer\nNAME = 'bert-base-uncased'\n"
         "model = AutoModel.from_pretrained(NAME, num_labels=n)\ntrainer = Trainer(model=model, args=a)\n",
         "transformers.AutoModel.from_pretrained", (("0", "bert-base-uncased"),)),
        ("from ultralytics import YOLO\nmodel = YOLO('yolov8n.pt')\nmodel.train(data='d.yaml', epochs=3)\n",
         "ultralytics.YOLO", (("0", "yolov8n.pt"),)),
    ],
)  # fmt: skip
def test_the_call_that_makes_what_is_trained(
    text: str, name: str, arguments: tuple[tuple[str, object], ...]
) -> None:
    """Through wrappers, moves to a device, parts and attributes, without arguments of no size."""
    assert _made(text) == (name, arguments)


@pytest.mark.parametrize(
    "text",
    [
        "model = smp.Unet(args.encoder)\n" + OPTIMIZER.format("model"),
        "model = Net()\n" + OPTIMIZER.format("model"),
        "model = smp.Unet() if small else smp.FPN()\n" + OPTIMIZER.format("model"),
        "if small:\n    model = smp.Unet()\nelse:\n    model = smp.FPN()\n"
        + OPTIMIZER.format("model"),
        "def train(model):\n    " + OPTIMIZER.format("model") + "train(smp.Unet())\n",
        "a = smp.Unet()\nb = smp.FPN()\n" + OPTIMIZER.format("a") + OPTIMIZER.format("b"),
        "from transformers import AutoModel, Trainer\nmodel = AutoModel.from_pretrained(args.name)\n"
        "trainer = Trainer(model=model)\n",
        "model = smp.Unet()\nother = smp.FPN()\n"
        + OPTIMIZER.format("model")
        + "other.fit(x, epochs=3)\n",
        "model = smp.Unet(**options)\n" + OPTIMIZER.format("model"),
    ],
)
def test_a_network_that_is_open_or_of_the_tree(text: str) -> None:
    """An encoder by an option, an own class, one of two, an argument, two optimizers, spread arguments."""
    assert _made(text) is None
