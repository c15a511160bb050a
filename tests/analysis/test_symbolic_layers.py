"""Layers and functions of torch by shape: sizes, parameters and multiply-accumulates, counted by hand."""

from __future__ import annotations

import ast

import pytest

from netgain.analysis.symbolic.expressions import evaluate
from netgain.analysis.symbolic.layers import OpenError
from netgain.analysis.symbolic.machine import Machine
from netgain.analysis.symbolic.networks import configured, layers_in
from netgain.analysis.symbolic.values import MismatchError, Tensor

IMPORTS = (
    "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"
    "from einops import rearrange, repeat, reduce\n"
)


def passed(text: str, *shape: int, layer: str = "") -> tuple[object, float, list[str], float]:
    """Return the shape of an expression over `x`, its operations, what is left out, and parameters."""
    code = IMPORTS + (f"net = {layer}\n" if layer else "")
    machine = Machine({"a.py": ast.parse(code)}, lambda *_: None, configured({}))
    at = machine.home("a.py")
    at.names["x"] = Tensor(shape)
    machine.counting = True
    found = evaluate(machine, ast.parse(text, mode="eval").body, at)
    parameters = sum(
        one.parameters for one in layers_in(at.names.get("net")) if not isinstance(one, Tensor)
    )
    first = found[0] if isinstance(found, tuple) and found else found
    kept = first.shape if isinstance(first, Tensor) else first
    return kept, machine.operations, machine.left_out, parameters


@pytest.mark.parametrize(
    ("layer", "shape", "out", "operations", "parameters"),
    [
        ("nn.Conv2d(4, 6, (3, 1), 2, (1, 0), groups=2)", (2, 4, 8, 7), (2, 6, 4, 4), 1152, 42),
        ("nn.Conv1d(4, 4, 3, dilation=2, bias=False)", (2, 4, 9), (2, 4, 5), 480, 48),
        ("nn.ConvTranspose2d(6, 12, 2, 3, 0, 1, 6, True, 2)", (2, 6, 8, 3), (2, 12, 25, 10), 2304, 60),
        ("nn.MaxPool1d(3, 2, 1, 1, False, True)", (2, 8, 8), (2, 8, 5), 0, 0),
        ("nn.MaxPool2d(3, dilation=(1, 2), ceil_mode=True)", (2, 2, 8, 8), (2, 2, 3, 2), 0, 0),
        ("nn.AvgPool2d(3, 2, 1, True)", (2, 4, 11, 8), (2, 4, 6, 5), 0, 0),
        ("nn.Upsample(scale_factor=(2, 3))", (2, 4, 5, 5), (2, 4, 10, 15), 0, 0),
        ("nn.TransformerEncoderLayer(4, 2, 3, bias=False)", (5, 2, 4), (5, 2, 4), 1280, 96),
        ("nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 3), 2, nn.LayerNorm(4))",
         (5, 2, 4), (5, 2, 4), 2560, 262),
        ("nn.TransformerDecoderLayer(4, 2, 3)", (5, 2, 4), None, 0, 215),
        ("nn.GRU(4, 3, num_layers=2, bidirectional=True)", (5, 2, 4), (5, 2, 6), 2880, 360),
    ],
)  # fmt: skip
def test_layers(
    layer: str,
    shape: tuple[int, ...],
    out: tuple[int, ...] | None,
    operations: int,
    parameters: int,
) -> None:
    """A layer returns the shape, takes the operations and holds the parameters that torch has for it."""
    text = "net(x)" if out else "0"
    found, counted, left_out, held = passed(text, *shape, layer=layer)
    assert held == parameters
    if out:
        assert (found, counted, left_out) == (out, operations, [])


