"""Published recipes: names as people write them, and rates brought to one batch."""

from __future__ import annotations

import pytest

from netgain.catalogue import optimizer_family, published_recipe, recipes


@pytest.mark.parametrize(
    ("model", "dataset", "accuracy"),
    [
        ("ResNet-50", "ImageNet", 76.13),
        ("torchvision.models.resnet50", "imagenet-1k/val", 76.13),
        ("WRN-28-10", "CIFAR-100", 80.75),
        ("wide_resnet28_10", "cifar10", 96.0),
        ("deit_small_patch16_224", "ILSVRC2012", 79.8),
    ],
)
def test_a_recipe_is_found_by_the_names_people_write(
    model: str, dataset: str, accuracy: float
) -> None:
    """Case, dashes, module paths and splits do not matter."""
    found = published_recipe(model, dataset)
    assert found is not None
    assert found.accuracy == accuracy


@pytest.mark.parametrize(
    ("model", "dataset"),
    [("resnet50d", "imagenet"), ("resnet50", "cifar10"), ("resnet18", "tiny-imagenet"), ("", "")],
)
def test_another_model_or_data_set_has_no_recipe(model: str, dataset: str) -> None:
    """A variant of the model, or a smaller data set of a like name, is not the published one."""
    assert published_recipe(model, dataset) is None


def test_a_rate_scales_with_the_batch_by_the_optimizers_rule() -> None:
    """SGD in proportion, Adam by the square root of the batch."""
    resnet, deit = published_recipe("resnet50", "imagenet"), published_recipe("deit-s", "imagenet")
    assert resnet is not None
    assert deit is not None
    assert resnet.rate_ratio(0.4, 1024) == pytest.approx(1.0)
    assert deit.rate_ratio(0.002, 4096) == pytest.approx(1.0)
    assert resnet.rate_ratio(0.01, 256) == pytest.approx(0.1)


def test_every_recipe_has_a_publication_and_plausible_numbers() -> None:
    """Accuracies in percent, positive rates, a source for each."""
    assert len(recipes()) >= 10
    for recipe in recipes():
        assert 50 < recipe.accuracy < 100
        assert 0 < recipe.learning_rate <= 0.1
        assert "20" in recipe.source or "torchvision" in recipe.source


def test_optimizers_that_follow_neither_rule_have_no_family() -> None:
    """LARS and Lion scale in their own ways."""
    assert [optimizer_family(n) for n in ("torch.optim.SGD", "AdamW", "lars", "lion")] == [
        "sgd", "adam", None, None,
    ]  # fmt: skip
