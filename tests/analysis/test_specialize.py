"""One tree under one arm's settings: what they rule out is blanked, and nothing else is touched."""

from __future__ import annotations

import ast

import pytest

from netgain.analysis.options import Options, declared_defaults
from netgain.analysis.specialize import Specialized, specialize
from netgain.study import CodeTree, SourceFile

BASE, OURS = {"method": "baseline"}, {"method": "ours"}


def _tree(**files: str) -> CodeTree:
    return CodeTree(
        root=".",
        files=tuple(SourceFile(path=f"{name}.py", text=text) for name, text in files.items()),
    )


def _view(text: str, mine: dict | None = None, theirs: dict | None = None) -> Specialized:
    """Return one file as the baseline runs it."""
    options = Options(values=BASE if mine is None else mine, others=theirs or OURS)
    return specialize(_tree(main=text), options)


def _text(text: str, mine: dict | None = None, theirs: dict | None = None) -> str:
    changed = _view(text, mine, theirs).tree.files[0].text
    assert changed.count("\n") == text.count("\n")
    ast.parse(changed)
    return changed


CHOICES = {
    "if on an attribute": "if args.method == 'ours':\n    drop()\nelse:\n    keep()\n",
    "if on the other value": "if args.method != 'ours':\n    keep()\nelse:\n    drop()\n",
    "elif": "if args.method == 'ours':\n    drop()\nelif args.method == 'baseline':\n    keep()\n"
    "else:\n    drop()\n",
    "key of a dictionary": "if config['method'] == 'ours':\n    drop()\nelse:\n    keep()\n",
    "get with a default": "if cfg.get('method', 'ours') == 'ours':\n    drop()\nelse:\n    keep()\n",
    "getattr": "if getattr(args, 'method', None) == 'ours':\n    drop()\nelse:\n    keep()\n",
    "membership": "if args.method in ('ours', 'ours_plus'):\n    drop()\nelse:\n    keep()\n",
    "no membership": "if args.method not in ['ours']:\n    keep()\nelse:\n    drop()\n",
    "lower case": "if args.method.lower() == 'ours':\n    drop()\nelse:\n    keep()\n",
    "start of a word": "if args.method.startswith('our'):\n    drop()\nelse:\n    keep()\n",
    "negation": "if not args.method == 'ours':\n    keep()\nelse:\n    drop()\n",
    "conjunction": "if args.method == 'ours' and epoch > 5:\n    drop()\nelse:\n    keep()\n",
    "disjunction": "if args.method == 'baseline' or warm:\n    keep()\nelse:\n    drop()\n",
    "conditional expression": "net = drop() if args.method == 'ours' else keep()\n",
    "display": "net = {'ours': drop, 'baseline': keep}[args.method]()\n",
    "display over lines": "net = {\n    'ours': drop(),\n    'baseline': keep(),\n}[args.method]\n",
    "display with get": "net = {'ours': drop}.get(args.method, keep)()\n",
    "local name": "m = args.method\nif m == 'ours':\n    drop()\nelse:\n    keep()\n",
    "flag of its own": "is_ours = args.method == 'ours'\nif is_ours:\n    drop()\nelse:\n    keep()\n",
    "parameter": "def build(method):\n    if method == 'ours':\n        return drop()\n    return keep()\n",
    "parameter of another name": "def build(kind):\n    if kind == 'ours':\n        drop()\n    else:\n"
    "        keep()\n\nbuild(args.method)\n",
    "attribute of self": "class A:\n    def __init__(self, method):\n        self.method = method\n"
    "    def forward(self, x):\n        if self.method == 'ours':\n            return drop(x)\n"
    "        return keep(x)\n",
    "self.args": "class A:\n    def fit(self):\n        if self.args.method == 'ours':\n            drop()\n"
    "        else:\n            keep()\n",
    "match": "match args.method:\n    case 'ours':\n        drop()\n    case 'baseline':\n        keep()\n"
    "    case _:\n        drop()\n",
    "early return": "def f(args):\n    if args.method == 'baseline':\n        return keep()\n    x = drop()\n"
    "    return x\n",
    "continue": "for b in loader:\n    if args.method == 'baseline':\n        keep(b)\n        continue\n"
    "    drop(b)\n",
    "spread configuration": "def build(width, method='ours'):\n    if method == 'ours':\n        drop()\n"
    "    else:\n        keep()\n\nbuild(**vars(args))\n",
    "comprehension": "nets = [n() for n in (keep,) if args.method != 'ours'] or keep\n"
    "if args.method == 'ours':\n    drop()\n",
    "condition over lines": "if (args.method == 'ours'\n        and True):\n    drop()\nelse:\n    keep()\n",
    "condition with a backslash": "if args.method == \\\n        'ours':\n    drop()\nelse:\n    keep()\n",
    "one line": "if args.method == 'ours': drop()\nelse: keep()\n",
}


