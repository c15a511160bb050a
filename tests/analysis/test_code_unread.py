"""Self-tests and tables that no training reads."""

from __future__ import annotations

import pytest

from netgain.analysis.code_unread import without_unread
from netgain.study import CodeTree, SourceFile

NET = "class Net(nn.Module):\n    pass\n"
TRAIN = "from net import Net\nmodel = Net(stddev=args.stddev)\n"


def _left(net: str, train: str = TRAIN) -> str:
    files = (SourceFile(path="r/net.py", text=net), SourceFile(path="r/train.py", text=train))
    return "".join(file.text for file in without_unread(CodeTree(root="r", files=files)).files)


def test_a_model_that_tries_itself_out_is_no_call_of_a_training() -> None:
    """The lines under the guard go, and every line keeps its number."""
    test = "if __name__ == '__main__':\n    net = Net(3)\n    print(net(x).shape)\n"
    left = _left(NET + test)
    assert "Net(3)" not in left
    assert left.count("\n") == (NET + test + TRAIN).count("\n")


@pytest.mark.parametrize(
    "line",
    ["main()", "train(Net(3), data)", "Net(3)\n    optimizer = SGD(n.parameters())"],
)
def test_a_guard_that_starts_a_training_stays(line: str) -> None:
    """A file that others import may be the one that trains."""
    assert "Net(3)" in _left(f"{NET}n = 1\nif __name__ == '__main__':\n    {line}\n    Net(3)\n")


def test_a_file_that_nobody_imports_keeps_what_it_does() -> None:
    """It is a script of its own."""
    text = "if __name__ == '__main__':\n    net = Net(3)\n"
    assert "Net(3)" in _left(NET + text, train="x = 1\n")


def test_a_table_of_networks_that_nothing_reads_holds_none() -> None:
    """The mapping is kept under a name that is never asked for."""
    table = "class Run:\n    def __init__(self):\n        self.models = {'a': Net, 'b': Other}\n"
    assert "Other" not in _left(NET, train=TRAIN + table)


@pytest.mark.parametrize(
    "use", ["self.models[args.model]()", "getattr(self, 'models')", "run.models"]
)
def test_a_table_that_is_read_stays(use: str) -> None:
    """However it is asked for: as an entry, by a word, or on another object."""
    table = "class Run:\n    def __init__(self):\n        self.models = {'a': Net, 'b': Other}\n"
    assert "Other" in _left(NET, train=f"{TRAIN}{table}    def make(self):\n        return {use}\n")
