"""How each framework spells batch size, seed, learning rate, accuracy: raw keys to canonical names.

The spellings are data, in one TOML file for each dialect beside this module; `generic.toml` holds
for every dialect and `metrics.toml` for every log. A key is matched whole first and then by its
trailing segments, never by a part of a word, and a key that could mean two things stays unknown.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Literal, cast

Split = Literal["train", "validation", "test"]
Axis = Literal["step", "epoch", "sample"]

OTHER_CONTEXTS = frozenset(
    [
        *("val", "valid", "validation", "eval", "evaluation", "dev", "test", "testing"),
        *("val_dataloader", "test_dataloader", "valid_loader", "val_loader", "test_loader"),
        *("val_cfg", "test_cfg", "eval_cfg", "inference", "infer", "predict", "prediction"),
        *("teacher", "discriminator", "critic", "launcher", "hydra", "best", "space", "sampler"),
    ]
)
"""Parents below which a setting is not one of the training under audit."""

SECTIONS = frozenset(
    ["args", "arch", "cfg", "config", "data", "dataset", "hparams", "hyperparameters", "loss", "model", "net",
     "network", "optim", "optimizer", "params", "train", "trainer", "training"]
)  # fmt: skip
"""First words under which flat keys stand for nested ones: `model_activation` for `model.activation`."""

QUALIFIERS = frozenset({"best", "ema", "max", "min", "std", "mean", "final", "last", "swa"})
"""Words that qualify a metric; kept in its name, except those in `PLAIN_QUALIFIERS`."""

PLAIN_QUALIFIERS = frozenset({"final", "last"})
"""Qualifiers that say nothing a final score does not say already."""

AT_K = re.compile(
    r"(?P<name>recall|rec|r|ndcg|hit|hits|hit_rate|hit_ratio|hr|precision|prec|p|map|mrr|acc|accuracy|top|pass)"
    r"(?:@_?(?:top_?)?|_at_)(?P<k>\d{1,5})"
)
"""Metrics of a ranked list cut at rank k: another k is another metric."""

AT_K_NAMES = {
    "recall": "recall", "rec": "recall", "r": "recall", "ndcg": "ndcg", "hit": "hit_rate", "hits": "hit_rate",
    "hit_rate": "hit_rate", "hit_ratio": "hit_rate", "hr": "hit_rate", "precision": "precision",
    "prec": "precision", "p": "precision", "map": "map", "mrr": "mrr", "acc": "accuracy",
    "accuracy": "accuracy", "top": "accuracy", "pass": "pass",
}  # fmt: skip

LONGEST_CAMEL = 60

COUNTERS: Mapping[str, Axis] = MappingProxyType({
    **dict.fromkeys(("epoch", "epochs", "nepochs"), "epoch"),
    **dict.fromkeys(("step", "steps", "nsteps", "timestep", "timesteps", "iter", "iters", "iteration",
                     "iterations", "update", "updates", "nupdates", "interacts", "frame", "frames"), "step"),
    **dict.fromkeys(("samples", "examples", "images"), "sample"),
})  # fmt: skip
"""Last words of names that count how far a training is."""

AFTER_COUNTERS = frozenset(
    {
        "total",
        "so",
        "far",
        "seen",
        "num",
        "number",
        "count",
        "done",
        "idx",
        "index",
        "completed",
        "sofar",
    }
)
"""Words behind a counter that leave it one."""

NO_COUNTER = frozenset({"best", "per", "this", "warmup", "max", "patience", "since", "bad"})
"""Words of names that count something else than how far a training is."""

SHORTEST_TAIL = 3
"""Letters of a last word that is read as a metric by itself."""

UNSPLIT = frozenset({"learning_rate", "gradient_norm", "epoch"})
"""Quantities of the training loop, which belong to no split."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What a log calls a metric, taken apart."""

    name: str
    """Canonical name, or what is left of the raw one, lower case with underscores."""
    split: Split | None
    """Which data it was computed on; None where the key does not say."""


MOST_KEYS = 16_384
"""Keys whose meaning is remembered: the runs of a project spell theirs alike."""
DEEPEST = 40
"""Parts from the end of a key that can make up a spelling."""


