"""Ways in which code may change a learning rate without a scheduler that is known by name."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection

from netgain.analysis.schedule_makers import OPTIMIZERS
from netgain.analysis.syntax import dotted, last_name, nodes_of

HARMLESS = frozenset(
    {"AmpOptimWrapper", "DataParallel", "DistributedOptimizer", "OptimWrapper", "TrainState", "Trainer",
     "append", "apply_gradients", "broadcast_optimizer_state", "clip_gradients", "compile", "create",
     "deepcopy", "dict", "extend", "format", "getattr", "hasattr", "id", "info", "isinstance", "len",
     "load", "load_checkpoint", "load_state_dict", "log", "manual_backward", "minimize",
     "optimizer_step", "optimizer_to", "partial", "prepare", "prepare_optimizer", "print", "repr",
     "save", "save_checkpoint", "setup", "setup_optimizers", "state_dict", "step", "str", "super",
     "type", "unscale_", "update", "zero_grad"}
)  # fmt: skip
"""What optimizers are handed to without a change of their rate."""
OPTIMIZER = re.compile(r"(?:^|_)optim(?:izers?)?(?:_|$|\d)", re.IGNORECASE)
"""Names of optimizers; others are those that are given one."""
RATE_NAME = re.compile(r"(?:\w+_)?(?:lr|learning_?rate)", re.IGNORECASE)
"""Names of rates."""
KNOWN_CALLBACKS = frozenset(
    {"EarlyStopping", "ModelCheckpoint", "TensorBoard", "CSVLogger", "TerminateOnNaN", "ProgbarLogger",
     "History", "BackupAndRestore", "WandbCallback", "WandbMetricsLogger", "TqdmCallback", "BaseLogger",
     "LearningRateMonitor", "RichProgressBar", "TQDMProgressBar", "ModelSummary", "DeviceStatsMonitor"}
)  # fmt: skip
"""Callbacks of Keras and Lightning that leave the rate alone."""
GIVEN_CALLBACKS = frozenset({"callbacks", "callback"})


def may_change_rate(module: ast.Module, defined: Collection[str]) -> bool:
    """Tell whether a file lowers a rate by arithmetic or hands its optimizer to code that is not there.

    Args:
        module: the file.
        defined: names of the functions and classes of the tree, which are looked at where they stand.
    """
    return (
        _reckons_rate(module)
        or _hands_out_optimizer(module, defined)
        or _calls_back(module, defined)
    )


def _reckons_rate(module: ast.Module) -> bool:
    """Match `lr *= 0.9` and `lr = lr * 0.9`."""
    for change in nodes_of(module, ast.AugAssign):
        if RATE_NAME.fullmatch(last_name(change.target)):
            return True
    for statement in nodes_of(module, ast.Assign):
        if not isinstance(statement.value, ast.BinOp):
            continue
        targets = {dotted(target) for target in statement.targets} - {""}
        named = {
            dotted(n) for kind in (ast.Name, ast.Attribute) for n in nodes_of(statement.value, kind)
        }
        if any(RATE_NAME.fullmatch(target.rpartition(".")[2]) for target in targets & named):
            return True
    return False


def _hands_out_optimizer(module: ast.Module, defined: Collection[str]) -> bool:
    given_one = {
        last_name(target)
        for statement in nodes_of(module, ast.Assign)
        if isinstance(statement.value, ast.Call)
        and OPTIMIZERS.fullmatch(last_name(statement.value))
        for target in statement.targets
    }
    for call in nodes_of(module, ast.Call):
        name = last_name(call)
        if name in HARMLESS or name in defined:
            continue
        given = (*call.args, *(k.value for k in call.keywords))
        if any(
            isinstance(one, (ast.Name, ast.Attribute))
            and (OPTIMIZER.search(last_name(one)) or last_name(one) in given_one)
            for one in given
        ):
            return True
    return False


def _calls_back(module: ast.Module, defined: Collection[str]) -> bool:
    """Tell whether a library is given a callback that may be any."""
    lists = {
        dotted(target): statement.value
        for statement in nodes_of(module, ast.Assign)
        for target in statement.targets
    }
    for call in nodes_of(module, ast.Call):
        for keyword in call.keywords:
            if keyword.arg in GIVEN_CALLBACKS and _is_open(keyword.value, lists, defined, 0):
                return True
    return False


def _is_open(
    node: ast.expr, values: dict[str, ast.expr], defined: Collection[str], depth: int
) -> bool:
    """Tell whether a callback, or a list of them, is not known to leave the rate alone."""
    if isinstance(node, (ast.List, ast.Tuple)):
        return any(_is_open(item, values, defined, depth) for item in node.elts)
    if isinstance(node, ast.Constant):
        return False
    if isinstance(node, ast.Call):
        return last_name(node) not in KNOWN_CALLBACKS and last_name(node) not in defined
    value = values.get(dotted(node)) if dotted(node) else None
    return value is None or depth > len(values) or _is_open(value, values, defined, depth + 1)
