"""Settings that a line of a log states: `batch size: 128`, a dump of arguments, a command line."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator

from netgain.readers._documents import SECRET, flatten, typed_text
from netgain.readers._line_front import LONGEST
from netgain.readers._line_grammar import NUMBER, PROGRESS, read_line
from netgain.study import Scalar
from netgain.vocabulary import (
    canonical_metric,
    canonical_setting,
    is_clock,
    is_known_metric,
    x_axis,
)

PERCENT_DONE = re.compile(rf"\d{{1,3}}%{PROGRESS.pattern}")
ONE_SETTING = re.compile(
    r"\s*+(?:>>|[-*|>])?\s*+(?P<quote>['\"]?)"
    r"(?P<key>[A-Za-z_][\w.\-/]{0,60}(?: [A-Za-z][\w\-]{0,30}){0,3})(?P=quote)"
    r"\s*+[:=]\s*+(?P<value>\S.{0,200}?)\s*+,?\s*+"
)
BRACKETED = re.compile(r"\s*\[([^\[\]]{3,200})\]\s*")
"""`[batch_size: 512]`."""
OVER_ALL = " (w. parallel, distributed & accumulation)"
ON_EACH = ("Instantaneous batch size per device", "batch_size_per_device")
"""What the Trainer of Hugging Face says of its `Total train batch size`, and a name of too many words."""
DUMP = re.compile(
    r"\b(?:Namespace|\w{0,40}Args|\w{0,40}Arguments|\w{0,40}Config|HParams|AttrDict|EasyDict)\("
)
DUMPED = re.compile(
    r"\b(\w{1,80})=('[^']{0,2000}'|\"[^\"]{0,2000}\"|\[[^\]]{0,2000}\]|\([^)]{0,2000}\)|\{[^}]{0,2000}\}|"
    r"<[^>]{0,2000}>|[^,()\[\]{}]*)"
)
COMMAND = re.compile(
    r"\S+\.py\b|\btorchrun\b|\baccelerate launch\b|\bpython3?\b|\bfairseq-(?:hydra-)?train\b|\bdeepspeed\b|"
    r"\bsrun\b|\bcolossalai run\b|\bhorovodrun\b"
)
NO_COMMAND = re.compile(
    r"\busage:|\berror:|\bpip3? install\b|\b(?:eval|evaluate|test|infer|inference|predict|convert|download|"
    r"setup|plot|demo|pydev)\w*\.py\b",
    re.IGNORECASE,
)
"""Lines of help and complaint, and commands that train nothing."""
STARTED = re.compile(
    r"\s*(?:\[[^\[\]]{1,80}\]\s*)?(?:(?:[$+>]\s*)?python[\d.]*(?:\s+-[uOB])*|(?:now )?(?:running|executing|"
    r"starting|launching|run|script|program)(?: script| program| file)?\s*:?)\s+"
    r"['\"]?([\w./\\~-]+\.py)['\"]?(?:\s+\d\S{0,30})*\s*(?:\.{3})?\s*",
    re.IGNORECASE,
)
"""A line that says which script runs and no more (`running %s` of `sys.argv`)."""
PROGRAM = re.compile(r"(?:^|[\s'\"])([\w./\\~-]+\.py)\b")
LISTED = re.compile(r"[\[\]'\",\s]+")
"""What stands between the words of a command that is printed as a list (`sys.argv`)."""
FLAG = re.compile(r"(?:^|\s)--([A-Za-z][\w.\-]{0,60})(?:[ =]([^\s-]\S{0,200}|-?\.?\d\S{0,30}))?")
IN_PYTHON = {"true": "True", "false": "False", "null": "None"}
JSON_WORDS = re.compile(r"\b(?:true|false|null)\b(?=\s*[,}\]])")
"""What JSON writes otherwise than Python."""
WHOLE_DICT = re.compile(r"\s*\{'[^{}]{3,2000}\}\s*$")
"""A line that is one flat dict and nothing else."""
DICT_PAIR = re.compile(r"'(\w{1,60})'\s*[:=]\s*('[^']*'|\[[^\]]*\]|[^,'{}\[\]]+)(?=\s*[,}])")
DUMPED_AT_LEAST, FEWEST_KNOWN = 8, 3
"""Values of a printed dict that is no row of a log, and of a smaller one the settings that are known."""
SINGLE_SETTING = re.compile(
    r"\b(?:random[ _])?seed\s*(?:[:= #]|\bis\b|\bset to\b|\bto\b)\s*(\d{1,10})\b", re.IGNORECASE
)
IS_SETTING = re.compile(
    r"\s*(?:the )?(?P<key>[A-Za-z]\w{1,30}(?: [A-Za-z]\w{1,30}){0,2}) (?:is|was|set to) "
    r"(?P<value>-?[\d.][\d.e\-]{0,20})\s*",
    re.IGNORECASE,
)
"""`Batch size is 64`."""
REACHED = re.compile(
    r"(?:best|final|highest|max|test|testing|val|valid|validation)\b.{0,60}\b(?:acc|accuracy|f1|auc|iou|miou|map|dice|"
    r"psnr|ssim|bleu|score|precision|recall)$",
    re.IGNORECASE,
)
"""Names of what a training reached, whatever stands between: `Best KNN Accuracy`."""
TOKENS = re.compile(r"\btokens per iteration will be:? (\d[\d,]{0,20})", re.IGNORECASE)
CALL = re.compile(r"[A-Za-z_]\w*\(|^(?:self|args|cfg|config|opt)\.|[(\[{]\s*$|^[^(\[{]*[)\]}]")
"""Values that are source code."""


def settings_in(text: str) -> Iterator[tuple[str, Scalar]]:
    """Yield settings of lines made to hold many: dumps of arguments and command lines."""
    cut = text[: 64 * LONGEST]
    dump = DUMP.search(cut) if "(" in cut and "=" in cut else None
    if dump is not None:
        for key, word in DUMPED.findall(cut[dump.end() :].rpartition(")")[0]):
            if not SECRET.search(key):
                single = re.fullmatch(r"\[([^,\[\]]+)\]", word.strip())
                yield key, typed_text((single[1] if single else word).strip().strip("'\""))
    elif "{'" in cut and (cut.count("': ") >= FEWEST_KNOWN or WHOLE_DICT.match(cut)):
        yield from _dumped_dict(cut, "{'")
    elif '{"' in cut and cut.count('": ') >= FEWEST_KNOWN:
        yield from _dumped_dict(cut, '{"')
    elif " --" in text and COMMAND.search(text[:LONGEST]):
        yield from _command(text[:LONGEST])
    elif "'--" in text and "[" in text and COMMAND.search(text[:LONGEST]):
        yield from _command(LISTED.sub(" ", text[:LONGEST]))
    elif ".py" in cut and (started := STARTED.fullmatch(text[:LONGEST])) is not None:
        yield from [] if NO_COMMAND.search(started[1]) else [("program", started[1])]


def _command(text: str) -> Iterator[tuple[str, Scalar]]:
    """Yield the program that a command line starts and its options."""
    if NO_COMMAND.search(text):
        return
    started = PROGRAM.search(text)
    if started is not None:
        yield "program", started[1]
    for key, word in FLAG.findall(text):
        if not SECRET.search(key):
            yield key, typed_text(word.strip("'\"") or "true")


def _dumped_dict(text: str, opening: str) -> Iterator[tuple[str, Scalar]]:
    """Yield the values of a dict of Python or JSON that holds no score and no position."""
    start, end = text.find(opening), text.rfind("}")
    written = text[start : end + 1]
    if opening == '{"':
        written = JSON_WORDS.sub(lambda word: IN_PYTHON[word[0]], written)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the log's own escapes
            found = ast.literal_eval(written)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        # written by hand, with `=` for a colon or a bare word for a value
        whole = WHOLE_DICT.match(text) is not None
        found = (
            {k: typed_text(v.strip().strip("'")) for k, v in DICT_PAIR.findall(text)}
            if whole
            else None
        )
    if not isinstance(found, dict) or not found:
        return
    try:
        flat = list(flatten(found))
    except RecursionError:
        return
    numbers = [(k, value) for k, value in flat if "." not in k and not isinstance(value, str)]
    if any(_is_score(k) or (x_axis(k) and not is_known_setting(k, v)) for k, v in numbers):
        return
    if len(flat) < DUMPED_AT_LEAST:
        known = sum(is_known_setting(key, value) for key, value in flat)
        if known < (min(FEWEST_KNOWN, len(flat)) if WHOLE_DICT.match(text) else FEWEST_KNOWN):
            return
    for key, value in flat:
        if not SECRET.search(key):
            single = re.fullmatch(r"\[([^,\[\]]+)\]", value) if isinstance(value, str) else None
            yield key, typed_text(single[1]) if single else value


def _is_score(key: str) -> bool:
    metric = canonical_metric(key)
    return is_known_metric(metric.name) and (
        metric.name != "learning_rate" or metric.split is not None
    )


def one_setting(text: str) -> tuple[str, Scalar] | None:
    """Return the setting that is all a line holds (`batch size: 128`, `"lr": 0.1,`), else None.

    A line that says where the training stands, or holds a score, is none.
    """
    text = _bare(text)
    match = ONE_SETTING.fullmatch(text) if len(text) < LONGEST else None
    if match is None:
        tokens = TOKENS.search(text[:200])
        if tokens is not None:
            return "tokens_per_batch", int(tokens[1].replace(",", ""))
        said = IS_SETTING.fullmatch(text[:200])
        if said is not None:
            key, value = said["key"].replace(" ", "_"), typed_text(said["value"])
            return (key, value) if is_known_setting(key, value) else None
        return _seed_beside(text)
    key, word = match["key"].strip(), match["value"].strip().strip("'\"")
    value = typed_text(word)
    if SECRET.search(key) or CALL.search(word) or PERCENT_DONE.match(word):
        return None
    if re.fullmatch(NUMBER, word, re.IGNORECASE):
        metric = canonical_metric(key)
        scored = is_known_metric(metric.name) and (metric.name != "learning_rate" or metric.split)
        scored = scored or (REACHED.match(key) is not None and bool(read_line(text).values))
        counts = x_axis(key) is not None and not is_known_setting(key, value)
        passing = key.lower().startswith("current")
        return None if scored or counts or passing or is_clock(key) else (key, value)
    line = read_line(text)
    return _seed_beside(text) if line.axes or line.values else (key, value)


def _seed_beside(text: str) -> tuple[str, Scalar] | None:
    """Return the seed that a line of words or of other settings names; a record of a training is none."""
    seed = SINGLE_SETTING.search(text[:200]) if "seed" in text.lower() else None
    if seed is None:
        return None
    line = read_line(text)
    return None if line.axes or any(map(_is_score, line.values)) else ("seed", int(seed[1]))


def _bare(text: str) -> str:
    """Return a line without brackets around all of it, a comment behind it, and what a total counts."""
    if " # " in text:
        text = text.partition(" # ")[0]
    if "[" in text and (held := BRACKETED.fullmatch(text)) is not None:
        return held[1]
    if " batch size " in text:
        text = text.replace(OVER_ALL, "", 1).replace(*ON_EACH, 1)
    return text


def is_known_setting(key: str, value: Scalar) -> bool:
    """Tell whether the vocabulary knows a key as a setting and not as a score."""
    metric = canonical_metric(key).name
    scored = (
        is_known_metric(metric) and metric != "learning_rate" and isinstance(value, (int, float))
    )
    return canonical_setting(key, value=value) is not None and not scored
