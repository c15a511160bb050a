"""Published costs of networks by their names."""

import pytest

from netgain.analysis.architecture_costs import is_no_smaller, operations_ratio


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("resnet50", "ResNet-101", True),
        ("efficientnet-b0", "tf/EfficientNet_B4", True),
        ("yolov8n.pt", "yolov8s.yaml", True),
        ("FPN", "PAFPN", True),
        ("vgg16", "vgg16_bn", True),
        ("resnet101", "resnet50", False),
        ("resnet50", "densenet201", False),
        ("yolov8n.pt", "yolo11s.pt", False),
        ("resnet50", "se_resnet101", False),
        ("segnet", "segnet", False),
        ("unet", "UNet++", True),
        ("U-Net", "nested_unet", False),
        ("unetplusplus", "unet", False),
    ],
)
def test_larger_names_of_one_family(first: str, second: str, expected: bool) -> None:
    """Only two names of one family, the second as far up or farther, say which network is no smaller."""
    assert is_no_smaller(first, second) is expected


def test_ratio_of_published_operations() -> None:
    """Torchvision states 7.80 for ResNet-101 and 4.09 for ResNet-50; a detector is in another table."""
    assert operations_ratio("resnet50", "resnet101") == pytest.approx(1.907, abs=1e-3)
    assert operations_ratio("resnet50", "yolov8n") is None
    assert operations_ratio("resnet50", "resnet50_custom") is None
