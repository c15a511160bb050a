"""Where code hands a batch size, a length, a learning rate or a seed to a training, by form of the call."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from netgain.analysis.literal_sinks import OPTIMIZERS
from netgain.analysis.scopes import FUNCTIONS, Program, Scope
from netgain.analysis.syntax import called_in, dotted, last_name, literal, nodes_of

Side = Literal["train", "other", "open"]
"""Whether data are trained on, scored on, or neither is said."""
KEYWORDS = {
    "epochs": "epochs", "nb_epoch": "epochs", "nb_epochs": "epochs", "num_epochs": "epochs",
    "n_epochs": "epochs", "max_epochs": "epochs", "max_epoch": "epochs", "num_train_epochs": "epochs",
    "total_epochs": "epochs", "n_epoch": "epochs", "num_epoch": "epochs",
    "batch_size": "batch_size", "train_batch_size": "batch_size", "bs": "batch_size",
    "per_device_train_batch_size": "per_device_train_batch_size",
    "per_gpu_train_batch_size": "per_device_train_batch_size",
    "gradient_accumulation_steps": "gradient_accumulation_steps",
    "accumulate_grad_batches": "gradient_accumulation_steps",
    "learning_rate": "learning_rate", "lr": "learning_rate", "lr0": "learning_rate",
    "lr_max": "learning_rate",
    "seed": "seed", "random_seed": "seed", "manual_seed": "seed",
    "max_steps": "max_steps", "max_iters": "max_steps", "max_iter": "max_steps",
    "num_iters": "max_steps", "num_iterations": "max_steps", "n_iters": "max_steps",
    "total_steps": "max_steps", "num_train_steps": "max_steps", "total_timesteps": "max_steps",
}  # fmt: skip
"""Arguments of a call that trains, by the quantity they set."""
TRAINING_CALLS = re.compile(
    r"fit|fit_generator|fit_one_cycle|fine_tune|finetune|train|train_\w+|run_train\w*|training|learn|"
    r"\w*Trainer|\w*TrainingArguments|\w*TrainingArgs|(?:SFT|DPO|ORPO|PPO|GRPO|Reward)Config|Learner"
)
"""Calls that train with what they are given."""
NOT_TRAINING_CALLS = re.compile(
    r"train_test_split|train_dataloader|train_loader|train_val\w*split\w*"
)
LOADERS = re.compile(
    r"\w*DataLoader|DataLoader2|BucketIterator|flow|flow_from_directory|flow_from_dataframe|"
    r"image_dataset_from_directory|text_dataset_from_directory|splits"
)
"""Calls that cut data into batches."""
SEEDING = frozenset(
    {"manual_seed", "manual_seed_all", "seed_everything", "set_seed", "set_random_seed", "set_seeds",
     "seed_all", "fix_seed", "setup_seed", "seed_torch", "same_seeds", "same_seed", "init_seed",
     "init_seeds", "set_all_seeds", "fix_random_seed", "fix_seeds", "set_global_seed", "set_manual_seed",
     "seed_every_thing", "random_seed", "fix_random_seeds", "set_random_seeds", "initialize_seed"}
)  # fmt: skip
"""Calls that seed what draws weights and batches."""
NUMPY_OR_RANDOM = frozenset({"random.seed", "np.random.seed", "numpy.random.seed"})
GENERATORS = re.compile(r"(?:\w*_)?(?:g|gen|generator|rng)", re.IGNORECASE)
"""Names of a generator that draws one thing, as a split of the data."""
AGENTS = frozenset(
    {"A2C", "A3C", "ARS", "CrossQ", "DDPG", "DQN", "MaskablePPO", "PPO", "QRDQN", "RecurrentPPO",
     "SAC", "TD3", "TQC", "TRPO"}
)  # fmt: skip
"""Agents of Stable-Baselines, whose `n_epochs` counts passes over one rollout."""
AGENT_KEYWORDS = {"learning_rate": "learning_rate", "batch_size": "batch_size", "seed": "seed"}
SOLVER = {
    "IMS_PER_BATCH": "batch_size",
    "BASE_LR": "learning_rate",
    "MAX_ITER": "max_steps",
}
"""Entries of `cfg.SOLVER` that Detectron2's trainer uses."""
STARTS = re.compile(r"\w*Trainer|do_train|launch")
"""Calls by which a file trains what such a configuration says."""
EPOCH = re.compile(r"(?:\w+_)?(?:epochs?|ep)(?:_\w+)?", re.IGNORECASE)
STEP = re.compile(
    r"(?:\w+_)?(?:step|iter|iteration|iter_num|it|itr)(?:_(?:num|i|idx|no))?", re.IGNORECASE
)
WORKING = re.compile(
    r"backward|step|train\w*|fit\w*|minimi[sz]e|apply_gradients|update\w*|run_epoch|one_epoch|learn|"
    r"optimi[sz]e\w*|do_train|run_one_epoch|train_on_batch"
)
"""Calls inside a loop by which it trains."""
TRAIN_WORDS = re.compile(r"(?<![a-z])(?:tr|trn)(?![a-z])|train|learn_set")
OTHER_WORDS = re.compile(
    r"(?<![a-z])(?:te|va|dev|cv)(?![a-z])|test|val(?!ue)|eval|infer|predict|holdout|query|gallery"
)
LONGEST = 400
"""Characters of an expression that are looked at for words."""
Targets = dict[int, list[ast.expr]]
"""What calls are given to, by identity of the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sink:
    """An expression whose value a training uses."""

    name: str
    """The quantity, as the vocabulary spells it."""
    value: ast.expr
    """The expression."""
    scope: Scope
    """Where it stands."""
    call: ast.AST
    """The call or loop that it is given to."""
    side: Side = "train"
    """Of a batch size, whose batches."""
    less: ast.expr | None = None
    """Of a loop, what it starts at."""
    rank: int = 0
    """Of seeds: 1 where it seeds numpy or `random` alone."""


def sinks_of(program: Program, path: str) -> tuple[Sink, ...]:
    """Return the sinks of one file."""
    root = program.roots[path]
    targets = _targets(root.node)
    found: list[Sink] = []
    for call in nodes_of(root.node, ast.Call):
        given = list(_of_call(call, targets))
        if given:
            scope = program.scope_of(call, path)
            found += [
                Sink(name=n, value=v, scope=scope, call=call, side=side, rank=rank)
                for n, v, side, rank in given
            ]
    for scope in (root, *root.below):
        if isinstance(scope.node, (ast.Module, *FUNCTIONS)):
            found += _loops(scope)
    if any(map(STARTS.fullmatch, called_in(root.node))):
        found += _solver(root)
    return tuple(found)


def _solver(root: Scope) -> Iterator[Sink]:
    """Yield what is set under `cfg.SOLVER`, in capitals as Detectron2 has it."""
    for scope in (root, *root.below):
        for node in scope.own_nodes:
            if not isinstance(node, ast.Assign) or len(node.targets) != 1:
                continue
            target = node.targets[0]
            if (
                isinstance(target, ast.Attribute)
                and target.attr in SOLVER
                and isinstance(target.value, ast.Attribute)
                and target.value.attr == "SOLVER"
            ):
                yield Sink(name=SOLVER[target.attr], value=node.value, scope=scope, call=node)


def side_of(call: ast.AST, targets: Targets) -> Side:
    """Tell by the words of a call, its arguments and the name it is given to, whose batches it makes."""
    text = " ".join(map(_words, targets.get(id(call), ())))
    shuffled: object = None
    if isinstance(call, ast.Call):
        given = {k.arg: k.value for k in call.keywords if k.arg}
        shuffled = literal(given.get("shuffle"))
        parts = [call.func, *call.args[:2]]
        parts += [
            given[k] for k in ("dataset", "directory", "subset", "data", "split") if k in given
        ]
        text += " " + " ".join(_words(part) for part in parts)
    text = text.lower()
    if TRAIN_WORDS.search(text):
        both = OTHER_WORDS.search(text) is not None and last_name(call) != "splits"
        return "open" if both and shuffled is not True else "train"
    if OTHER_WORDS.search(text):
        return "other"
    return "train" if shuffled is True else "open"


def _words(node: ast.AST) -> str:
    """Return the names and strings in an expression."""
    found: list[str] = []
    waiting = [node]
    length = 0
    for part in waiting:  # the list grows as parts are looked into
        word = (
            part.id if isinstance(part, ast.Name)
            else part.attr if isinstance(part, ast.Attribute)
            else part.value if isinstance(part, ast.Constant) and isinstance(part.value, str)
            else ""
        )  # fmt: skip
        length += len(word)
        found.append(word[:LONGEST])
        if length > LONGEST:
            break
        waiting += [c for c in ast.iter_child_nodes(part) if isinstance(c, (ast.expr, ast.keyword))]
    return " ".join(found)


def targets_of(program: Program, path: str) -> Targets:
    """Return what the calls of a file are given to, by identity of the call."""
    return _targets(program.roots[path].node)


def _targets(module: ast.AST) -> Targets:
    found: Targets = {}
    for node in nodes_of(module, ast.Assign):
        if isinstance(node.value, ast.Call):
            found[id(node.value)] = node.targets
        elif isinstance(node.value, ast.Tuple) and isinstance(node.targets[0], ast.Tuple):
            for target, value in zip(node.targets[0].elts, node.value.elts, strict=False):
                found[id(value)] = [target]
    return found


def _of_call(call: ast.Call, targets: Targets) -> Iterator[tuple[str, ast.expr, Side, int]]:
    name = last_name(call)
    given = {k.arg: k.value for k in call.keywords if k.arg}
    if OPTIMIZERS.fullmatch(name) or _gets_parameters(call):
        rate = given.get("lr", given.get("learning_rate"))
        if rate is None and call.args and OPTIMIZERS.fullmatch(name):
            rate = call.args[1] if len(call.args) > 1 else _number_first(call)
        if rate is not None:
            yield "learning_rate", rate, "train", 0
    elif LOADERS.fullmatch(name) and "batch_size" in given:
        yield "batch_size", given["batch_size"], side_of(call, targets), 0
    elif name.endswith("DataLoader") and len(call.args) > 1:
        yield "batch_size", call.args[1], side_of(call, targets), 0
    elif name == "batch" and isinstance(call.func, ast.Attribute) and len(call.args) == 1:
        if isinstance(call.func.value, (ast.Name, ast.Attribute, ast.Call)):
            yield "batch_size", call.args[0], side_of(call, targets), 0
    elif name in AGENTS:
        for argument, value in given.items():
            if argument in AGENT_KEYWORDS:
                yield AGENT_KEYWORDS[argument], value, "train", 0
    elif TRAINING_CALLS.fullmatch(name) and not NOT_TRAINING_CALLS.fullmatch(name):
        for argument, value in given.items():
            if argument in KEYWORDS:
                yield KEYWORDS[argument], value, "train", 0
    else:
        yield from _seeded(call, name, given)


def _seeded(
    call: ast.Call, name: str, given: dict[str, ast.expr]
) -> Iterator[tuple[str, ast.expr, Side, int]]:
    value = given.get("seed", call.args[0] if call.args else None)
    if value is None:
        if name == "seed" and dotted(call.func) in NUMPY_OR_RANDOM:
            yield "seed", ast.Constant(value=None), "train", 1  # seeds anew, by chance
        return
    if name in SEEDING:
        holder = call.func.value if isinstance(call.func, ast.Attribute) else None
        if isinstance(holder, ast.Call) or GENERATORS.fullmatch(last_name(holder or call.func)):
            return
        yield "seed", value, "train", 0
    elif name == "seed" and dotted(call.func) in NUMPY_OR_RANDOM:
        yield "seed", value, "train", 1


def _gets_parameters(call: ast.Call) -> bool:
    """Tell whether a call of a name that was chosen before is given parameters and their rate."""
    first = call.args[0] if call.args else None
    return (
        isinstance(first, ast.Call)
        and last_name(first) == "parameters"
        and any(k.arg in ("lr", "learning_rate") for k in call.keywords)
    )


def _number_first(call: ast.Call) -> ast.expr | None:
    """Return the rate that Keras takes first, where torch takes parameters."""
    first = call.args[0]
    named = isinstance(first, (ast.Name, ast.Attribute)) and re.search(
        r"lr|rate", last_name(first), re.IGNORECASE
    )
    number = isinstance(literal(first), float)
    return first if number or named else None


def _loops(scope: Scope) -> Iterator[Sink]:
    """Yield the ends of the loops over epochs or steps that train."""
    inside_epochs: set[int] = set()
    loops = [n for n in scope.own_nodes if isinstance(n, ast.For)]
    for loop in loops:
        counter = loop.target.id if isinstance(loop.target, ast.Name) else ""
        ends = _range_of(loop.iter)
        is_epoch = EPOCH.fullmatch(counter) is not None
        if ends is None or not (is_epoch or STEP.fullmatch(counter)):
            continue
        names = called_in(loop)
        if is_epoch and any(WORKING.fullmatch(name) for name in names):
            inside_epochs.update(id(inner) for inner in nodes_of(loop, ast.For))
            yield Sink(name="epochs", value=ends[1], scope=scope, call=loop, less=ends[0])
        elif id(loop) not in inside_epochs and "backward" in names:
            yield Sink(name="max_steps", value=ends[1], scope=scope, call=loop, less=ends[0])


def _range_of(node: ast.expr) -> tuple[ast.expr | None, ast.expr] | None:
    """Return start and end of `range(...)`, a progress bar around it seen through."""
    for _ in range(3):
        if not isinstance(node, ast.Call):
            return None
        name = last_name(node)
        if name in ("range", "trange", "xrange") and 1 <= len(node.args) <= 2 + (name == "range"):
            if len(node.args) == 3 and literal(node.args[2]) != 1:
                return None
            return (None, node.args[0]) if len(node.args) == 1 else (node.args[0], node.args[1])
        if not node.args:
            return None
        node = node.args[0]
    return None