def canonical_setting(
    key: str,
    dialect: str = "generic",
    taught: Mapping[str, str] = MappingProxyType({}),
    *,
    value: int | float | str | bool | None = None,
) -> str | None:
    """Translate a raw setting key, or return None where its meaning is unknown or ambiguous.

    Args:
        key: raw key, nested keys joined by dots or slashes (`optim.params.lr`, `--batch-size`).
        dialect: name of a vocabulary file, or `generic`.
        taught: raw key to canonical name, from `[vocabulary]` in netgain.toml; wins always.
        value: what the key is set to, for the few keys whose meaning it decides: `warmup` below 1 is
            a share of the training, `gpus` set to names is the device.
    """
    if taught:
        segments = _segments(key)
        if key in taught:
            return taught[key] if segments else None
        known = {_segments(raw): name for raw, name in taught.items()}
        for length in range(min(len(segments), DEEPEST), 0, -1):
            if segments[-length:] in known:
                return known[segments[-length:]]
    return _setting_of(key, dialect, _kind(value))


@lru_cache(maxsize=MOST_KEYS)
def _setting_of(key: str, dialect: str, kind: str | None) -> str | None:
    segments = _segments(key)
    index, excluded = _settings(dialect)
    for length in range(min(len(segments), DEEPEST), 0, -1):
        name = _by_value().get((segments[-length:], kind)) or index.get(segments[-length:])
        if name is None:
            continue
        parents = frozenset(segments[:-length])
        return None if parents & (excluded.get(name, frozenset()) | OTHER_CONTEXTS) else name
    section, _, rest = segments[-1].partition("_") if segments else ("", "", "")
    if section in SECTIONS and rest:
        return _setting_of(".".join((*segments[:-1], section, rest)), dialect, kind)
    return None


def without_section(key: str) -> str:
    """Return a key without the section it stands in: `skips` for `args.skips` and `model_skips`."""
    segments = _segments(key)
    while len(segments) > 1 and segments[0] in SECTIONS:
        segments = segments[1:]
    section, _, rest = ".".join(segments).partition("_")
    return rest if section in SECTIONS and rest else ".".join(segments)


def is_housekeeping(key: str) -> bool:
    """Tell whether a key is known to say nothing of the comparison (output folders, print intervals)."""
    segments = _segments(key)
    return bool(segments) and segments[-1] in _housekeeping()


@lru_cache(maxsize=MOST_KEYS)
def canonical_metric(key: str, dialect: str = "generic") -> Metric:
    """Take a raw metric name apart into canonical name and split.

    Args:
        key: column, tag or metric name as the log spells it (`val/acc_epoch`, `metrics/mAP50(B)`).
        dialect: name of a vocabulary file, or `generic`.
    """
    metric = _taken_apart(_metric_words(key), key, dialect)
    parts = _parts_of_camel_case(key)
    if not parts or is_known_metric(metric.name):
        return metric
    joined = _taken_apart(parts, key, dialect)
    return joined if is_known_metric(joined.name) else metric


def _taken_apart(words: tuple[str, ...], key: str, dialect: str) -> Metric:
    names, splits, noise = _metrics()
    found = [splits[word] for word in words if word in splits]
    split: Split | None = found[0] if found else None
    if split == "validation" and "test" in found:
        split = "test"  # `eval_test_acc`: the evaluation of the test split
    rest = [word for word in words if word not in splits] or list(words)
    kept = [word for word in rest if word not in noise] or rest[:1]
    plain = "_".join(kept)
    name = names.get(plain) or _at_k(plain) or _qualified(kept, names)
    options = _dialect_options(dialect)
    if split is None and name in options.get("train_when_bare", ()):
        split = "train"
    if split is None and key.strip().startswith(str(options.get("validation_prefix", "\0"))):
        split = "validation"
    return Metric(name=name, split=None if name in UNSPLIT else split)


def lower_is_better(name: str) -> bool | None:
    """Tell the direction of a canonical metric; None where it is not known."""
    better = _directions()
    if name in better:
        return better[name]
    if _is_at_k(name):
        return False
    last = name.rsplit("_", 1)[-1]
    if last in ("loss", "error", "err", "perplexity"):
        return True
    words = name.split("_")
    if words[0] in QUALIFIERS and len(words) > 1:
        return lower_is_better("_".join(words[1:]))
    return next((better[tail] for tail in _tails(name) if tail in better), None)