@pytest.mark.parametrize("text", CHOICES.values(), ids=CHOICES)
def test_what_the_setting_rules_out_is_gone(text: str) -> None:
    """Of a choice by the method the baseline keeps its own side, on its own line."""
    changed = _text(text)
    assert "drop(" not in changed.replace("def drop", "")
    assert "keep" in changed
    kept = [n for n, line in enumerate(text.split("\n")) if "keep(" in line]
    assert [n for n, line in enumerate(changed.split("\n")) if "keep(" in line] == kept


UNTOUCHED = {
    "another use of the word": "def resize(x, method):\n    if method == 'bilinear':\n        return a(x)\n",
    "another configuration key": "if cfg.optimizer.name == 'ours':\n    a()\n",
    "an attribute of no configuration": "if net.method == 'ours':\n    a()\n",
    "a name the code sets": "for method in ('baseline', 'ours'):\n    if method == 'ours':\n        a()\n",
    "a name that takes another value here": "method = pick()\nif method == 'ours':\n    a()\n",
    "an option the file sets": "args.method = pick()\nif args.method == 'ours':\n    a()\n",
    "an option set by name": "setattr(args, 'method', pick())\nif args.method == 'ours':\n    a()\n",
    "calls that differ": "def f(method):\n    if method == 'ours':\n        a()\n\n"
    "f('ours')\nf('baseline')\n",
    "a comprehension's name": "x = [method for method in names if method == 'ours']\n",
    "a condition of something else": "if args.epochs > 5:\n    a()\n",
    "text inside a string": "print(f'{args.method == 1}')\n",
}


@pytest.mark.parametrize("text", UNTOUCHED.values(), ids=UNTOUCHED)
def test_what_is_no_choice_by_the_setting_stays(text: str) -> None:
    """A condition that does not surely ask for the option is left as it is."""
    assert _text(text) == text


def test_a_switch_follows_the_arm() -> None:
    """`if not args.baseline` is a choice by a flag."""
    text = "if not args.baseline:\n    drop()\nelse:\n    keep()\n"
    changed = _text(text, {"baseline": True}, {"baseline": False})
    assert "drop" not in changed and "keep" in changed


def test_a_number_is_compared() -> None:
    """`args.beta > 0` is decided by the number of the arm."""
    text = "if args.beta > 0:\n    drop()\n"
    assert "drop" not in _text(text, {"beta": 0.0}, {"beta": 0.5})


def test_a_nested_key_needs_its_own_path() -> None:
    """`cfg.optimizer.name` is not `model.name`, and `cfg.model.name` is."""
    text = (
        "if cfg.model.name == 'ours':\n    drop()\nif cfg.optimizer.name == 'ours':\n    keep()\n"
    )
    mine = {"model.name": "plain", "optimizer.name": "ours"}
    changed = _text(text, mine, {"model.name": "ours", "optimizer.name": "ours"})
    assert "drop" not in changed and "keep" in changed


def test_a_last_word_shared_by_two_keys_is_nobodys() -> None:
    """`cfg.name` may be the name of either part."""
    text = "if cfg.name == 'ours':\n    a()\n"
    mine = {"model.name": "plain", "optimizer.name": "sgd"}
    assert _text(text, mine, {"model.name": "ours", "optimizer.name": "sgd"}) == text


def test_equal_settings_change_nothing() -> None:
    """Where the arms differ in no option there is one program."""
    text = "if args.method == 'ours':\n    a()\n"
    assert _text(text, {"method": "ours"}, {"method": "ours"}) == text


def test_an_equal_setting_counts_beside_one_that_differs() -> None:
    """A switch that is off in both arms is off in the proposed arm's branch too."""
    text = "if args.method == 'ours':\n    if args.ema:\n        drop()\n"
    changed = _text(text, {"method": "ours", "ema": False}, {"method": "base", "ema": False})
    assert "drop" not in changed


