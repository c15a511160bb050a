"""Columns of a file of single items to `Predictions`, chunk by chunk, without keeping the texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt

from netgain.errors import UnreadableFile
from netgain.readers._digests import Digests, Values, digests
from netgain.readers._item_roles import Head, Roles
from netgain.readers.base import Entry
from netgain.study import Cited, Column, Predictions

Split = Literal["train", "validation", "test"]
Floats = npt.NDArray[np.float64]
Number = TypeVar("Number", bound=np.generic)
MOST_ITEMS = 20_000_000
LARGEST = 1e100
"""Numbers beyond it are no label, score or measurement."""
MOST_CLASSES = 2_000
YES = frozenset(
    ("1", "1.0", "true", "yes", "correct", "c", "t", "y", "pass", "passed", "right", "✓")
)
NO = frozenset(
    ("0", "0.0", "false", "no", "incorrect", "i", "f", "n", "fail", "failed", "wrong", "✗")
)
KNOWN_LABELS = 0.98
"""Share of outputs that must be known targets before equal text is counted as right."""
MEAN_METRICS = frozenset({"exact_match", "f1", "loss", "psnr", "ssim", "lpips", "dice", "miou"})
"""Metrics of an item whose mean over the items is the metric of the set."""


@dataclass(slots=True)
class Gathered:
    """What was gathered of one group of rows; filled chunk by chunk."""

    items: list[Digests] = field(default_factory=list)
    """Item digests."""
    targets: list[Digests] = field(default_factory=list)
    """Target digests."""
    prompts: list[Digests] = field(default_factory=list)
    """Prompt digests."""
    outputs: dict[str, list[Digests]] = field(default_factory=dict)
    """Output digests of each head, by its name."""
    numbers: dict[str, list[Floats]] = field(default_factory=dict)
    """Numeric columns by the file's name."""
    classes: list[npt.NDArray[np.int64]] = field(default_factory=list)
    """Index of the most probable class, where probabilities come as lists."""
    count: int = 0
    """Rows so far."""


def gather(into: Gathered, roles: Roles, chunk: Mapping[str, Values], rows: int) -> None:
    """Add one chunk of columns.

    Raises:
        UnreadableFile: more items than the limit.
    """
    start, into.count = into.count, into.count + rows
    if into.count > MOST_ITEMS:
        raise UnreadableFile(f"more than {MOST_ITEMS:,} items in one file; name an extract")
    which = roles.item if roles.item is not None else roles.content
    numbered = np.arange(start, start + rows)
    into.items.append(digests(chunk[which]) if which is not None else digests(numbered))
    if roles.target is not None:
        into.targets.append(digests(chunk[roles.target]))
        into.numbers.setdefault(roles.target, []).append(_floats(chunk[roles.target]))
    if roles.content is not None and roles.item is not None:
        into.prompts.append(digests(chunk[roles.content]))
    for head in roles.heads:
        if head.output is not None:
            into.outputs.setdefault(head.name, []).append(digests(chunk[head.output]))
            into.numbers.setdefault(head.output, []).append(_floats(chunk[head.output]))
        if head.verdict is not None:
            into.numbers.setdefault(head.verdict, []).append(_verdicts(chunk[head.verdict]))
    for _, column in (*roles.probabilities, *roles.metrics):
        into.numbers.setdefault(column, []).append(_floats(chunk[column]))
    if roles.listed is not None:
        into.classes.append(_most_probable(chunk[roles.listed]))
        into.numbers.setdefault(roles.listed, []).append(_floats(chunk[roles.listed]))


def is_verdict(value: object) -> bool:
    """Tell whether a cell reads as right or wrong."""
    return value is None or str(value).strip().lower() in YES | NO | {"", "nan"}


def predictions_of(
    entry: Entry, found: Gathered, roles: Roles, *, split: Split | None, task: str | None, name: str
) -> tuple[Predictions, ...]:
    """Return one value for each model of the table."""
    if not found.count:
        return ()
    kind: Literal["id", "content", "row"] = (
        "id" if roles.item is not None else "content" if roles.content is not None else "row"
    )
    targets = _joined(found.targets, np.uint64)
    base = Predictions(
        location=entry.folder,
        task=task,
        split=split,
        n=found.count,
        item_kind=kind,
        items=_joined(found.items, np.uint64).tobytes(),
        targets=targets.tobytes(),
        prompts=_joined(found.prompts, np.uint64).tobytes(),
        source=entry.source(),
    )
    return tuple(
        _of_head(entry, replace(base, name=name), found, roles=roles, head=head)
        for head in roles.heads
    )


