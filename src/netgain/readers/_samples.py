"""Samples of evaluation harnesses (lm-evaluation-harness, inspect_ai, HELM) to `Predictions`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from netgain.readers._digests import digests
from netgain.readers._items import LARGEST
from netgain.readers.base import Entry
from netgain.study import Cited, Column, Predictions
from netgain.vocabulary import canonical_metric

LONGEST_PROMPT = 20_000
"""Characters kept of an example prompt."""
SHOWN = 3
Split = Literal["train", "validation", "test"]


@dataclass(slots=True)
class Samples:
    """Samples of one task under one way of scoring; filled sample by sample."""

    items: list[object] = field(default_factory=list)
    """Ids or content hashes."""
    targets: list[object] = field(default_factory=list)
    """Right answers."""
    outputs: list[object] = field(default_factory=list)
    """What the model answered."""
    prompts: list[str] = field(default_factory=list)
    """What it was asked, or a hash of it; empty where the log does not say."""
    lengths: list[float] = field(default_factory=list)
    """Characters of each prompt; NaN where only a hash stands."""
    shown: list[str] = field(default_factory=list)
    """The first prompts in full."""
    metrics: dict[str, list[float]] = field(default_factory=dict)
    """Numbers for each sample under the log's own metric names, NaN where a sample has none."""

    def add(
        self,
        item: object,
        *,
        target: object,
        output: object,
        prompt: str | None,
        digest: str | None,
    ) -> None:
        """Append one sample.

        Args:
            item: id or hash.
            target: right answer, None where there is none.
            output: what was answered.
            prompt: what was asked.
            digest: hash of the prompt, where the log carries one; tells prompts apart in its place.
        """
        self.items.append(item)
        self.targets.append(target)
        self.outputs.append(output)
        self.prompts.append(digest or prompt or "")
        self.lengths.append(math.nan if prompt is None else float(len(prompt)))
        if prompt and len(self.shown) < SHOWN:
            self.shown.append(prompt[:LONGEST_PROMPT])

    def score(self, metric: str, value: float) -> None:
        """Note one metric of the sample added last, unless it is too large to be one."""
        if not abs(value) < LARGEST:
            return
        column = self.metrics.setdefault(metric, [])
        column.extend([math.nan] * (len(self.items) - 1 - len(column)))
        if len(column) < len(self.items):
            column.append(value)


def predictions_of(
    entry: Entry,
    samples: Samples,
    *,
    name: str,
    task: str | None,
    split: Split | None,
    dialect: str,
    kind: Literal["id", "content", "row"],
) -> Predictions:
    """Return the samples as one value; a metric that every sample has is averaged into `scores`."""
    count = len(samples.items)
    columns: list[Column] = []
    scores: dict[str, Cited[float]] = {}
    for key, values in samples.metrics.items():
        numbers = np.array(values + [math.nan] * (count - len(values)), "<f8")
        metric = canonical_metric(key, dialect).name
        verdicts = bool(np.isin(numbers, (0.0, 1.0)).all())
        if metric == "accuracy" and verdicts and all(c.name != "correct" for c in columns):
            columns.append(Column(name="correct", key=key, data=numbers.tobytes()))
        else:
            columns.append(Column(name=metric, key=key, data=numbers.tobytes()))
        if not np.isnan(numbers).any() and metric not in scores:
            mean = float(numbers.mean())
            scores[metric] = Cited(value=mean, source=entry.source(key=key), strength="measured")
    lengths = np.array(samples.lengths, "<f8")
    if not np.isnan(lengths).all():
        columns.append(Column(name="prompt length", key="prompt", data=lengths.tobytes()))
    return Predictions(
        location=entry.folder,
        name=name,
        task=task,
        split=split,
        n=count,
        item_kind=kind,
        items=digests(samples.items).tobytes(),
        targets=_packed(samples.targets),
        outputs=_packed(samples.outputs),
        prompts=_packed(samples.prompts),
        example_prompts=tuple(samples.shown),
        columns=tuple(columns),
        scores=scores,
        source=entry.source(),
    )


def _packed(values: Sequence[object]) -> bytes:
    return digests(values).tobytes() if any(value not in (None, "") for value in values) else b""