def test_a_setting_the_arm_does_not_state_decides_nothing() -> None:
    """Without the arm's own value a choice stays, and is named."""
    text = "if args.method == 'ours':\n    a()\n"
    view = _view(text, {"lr": 0.1}, OURS)
    assert view.tree.files[0].text == text
    assert view.undecided == ("args.method (main.py:1)",)


def test_classes_of_the_other_arm_are_gone() -> None:
    """A class that only the other arm's branch makes, and what it is made of, is blanked with its lines."""
    text = (
        "class Gate(Module):\n    def forward(self, x):\n        return x\n\n"
        "class Block(Module):\n    def __init__(self):\n        self.gate = Gate()\n\n"
        "class Plain(Module):\n    def forward(self, x):\n        return x\n\n"
        "net = Block() if args.method == 'ours' else Plain()\n"
    )
    changed = _text(text)
    assert "class Gate" not in changed and "class Block" not in changed
    assert changed.split("\n")[8] == "class Plain(Module):"


def test_a_class_nobody_names_is_kept() -> None:
    """What no code of the tree uses in either arm is no part of the choice."""
    text = "class Spare(Module):\n    pass\n\nif args.method == 'ours':\n    a()\n"
    assert "class Spare" in _text(text)


def test_a_registered_class_is_kept() -> None:
    """A class that a decorator hands out may be found by its name."""
    text = "@register\nclass Ours(Module):\n    pass\n\nnet = Ours() if args.method == 'ours' else base()\n"
    assert "class Ours" in _text(text)


def test_a_tree_that_looks_names_up_keeps_its_classes() -> None:
    """With `globals()[name]` any class may run."""
    text = (
        "class Ours(Module):\n    pass\n\nhead = globals()[pick()]\n"
        "net = Ours() if args.method == 'ours' else base()\n"
    )
    assert "class Ours" in _text(text)


def test_a_self_test_of_a_model_file_reaches_nothing() -> None:
    """`if __name__ == "__main__"` of a file that others import does not run for an arm."""
    model = (
        "class Ours(Module):\n    pass\n\nclass Plain(Module):\n    pass\n\n"
        "if __name__ == '__main__':\n    print(Ours())\n"
    )
    main = "from model import Ours, Plain\nnet = Ours() if args.method == 'ours' else Plain()\n"
    options = Options(values=BASE, others=OURS)
    view = specialize(_tree(model=model, main=main), options)
    assert "class Ours" not in view.tree.files[0].text
    assert "class Plain" in view.tree.files[0].text


def test_an_imported_alias_counts_as_its_class() -> None:
    """`from model import Plain as Net` keeps Plain."""
    model = "class Ours(Module):\n    pass\n\nclass Plain(Module):\n    pass\n"
    main = (
        "from model import Plain as Net\nfrom model import Ours\n"
        "net = Ours() if args.method == 'ours' else Net()\n"
    )
    view = specialize(_tree(model=model, main=main), Options(values=BASE, others=OURS))
    assert "class Plain" in view.tree.files[0].text
    assert "class Ours" not in view.tree.files[0].text


def test_a_table_of_another_file_is_followed() -> None:
    """`MODELS[args.method]` becomes the entry, and the class of the other arm goes."""
    model = (
        "class Ours(Module):\n    pass\n\nclass Plain(Module):\n    pass\n\n"
        "MODELS = {'ours': Ours, 'baseline': Plain}\n"
    )
    main = "from model import MODELS\nnet = MODELS[args.method]()\n"
    view = specialize(_tree(model=model, main=main), Options(values=BASE, others=OURS))
    assert "net = Plain()" in view.tree.files[1].text
    assert "class Ours" not in view.tree.files[0].text


def test_a_switch_set_by_the_branch_that_is_left_is_followed() -> None:
    """`Net(gate=False)` in the branch that runs settles `if gate:` in the class."""
    text = (
        "class Net(Module):\n    def __init__(self, gate):\n        self.g = Gate() if gate else None\n\n"
        "if args.method == 'ours':\n    net = Net(gate=True)\nelse:\n    net = Net(gate=False)\n"
    )
    assert "Gate()" not in _text(text)
    assert "Gate()" in _text(text, OURS, BASE)


