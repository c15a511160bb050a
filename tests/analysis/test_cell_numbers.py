"""Numbers that cells of a notebook hold, and that reach an optimizer by a name."""

from __future__ import annotations

from netgain.analysis.cell_numbers import apart, cell_numbers
from netgain.study import CodeTree, SourceFile

CELLS = "lr = {}\nnet = Net()\noptimizer = torch.optim.AdamW(net.parameters(), lr=lr)\n"


def _tree(text: str, name: str = "a.ipynb") -> CodeTree:
    return CodeTree(root="r", files=(SourceFile(path=f"r/{name}", text=text),))


def test_a_rate_that_differs_between_two_notebooks_sets_them_apart() -> None:
    """The name is the same in both, the number it holds is not."""
    first, second = (
        cell_numbers(_tree(CELLS.format("1e-3"))),
        cell_numbers(_tree(CELLS.format("3e-5"))),
    )
    assert apart(first, second) == ("AdamW lr",)


def test_the_same_number_under_another_name_sets_nothing_apart() -> None:
    """Only the place and the number count."""
    other = CELLS.format("0.001").replace("lr =", "rate =", 1).replace("lr=lr", "lr=rate")
    assert apart(cell_numbers(_tree(CELLS.format("1e-3"))), cell_numbers(_tree(other))) == ()


def test_a_name_of_a_function_of_its_own_is_not_that_of_a_cell() -> None:
    """An argument of the same name comes from its caller."""
    text = "lr = 0.1\ndef make(net, lr):\n    return SGD(net.parameters(), lr=lr)\n"
    assert cell_numbers(_tree(text)) == {}


def test_names_of_modules_in_scripts_are_left_alone() -> None:
    """A script's constants at its top are its settings."""
    assert cell_numbers(_tree(CELLS.format("1e-3"), name="train.py")) == {}
