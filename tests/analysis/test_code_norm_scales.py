"""Scales of normalization layers that start at zero."""

from __future__ import annotations

import pytest

from netgain.analysis.code_norm_scales import zeroed_scales
from netgain.study import CodeTree, SourceFile


def lines(text: str) -> list[int | None]:
    """Return the lines at which a scale is zeroed."""
    tree = CodeTree(root=".", files=(SourceFile(path="m.py", text=text),))
    return [source.line for source in zeroed_scales(tree)]


@pytest.mark.parametrize(
    "text",
    [
        "nn.init.zeros_(self.bn2.weight)",
        "nn.init.constant_(m.bn3.weight, 0)",
        "nn.init.constant_(m.norm2.weight, val=0.0)",
        "init.zeros_(self.blocks[-1].norm.weight)",
        "self.bn2.weight.data.fill_(0)",
        "self.final_norm.weight.data.zero_()",
        "self.bn2.weight.data = torch.zeros(8)",
        "net = resnet50(zero_init_residual=True)",
        "net = build(zero_init_last=args.zero)",
        "def build(depth, zero_init_residual=True):\n pass",
        "norm = ConvNorm(8, init_zero=True)",
        "y = self.norm(scale_init=nn.initializers.zeros)(y)",
        "y = nn.BatchNorm(scale_init=jax.nn.initializers.zeros_init())(y)",
        "x = BatchNormalization(gamma_initializer='zeros')(x)",
        "b = Block(8, layer_scale_init_value=1e-6)",
    ],
)
def test_a_scale_that_starts_at_zero_is_found(text: str) -> None:
    """In place, by an argument of a library, or by a default."""
    assert lines(text) == [1]


@pytest.mark.parametrize(
    "text",
    [
        "nn.init.zeros_(self.bn2.bias)",
        "nn.init.constant_(m.bn3.weight, 1)",
        "nn.init.zeros_(self.head.weight)",
        "net = resnet50(zero_init_residual=False)",
        "def build(zero_init_residual=False):\n net = R(zero_init_residual=zero_init_residual)",
        "if zero_init_residual:\n nn.init.constant_(m.bn3.weight, 0)",
        "y = self.norm(scale_init=nn.initializers.ones, bias_init=nn.initializers.zeros)(y)",
        "x = BatchNormalization(beta_initializer='zeros')(x)",
        "b = Block(8, layer_scale_init_value=0.1)",
        "optimizer.zero_grad()",
    ],
)
def test_other_starts_are_not(text: str) -> None:
    """Shifts, ones, other layers, a switch that is off, a scale of a tenth."""
    assert lines(text) == []
