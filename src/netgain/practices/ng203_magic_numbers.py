"""Hyperparameters are buried in code as literals.

## What it does
Numbers that decide how a model is trained (learning rate, loss weight, temperature, clipping, dropout,
strength of augmentation) stand as bare literals in one arm's code, where no config, argument or table shows
them; the other arm's code has other numbers there or none.

## Why it inflates
Implementations of one reinforcement-learning algorithm with the same stated hyperparameters differ
drastically (Colas et al. 2018); a tuned number nobody sees is a tuned number the baseline was not given.

## What is looked at
The syntax trees of both arms' code: bare numbers are followed to the arguments of optimizers, schedules,
losses (by name or by place), clipping, dropout, augmentation and averaging, and to the expressions that do
their work: scales of logits, weights of loss terms, smoothed labels, clamped or shortened gradients, formulas
of the learning rate, epochs that a schedule waits for, evaluations without a better score after which a
counter ends the training, mixing of samples, thresholds of a selection; through arithmetic and local names.
Flagged when the proposed arm's code has such a number that the baseline's has not, or one that stands under a
condition on a setting in which the arms differ. Each is listed by file and line, those of the optimizer and
the loss first.

## When it stays clear
The same buried numbers in both trees, or none; numbers that come from configs, arguments, module-level names
or defaults of functions; numbers a comment gives a reason for; 0, 1/2, 1, 2, 100, epsilons, sizes and
indices (though as a bound of gradients or a scale of logits 1/2, 1 and 2 count); means, ranges of pixels,
running means for display.
Names of notebook cells that hold other numbers in each arm leave it open.

## What is not seen
Numbers in files that are not Python. What a number does: that takes runs at half and twice its value.

## Remedy
Move each number into the config of both arms, and report a sweep over half to twice its value.

## Example
```
NG203 magic-numbers  flagged (indicated)
2 hyperparameters are written into the proposed arm's code and not into the baseline's: SGD lr 0.037
(ours/train.py:8), weight of aux_loss 0.3 (ours/train.py:14).
```

## References
Colas, Sigaud, Oudeyer 2018, How many random seeds? Musgrave, Belongie, Lim 2020, A metric learning reality
check.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from netgain.analysis.cell_numbers import apart, cell_numbers
from netgain.analysis.early_stops import early_stop_in
from netgain.analysis.idle_code import runs_nowhere
from netgain.analysis.literals import (
    PATIENCE,
    BuriedNumber,
    buried_numbers,
    explained_numbers,
    trains,
    written_numbers,
)
from netgain.finding import Finding, Readings
from netgain.plan import Plan
from netgain.practice import Practice
from netgain.practices._compare import sources_of
from netgain.study import Arm, CodeTree, Source, Study

CODE, NAME = "NG203", "magic-numbers"
SHOWN = 4
"""Numbers listed in a message; the rest are in the evidence."""
CLASS = re.compile(r"^[ \t]*class (\w+)", re.MULTILINE)
READINGS = Readings(
    innocent="the numbers were settled early on and never thought of as settings",
    inflating="they were tuned for the proposed arm, and what tuning buys is credited to the idea",
)


def check(study: Study) -> Finding:
    """Compare the hyperparameters that the two arms' code holds as literals."""
    first, second = study.baseline.code, study.proposed.code
    if first is None or second is None or not (trains(first) and trains(second)):
        return _unknown(study)
    if first == second:
        return _shared(study, second)
    baseline, proposed = buried_numbers(first), buried_numbers(second)
    known = {number.same_as for number in baseline}
    stop = early_stop_in(first)
    if stop is not None:
        known.add(("schedule", PATIENCE, stop.patience))
    known |= _in_own_classes(proposed, second, baseline, first)
    added = _unmatched(proposed, known)
    running = [number for number in added if not runs_nowhere(second, number.source)]
    if running:
        return _flagged(running, baseline, "not into the baseline's")
    if added:
        return _in_unnamed(added)
    theirs = {number.same_as for number in proposed}
    theirs |= _in_own_classes(baseline, first, proposed, second)
    dropped = _unmatched(baseline, theirs)
    if dropped:
        return _baseline_only(dropped)
    if any(tree.settings or tree.undecided for tree in (first, second)):
        return _shared(study, second)
    differing = apart(cell_numbers(first), cell_numbers(second))
    if differing:
        return _in_cells(first, second, differing)
    both = {file.path for file in first.files} & {file.path for file in second.files}
    shared = [n for n in _unmatched(proposed, set()) if n.guards and n.source.path in both]
    if shared:
        return _under_conditions(shared)
    explained = _explained_apart(first, second)
    if explained:
        return _explained_otherwise(explained)
    return _clear(first, second, proposed)


def _in_unnamed(numbers: list[BuriedNumber]) -> Finding:
    return Finding(
        code=CODE,
        name=NAME,
        verdict="unknown",
        message="Hyperparameters are written into the proposed arm's code alone, in definitions that nothing "
        f"among the files names: {_listed(numbers)}.",
        numbers={"numbers_of_proposed_alone": float(len(numbers))},
        evidence=_places(numbers)[:12],
        needs=(f"what runs {_places(numbers)[0]}, if anything does",),
        remedy="move the numbers into the config",
    )


