"""Which files named for both arms belong to an arm that has code of its own."""

from __future__ import annotations

from pathlib import Path

import netgain
from netgain.assemble.joined_code import joined_code
from netgain.study import CodeTree, SourceFile

MODEL = "class Net(nn.Module):\n    def forward(self, x):\n        return x\n"
TRAINING = "import models\nmodel = models.Net()\nmodel(x).backward()\n"


def _tree(root: str, **texts: str) -> CodeTree:
    return CodeTree(
        root=root,
        files=tuple(
            SourceFile(path=f"{root}/{name}.py", text=text) for name, text in texts.items()
        ),
    )


def _names(tree: CodeTree | None) -> set[str]:
    return {file.path for file in tree.files} if tree else set()


def test_what_an_arm_imports_joins_and_nothing_else() -> None:
    """The script's import is its own program; another shared script is not."""
    joined = joined_code(_tree("a", train=TRAINING), _tree("c", models=MODEL, tool="x = 1\n"), None)
    assert _names(joined) == {"a/train.py", "c/models.py"}


def test_a_shared_script_that_imports_an_arms_model_joins() -> None:
    """The shared training runs the arm's model, and what that training imports runs with it."""
    shared = _tree("c", train=TRAINING + "import data\n", data="rows = 1\n")
    joined = joined_code(_tree("a", models=MODEL), shared, None)
    assert _names(joined) == {"a/models.py", "c/train.py", "c/data.py"}


def test_an_arm_of_configuration_alone_runs_all_the_shared_code() -> None:
    """A module of settings trains nothing itself."""
    shared = _tree("c", train=TRAINING, models=MODEL)
    assert _names(joined_code(_tree("a", config="lr = 0.1\n"), shared, None)) == {
        "a/config.py",
        "c/train.py",
        "c/models.py",
    }


def test_the_other_arms_files_stay_out() -> None:
    """Shared code may be the whole repository, with the folder of the other arm inside."""
    shared = CodeTree(
        root="r",
        files=(
            *_tree("r/a", models=MODEL).files,
            *_tree("r/b", models=MODEL, extra="import models\n").files,
            *_tree("r", train=TRAINING).files,
        ),
    )
    others = _tree("r/b", models=MODEL, extra="import models\n")
    joined = joined_code(_tree("r/a", models=MODEL), shared, others)
    assert _names(joined) == {"r/a/models.py", "r/train.py"}


def test_a_changed_copy_takes_the_place_of_the_shared_file() -> None:
    """The arm's own `models.py` is the one its program imports."""
    changed = MODEL.replace("return x", "return 2 * x")
    joined = joined_code(_tree("a", models=changed), _tree("c", models=MODEL, train=TRAINING), None)
    assert _names(joined) == {"a/models.py", "c/train.py"}


def test_a_module_that_one_arms_script_alone_builds_is_found(tmp_path: Path) -> None:
    """Two scripts and one shared zoo: each arm is judged by the network it makes."""
    gate = (
        "from torch import nn\n"
        "class SE(nn.Module):\n"
        "    def __init__(self, c):\n"
        "        super().__init__()\n"
        "        self.fc = nn.Sequential(nn.Linear(c, 4), nn.ReLU(), nn.Linear(4, c), nn.Sigmoid())\n"
        "    def forward(self, x):\n"
        "        return x * self.fc(x.mean((2, 3)))[:, :, None, None]\n"
    )
    zoo = gate + "".join(
        f"class {name}(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        f"        self.a = nn.Conv2d(3, 16, 3)\n        self.b = {part}\n"
        "    def forward(self, x):\n"
        "        return self.b(self.a(x))\n"
        for name, part in (("PlainNet", "nn.Identity()"), ("GateNet", "SE(16)"))
    )
    for folder, name in (("base", "PlainNet"), ("ours", "GateNet")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "train.py").write_text(
            f"import zoo\nmodel = zoo.{name}()\nfor x, y in loader:\n    model(x).sum().backward()\n"
        )
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "zoo.py").write_text(zoo)
    report = netgain.audit(
        netgain.read(baseline=tmp_path / "base", proposed=tmp_path / "ours", code=tmp_path / "code")
    )
    assert report["NG302"].verdict == "flagged"
    assert "squeeze-excite x1, baseline none" in report["NG302"].message
