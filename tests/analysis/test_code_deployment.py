"""Methods that fold layers for deployment, told from others of the same name."""

import pytest

from netgain.analysis.code_deployment import deployment_switches
from netgain.study import CodeTree, SourceFile

FOLDS = {
    "deletes": "def switch_to_deploy(self):\n        self.one = nn.Conv2d(4, 4, 3)\n        del self.a",
    "drops by name": "def reparameterize(self):\n        self.__delattr__('branches')",
    "returns a kernel": "def get_equivalent_kernel_bias(self):\n        return self._fuse_bn(self.a)",
}
OTHERS = {
    "variational": "def reparameterize(self, mu, logvar):\n        return mu + torch.randn_like(mu) * logvar",
    "no layer": "def fuse_kernels(self):\n        return self.a + self.b",
    "batch norm folding": "def fuse_conv_bn(self):\n        del self.bn",
}


def _tree(method: str) -> CodeTree:
    text = f"class Block(nn.Module):\n    {method}\n"
    return CodeTree(root=".", files=(SourceFile(path="model.py", text=text),))


@pytest.mark.parametrize("name", FOLDS)
def test_folding_methods_are_found_with_their_line(name: str) -> None:
    """A method that replaces layers is found by its name and what it does."""
    (found,) = deployment_switches(_tree(FOLDS[name]))
    assert (found.source.path, found.source.line) == ("model.py", 2)


@pytest.mark.parametrize("name", OTHERS)
def test_other_methods_of_such_names_are_not(name: str) -> None:
    """A name alone, and the folding of batch norms that everybody does, are no sign."""
    assert deployment_switches(_tree(OTHERS[name])) == ()