def is_known_metric(name: str) -> bool:
    """Tell whether a canonical name stands in the vocabulary of metrics."""
    first, _, rest = name.partition("_")
    return name in _known_names() or (
        first in QUALIFIERS and (rest in _directions() or _is_at_k(rest))
    )


def ends_in_metric(name: str) -> bool:
    """Tell whether the last words of a canonical name are a metric's (`boolq_accuracy`, `car_iou`)."""
    return is_known_metric(name) or any(tail in _directions() for tail in _tails(name))


@lru_cache(maxsize=MOST_KEYS)
def x_axis(key: str) -> Axis | None:
    """Tell what a column counts if it is an axis of a log, else None."""
    return cast("Axis | None", _axes().get(_plain(key))) if not is_clock(key) else None


def counted_by_name(key: str) -> Axis | None:
    """Tell what a column counts whose last words name a counter (`total/epochs`), else None.

    Such a name is a setting as often (`total_epochs`); that its values rise from row to row decides.
    """
    tail = re.split(r"[/.]", key.strip())[-1][:LONGEST_CAMEL]
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", tail).lower().replace("-", "_").replace(" ", "_")
    parts = [part for part in words.split("_") if part]
    while len(parts) > 1 and parts[-1] in AFTER_COUNTERS:
        parts.pop()
    if not parts or NO_COUNTER & set(parts):
        return None
    axis = COUNTERS.get(parts[-1])
    return axis if axis is None or x_axis(key) is None else x_axis(key)


@lru_cache(maxsize=MOST_KEYS)
def is_clock(key: str) -> bool:
    """Tell whether a column holds wall-clock time, which is neither axis nor metric."""
    return _axes().get(_plain(key)) == "clock"


def setting_names(dialect: str = "generic") -> dict[str, str]:
    """Return the canonical settings with a line on each, in file order."""
    tables = (
        {**_tables("generic"), **_tables(dialect)} if dialect != "generic" else _tables("generic")
    )
    generic = _tables("generic")
    return {
        name: str(table.get("about") or generic.get(name, {}).get("about", ""))
        for name, table in tables.items()
        if name != "dialect"
    }


def dialects() -> tuple[str, ...]:
    """Return the names of the vocabulary files, `generic` among them."""
    names = (entry.name for entry in resources.files(__package__).iterdir())
    stems = (name.removesuffix(".toml") for name in names if name.endswith(".toml"))
    return tuple(
        sorted(stem for stem in stems if stem not in ("metrics", "phrases", "housekeeping"))
    )


def phrases() -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the regular expressions in which documents state things, by table and entry."""
    return {
        table: {name: tuple(patterns) for name, patterns in entries.items()}
        for table, entries in _tables("phrases").items()
    }


def _plain(key: str) -> str:
    return key.strip().strip("\"'").lower().replace("-", "_").replace(" ", "_").lstrip("#")


@cache
def _segments(key: str) -> tuple[str, ...]:
    """Split a key into lower-case words joined by underscores; list positions are dropped."""
    text = (
        key.strip()
        .lstrip("-")
        .replace("/", ".")
        .replace("-", "_")
        .replace(" ", "_")
        .replace("[", ".")
    )
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text).lower()
    return tuple(part for part in text.replace("]", "").split(".") if part and not part.isdigit())


@cache
def _tables(dialect: str) -> dict[str, dict[str, Any]]:
    file = resources.files(__package__).joinpath(f"{dialect}.toml")
    if not re.fullmatch(r"[a-z0-9_]+", dialect) or not file.is_file():
        return {}
    return tomllib.loads(file.read_text(encoding="utf-8"))


@cache
def _settings(dialect: str) -> tuple[dict[tuple[str, ...], str], dict[str, frozenset[str]]]:
    """Return spelling to canonical name, the dialect's first, and excluded parents."""
    index: dict[tuple[str, ...], str] = {}
    excluded: dict[str, frozenset[str]] = {}
    layers = ("generic",) if dialect == "generic" else ("generic", dialect)
    for layer in layers:
        for name, table in _tables(layer).items():
            if name == "dialect":
                continue
            excluded[name] = excluded.get(name, frozenset()) | frozenset(table.get("not_under", ()))
            index.setdefault((name,), name)
            index.update({_segments(key): name for key in table["keys"]})
    return index, excluded


@cache
def _housekeeping() -> frozenset[str]:
    return frozenset(cast("list[str]", _tables("housekeeping")["keys"]))