@pytest.mark.parametrize(
    ("text", "shape", "out", "operations"),
    [
        ("torch.split(x, [1, x.shape[1] - 1], 1)[1]", (2, 3, 6), (2, 2, 6), 0),
        ("torch.norm(x, 2, 1)", (2, 3, 4), (2, 4), 0),
        ("torch.hstack([x, x])", (2, 4, 5), (2, 8, 5), 0),
        ("x.sort(dim=1)[0]", (2, 3, 4), (2, 3, 4), 0),
        ("x.max(1).values", (2, 3, 4), (2, 4), 0),
        ("x.mT", (2, 3, 4), (2, 4, 3), 0),
        ("torch.arange(1, x.size(1), 2)", (2, 6), (3,), 0),
        ("torch.where(x > 0, x, -x)", (2, 6), (2, 6), 0),
        ("x.topk(2, dim=1)[0]", (2, 6, 3), (2, 2, 3), 0),
        ("F.glu(x, 1)", (2, 6, 3), (2, 3, 3), 0),
        ("x.unflatten(1, (2, -1))", (2, 6, 3), (2, 2, 3, 3), 0),
        ("F.conv2d(x, torch.randn(4, 1, 3, 3), None, 2, groups=4)", (2, 4, 5, 5), (2, 4, 2, 2), 288),
        ("F.linear(x, torch.randn(5, 3))", (2, 3), (2, 5), 30),
        ("torch.baddbmm(x, x, x.transpose(1, 2))", (2, 3, 4), (2, 3, 3), 72),
        ("rearrange(x, 'b c (h p) (w q) -> b (h w) (p q c)', p=2, q=4)", (2, 3, 4, 8), (2, 4, 24), 0),
        ("rearrange(x, 'b ... d -> (b d) ...')", (2, 3, 4, 5), (10, 3, 4), 0),
        ("repeat(x, '1 n d -> b n d', b=7)", (1, 3, 4), (7, 3, 4), 0),
        ("reduce(x, 'b c h w -> b c', 'mean')", (2, 3, 4, 4), (2, 3), 0),
        ("sum([x, x])", (2, 3), (2, 3), 0),
    ],
)  # fmt: skip
def test_functions(
    text: str, shape: tuple[int, ...], out: tuple[int, ...], operations: int
) -> None:
    """A function returns the shape that torch returns, and multiplies as often."""
    assert passed(text, *shape)[:3] == (out, operations, [])


def test_attention_of_one_sequence_on_another() -> None:
    """Queries of 3, keys and values of 5, width 4: projections 2*(3+5)*16, products 2*3*5*4, twice."""
    layer = "nn.MultiheadAttention(4, 2, batch_first=True)"
    text = "net(x, torch.zeros(2, 5, 4), torch.zeros(2, 5, 4))"
    assert passed(text, 2, 3, 4, layer=layer)[:3] == ((2, 3, 4), 2 * (256 + 120), [])


@pytest.mark.parametrize(
    "text",
    [
        "rearrange(x, 'b (h w) -> b h w', h=5)",
        "rearrange(x, 'b c h -> b c')",
        "F.conv2d(x, torch.randn(4, 1, 3, 3))",
        "x @ torch.zeros(7, 7)",
        "x.view(5, 5)",
    ],
)
def test_shapes_that_do_not_fit(text: str) -> None:
    """What torch refuses is refused."""
    with pytest.raises((MismatchError, OpenError)):
        passed(text, 2, 6)


@pytest.mark.parametrize(
    "text",
    [
        "unknown_thing @ x",
        "torch.matmul(unknown_thing(), unknown_thing())",
        "(x @ x if unknown_thing() else x)",
        "unknown_thing() and net(x)",
        "[net(x) for _ in unknown_thing()]",
        "torch.cdist(x, x)",
        "rearrange(x, 'a b -> (a b)', c=unknown_thing())",
    ],
)
def test_what_is_not_followed_is_left_out(text: str) -> None:
    """A product of something unknown, or under an open condition, is never counted as nothing."""
    assert passed(text, 3, 3, layer="nn.Linear(3, 3)")[2] != []
