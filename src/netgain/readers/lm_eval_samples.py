"""Samples of lm-evaluation-harness: what was asked, what was answered and how it was scored, item by item."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from netgain.errors import UnreadableFile
from netgain.readers._documents import parse_json
from netgain.readers._json import loads
from netgain.readers._lines import raw_lines
from netgain.readers._samples import Samples, Split, predictions_of
from netgain.readers.base import Entry, Fact, Final, Limits, PredictionFacts, Reader, RunFacts
from netgain.study import Predictions

KEYS = re.compile(rb'"(?:resps|filtered_resps)"\s*:')
FIRST = re.compile(rb'\s*(?:\[\s*)?\{\s*"doc_id"\s*:')
NAME = re.compile(r"(?:samples_)?(?P<task>.+?)(?:_(?P<time>\d{4}-\d\d-\d\dT[\d\-.:]+))?")
OLD_PROMPT = re.compile(rb'\s*\[\s*\{\s*"doc_id"\s*:.*"prompt_0"\s*:', re.DOTALL)
"""The `write_out_info.json` of versions before 0.4."""
NOT_METRICS = frozenset({"doc_id", "filter", "native_id"})
RESULT_BYTES = 16 * 2**20
"""Largest result file looked into for the split that was scored."""
MOST_FILTERS = 100
LOG_PROBABILITY = 2
"""Length of a log-likelihood answer: the number, and whether it is the greedy continuation."""


def sniff(entry: Entry) -> bool:
    """Recognise samples by their first key and name; a first sample can be longer than what is looked at."""
    suffix = entry.suffix
    if suffix not in (".jsonl", ".json") or not FIRST.match(entry.head):
        return False
    named = entry.name.startswith("samples_") or "write_out" in entry.name
    return bool(
        KEYS.search(entry.head)
        or OLD_PROMPT.match(entry.head)
        or (named and b'"doc"' in entry.head)
    )


def read(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Read one task's samples; each filter of the answers is scored by itself.

    Raises:
        UnreadableFile: damaged, over the limits, or no samples.
    """
    groups: dict[str, Samples] = {}
    hashed = False
    for row in _rows(entry, limits):
        key = str(row.get("filter") or "none")
        if key not in groups and len(groups) >= MOST_FILTERS:
            raise UnreadableFile(f"more than {MOST_FILTERS} filters; expected samples of one task")
        hashed = _add(groups.setdefault(key, Samples()), row) or hashed
    if not groups:
        raise UnreadableFile(
            "holds no sample; expected one JSON object a line with doc_id and resps"
        )
    found = NAME.fullmatch(entry.path.stem)
    task = found["task"].removesuffix("_write_out_info") if found else entry.path.stem
    split, beside = _split(entry, task, found["time"] if found else None)
    for key, samples in groups.items():
        predictions = predictions_of(
            entry,
            samples,
            name=task if key == "none" else f"{task} {key}",
            task=task,
            split=split,
            dialect="lm_eval",
            kind="content" if hashed else "id",
        )
        yield PredictionFacts(location=entry.folder, predictions=predictions)
        if not beside:
            yield _scores(entry, predictions, task, key)


