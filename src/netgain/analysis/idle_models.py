"""Networks of a tree that none of its trainings can reach: those of other experiments in a shared zoo."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection
from pathlib import PurePath

from netgain.analysis.code_reach import looks_up_names, reached_units, without_units
from netgain.analysis.code_regions import builds_modules, is_model
from netgain.analysis.code_units import Key, Unit, units_of
from netgain.analysis.configured_code import idle_scripts
from netgain.analysis.constant_calls import callers_of
from netgain.analysis.per_tree import remembered
from netgain.analysis.scopes import Program
from netgain.analysis.script_files import files_of
from netgain.analysis.syntax import calls_in, last_name, modules, names_in, nodes_of, words_in
from netgain.study import CodeTree

MADE_BY_CONFIGURATION = frozenset(
    {"instantiate", "locate", "get_class", "get_object", "LightningCLI", "build_from_cfg",
     "instantiate_from_config", "import_string", "load_entry_point"}
)  # fmt: skip
"""Functions by which a class is made whose name stands in a configuration."""

TRAINS = re.compile(
    r"\.backward\(|\.fit\w*\(|\.minimize\(|apply_gradients|value_and_grad|Trainer\(|\.train\(\)"
)
"""What code that trains says somewhere."""
SEVERAL = 2
"""Networks of a tree from which on there is a choice."""
MOST_SCRIPTS = 60
"""Training scripts of a tree beyond which their keys are not compared."""
SHORTEST_KEY = 4
FEWEST_KEYS = 4
LESS = 0.8
"""Share of the keys which one script asks for up to which another is not started with such a file."""
BESIDE = re.compile(
    r"discriminator|critic|adversar|teacher|domain_?(?:classifier|predictor)|netD\b", re.IGNORECASE
)
"""Names of networks that are trained or asked beside the model and left behind with the training."""

CLASS_LINE = re.compile(r"^class \w+", re.MULTILINE)


@remembered
def without_idle_models(tree: CodeTree) -> CodeTree:
    """Blank the networks that no training script of a tree can reach, by name, through any of its files.

    What is reached is taken widely: every name that reached code mentions counts, in whichever of the files
    that the scripts import it is defined. A tree stays as it is where no script trains, where none of its
    networks is reached, or where classes are made by names that only show as it runs.
    """
    return _without_idle(tree, None)


def models_in_use(tree: CodeTree, programs: Collection[str], keys: Collection[str]) -> CodeTree:
    """Blank the networks that an arm's own training script does not reach, or no script where that is open.

    Args:
        tree: an arm's code.
        programs: files that the arm's runs say they were started with.
        keys: last parts of the keys that the arm's settings have; the scripts that ask for most of them, and
            for clearly more than any other, are the arm's where no run names one.
    """
    scripts, _ = trainings_in(tree)
    if len(scripts) < SEVERAL:
        return without_idle_models(tree)
    named = {path for path in scripts if PurePath(path).name in set(map(_base, programs))}
    own = named if named or programs else _asking(tree, scripts, keys)
    return _without_idle(tree, own) if own else without_idle_models(tree)


def _base(path: str) -> str:
    return PurePath(path).name


def _asking(tree: CodeTree, scripts: Collection[str], keys: Collection[str]) -> set[str]:
    """Return the scripts that spell most keys of a configuration, none where others spell about as many."""
    if len(scripts) > MOST_SCRIPTS:
        return set()
    wanted = {key for key in keys if len(key) >= SHORTEST_KEY}
    counts = {
        file.path: sum(1 for key in wanted if key in file.text and _is_word(key, file.text))
        for file in tree.files
        if file.path in scripts
    }
    most = max(counts.values(), default=0)
    first = {path for path, count in counts.items() if count == most}
    others = [count for path, count in counts.items() if path not in first]
    plain = most >= FEWEST_KEYS and max(others, default=most) <= LESS * most
    return first if plain else set()


def _is_word(key: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(key)}(?!\w)", text) is not None


def _without_idle(tree: CodeTree, own: Collection[str] | None) -> CodeTree:
    """Blank the networks that no training script reaches, or none of those that are an arm's own."""
    program = callers_of(tree).program
    models = {
        key
        for path, root in program.roots.items()
        for node in getattr(root.node, "body", ())
        if _is_network(node)
        for key in [(path, node.lineno, node.name)]
    }
    if len(models) < SEVERAL:
        return tree
    scripts, read = trainings_in(tree)
    if own is not None:
        files = files_of(tree)
        scripts = frozenset(own)
        read = frozenset(path for script in own for path in files.reached(script))
    if not scripts or hides_names(program):
        return tree
    files = files_of(tree)
    if any(files.lacks_imports(path) for path in read):
        return tree  # what is in use may be what is missing
    units, loose = units_of(program, scripts)
    imported = [unit for unit in units if unit.key[0] in read]
    reached = reached_units(
        imported,
        [unit for unit in loose if unit.key[0] in read],
        frozenset(name for unit in (*units, *loose) for name in unit.refers_to)
        | {name for *_, name in models},
    )
    if not reached & models:
        return tree
    spelled, unused = _spelled(program), models - reached
    gone: list[Unit] = [unit for unit in units if unit.key in unused and unit.key[2] not in spelled]
    return without_units(tree, gone)


