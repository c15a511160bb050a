"""The trace of a forward pass: operations, cost against hand counts, and what it leaves untouched."""

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402, TID253
from torch.nn import functional as F  # noqa: E402, N812, TID253

from netgain.recorder.trace import trace  # noqa: E402

pytestmark = pytest.mark.torch


def test_linear_layer_costs_two_operations_for_each_weight():
    """A 6 to 5 linear layer costs 2 x 6 x 5 operations a sample, whatever the batch."""
    assert trace(nn.Linear(6, 5), (torch.zeros(9, 6),)).flops == 2 * 6 * 5


def test_convolution_counts_stride_and_groups():
    """A grouped strided convolution costs outputs x inputs of a group x kernel, doubled."""
    layer = nn.Conv2d(4, 8, 3, stride=2, padding=1, groups=2, bias=False)
    # Output 8 x 5 x 5, each from 2 channels of 3 x 3.
    assert trace(layer, (torch.zeros(3, 4, 10, 10),)).flops == 2 * (8 * 5 * 5) * (2 * 3 * 3)


class Attention(nn.Module):
    """Scaled dot-product attention through torch's own kernel."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.project = nn.Linear(width, 3 * width, bias=False)

    def forward(self, x):
        """Attend over x [n, length, width] with one head."""
        q, k, v = self.project(x).unsqueeze(1).chunk(3, dim=-1)
        return F.scaled_dot_product_attention(q, k, v).squeeze(1)


def test_attention_is_counted_by_hand():
    """Attention costs 2 n^2 d for the scores and as much for the values, on top of the projection."""
    n, d = 7, 16
    expected = 2 * n * d * 3 * d + 2 * (2 * n * n * d)
    found = trace(Attention(d), (torch.zeros(2, n, d),))
    assert found.flops == expected
    assert found.uncovered == ()


def test_transformer_layer_is_counted_off_the_fast_path():
    """An encoder layer in evaluation mode is counted whole: four projections, attention, two linears."""
    n, d, hidden, heads = 5, 8, 32, 2
    layer = nn.TransformerEncoderLayer(d, heads, hidden, batch_first=True)
    expected = 2 * n * d * 4 * d + 2 * (2 * n * n * d) + 2 * (2 * n * d * hidden)
    assert trace(layer, (torch.zeros(2, n, d),)).flops == expected


def test_operator_without_a_cost_is_named():
    """A recurrent kernel that no table counts is uncovered, not zero in silence."""
    found = trace(nn.LSTM(4, 4, batch_first=True), (torch.zeros(2, 3, 4),))
    assert found.uncovered
    assert all("." in name for name in found.uncovered)


class Restless(nn.Module):
    """A model with random numbers, running statistics and dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(4)
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        """Return x [n, 4] disturbed."""
        return self.drop(self.norm(x + torch.rand_like(x)))


def test_trace_leaves_random_state_buffers_and_modes_alone():
    """Tracing changes neither the random stream, nor running statistics, nor training flags."""
    model = Restless()
    model.drop.eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    trace(model, (torch.randn(6, 4, generator=torch.Generator().manual_seed(0)),))
    assert torch.equal(torch.rand(4), expected)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert (model.training, model.norm.training, model.drop.training) == (True, True, False)


def test_trace_keeps_gradients_untouched():
    """Tracing between forward and backward does not change the gradients."""
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 1))
    x = torch.randn(8, 4)
    model(x).sum().backward()
    expected = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    loss = model(x).sum()
    trace(model, (x,))
    loss.backward()
    assert all(torch.equal(p.grad, e) for p, e in zip(model.parameters(), expected, strict=True))


def test_nodes_name_modules_and_parameters():
    """Each operation names the module that ran it and the parameters it read."""
    found = trace(nn.Sequential(nn.Linear(3, 3), nn.ReLU()), (torch.zeros(2, 3),))
    relu = next(node for node in found.nodes if node.op == "aten.relu")
    product = next(node for node in found.nodes if node.op == "aten.addmm")
    assert (relu.module, product.module) == ("1", "0")
    assert "p:0.bias" in product.inputs
    assert relu.shapes == ((2, 3),)


def test_keyword_arguments_are_cut_to_two_samples():
    """A model called by keyword is traced at batch 2 as well."""

    class Keyword(nn.Module):
        def forward(self, *, x, scale):
            return x * scale

    found = trace(Keyword(), (), {"x": torch.zeros(8, 3), "scale": 2.0})
    assert found.batch == 2
    assert found.nodes[-1].shapes == ((2, 3),)
