"""Parameters that start at zero and multiply a branch."""

from __future__ import annotations

import pytest

from netgain.analysis.code_gates import zero_gates
from netgain.study import CodeTree, SourceFile


def gates(made: str, used: str, rest: str = "") -> list[tuple[str, float, int | None]]:
    """Return the gates of a class that makes a parameter and uses it."""
    text = (
        f"class BNet(nn.Module):\n def __init__(self, c, init=1e-5):\n  {made}\n  {rest or 'pass'}\n"
        f" def forward(self, x):\n  {used}\n"
    )
    tree = CodeTree(root=".", files=(SourceFile(path="m.py", text=text),))
    return [(gate.name, gate.start, gate.source.line) for gate in zero_gates(tree)]


@pytest.mark.parametrize(
    ("made", "used", "rest", "start", "line"),
    [
        ("self.g = nn.Parameter(torch.zeros(1))", "return x + self.g * f(x)", "", 0, 3),
        ("self.g = nn.Parameter(torch.tensor(0.))", "return x + f(x) * self.g", "", 0, 3),
        ("self.g = nn.Parameter(torch.tensor([0.0]), requires_grad=True)", "x += self.g * y", "", 0, 3),
        ("self.g = nn.Parameter(init * torch.ones(c))", "return x + self.g[:, None] * f(x)", "", 1e-5, 3),
        ("self.g = nn.Parameter(torch.full((c,), 1e-6))", "return x + self.g.view(-1) * f(x)", "", 1e-6, 3),
        ("self.g = nn.Parameter(torch.empty(()))", "return torch.addcmul(x, self.g, f(x))",
         "nn.init.zeros_(self.g)", 0, 4),
        ("self.g = nn.Parameter(torch.ones(c))", "return torch.mul(y, self.g)", "self.g.data.fill_(0)", 0, 4),
        ("self.g = nn.Parameter(torch.zeros(c))", "g = torch.tanh(self.g); return x + g * f(x)", "", 0, 3),
    ],
)  # fmt: skip
def test_a_gate_is_found(made: str, used: str, rest: str, start: float, line: int) -> None:
    """The forms of ReZero, SkipInit and LayerScale, with the line that sets the value."""
    ((name, value, at),) = gates(made, used, rest)
    assert (name, at) == ("BNet.g", line)
    assert value == pytest.approx(start)


@pytest.mark.parametrize(
    ("made", "used"),
    [
        ("self.b = nn.Parameter(torch.zeros(c))", "return f(x) + self.b"),
        ("self.g = nn.Parameter(torch.zeros(c))", "return (1 + self.g) * f(x)"),
        ("self.g = nn.Parameter(torch.ones(c))", "return self.g * f(x)"),
        ("self.g = nn.Parameter(torch.randn(c))", "return self.g * f(x)"),
        ("self.g = nn.Parameter(torch.zeros(1))", "return torch.sigmoid(self.g) * f(x)"),
        ("self.B = nn.Parameter(torch.zeros(c, 4))", "return x + x @ self.A @ self.B"),
        ("self.g = torch.zeros(1)", "return self.g * f(x)"),
        ("self.t = nn.Parameter(torch.tensor(0.07))", "return f(x) * self.t"),
    ],
)
def test_other_parameters_of_zeros_are_no_gates(made: str, used: str) -> None:
    """Biases, 1 + g, ones, random starts, a sigmoid, projections, buffers, temperatures."""
    assert gates(made, used) == []
