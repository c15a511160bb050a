"""Numbers in prose that are no batch, no length and no count of seeds of the training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from netgain.readers import markdown
from netgain.readers._statements import sentence_statements
from netgain.readers.base import DocumentFacts
from netgain.study import Scalar, Source

from .conftest import ReadAll

Write = Callable[[str, str | bytes], Path]


def said(text: str) -> dict[str, Scalar]:
    """Return what one sentence says."""
    source = Source(path="README.md", line=1)
    return {s.quantity: s.value for s in sentence_statements(text, section=None, source=source)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("exp09: freeze_epochs=2", {}),
        ("warmup epochs: 5", {}),
        ("num_epochs = 30", {"epochs": 30}),
        ("epochs: 90", {"epochs": 90}),
        ("warmup_steps=500", {}),
        ("max_steps = 1000", {"steps": 1000}),
        ("val_batch_size=64", {}),
        ("per_device_train_batch_size=8", {}),
        ("train_batch_size=8", {"batch_size": 8}),
        ("a mini-batch size of 32", {"batch_size": 32}),
        ("timed at inference batch size 1", {}),
        ("selected by robustness, not a cherry-picked single run", {}),
        ("Within one run: save the best checkpoint", {}),
        ("we don't report a single run", {}),
        ("All numbers are from a single run", {"seeds": 1}),
        ("Due to cost we ran one seed", {"seeds": 1}),
    ],
)
def test_whole_words_and_negations(text: str, expected: dict[str, Scalar]) -> None:
    """A quantity counts under its own name alone, and a negated single run is none."""
    assert said(text) == expected


def test_a_batch_below_a_heading_of_deployment_is_not_the_training_batch(
    write: Write, read_all: ReadAll
) -> None:
    """Latency is measured at batch 1; the next heading ends that."""
    text = "# Net\n\n### Latency Notes (CPU)\n\n- batch size `1`\n\n### Training\n\n- batch size `32`\n"
    (fact,) = [
        f
        for f in read_all(markdown.READER, write("README.md", text))
        if isinstance(f, DocumentFacts)
    ]
    assert [s.value for s in fact.paper.statements if s.quantity == "batch_size"] == [32]