def test_a_constant_of_both_arms_is_no_choice() -> None:
    """A call that is the same in both arms decides nothing by itself."""
    text = (
        "class Net(Module):\n    def __init__(self, gate):\n        self.g = Gate() if gate else None\n\n"
        "net = Net(gate=False)\nif args.method == 'ours':\n    a()\n"
    )
    assert "Gate() if gate else None" in _text(text)


def test_module_members_by_name_become_names() -> None:
    """`models.__dict__[args.arch]` and `getattr(models, args.arch)` say which network runs."""
    mine, theirs = {"arch": "resnet18"}, {"arch": "ournet"}
    for text in ("net = models.__dict__[args.arch]()\n", "net = getattr(models, args.arch)()\n"):
        assert _text(text, mine, theirs) == "net = models.resnet18()\n"


def test_a_count_of_turns_becomes_the_arms_number() -> None:
    """`range(args.inner)` shows how often, where the arms differ in it."""
    text = "for _ in range(args.inner):\n    step()\n"
    assert _text(text, {"inner": 1}, {"inner": 3}) == "for _ in range(1):\n    step()\n"


def test_learning_rates_stay_options() -> None:
    """A number that is handed on is no literal of the code."""
    text = "opt = SGD(p, lr=args.lr)\n"
    view = _view(text, {"lr": 0.1}, {"lr": 0.05})
    assert view.tree.files[0].text == text
    assert view.undecided == ()


def test_a_name_built_by_an_unknown_call_is_undecided() -> None:
    """`build_model(args.method)` of another package may build anything."""
    assert _view("net = build_model(args.method)\n").undecided == ("args.method (main.py:1)",)


def test_a_folder_named_by_the_method_is_no_choice() -> None:
    """Words that become paths and messages choose nothing."""
    text = (
        "path = os.path.join(args.out, args.method)\nprint(args.method)\nx = '%s' % args.method\n"
    )
    assert _view(text).undecided == ()


def test_the_options_that_decided_are_named() -> None:
    """The view says by which settings it was made."""
    assert _view("if args.method == 'ours':\n    a()\n").decided_by == {"method"}


def test_an_option_that_is_only_looked_at_decided_nothing() -> None:
    """A value that changes no text does not make a view."""
    view = _view("name = args.method or 'x'\n")
    assert view.decided_by == frozenset()


def test_broken_and_deep_files_are_left_as_they_are() -> None:
    """A file that does not parse, or nests beyond what can be followed, ends nothing."""
    deep = "x = " + "(" * 90 + "args.method == 'ours'" + ")" * 90 + "\n"
    chain = "y = args.method" + " + 'a'" * 3000 + "\n"
    options = Options(values=BASE, others=OURS)
    view = specialize(_tree(a="def (:\n", b=chain, c=deep), options)
    assert view.tree.files[0].text == "def (:\n"
    assert view.tree.files[1].text == chain


def test_lines_with_accents_and_windows_ends_keep_their_place() -> None:
    """Columns count bytes and lines may end in two characters."""
    text = (
        "é = 'ü' if args.method == 'ours' else 'ö'\r\nif args.method == 'ours':\r\n    drop()\r\n"
    )
    changed = _text(text)
    assert "'ö'" in changed and "'ü'" not in changed and "drop" not in changed


def test_defaults_of_declared_options() -> None:
    """A switch is off and an option has its default; one declared in two ways has none."""
    text = (
        "p.add_argument('--use-ema', action='store_true')\np.add_argument('--k', default=2)\n"
        "p.add_argument('--lr', default=0.1)\np.add_argument('--lr', default=0.2)\n"
        "p.add_argument('--data', required=True)\n"
        "@dataclass\nclass Config:\n    passes: int = 3\n"
    )
    assert declared_defaults(_tree(main=text)) == {"use_ema": False, "k": 2, "passes": 3}


def test_a_script_that_knows_no_option_reaches_nothing() -> None:
    """Another script of the tree, with a `main` of its own, does not keep the other arm's class."""
    model = "class Ours(Module):\n    pass\n\nclass Plain(Module):\n    pass\n"
    train = (
        "from model import Ours, Plain\n\ndef main():\n"
        "    return Ours() if args.method == 'ours' else Plain()\n\n"
        "if __name__ == '__main__':\n    main()\n"
    )
    show = (
        "from model import Ours\n\ndef main():\n    draw(Ours())\n\n"
        "if __name__ == '__main__':\n    main()\n"
    )
    view = specialize(_tree(model=model, show=show, train=train), Options(values=BASE, others=OURS))
    assert "class Ours" not in view.tree.files[0].text