def _of_head(
    entry: Entry, base: Predictions, found: Gathered, *, roles: Roles, head: Head
) -> Predictions:
    numbers = {key: _joined(parts, np.float64) for key, parts in found.numbers.items()}
    outputs = _joined(found.outputs.get(head.name, []), np.uint64)
    classes = _joined(found.classes, np.int64)
    columns: list[Column] = []
    scores: dict[str, Cited[float]] = {}
    targets = np.frombuffer(base.targets, np.uint64)
    right = _right(roles, head, targets, outputs=outputs, numbers=numbers, classes=classes)
    judged = numbers.get(head.verdict) if head.verdict else None
    if judged is not None and not np.isnan(judged).any():
        scores["accuracy"] = _cited(entry, float(judged.mean()), head.verdict)
    if right is not None:
        share = float(right.mean())
        key = f"{roles.target} = {head.output or roles.listed or 'most probable class'}"
        counted = _cited(entry, share, key)
        told = scores.get("accuracy")
        differs = told is not None and abs(told.value - share) > 1e-9
        scores["accuracy"] = (
            replace(counted, disagreeing=(told,))
            if differs and told is not None
            else told or counted
        )
    for key, value in _distances(roles, head, numbers).items():
        scores[key] = _cited(entry, value, f"{roles.target} - {head.output}")
    told_right = judged if judged is not None else right
    if told_right is not None:
        key = head.verdict or f"{roles.target} = {head.output}"
        columns.append(Column(name="correct", key=key, data=_packed(told_right)))
    for label, key in roles.probabilities:
        columns.append(Column(name=f"probability {label}", key=key, data=_packed(numbers[key])))
    if roles.listed is not None and not np.isnan(numbers[roles.listed]).all():
        data = _packed(numbers[roles.listed])
        columns.append(Column(name="probability", key=roles.listed, data=data))
    for metric, key in roles.metrics:
        values = numbers[key]
        columns.append(Column(name=metric, key=key, data=_packed(values)))
        if metric in MEAN_METRICS and not np.isnan(values).any():
            scores.setdefault(metric, _cited(entry, float(values.mean()), key))
    return replace(
        base,
        name=" ".join(part for part in (base.name, head.name) if part),
        outputs=outputs.tobytes(),
        columns=tuple(columns),
        scores=scores,
    )


def _right(
    roles: Roles,
    head: Head,
    targets: Digests,
    *,
    outputs: Digests,
    numbers: dict[str, Floats],
    classes: npt.NDArray[np.int64],
) -> Floats | None:
    """Return 1 where the output equals the target, None where equal text would not mean right.

    Outputs are labels if nearly all of them occur among the targets, and targets are labels if they
    recur. Free text and measured numbers are left to their own metrics.
    """
    if roles.target is None or not len(targets):
        return None
    labels = np.unique(targets)
    if len(labels) > min(MOST_CLASSES, max(2, len(targets) // 2)):
        return None
    if head.output is not None:
        for column in (roles.target, head.output):
            values = numbers[column]
            if not np.isnan(values).any() and bool((values != np.trunc(values)).any()):
                return None
        if float(np.isin(outputs, labels).mean()) < KNOWN_LABELS:
            return None
        return np.asarray(outputs == targets, np.float64)
    if head.verdict is not None:
        return None
    if len(classes) == len(targets) and bool((classes >= 0).all()):
        truth = numbers[roles.target]
        return None if np.isnan(truth).any() else np.asarray(classes == truth, np.float64)
    if len(roles.probabilities) >= max(2, len(labels)):
        table = np.stack([numbers[column] for _, column in roles.probabilities])
        named = digests([label for label, _ in roles.probabilities])
        if not np.isnan(table).any() and bool(np.isin(labels, named).all()):
            return np.asarray(named[table.argmax(axis=0)] == targets, np.float64)
    return None


def _distances(roles: Roles, head: Head, numbers: dict[str, Floats]) -> dict[str, float]:
    """Return errors of a regression: target and output are numbers, and not both are whole."""
    if roles.target is None or head.output is None:
        return {}
    truth, said = numbers[roles.target], numbers[head.output]
    if np.isnan(truth).any() or np.isnan(said).any() or len(np.unique(truth)) < 3:
        return {}
    if bool((truth == np.trunc(truth)).all() and (said == np.trunc(said)).all()):
        return {}
    difference = said - truth
    return {
        "rmse": float(np.sqrt(np.mean(difference**2))),
        "mae": float(np.mean(np.abs(difference))),
    }


def _cited(entry: Entry, value: float, key: str | None) -> Cited[float]:
    return Cited(value=value, source=entry.source(key=key), strength="measured")


def _joined(parts: Sequence[npt.NDArray[Number]], kind: type[Number]) -> npt.NDArray[Number]:
    return np.concatenate(parts) if parts else np.empty(0, kind)


def _packed(values: Floats) -> bytes:
    return values.astype("<f8", copy=False).tobytes()


def _floats(values: Values) -> Floats:
    """Return numbers, NaN where a cell holds none, or one too large to be squared."""
    if isinstance(values, np.ndarray) and values.ndim > 1:
        return np.full(len(values), np.nan)
    try:
        with np.errstate(invalid="ignore"):  # a signalling NaN is a NaN
            found = np.array(values, dtype=np.float64)
        if found.ndim != 1:
            return np.full(len(values), np.nan)
    except (ValueError, TypeError, OverflowError):
        found = np.array([_number(value) for value in values], dtype=np.float64)
    found[~(np.abs(found) < LARGEST)] = np.nan
    return found


def _number(value: object) -> float:
    try:
        return float(value) if isinstance(value, (str, int, float)) else float("nan")
    except (ValueError, TypeError, OverflowError):
        return float("nan")


def _verdicts(values: Values) -> Floats:
    known: dict[object, float] = {}
    found = np.empty(len(values))
    for index, value in enumerate(values):
        number = known.get(value) if isinstance(value, (str, int, float)) else None
        if number is None:
            text = str(value).strip().lower()
            number = 1.0 if text in YES else 0.0 if text in NO else _number(value)
            if isinstance(value, (str, int, float)) and len(known) < 1000:
                known[value] = number
        found[index] = number if abs(number) < LARGEST else np.nan
    return found


def _most_probable(values: Values) -> npt.NDArray[np.int64]:
    if isinstance(values, np.ndarray) and values.ndim == 2 and values.dtype.kind in "fiu":
        return np.asarray(values.argmax(axis=1), np.int64)
    found = np.full(len(values), -1, np.int64)
    for index, value in enumerate(values):
        cells = _floats(value) if isinstance(value, (list, tuple, np.ndarray)) else np.empty(0)
        if cells.ndim == 1 and len(cells) > 1 and not np.isnan(cells).any():
            found[index] = int(cells.argmax())
    return found
