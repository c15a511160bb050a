"""Samples of an inspect_ai log: from `samples` of a JSON log, or the summaries inside an archive."""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any

from netgain.errors import UnreadableFile
from netgain.readers._archive import DAMAGE
from netgain.readers._documents import parse_json
from netgain.readers._samples import Samples, predictions_of
from netgain.readers.base import Entry, Limits, open_regular
from netgain.study import Predictions

LETTERS = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}
"""Verdicts as inspect_ai writes them: correct, incorrect, partial, no answer."""
JOURNAL = re.compile(r"_journal/summaries/\d+\.json")
MOST_MEMBERS = 10_000


def samples_of(entry: Entry, document: dict[str, Any], limits: Limits) -> tuple[Predictions, ...]:
    """Return the samples of a log as one value, none where the log holds none.

    Args:
        entry: the log.
        document: its header, or the whole of a JSON log.
        limits: bounds on what is unpacked.

    Raises:
        UnreadableFile: damaged archive, or over the limits.
    """
    rows = _archived(entry, limits) if entry.path.suffix == ".eval" else document.get("samples")
    samples = Samples()
    for row in rows if isinstance(rows, (list, Iterator)) else ():
        if isinstance(row, dict) and row.get("id") is not None:
            _add(samples, row)
    if not samples.items:
        return ()
    evaluated = document.get("eval")
    task = evaluated.get("task") if isinstance(evaluated, dict) else None
    predictions = predictions_of(
        entry,
        samples,
        name=entry.path.stem,
        task=str(task) if task else None,
        split=None,
        dialect="inspect_ai",
        kind="id",
    )
    return (predictions,)


def _archived(entry: Entry, limits: Limits) -> Iterator[Any]:
    """Yield the sample summaries: the closing one, else those a log being written has so far."""
    try:
        with open_regular(entry.path) as stream, zipfile.ZipFile(stream) as archive:
            names = archive.namelist()
            journal = sorted(name for name in names if JOURNAL.fullmatch(name))[:MOST_MEMBERS]
            left = limits.text_bytes
            for name in ["summaries.json"] if "summaries.json" in names else journal:
                with archive.open(name) as packed:
                    content = packed.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise UnreadableFile(
                        f"summaries unpack to more than {limits.text_bytes:,} bytes"
                    )
                rows = parse_json(content.decode("utf-8", "replace"), limits)
                yield from rows if isinstance(rows, list) else ()
    except DAMAGE as error:
        raise UnreadableFile(
            f"damaged archive, or packed by another method than deflate ({type(error).__name__}); "
            "expected a whole .eval file"
        ) from error


def _add(samples: Samples, row: dict[str, Any]) -> None:
    scores = row.get("scores")
    judged = scores if isinstance(scores, dict) else {}
    answer = next((s.get("answer") for s in judged.values() if isinstance(s, dict)), None)
    samples.add(
        row["id"],
        target=row.get("target"),
        output=answer if answer is not None else _completion(row),
        prompt=_prompt(row),
        digest=None,
    )
    for scorer, score in judged.items():
        for name, value in _values(score):
            verdict = len(judged) == 1 and not name and value in (0.0, 0.5, 1.0)
            samples.score("accuracy" if verdict else f"{scorer}{name}", value)


def _values(score: Any) -> Iterable[tuple[str, float]]:
    """Return the numbers of one score: a letter, a number, or one for each key of a mapping."""
    value = score.get("value") if isinstance(score, dict) else score
    parts = value.items() if isinstance(value, dict) else [("", value)]
    for key, part in parts:
        number = LETTERS.get(part) if isinstance(part, str) else part
        if isinstance(number, (bool, int, float)) and math.isfinite(number):
            yield f"/{key}" if key else "", float(number)


def _completion(row: dict[str, Any]) -> str | None:
    output = row.get("output")
    choices = output.get("choices") if isinstance(output, dict) else None
    message = choices[0].get("message") if isinstance(choices, list) and choices else None
    content = message.get("content") if isinstance(message, dict) else None
    return content if isinstance(content, str) else None


def _prompt(row: dict[str, Any]) -> str | None:
    """Return every message up to the first answer, else the input alone."""
    messages = row.get("messages")
    texts = []
    for message in messages if isinstance(messages, list) else ():
        if not isinstance(message, dict) or message.get("role") == "assistant":
            break
        if isinstance(message.get("content"), str):
            texts.append(message["content"])
    if texts:
        return "\n\n".join(texts)
    given = row.get("input")
    return given if isinstance(given, str) else None