def without_networks_beside(tree: CodeTree, other: CodeTree) -> CodeTree:
    """Blank the networks that help one arm's training and stay behind, where the other arm has none of them.

    A discriminator, critic or teacher that only one arm trains beside its model is no part of the model that
    is compared.

    Args:
        tree: an arm's code.
        other: the other arm's.
    """
    mine = _beside(tree)
    if not mine or _beside(other):
        return tree
    program = callers_of(tree).program
    units, _ = units_of(program, frozenset())
    return without_units(tree, [unit for unit in units if unit.key in mine])


@remembered
def _beside(tree: CodeTree) -> frozenset[Key]:
    """Return the networks that are named as helpers of a training and are no part of another network."""
    if not any(
        BESIDE.search(line) for file in tree.files for line in CLASS_LINE.findall(file.text)
    ):
        return frozenset()
    networks = [
        (file.path, node)
        for file, module in modules(tree)
        for node in module.body
        if isinstance(node, ast.ClassDef) and is_model(node)
    ]
    inside = {
        name for _, node in networks if not BESIDE.search(node.name) for name in names_in(node)
    }
    return frozenset(
        (path, node.lineno, node.name)
        for path, node in networks
        if BESIDE.search(node.name) and node.name not in inside
    )


@remembered
def trainings_in(tree: CodeTree) -> tuple[frozenset[str], frozenset[str]]:
    """Return the files from which a training may have been started, and all the files they read."""
    files = files_of(tree)
    program = files.program
    idle = idle_scripts(tree)
    scripts = {path for path in files.scripts if path not in idle}
    read = {path for script in scripts for path in files.reached(script)}
    if scripts:
        # entry points of packages train without acting when they are imported
        apart = {
            file.path
            for file in tree.files
            if file.path in program.roots and file.path not in read and TRAINS.search(file.text)
        }
        scripts |= apart
        read |= {path for script in apart for path in files.reached(script)}
    return frozenset(scripts), frozenset(read)


def _spelled(program: Program) -> set[str]:
    """Return the strings of a tree that can be names of classes, those of `__all__` left out."""
    found: set[str] = set()
    for root in program.roots.values():
        exported = {
            id(node)
            for statement in nodes_of(root.node, ast.Assign)
            if any(isinstance(t, ast.Name) and t.id == "__all__" for t in statement.targets)
            for node in nodes_of(statement, ast.Constant)
        }
        found |= {
            node.value
            for node in nodes_of(root.node, ast.Constant)
            if isinstance(node.value, str)
            and node.value.isidentifier()
            and id(node) not in exported
        }
    return found


def _is_network(node: ast.AST) -> bool:
    if isinstance(node, ast.ClassDef):
        return is_model(node)
    return isinstance(node, ast.FunctionDef) and builds_modules(node)


def hides_names(program: Program) -> bool:
    """Tell whether classes are made by names that only show as the program runs."""
    return looks_up_names(program) or any(
        last_name(call) in MADE_BY_CONFIGURATION
        for root in program.roots.values()
        if not words_in(root.node).isdisjoint(MADE_BY_CONFIGURATION)
        for call in calls_in(root.node)
    )
