"""Test data handed over as validation data by the settings of runs that keep their best checkpoint."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from netgain.analysis.split_words import TEST_WORD, VALIDATION_WORD, said_by
from netgain.study import Cited, Run, Scalar

CHOOSING = re.compile(r"best|monitor|early_?stop|select", re.IGNORECASE)
"""Keys that ask for the best checkpoint; one that names a metric to show asks for none."""
OFF = frozenset({"none", "false", "off", "no", "0", "", "null", "last", "final"})
DATA_KEY = re.compile(
    r"(?:file|files|path|paths|dir|data|dataset|set|split|json|csv|list|root|name|ann|prefix)$",
    re.IGNORECASE,
)
"""Last words of keys that say which data is read."""
EVALUATED = re.compile(r"(?:^|[_.])eval(?:uation)?(?:_|\.)")
"""Keys of the data that is evaluated while training."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """One run that keeps its best checkpoint by data that its settings call test data."""

    rule: Cited[Scalar]
    """The setting that keeps the best."""
    data: Cited[Scalar]
    """The setting that says which data that is."""


def chosen_on_test(run: Run) -> Configured | None:
    """Return what in a run's settings makes it choose its checkpoint by test data, None where nothing does.

    `val_dataloader.dataset.ann_file: annotations/test.json` with `save_best: auto`, or `validation_file:
    test.csv` with `load_best_model_at_end: true`.
    """
    rule = run.config.get("selection")
    if rule is None or not CHOOSING.search(rule.source.key or "selection"):
        return None
    if str(rule.value).strip().lower() in OFF:
        return None
    data = next(_test_as_validation(run), None)
    return Configured(rule=rule, data=data) if data else None


def _test_as_validation(run: Run) -> Iterator[Cited[Scalar]]:
    for name, cited in {**run.other_config, **run.config}.items():
        key = cited.source.key or name
        if not isinstance(cited.value, str) or not DATA_KEY.search(key):
            continue
        of_validation = said_by(key) == "validation" or EVALUATED.search(key)
        if of_validation and _says_test(cited.value):
            yield cited


def _says_test(value: str) -> bool:
    """Tell whether a path or name says test and not validation, in its file or the folder it stands in."""
    path = PurePosixPath(value.replace("\\", "/"))
    for part in (path.stem, path.parent.name):
        if VALIDATION_WORD.search(part):
            return False
        if TEST_WORD.search(part):
            return True
    return False