def _in_own_classes(
    numbers: Iterable[BuriedNumber], tree: CodeTree, others: Iterable[BuriedNumber], other: CodeTree
) -> set[tuple[str, str, float]]:
    """Return the numbers that a class of one tree is given as one of the other tree is, under another name.

    `Net(dropout=0.3)` and `OurNet(dropout=0.3)` set the same.
    """
    own, theirs = _classes(tree), _classes(other)
    held = {
        (one.sink, argument, one.value)
        for one in others
        for name, _, argument in [one.what.partition(" ")]
        if name in theirs
    }
    return {
        one.same_as
        for one in numbers
        for name, _, argument in [one.what.partition(" ")]
        if name in own and (one.sink, argument, one.value) in held
    }


def _classes(tree: CodeTree) -> frozenset[str]:
    return frozenset(name for file in tree.files for name in CLASS.findall(file.text))


def _explained_apart(first: CodeTree, second: CodeTree) -> list[BuriedNumber]:
    """Return the explained numbers of both trees that stand at one place of each and differ."""
    both = [written_numbers(tree) for tree in (first, second)]
    places = [{(number.sink, number.what) for number in numbers} for numbers in both]
    known = [{number.same_as for number in numbers} for numbers in both]
    return [
        number
        for numbers, other in ((explained_numbers(second), 0), (explained_numbers(first), 1))
        for number in _unmatched(numbers, known[other])
        if (number.sink, number.what) in places[other]
    ]


def _explained_otherwise(numbers: list[BuriedNumber]) -> Finding:
    return Finding(
        code=CODE,
        name=NAME,
        verdict="unknown",
        message="Hyperparameters that a comment explains differ between the arms' code: "
        f"{_listed(numbers)}.",
        numbers={"explained_numbers_that_differ": float(len(numbers))},
        evidence=_places(numbers),
        needs=(f"both arms' value of {numbers[0].what}, with what it was chosen by",),
        remedy="move the numbers into both arms' configs",
    )


def _unmatched(
    numbers: tuple[BuriedNumber, ...], known: set[tuple[str, str, float]]
) -> list[BuriedNumber]:
    """Return the numbers that another tree has at none of their places, each literal once."""
    matched = {(n.source, n.value) for n in numbers if n.same_as in known}
    found: dict[tuple[Source, float], BuriedNumber] = {}
    for number in numbers:
        key = (number.source, number.value)
        if key not in matched:
            found.setdefault(key, number)
    return list(found.values())


def _shared(study: Study, tree: CodeTree) -> Finding:
    """Judge one tree that serves both arms: only what a condition picks can set them apart."""
    numbers = tuple(_unmatched(buried_numbers(tree), set()))
    apart = _differing_keys(study)
    picked = [n for n in numbers if apart & {name.lower() for name in n.written_under}]
    if picked:
        return _flagged(picked, (), "under a condition on a setting in which the arms differ")
    guarded = [number for number in numbers if number.guards]
    if guarded:
        return _under_conditions(guarded)
    return _clear(tree, tree, numbers)


def _under_conditions(guarded: list[BuriedNumber]) -> Finding:
    """Return what stays open where a condition in code that serves both arms decides on numbers."""
    return Finding(
        code=CODE,
        name=NAME,
        verdict="unknown",
        message="Hyperparameters are written into the shared code under conditions: "
        f"{_listed(guarded)}.",
        numbers={"numbers_under_conditions": float(len(guarded))},
        evidence=_places(guarded),
        needs=(
            "which way each run went at "
            + ", ".join(str(place) for place in _places(guarded)[:SHOWN]),
        ),
        remedy="move the numbers into the config",
    )


def _differing_keys(study: Study) -> set[str]:
    """Return the last parts of the settings, as files spell them, whose values differ between the arms."""
    values: dict[str, list[set[str]]] = {}
    for index, arm in enumerate((study.baseline, study.proposed)):
        for key, value in _written(arm):
            values.setdefault(key, [set(), set()])[index].add(value)
    return {key for key, (mine, theirs) in values.items() if mine != theirs}


def _written(arm: Arm) -> Iterable[tuple[str, str]]:
    for run in arm.runs:
        for name, cited in {**run.config, **run.other_config}.items():
            for key in {name, cited.source.key or name}:
                yield key.rpartition(".")[2].lower(), str(cited.value)


def _listed(numbers: Iterable[BuriedNumber]) -> str:
    shown = [f"{n.what} {n.value:g} ({n.source})" for n in numbers]
    more = f" and {len(shown) - SHOWN} more" if len(shown) > SHOWN else ""
    return ", ".join(shown[:SHOWN]) + more


def _places(numbers: Iterable[BuriedNumber]) -> tuple[Source, ...]:
    return tuple(dict.fromkeys(number.source for number in numbers))