def _rows(entry: Entry, limits: Limits) -> Iterator[dict[str, Any]]:
    if entry.head.lstrip()[:1] == b"[":
        document = parse_json(entry.text(limits.text_bytes), limits)
        yield from (row for row in document if isinstance(row, dict) and "doc_id" in row)
        return
    good = bad = 0
    for _, raw in raw_lines(entry, limits):
        try:
            row = loads(raw) if raw.strip() else None
        except (ValueError, RecursionError):
            row = None
        if isinstance(row, dict) and "doc_id" in row:
            good += 1
            yield row
        elif raw.strip():
            bad += 1
    if bad > max(1, good // 100):
        raise UnreadableFile(
            f"{bad:,} of {bad + good:,} lines are no sample; expected a whole file"
        )


def _add(samples: Samples, row: dict[str, Any]) -> bool:
    """Add one sample and tell whether its content carries a hash."""
    digest = row.get("doc_hash")
    asked = row.get("prompt_hash")
    samples.add(
        digest or row.get("doc_id"),
        target=row.get("target", row.get("truth")),
        output=_answer(row),
        prompt=_prompt(row),
        digest=asked if isinstance(asked, str) else None,
    )
    named = row.get("metrics")
    names = named if isinstance(named, list) else [k for k in row if k not in NOT_METRICS]
    for name in names:
        value = row.get(name) if isinstance(name, str) else None
        if isinstance(value, str) and "truth" in row:
            value = _number(value)
        old = "truth" in row and str(name).startswith(("logit_", "prompt_"))
        if isinstance(value, (bool, int, float)) and math.isfinite(value) and not old:
            samples.score(name, float(value))
    return isinstance(digest, str)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _prompt(row: dict[str, Any]) -> str | None:
    """Return the prompt in full: `arguments.gen_args_0.arg_0`, or the first of a list of arguments."""
    arguments = row.get("arguments", row.get("prompt_0"))
    for _ in range(3):
        if isinstance(arguments, dict):
            arguments = next(iter(arguments.values()), None)
        elif isinstance(arguments, list):
            arguments = arguments[0] if arguments else None
    return arguments if isinstance(arguments, str) else None


def _answer(row: dict[str, Any]) -> object:
    """Return the text that was scored, or the place of the likeliest choice."""
    answers = row.get("filtered_resps", row.get("resps"))
    if not isinstance(answers, list) or not answers:
        return None
    likelihoods = [_likelihood(answer) for answer in answers]
    if len(answers) > 1 and all(value is not None for value in likelihoods):
        return max(range(len(answers)), key=lambda i: likelihoods[i] or -math.inf)
    first = answers[0]
    while isinstance(first, list) and first:
        first = first[0]
    return first if isinstance(first, (str, int, float, bool)) else None


def _likelihood(answer: Any) -> float | None:
    if isinstance(answer, list) and len(answer) == 1 and isinstance(answer[0], list):
        answer = answer[0]
    if not isinstance(answer, list) or len(answer) != LOG_PROBABILITY:
        return None
    return _number(str(answer[0]))


def _split(entry: Entry, task: str, time: str | None) -> tuple[Split | None, bool]:
    """Return the split that the result file beside the samples names, and whether there is such a file.

    The harness writes both under one time stamp; a result file has the score already.
    """
    folder = entry.path.parent
    names = [f"results_{time}.json"] if time else []
    for name in (*names, "results.json"):
        path = folder / name
        if not path.is_file() or path.is_symlink():
            continue
        beside = Entry(path=path, display=name, size=path.stat().st_size)
        try:
            document = parse_json(beside.text(RESULT_BYTES), Limits())
        except UnreadableFile:
            continue
        configs = document.get("configs") if isinstance(document, dict) else None
        config = configs.get(task) if isinstance(configs, dict) else None
        if isinstance(config, dict) and config.get("test_split"):
            return "test", True
        if isinstance(config, dict) and config.get("validation_split"):
            return "validation", True
        return None, True
    return None, False


def _scores(entry: Entry, predictions: Predictions, task: str, key: str) -> RunFacts:
    """Return what the samples add up to, where no result file says it."""
    alone = len(list(entry.path.parent.glob("samples_*"))) <= 1
    finals = tuple(
        Final(
            key="/".join(
                part
                for part in (
                    predictions.split,
                    None if alone else task,
                    cited.source.key,
                    None if key == "none" else key,
                )
                if part
            ),
            value=cited.value,
            source=cited.source,
            strength="measured",
        )
        for cited in predictions.scores.values()
    )
    return RunFacts(location=entry.folder, dialect="lm_eval", finals=finals)


READER = Reader(name="lm-evaluation-harness samples", order=21, sniff=sniff, read=read)
