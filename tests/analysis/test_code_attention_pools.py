"""Weighted means over time whose weights a softmax makes of the values themselves."""

from __future__ import annotations

import ast

import pytest

from netgain.analysis.code_attention_pools import pools_by_softmax

HEAD = """\
class Pool(nn.Module):
    def __init__(self):
        self.softmax = nn.Softmax(dim=1)
    def forward(self, x):
"""


def _pools(*lines: str) -> bool:
    text = HEAD + "".join(f"        {line}\n" for line in lines)
    return pools_by_softmax(ast.parse(text).body[0])


@pytest.mark.parametrize(
    "lines",
    [
        ("w = F.softmax(self.score(x), dim=1)", "return (w * x).sum(1)"),
        (
            "h, _ = self.lstm(x)",
            "w = torch.softmax(self.att(torch.tanh(h)), 1)",
            "return torch.sum(h * w, 1)",
        ),
        (
            "e = self.proj(x)",
            "a = self.softmax(e)",
            "a = a.unsqueeze(1)",
            "return torch.bmm(a, x).squeeze()",
        ),
        ("w = self.score(x).softmax(1)", "return torch.einsum('bt,btd->bd', w, x)"),
        ("w = F.softmax(self.score(x), 1).transpose(1, 2)", "return w @ x"),
        ("w = self.softmax(self.score(x))", "x = x * w", "x = torch.sum(x, dim=2)", "return x"),
    ],
)
def test_values_weighed_by_the_softmax_of_their_own_score_are_pooled(
    lines: tuple[str, ...],
) -> None:
    """The weights, however they are reshaped, weigh what they were made of."""
    assert _pools(*lines)


@pytest.mark.parametrize(
    "lines",
    [
        ("p = F.softmax(self.fc(x), dim=1)", "return p"),
        ("w = self.softmax(self.score(x))", "y = x * w", "x = torch.sum(x, dim=2)", "return x + y"),
        ("p = F.softmax(x, dim=1)", "return (p * self.bins).sum(1)"),
        (
            "g = F.softmax(self.gate(x), 1)",
            "outs = torch.stack([e(x) for e in self.experts], 1)",
            "return (g * outs).sum(1)",
        ),
        ("p = F.softmax(self.fc(x), 1)", "return -(p * p.log()).sum(1)"),
        ("p = F.softmax(self.actor(x), 1)", "return (p * self.critic(x)).sum(1)"),
    ],
)
def test_classes_bins_and_experts_are_no_attention(lines: tuple[str, ...]) -> None:
    """Classes, bins, experts, an entropy and a policy are weighed by what others say of them."""
    assert not _pools(*lines)
