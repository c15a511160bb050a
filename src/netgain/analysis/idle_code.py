"""Code of a tree that its trainings do not run: networks of other experiments, and what nothing calls."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from pathlib import PurePath

from netgain.analysis.code_reach import looks_up_names, reached_units, without_units
from netgain.analysis.code_regions import builds_modules, is_model
from netgain.analysis.code_units import Key, Unit, units_of
from netgain.analysis.configured_code import idle_scripts
from netgain.analysis.constant_calls import callers_of
from netgain.analysis.per_tree import remembered
from netgain.analysis.scopes import FUNCTIONS, Program
from netgain.analysis.script_files import files_of
from netgain.analysis.syntax import calls_in, last_name, modules, names_in, nodes_of, words_in
from netgain.study import CodeTree, Source

MADE_BY_CONFIGURATION = frozenset(
    {"instantiate", "locate", "get_class", "get_object", "LightningCLI", "build_from_cfg",
     "instantiate_from_config", "import_string", "load_entry_point"}
)  # fmt: skip
"""Functions by which a class is made whose name stands in a configuration."""

TRAINS = re.compile(
    r"\.backward\(|\.fit\w*\(|\.minimize\(|apply_gradients|value_and_grad|Trainer\(|\.train\(\)"
)
"""What code that trains says somewhere."""
ENTRY = re.compile(
    r"^(?:async )?def (?:main|cli|app|entry\w*|run\w*|train\w*|fit\w*|start\w*|launch\w*|\w+_main)\(",
    re.MULTILINE,
)
"""Functions by which a package can be told to train from outside."""
DEFINING = (ast.ClassDef, *FUNCTIONS)
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
def without_idle_code(tree: CodeTree) -> CodeTree:
    """Blank what nothing in a tree runs, and the networks that no training script of it can reach by name.

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
        return without_idle_code(tree)
    named = {path for path in scripts if PurePath(path).name in set(map(_base, programs))}
    own = named if named or programs else _asking(tree, scripts, keys)
    return _without_idle(tree, own) if own else without_idle_code(tree)


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
    """Blank what nothing runs, and the networks that no training script reaches, or none of an arm's own."""
    program = callers_of(tree).program
    scripts, read = trainings_in(tree)
    files = files_of(tree)
    if own is not None:
        scripts = frozenset(own)
        read = frozenset(path for script in own for path in files.reached(script))
    if not scripts or hides_names(program):
        return tree
    if any(files.lacks_imports(path) for path in read):
        return tree  # what is in use may be what is missing
    idle = {
        unit.key: unit
        for unit in (*_idle_networks(program, scripts, read), *_idle_definitions(tree, scripts))
    }
    spelled = _spelled(program, {id(unit.node) for unit in idle.values()})
    return without_units(tree, [unit for unit in idle.values() if unit.key[2] not in spelled])


def _idle_networks(
    program: Program, scripts: frozenset[str], read: frozenset[str]
) -> Iterator[Unit]:
    """Yield the networks that some scripts do not reach, where they reach one of several."""
    models = {
        key
        for path, root in program.roots.items()
        for node in getattr(root.node, "body", ())
        if _is_network(node)
        for key in [(path, node.lineno, node.name)]
    }
    if len(models) < SEVERAL:
        return
    units, reached = _reached_from(program, scripts, read)
    if reached & models:
        yield from (unit for unit in units if unit.key in models and unit.key not in reached)


def _idle_definitions(tree: CodeTree, trainings: frozenset[str]) -> Iterator[Unit]:
    """Yield the functions and classes that no file of a tree runs which does anything when it is started.

    Scripts that evaluate or prepare count as well as those that train.
    """
    files = files_of(tree)
    program = files.program
    starting = trainings | set(filter(files.acts, program.roots))
    read = frozenset(path for script in starting for path in files.reached(script))
    units, reached = _reached_from(program, starting, read)
    for unit in units:
        if unit.owner is None and unit.key not in reached and isinstance(unit.node, DEFINING):
            yield unit


def _reached_from(
    program: Program, started: frozenset[str], read: frozenset[str]
) -> tuple[list[Unit], set[Key]]:
    """Return all definitions of a tree, and those that some files reach through what they import.

    A class is reached only by its name; a function of a started file may be called by other means.
    """
    units, loose = units_of(program, started)
    named = {name for unit in (*units, *loose) for name in unit.refers_to}
    named |= {unit.key[2] for unit in units if isinstance(unit.node, ast.ClassDef)}
    reached = reached_units(
        [unit for unit in units if unit.key[0] in read],
        [unit for unit in loose if unit.key[0] in read],
        frozenset(named),
    )
    return units, reached


@remembered
def unnamed_definitions(tree: CodeTree) -> frozenset[tuple[str, int, int]]:
    """Return file, first and last line of each function and class that nothing else in a tree names.

    Not even a string names them, so that only something outside the tree could run them.
    """
    named: set[str] = set()
    defined: list[tuple[str, ast.stmt, str]] = []
    for file, module in modules(tree):
        for statement in module.body:
            own = statement.name if isinstance(statement, DEFINING) else ""
            if isinstance(statement, DEFINING) and not statement.decorator_list:
                defined.append((file.path, statement, own))
            words = {node.id for node in nodes_of(statement, ast.Name)}
            words |= {node.attr for node in nodes_of(statement, ast.Attribute)}
            words |= {alias.name for alias in nodes_of(statement, ast.alias)}
            words |= {
                node.value
                for node in nodes_of(statement, ast.Constant)
                if isinstance(node.value, str) and node.value.isidentifier()
            }
            named |= words - {own}
    return frozenset(
        (path, node.lineno, node.end_lineno or node.lineno)
        for path, node, name in defined
        if name not in named
    )


@remembered
def idle_places(tree: CodeTree) -> frozenset[tuple[str, int, int]]:
    """Return the definitions that nothing else names, as `unnamed_definitions`, where some file starts.

    Without a file that does anything by itself, what runs the definitions is not among the files.
    """
    return unnamed_definitions(tree) if files_of(tree).started else frozenset()


def runs_nowhere(tree: CodeTree, source: Source) -> bool:
    """Tell whether a place lies in a definition that nothing else names, in a tree where some file starts."""
    line = source.line or 0
    return any(
        path == source.path and first <= line <= last for path, first, last in idle_places(tree)
    )


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
            if file.path in program.roots
            and file.path not in read
            and TRAINS.search(file.text)
            and ENTRY.search(file.text)
        }
        scripts |= apart
        read |= {path for script in apart for path in files.reached(script)}
    return frozenset(scripts), frozenset(read)


def _spelled(program: Program, idle: Collection[int]) -> set[str]:
    """Return the strings of a program that can be names of classes, those of `__all__` left out.

    Args:
        program: the program.
        idle: ids of the definitions that are not reached; what they spell counts for nothing.
    """
    return {
        node.value
        for root in program.roots.values()
        for statement in getattr(root.node, "body", ())
        if id(statement) not in idle and not _exports(statement)
        for node in nodes_of(statement, ast.Constant)
        if isinstance(node.value, str) and node.value.isidentifier()
    }


def _exports(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == "__all__" for target in statement.targets
    )


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
