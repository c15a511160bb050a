"""Transform pipelines as programs."""

import pytest

from netgain.analysis.code_transforms import families, pipelines
from netgain.study import CodeTree, SourceFile


def _pipelines(text: str):
    return pipelines(CodeTree(root=".", files=(SourceFile(path="data.py", text=text),)))


@pytest.mark.parametrize(
    ("text", "training"),
    [
        ("train_tf = T.Compose([T.RandomCrop(32)])", True),
        ("test_tf = T.Compose([T.Resize(32)])", False),
        ("tf = {'train': T.Compose([T.RandomCrop(32)])}", True),
        ("tf = T.Compose([T.RandomCrop(32)]) if is_train else None", True),
        ("tf = None if not train else T.Compose([T.RandomCrop(32)])", True),
        ("def build(train):\n    if train:\n        return T.Compose([T.RandomCrop(32)])", True),
        ("def build(train):\n    if not train:\n        return T.Compose([T.Resize(32)])", False),
        ("data = CIFAR10(root, transform=T.Compose([T.RandomCrop(32)]))", None),
        ("def get_val_transform():\n    return A.Compose([A.Resize(32, 32)])", False),
    ],
)
def test_purpose_is_read_from_the_names_around(text: str, training: bool | None) -> None:
    """A variable, key, function or branch says what a pipeline is for."""
    (found,) = _pipelines(text)
    assert found.training is training


def test_commuting_steps_are_one_program() -> None:
    """A flip before and after ToTensor is the same; a crop with padding before and after Normalize is not."""
    a, b = (
        _pipelines(f"train = T.Compose([{steps}])")[0].steps
        for steps in (
            "T.ToTensor(), T.RandomHorizontalFlip()",
            "T.RandomHorizontalFlip(), T.ToTensor()",
        )
    )
    assert a == b
    c, d = (
        _pipelines(f"train = T.Compose([{steps}])")[0].steps
        for steps in (
            "T.Normalize(m, s), T.RandomCrop(32, padding=4)",
            "T.RandomCrop(32, padding=4), T.Normalize(m, s)",
        )
    )
    assert c != d


def test_layers_are_no_pipeline() -> None:
    """A sequence of layers is a model."""
    assert _pipelines("self.net = nn.Sequential(nn.Linear(4, 4), nn.ReLU())") == ()


def test_families_group_what_changes_alike() -> None:
    """Names of augmentations and of corruptions meet in a kind of change."""
    assert families("GaussNoise") == families("shot_noise") == {"noise"}
    assert families("RandomAffine") == {"shift", "rotation"}
    assert families("Normalize") == frozenset()
