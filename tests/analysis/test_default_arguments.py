"""The numbers that arguments have by themselves."""

from netgain.analysis.default_arguments import default_arguments
from netgain.study import CodeTree, SourceFile


def test_a_default_counts_where_all_functions_agree() -> None:
    """Only numbers count, given by one function or alike by all that have one."""
    text = (
        "class Layer:\n    def __init__(self, width, n_rbf=32, k=3): ...\n"
        "class Net:\n    def __init__(self, *, n_rbf=32, k=5, act='relu', bias=True): ...\n"
    )
    tree = CodeTree(root=".", files=(SourceFile(path="net.py", text=text),))
    assert default_arguments(tree) == {"n_rbf": 32.0}