def test_a_builder_nobody_calls_keeps_nothing() -> None:
    """`ours_large()` in the model file goes with the class it is made of."""
    model = (
        "class Ours(Module):\n    pass\n\nclass Plain(Module):\n    pass\n\n"
        "def ours_large():\n    return Ours(9)\n"
    )
    train = "from model import Ours, Plain\nnet = Ours() if args.method == 'ours' else Plain()\n"
    view = specialize(_tree(model=model, train=train), Options(values=BASE, others=OURS))
    assert view.tree.files[0].text.split("\n")[3] == "class Plain(Module):"
    assert "Ours" not in view.tree.files[0].text


def test_a_method_of_a_framework_is_kept() -> None:
    """What a trainer of another package may call stays, though the branch that named it is gone."""
    text = (
        "class T(Trainer):\n    def extra(self):\n        keep()\n\n"
        "    def fit(self):\n        if args.method == 'ours':\n            self.extra()\n\nT().fit()\n"
    )
    assert "keep()" in _text(text)


def test_a_method_of_the_other_arm_is_gone() -> None:
    """A method that only the other arm's branch calls is blanked in a class of the tree's own."""
    text = (
        "class T:\n    def extra(self):\n        drop()\n\n"
        "    def fit(self):\n        if args.method == 'ours':\n            self.extra()\n\nT().fit()\n"
    )
    assert "drop()" not in _text(text)


def test_a_file_that_does_not_parse_is_undecided() -> None:
    """A script in Python 2 that asks for the option may do anything."""
    view = specialize(_tree(main="print args.method\n"), Options(values=BASE, others=OURS))
    assert view.undecided == ("a file that is no Python this interpreter can parse (main.py)",)


METHOD = """\
class Trainer:
    def fit_all(self, epochs, kind='ours'):
        if kind == 'ours':
            drop()
        else:
            keep()
class Other:
    def fit_all(self{second}):
        pass
Trainer().fit_all(5, kind=args.method)
Other().fit_all({given})
"""


def test_a_method_is_told_by_what_it_takes() -> None:
    """Calls that lack an argument a method needs are of another method of its name."""
    text = _text(METHOD.format(second="", given=""))
    assert "drop()" not in text
    assert "keep()" in text


def test_a_method_that_another_could_be_is_left() -> None:
    """Where a call may be of either method, nothing is taken out."""
    text = _text(METHOD.format(second=", epochs, kind='x'", given="5, 'ours'"))
    assert "drop()" in text
    assert "keep()" in text


ABSENT = {
    "get with a default": "if cfg['model'].get('att', 'none') == 'cbam':\n    drop()\nelse:\n    keep()\n",
    "get without one": "kind = cfg['model'].get('att')\nif kind == 'cbam':\n    drop()\nelse:\n    keep()\n",
    "getattr": "if getattr(cfg.model, 'att', None) is not None:\n    drop()\nelse:\n    keep()\n",
    "membership": "if 'att' in cfg['model']:\n    drop()\nelse:\n    keep()\n",
    "no membership": "if 'att' not in cfg.model:\n    keep()\nelse:\n    drop()\n",
    "hasattr": "if hasattr(cfg.model, 'att'):\n    drop()\nelse:\n    keep()\n",
    "constructor": "class Net:\n    def __init__(self, att):\n        if att == 'cbam':\n            drop()\n"
    "        else:\n            keep()\n\nNet(att=cfg['model'].get('att', 'none'))\n",
}


@pytest.mark.parametrize("name", ABSENT)
def test_an_entry_left_out_takes_the_default_of_the_code(name: str) -> None:
    """An arm whose file lacks the entry runs what the code does without it."""
    options = Options(
        values={"model.width": 8},
        others={"model.width": 8, "model.att": "cbam"},
        absent=frozenset({"model.att"}),
    )
    text = specialize(_tree(main=ABSENT[name]), options).tree.files[0].text
    assert "drop()" not in text
    assert "keep()" in text


def test_an_entry_that_may_come_from_elsewhere_decides_nothing() -> None:
    """Without the knowledge that the arm's file lacks an entry its default stays open."""
    options = Options(values={"model.width": 8}, others={"model.width": 8, "model.att": "cbam"})
    text = specialize(_tree(main=ABSENT["get with a default"]), options).tree.files[0].text
    assert "drop()" in text
    assert "keep()" in text
