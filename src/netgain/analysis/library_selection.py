"""Best epochs that a library chooses: by which data, as scripts hand it over."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from netgain.analysis.data_splits import AT_THE_END, Splits
from netgain.analysis.scopes import Scope
from netgain.analysis.split_words import NONE, TEST_WORD, Mark, Marks, is_test
from netgain.analysis.syntax import last_name, literal, nodes_of
from netgain.study import Source

MONITORS = frozenset(
    {"monitor", "metric_for_best_model", "save_best", "key_indicator", "early_stop_metric",
     "checkpoint_metric", "best_metric"}
)  # fmt: skip
"""Arguments that name the score by which a library keeps the best checkpoint."""
VALIDATION_ARGUMENTS = frozenset({"validation_data", "eval_dataset", "val_dataloaders", "eval_set"})
STOPPERS = frozenset({"EarlyStopping", "EarlyStoppingCallback", "early_stopping"})
LOADER_METHODS = frozenset({"val_dataloader", "get_eval_dataloader"})
"""Methods by which a Lightning module, or a trainer, gets the data it chooses by."""
SCORE_FUNCTION = "score_function"
"""Argument of Ignite's checkpoints and early stops."""
CALLED = "validation data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """One place where code keeps the best by a score on test data."""

    what: str
    """What is kept, in a few words."""
    source: Source
    """File and line."""
    renamed: str = ""
    """Name that says validation and holds test data, where there is one."""
    data: Source | None = None
    """Where that data is said to be test data."""
    saves: bool = False
    """Whether weights are kept or a file is written by it, as opposed to a number noted."""


def by_place(mark: Mark) -> tuple[str, int, str]:
    """Return what sorts marks by file and line."""
    return mark.source.path, mark.source.line or 0, mark.renamed


def monitored(root: Scope) -> Iterator[Selection]:
    """Yield checkpoints and early stops that a library keeps by a test score."""
    for call in nodes_of(root.node, ast.Call):
        for keyword in call.keywords:
            named = literal(keyword.value)
            if keyword.arg in MONITORS and isinstance(named, str) and TEST_WORD.search(named):
                line = keyword.value.lineno
                yield Selection(
                    what=f"best checkpoint by {named!r}",
                    source=Source(path=root.path, line=line),
                    saves=True,
                )


def chosen_by_library(splits: Splits) -> Iterator[Selection]:
    """Yield test data handed to a library for validation, where the program lets it choose an epoch by that.

    A call that hands data over counts beside the choice in its own file; a module's own loader of validation
    data counts wherever the program asks for the choice.
    """
    roots = splits.program.roots.values()
    calls = {root.path: nodes_of(root.node, ast.Call) for root in roots}
    choosing = {path for path, found in calls.items() if any(map(_chooses, found))}
    if not choosing:
        return
    for root in roots:
        for value, marks in _validation_data(root, splits, given=root.path in choosing):
            if is_test(marks):
                yield Selection(
                    what="best epoch chosen by a library",
                    source=Source(path=root.path, line=value.lineno),
                    renamed=CALLED,
                    data=min(marks, key=by_place).source,
                    saves=True,
                )


def history_of_fit(base: str, scope: Scope, splits: Splits) -> Marks:
    """Return the data by which Keras noted the validation scores of `history.history`.

    Args:
        base: the name of what holds the scores, `history.history`.
        scope: where it is asked for.
        splits: the data behind the names of the program.
    """
    owner = base.removesuffix(".history")
    found = NONE
    for write in splits.flow(scope).writes.get(owner, []):
        if isinstance(write.value, ast.Call) and last_name(write.value) in ("fit", "fit_generator"):
            for value in _handed_over(write.value):
                found |= splits.of(value, scope, splits.place(write.value, scope))
    return frozenset(replace(mark, renamed=mark.renamed or CALLED) for mark in found)


def _validation_data(
    root: Scope, splits: Splits, *, given: bool
) -> Iterator[tuple[ast.expr, Marks]]:
    """Yield what a file gives a library to validate by, with the data behind it."""
    calls = nodes_of(root.node, ast.Call) if given else []
    scored = any(keyword.arg == SCORE_FUNCTION for call in calls for keyword in call.keywords)
    for call in calls:
        scope = splits.around(call, root.path)
        for value in (*_handed_over(call), *(_run_on(call) if scored else ())):
            yield value, splits.of(value, scope, splits.place(call, scope))
    for scope in root.below:
        if isinstance(scope.node, ast.FunctionDef) and scope.node.name in LOADER_METHODS:
            for returned in nodes_of(scope.node, ast.Return):
                if returned.value is not None:
                    yield returned.value, splits.of(returned.value, scope, AT_THE_END)


def _handed_over(call: ast.Call) -> list[ast.expr]:
    given = [k.value for k in call.keywords if k.arg in VALIDATION_ARGUMENTS]
    if last_name(call) == "fit" and len(call.args) == 3:
        given.append(call.args[2])  # Lightning's Trainer.fit(model, train, validation)
    return given


def _run_on(call: ast.Call) -> list[ast.expr]:
    """Return what Ignite's `evaluator.run(loader)` evaluates; a training names its epochs beside it."""
    return (
        call.args if last_name(call) == "run" and len(call.args) == 1 and not call.keywords else []
    )


def _chooses(call: ast.Call) -> bool:
    """Tell whether a call asks a library to stop early or to keep the best epoch by validation data."""
    name = last_name(call)
    given = {k.arg: literal(k.value) for k in call.keywords}
    if SCORE_FUNCTION in given:
        return True
    monitor = given.get("monitor")
    if isinstance(monitor, str) and (monitor == "loss" or "train" in monitor.lower()):
        return False
    if name == "ModelCheckpoint":
        # Keras keeps every epoch unless told otherwise, Lightning the last one unless told by what
        return given.get("save_best_only") is True or ("monitor" in given and not call.args)
    return name in STOPPERS or any(
        given.get(word) not in (None, False)
        for word in ("load_best_model_at_end", "early_stopping_rounds")
    )