def _flagged(added: list[BuriedNumber], baseline: tuple[BuriedNumber, ...], where: str) -> Finding:
    held = {(n.sink, n.what): n for n in baseline}
    changed = [n for n in added if (n.sink, n.what) in held]
    against = (
        f" In the baseline's code {changed[0].what} is {held[changed[0].sink, changed[0].what].value:g} "
        f"({held[changed[0].sink, changed[0].what].source})."
        if changed
        else ""
    )
    plural = "hyperparameters are" if len(added) > 1 else "hyperparameter is"
    return Finding(
        code=CODE,
        name=NAME,
        verdict="flagged",
        grade="indicated",
        favours="proposed",
        message=f"{len(added)} {plural} written into the proposed arm's code and {where}: "
        f"{_listed(added)}.{against}",
        numbers={
            "numbers_of_proposed_alone": float(len(added)),
            "with_another_value_in_baseline": float(len(changed)),
        },
        evidence=sources_of(
            _places(added)[:12], [held[n.sink, n.what].source for n in changed[:4]]
        ),
        readings=READINGS,
        remedy="move the numbers into both arms' configs and sweep each over half to twice its value",
        settle="netgain attribute plan.toml",
    )


def _baseline_only(dropped: list[BuriedNumber]) -> Finding:
    return Finding(
        code=CODE,
        name=NAME,
        verdict="unknown",
        message=f"Hyperparameters are written into the baseline's code alone: {_listed(dropped)}.",
        numbers={"numbers_of_baseline_alone": float(len(dropped))},
        evidence=_places(dropped)[:12],
        needs=tuple(
            f"the proposed arm's value of {number.what}, {number.value:g} in the baseline "
            f"({number.source})"
            for number in dropped[:SHOWN]
        ),
        remedy="move the numbers into both arms' configs",
    )


def _in_cells(first: CodeTree, second: CodeTree, differing: tuple[str, ...]) -> Finding:
    held = [cell_numbers(tree) for tree in (first, second)]
    shown = [
        f"{what} {' or '.join(f'{value:g}' for value in sorted(values))} ({source})"
        for tree in held
        for what, (values, source) in tree.items()
        if what in differing
    ]
    return Finding(
        code=CODE,
        name=NAME,
        verdict="unknown",
        message="Hyperparameters are held in names of notebook cells and differ between the arms: "
        f"{', '.join(shown[: 2 * SHOWN])}.",
        numbers={"places_that_differ": float(len(differing))},
        evidence=tuple(tree[what][1] for tree in held for what in differing if what in tree)[:12],
        needs=tuple(
            f"a configuration or table of both arms that states {what}"
            for what in differing[:SHOWN]
        ),
        remedy="move the numbers into both arms' configs",
    )


def _clear(first: CodeTree, second: CodeTree, numbers: tuple[BuriedNumber, ...]) -> Finding:
    files = len({file.path for tree in (first, second) for file in tree.files})
    optimizers = [Source(path=tree.files[0].path) for tree in (first, second) if tree.files]
    if numbers:
        message = (
            f"The hyperparameters written into the code as numbers are the same for both arms ({files} "
            f"Python files read): {_listed(numbers)}."
        )
    else:
        message = (
            f"No hyperparameter reaches an optimizer, schedule, loss, clipping, dropout or augmentation "
            f"from a bare number in the {files} Python files of the arms."
        )
    return Finding(
        code=CODE,
        name=NAME,
        verdict="clear",
        message=message,
        numbers={"numbers_of_both": float(len(numbers))},
        evidence=sources_of(_places(numbers)[:12], optimizers),
    )


def _unknown(study: Study) -> Finding:
    sides = (("baseline", study.baseline), ("proposed", study.proposed))
    needs = tuple(
        f"the training code of the {side} arm, with the call that makes its optimizer"
        for side, arm in sides
        if arm.code is None or not trains(arm.code)
    )
    return Finding(
        code=CODE,
        name=NAME,
        verdict="unknown",
        message="The training code of both arms is not among the files.",
        needs=needs,
        remedy="publish the code each run was made with",
    )


def stage(plan: Plan) -> Plan:
    """Smooth labels and penalise logits in the proposed arm, by numbers that only its script shows."""
    staged = plan.edit(
        "proposed", label_smoothing=0.07, auxiliary_loss="logit-penalty", auxiliary_weight=3e-4
    )
    buried = ("label_smoothing", "auxiliary_weight")
    return replace(staged, disclosure=replace(staged.disclosure, code=True, buried=buried))


def decoy(plan: Plan) -> Plan:
    """Publish both scripts, with every number in the configs."""
    return replace(plan, disclosure=replace(plan.disclosure, code=True))


PRACTICE = Practice(
    code=CODE,
    name=NAME,
    doc=__doc__,
    check=check,
    stage=stage,
    decoy=decoy,
    knobs=(
        "proposed.label_smoothing",
        "proposed.auxiliary_loss",
        "proposed.auxiliary_weight",
        "disclosure.code",
        "disclosure.buried",
    ),
)