@cache
def _by_value() -> dict[tuple[tuple[str, ...], str | None], str]:
    """Return the spellings that mean something for one kind of value alone."""
    return {
        (_segments(key), kind): name
        for name, table in _tables("generic").items()
        for kind in ("fraction", "text")
        for key in table.get(f"{kind}_keys", ())
    }


def _kind(value: int | float | str | bool | None) -> str | None:
    """Tell a share between 0 and 1, and a text with letters in it, from everything else."""
    if isinstance(value, float) and 0.0 < value < 1.0:
        return "fraction"
    return "text" if isinstance(value, str) and re.search(r"[A-Za-z]", value) else None


def _dialect_options(dialect: str) -> dict[str, Any]:
    return _tables(dialect).get("dialect", {})


@cache
def _metrics() -> tuple[dict[str, str], dict[str, Split], frozenset[str]]:
    document = _tables("metrics")
    names = {
        key: name for name, table in document["metrics"].items() for key in (name, *table["keys"])
    }
    splits = {
        word: cast(Split, split)
        for split, words in document["splits"].items()
        if split != "noise"
        for word in words
    }
    return names, splits, frozenset(document["splits"]["noise"])


@cache
def _directions() -> dict[str, bool]:
    metrics = _tables("metrics")["metrics"]
    return {
        name: table["better"] == "lower" for name, table in metrics.items() if "better" in table
    }


@cache
def _axes() -> dict[str, str]:
    return {key: axis for axis, keys in _tables("metrics")["axes"].items() for key in keys}


@cache
def _metric_words(key: str) -> tuple[str, ...]:
    text = re.sub(
        r"^(train|val|valid|test|eval)(?=[A-Z])", r"\1_", key.strip().strip("\"'")
    ).replace("++", "pp")
    text = re.sub(r"\((B|P)\)$", "", re.sub(r"^(.*)\(M\)$", r"mask_\1", text)).lower()
    text = re.sub(r"(?<!\d)\.|\.(?!\d)", "_", text)
    return tuple(word for word in re.split(r"[^a-z0-9.@:%]+", text) if word) or (
        key.strip().lower(),
    )


@cache
def _parts_of_camel_case(key: str) -> tuple[str, ...]:
    """Return the words of a name written as `AverageTestEpRet`; none where it is not."""
    words = re.findall(r"[A-Z][a-z]+", key) if len(key) <= LONGEST_CAMEL else []
    whole = len(words) > 1 and "".join(words) == key
    return tuple(word.lower() for word in words) if whole else ()


@cache
def _known_names() -> frozenset[str]:
    return frozenset(_metrics()[0].values()) | frozenset(
        f"{name}_at_{k}" for name in AT_K_NAMES.values() for k in range(1, 1001)
    )


def _at_k(plain: str) -> str | None:
    """Return the canonical name of a metric at rank k (`NDCG@10`, `recall_at_5`), else None."""
    found = AT_K.fullmatch(plain)
    return None if found is None else f"{AT_K_NAMES[found['name']]}_at_{int(found['k'])}"


def _is_at_k(name: str) -> bool:
    found = AT_K.fullmatch(name)
    return found is not None and found["name"] in AT_K_NAMES.values()


def _tails(name: str) -> list[str]:
    """Return the name without its first word, its first two words, and so on; short tails are left out."""
    words = name.split("_")
    tails = ["_".join(words[at:]) for at in range(1, len(words))]
    return [tail for tail in tails if len(tail) >= SHORTEST_TAIL or tail in ("f1", "r2", "em")]


def _qualified(words: list[str], names: dict[str, str]) -> str:
    """Translate without qualifiers, then put them in front: `acc_best` -> `best_accuracy`.

    Without any, the last word alone is translated: `boolq_acc` -> `boolq_accuracy`.
    """
    qualifiers = [word for word in words if word in QUALIFIERS]
    core = "_".join(word for word in words if word not in QUALIFIERS)
    if not qualifiers or not core:
        last = words[-1]
        known = len(last) >= SHORTEST_TAIL or last in ("f1", "r2", "em")
        return "_".join([*words[:-1], names.get(last, last) if known else last])
    shown = sorted(set(qualifiers) - PLAIN_QUALIFIERS)
    return "_".join([*shown, names.get(core) or _at_k(core) or core])
