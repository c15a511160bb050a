"""Networks of a zoo: what no training reaches is no part of the comparison."""

from __future__ import annotations

import pytest

from netgain.analysis.idle_code import (
    models_in_use,
    without_idle_code,
    without_networks_beside,
)
from netgain.study import CodeTree, SourceFile

NETWORKS = (
    "class Net(nn.Module):\n    def forward(self, x):\n        return x\n"
    "class OtherNet(nn.Module):\n    def forward(self, x):\n        return x\n"
)
TRAINING = "loss = model(x)\nloss.backward()\n"


def _tree(**texts: str) -> CodeTree:
    return CodeTree(
        root="r",
        files=tuple(SourceFile(path=f"r/{name}.py", text=text) for name, text in texts.items()),
    )


def _text(tree: CodeTree, name: str) -> str:
    return next(file.text for file in tree.files if file.path == f"r/{name}.py")


def test_a_network_no_training_reaches_is_blanked_in_its_lines() -> None:
    """The class that the script makes stays; the other goes, and every line keeps its number."""
    tree = _tree(models=NETWORKS, train=f"from models import Net\nmodel = Net()\n{TRAINING}")
    left = _text(without_idle_code(tree), "models")
    assert "class Net" in left
    assert "OtherNet" not in left
    assert left.count("\n") == NETWORKS.count("\n")


def test_a_part_of_a_reached_network_stays() -> None:
    """What the made network is built of is reached through it."""
    parts = NETWORKS.replace("return x\nclass Other", "return OtherNet()(x)\nclass Other", 1)
    tree = _tree(models=parts, train=f"from models import Net\nmodel = Net()\n{TRAINING}")
    assert without_idle_code(tree) == tree


@pytest.mark.parametrize(
    "line",
    [
        "model = getattr(models, args.arch)()",
        "model = models.__dict__[args.arch]()",
        "model = eval(args.arch)()",
        "model = hydra.utils.instantiate(cfg.model)",
        "model = {'a': models.Net, 'b': models.OtherNet}[args.arch]()",
        "parser.add_argument('--arch', default='OtherNet')\nmodel = models.Net()",
    ],
)
def test_networks_chosen_by_name_all_stay(line: str) -> None:
    """Where a name that only shows at run time may choose, nothing is taken away."""
    tree = _tree(models=NETWORKS, train=f"import models\n{line}\nmodel = models.Net()\n{TRAINING}")
    assert without_idle_code(tree) == tree


def test_a_registered_network_stays() -> None:
    """A decorator hands the class to somebody."""
    registered = NETWORKS.replace("class Other", "@register\nclass Other")
    tree = _tree(models=registered, train=f"from models import Net\nmodel = Net()\n{TRAINING}")
    assert without_idle_code(tree) == tree


def test_nothing_is_taken_away_where_an_own_module_is_missing() -> None:
    """The network in use may be in the file that is not among those given."""
    tree = _tree(
        models=NETWORKS,
        train=f"from models import Net\nfrom .newest import Best\nmodel = Best(Net())\n{TRAINING}",
    )
    assert without_idle_code(tree) == tree


def test_a_namesake_in_a_file_that_is_not_imported_is_idle() -> None:
    """Of two files that define one name, the script's import says which is meant."""
    tree = _tree(
        models=NETWORKS, newer=NETWORKS, train=f"from newer import Net\nmodel = Net()\n{TRAINING}"
    )
    left = without_idle_code(tree)
    assert "class" not in _text(left, "models")
    assert "class Net" in _text(left, "newer")


def test_a_second_training_keeps_its_network() -> None:
    """The tree's other training makes the other network, though it is an entry point and no script."""
    tree = _tree(
        models=NETWORKS,
        train=f"from models import Net\nmodel = Net()\n{TRAINING}",
        entry="from models import OtherNet\ndef main():\n    m = OtherNet()\n    m(x).backward()\n",
    )
    assert without_idle_code(tree) == tree


def test_a_tree_without_trainings_stays() -> None:
    """Networks alone say nothing of which is in use."""
    tree = _tree(models=NETWORKS)
    assert without_idle_code(tree) == tree


def test_a_discriminator_of_one_arm_alone_is_taken_out() -> None:
    """It is left behind with the training; where both arms have one, both stay."""
    beside = NETWORKS.replace("OtherNet", "DomainDiscriminator")
    first, second = _tree(models=NETWORKS.partition("class Other")[0]), _tree(models=beside)
    assert "Discriminator" not in _text(without_networks_beside(second, first), "models")
    assert without_networks_beside(second, second) == second


def test_a_teacher_inside_the_model_stays() -> None:
    """A network that the model itself holds is part of it, whatever its name."""
    beside = NETWORKS.replace("OtherNet", "TeacherNet").replace(
        "return x", "return TeacherNet()", 1
    )
    tree = _tree(models=beside)
    assert without_networks_beside(tree, _tree(models="x = 1\n")) == tree


SCRIPT = "from models import {name}\nmodel = {name}()\nkeys = {keys}\n" + TRAINING
KEYS = ("recon_loss", "beta_warmup", "free_bits", "latent_dim", "lambda_perc")


def _two_scripts(second: tuple[str, ...]) -> CodeTree:
    return _tree(
        models=NETWORKS,
        train=SCRIPT.format(name="Net", keys=KEYS),
        train_other=SCRIPT.format(name="OtherNet", keys=second),
    )


def test_the_script_that_a_run_names_is_the_arms_own() -> None:
    """The network of another script of the tree goes."""
    left = models_in_use(_two_scripts(KEYS), ["src/train.py"], ())
    assert "OtherNet" not in _text(left, "models")


def test_the_script_that_asks_for_the_settings_is_the_arms_own() -> None:
    """A file of settings is read by the script that knows its keys."""
    left = models_in_use(_two_scripts(KEYS[:2]), (), KEYS)
    assert "OtherNet" not in _text(left, "models")


def test_scripts_that_ask_for_the_same_settings_leave_all_networks() -> None:
    """Either may have been started."""
    tree = _two_scripts(KEYS)
    assert models_in_use(tree, (), KEYS) == tree


def test_a_script_that_is_not_among_the_files_leaves_all_networks() -> None:
    """What the run names was started from elsewhere."""
    tree = _two_scripts(KEYS[:2])
    assert models_in_use(tree, ["finetune.py"], KEYS) == tree


HELPERS = "def used(x):\n    return x\ndef idle(x):\n    return x\nclass Idle:\n    pass\n"


def test_what_nothing_runs_is_blanked() -> None:
    """A helper that the script calls stays; one that no file names goes, classes too."""
    tree = _tree(
        helpers=HELPERS, train=f"from helpers import *\nused(1)\nmodel = Net()\n{TRAINING}"
    )
    left = _text(without_idle_code(tree), "helpers")
    assert "def used" in left
    assert "idle" not in left.lower()


def test_what_an_evaluation_runs_stays() -> None:
    """Scripts that evaluate are part of what an arm ran."""
    tree = _tree(
        helpers=HELPERS,
        train=f"model = Net()\n{TRAINING}",
        evaluate="from helpers import idle, Idle, used\nused(idle(Idle()))\n",
    )
    assert without_idle_code(tree) == tree


def test_modules_looked_into_by_name_keep_everything() -> None:
    """A dictionary of a module, under whatever name it was imported, may hand out anything."""
    tree = _tree(
        helpers=HELPERS, train=f"import helpers as h\nm = h.__dict__[args.name]()\n{TRAINING}"
    )
    assert without_idle_code(tree) == tree
