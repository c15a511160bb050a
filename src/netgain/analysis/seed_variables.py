"""Which loops go over seeds: by the name of their variable, or by what it is handed to."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from netgain.analysis.scopes import Scope
from netgain.analysis.statement_flow import header_nodes, key_of
from netgain.analysis.syntax import calls_in, dotted, last_name, literal, nodes_of
from netgain.study import Scalar

SEED = re.compile(r"(?:^|_)(?:random_?|rng_?)?seeds?(?:_|$|\d)", re.IGNORECASE)
REPEAT = re.compile(
    r"(?:^|_)(?:runs?|trials?|reps?|repeats?|repetitions?|replicates?)(?:_|$|\d)", re.IGNORECASE
)
OTHER_COUNTS = re.compile(
    r"epochs?|steps?|iter\w*|batch\w*|folds?|idx|layer\w*|episodes?|worker\w*|rank", re.IGNORECASE
)
"""Variables that a generator can be seeded by without being a seed of the run."""
SEEDING = re.compile(
    r"(?:set_?|fix_?|init_?)?(?:all_?|random_?|global_?|manual_?|np_?|torch_?)*seeds?(?:_everything|_all|_torch)?|"
    r"manual_seed(?:_all)?|seed_everything|same_seeds?|set_random_seed|set_determinis\w+|PRNGKey",
    re.IGNORECASE,
)
"""Functions that set the seed."""
DRAWING = re.compile(r"choice|uniform|sample|suggest|randint|loguniform")
"""Calls that draw settings: repeats are then trials of a search."""
RESULTS_OF_RUNS = re.compile(
    r"(?:seed|run|trial|rep)s?[_\-]?\*|(?:seed|run|trial)s?/\*", re.IGNORECASE
)
"""Patterns of file names in which the run is open."""
READING = frozenset(
    {
        "load",
        "loads",
        "open",
        "read_csv",
        "glob",
        "read_text",
        "listdir",
        "from_pretrained",
        "read_json",
    }
)
SMALL = frozenset(
    {"print", "append", "len", "range", "str", "int", "format", "join", "info", "write", "add"}
)
"""Calls that train nothing."""
TRAINING = re.compile(
    r"train|fit|run|main|experiment|learn|evaluat|solve|test|work|go|job|trial|objective",
    re.IGNORECASE,
)
COLLECTIONS = frozenset({"items", "keys", "values", "glob", "iterdir", "listdir", "walk", "runs"})
WRAPPERS = frozenset({"enumerate", "tqdm", "trange", "list", "track", "reversed", "progress_bar"})
ENVIRONMENT = re.compile(r"(?:^|[._])envs?(?:$|[._\d])|_env$")
Comprehension = ast.ListComp | ast.GeneratorExp | ast.DictComp


def is_over_seeds(loop: ast.For | ast.AsyncFor) -> bool:
    """Tell whether a loop runs something once a seed.

    Its variable says so (`seed`, or `run` where it is counted), or it is handed to what sets the seed. A loop
    that only reads results which were there already is none.
    """
    names = {name.id for name in nodes_of(loop.target, ast.Name)}
    if _over_files_of_runs(loop.iter):
        return True
    if any(OTHER_COUNTS.fullmatch(name) for name in names) or _collects(loop.iter):
        return False
    calls = [call for statement in loop.body for call in calls_in(statement)]
    started = [call for call in calls if last_name(call) not in SMALL]
    if not started or _only_reads(started):
        return False
    if any(SEED.search(name) for name in names | {_iterated(loop.iter)}):
        return True
    if any(REPEAT.search(name) for name in names) and _is_counted(loop.iter):
        return not any(DRAWING.search(last_name(call)) for call in calls)
    return any(_seeds(call, names) for call in calls) or _stores_seed(loop, names)


def comprehensions_over_seeds(statement: ast.stmt) -> Iterator[Comprehension]:
    """Yield comprehensions of a statement that run something once a seed."""
    for node in header_nodes(statement):
        if not isinstance(node, (ast.ListComp, ast.GeneratorExp, ast.DictComp)):
            continue
        first = node.generators[0]
        if _over_files_of_runs(first.iter):
            yield node
            continue
        element = node.value if isinstance(node, ast.DictComp) else node.elt
        names = {name.id for name in nodes_of(first.target, ast.Name)}
        calls = [call for call in calls_in(element) if last_name(call) not in SMALL]
        used = {name.id for name in nodes_of(element, ast.Name)} & names
        if not calls or not used or _only_reads(calls) or _collects(first.iter):
            continue
        if any(OTHER_COUNTS.fullmatch(name) for name in names):
            continue
        seed = any(SEED.search(name) for name in names | {_iterated(first.iter)})
        repeat = any(REPEAT.search(name) for name in names) and _is_counted(first.iter)
        if seed or repeat or any(_seeds(call, names) for call in calls):
            yield node


def count_of(
    node: ast.expr, root: Scope, defaults: dict[str, Scalar], depth: int = 0
) -> int | None:
    """Return how many turns a loop makes: lists, ranges, constants of the file and defaults of options."""
    if isinstance(node, (ast.List, ast.Tuple)):
        return None if any(isinstance(e, ast.Starred) for e in node.elts) else len(node.elts)
    if isinstance(node, ast.Call) and last_name(node) in WRAPPERS and node.args:
        end = _number(node.args[0], root, defaults) if last_name(node) == "trange" else None
        return end if end is not None else count_of(node.args[0], root, defaults, depth + 1)
    if isinstance(node, ast.Call) and last_name(node) in ("range", "arange"):
        ends = [_number(argument, root, defaults) for argument in node.args]
        numbers = [end for end in ends if end is not None]
        if len(numbers) == len(ends) and 1 <= len(ends) <= 3:
            first, last = (0, numbers[0]) if len(ends) == 1 else (numbers[0], numbers[1])
            step = numbers[2] if len(ends) == 3 else 1
            turns = range(first, last, step) if step else range(0)
            return len(turns) or None
        return None
    if isinstance(node, ast.Name) and depth < 4:
        bound = root.bound.get(node.id, [])
        if len(bound) == 1 and bound[0] is not None:
            return count_of(bound[0], root, defaults, depth + 1)
    return None


def _number(node: ast.expr, root: Scope, defaults: dict[str, Scalar]) -> int | None:
    value = literal(node)
    if value is None and isinstance(node, ast.Name):
        bound = root.bound.get(node.id, [])
        value = literal(bound[0]) if len(bound) == 1 else defaults.get(node.id)
    elif value is None and isinstance(node, ast.Attribute):
        value = defaults.get(node.attr)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _collects(node: ast.expr) -> bool:
    """Tell whether a loop goes through what is there already: items of a dict, files, data."""
    words = [last_name(call) for call in calls_in(node)]
    names = [name.id for name in nodes_of(node, ast.Name)]
    return any(word in COLLECTIONS for word in words) or any(
        re.search(r"loader|dataset|batch", name, re.IGNORECASE) for name in names
    )


def _over_files_of_runs(node: ast.expr) -> bool:
    """Tell whether a loop goes over the result files of several runs: `glob("runs/seed*/result.json")`."""
    return any(
        isinstance(literal(argument), str) and RESULTS_OF_RUNS.search(str(literal(argument)))
        for call in calls_in(node)
        if last_name(call) in ("glob", "iglob", "rglob")
        for argument in call.args
    )


def _only_reads(calls: list[ast.Call]) -> bool:
    """Tell whether calls read results and start nothing."""
    reads = any(last_name(call) in READING for call in calls)
    starts = any(
        TRAINING.search(last_name(call)) and last_name(call) not in READING for call in calls
    )
    return reads and not starts


def _iterated(node: ast.expr) -> str:
    """Return the name a loop goes through: `seeds`, of `args.seeds` the last part."""
    while isinstance(node, ast.Call) and last_name(node) in WRAPPERS and node.args:
        node = node.args[0]
    return dotted(node).rpartition(".")[2] if isinstance(node, (ast.Name, ast.Attribute)) else ""


def _is_counted(node: ast.expr) -> bool:
    """Tell whether a loop counts: `range(5)`, `args.runs`, `[0, 1, 2]`."""
    while isinstance(node, ast.Call) and last_name(node) in WRAPPERS - {"trange"} and node.args:
        node = node.args[0]
    if isinstance(node, (ast.List, ast.Tuple)):
        return all(isinstance(literal(item), int) for item in node.elts)
    return isinstance(node, ast.Call) and last_name(node) in ("range", "trange", "arange")


def _seeds(call: ast.Call, names: set[str]) -> bool:
    """Tell whether a call sets a seed by one of some names, or takes it as its seed."""
    if ENVIRONMENT.search(dotted(call.func)):
        return False
    if SEEDING.fullmatch(last_name(call)) and any(_uses(a, names) for a in call.args):
        return True
    return any(
        k.arg is not None and SEED.search(k.arg) and _uses(k.value, names) for k in call.keywords
    )


def _stores_seed(loop: ast.For | ast.AsyncFor, names: set[str]) -> bool:
    """Tell whether a loop sets `args.seed = i` or `cfg["seed"] = i`."""
    for statement in loop.body:
        for node in nodes_of(statement, ast.Assign):
            key = key_of(node.targets[0])
            last = re.split(r"[.\[]", key.rstrip("]"))[-1]
            if last and SEED.search(last) and _uses(node.value, names):
                return True
    return False


def _uses(node: ast.AST, names: set[str]) -> bool:
    return any(name.id in names for name in nodes_of(node, ast.Name))
