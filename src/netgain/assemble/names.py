"""What people put into the names of folders and files: `lr0.1_bs256_seed3`."""

from __future__ import annotations

import re

from netgain.pure_paths import pure_path
from netgain.study import Scalar

NUMBER = r"\d+(?:\.\d+)?(?:e-?\d{1,2})?"
TOKEN = re.compile(
    rf"(?:^|(?<=[_\-,. /+]))(?P<key>[A-Za-z][A-Za-z_]{{0,24}}?)(?P<sep>[=:_\-]?)(?P<value>{NUMBER})"
    r"(?=$|[_\-,+ /]|\.(?:log|txt|json|jsonl|csv|tsv|out|ya?ml|toml|pt|pth|ckpt)\b)"
)
KEYS = {
    "lr": "learning_rate", "learning_rate": "learning_rate", "bs": "batch_size", "bsz": "batch_size",
    "batch": "batch_size", "batchsize": "batch_size", "batch_size": "batch_size", "seed": "seed",
    "wd": "weight_decay",
    "weight_decay": "weight_decay", "epochs": "epochs", "epoch": "epochs", "ep": "epochs",
    "dropout": "dropout",
    "steps": "max_steps", "iters": "max_steps", "warmup_epochs": "warmup_epochs",
    "warmup_steps": "warmup_steps",
    "img_size": "image_size", "imgsz": "image_size", "image_size": "image_size", "ntrain": "n_train",
    "n_train": "n_train", "accum": "gradient_accumulation", "grad_accum": "gradient_accumulation",
    "label_smoothing": "label_smoothing", "ema": "ema_decay", "depth": "depth", "width": "width",
}  # fmt: skip
"""Short words whose number means one thing only."""
WHOLE = frozenset(
    ("batch_size", "seed", "epochs", "max_steps", "image_size", "n_train", "gradient_accumulation")
)
SHARES = frozenset(("learning_rate", "weight_decay", "dropout", "label_smoothing"))
"""Settings of which a number without a point says nothing: `lr03` is 0.3, 0.03 or a third choice."""
SEED_TOKEN = re.compile(
    r"(?:^|[_\-=\s])(?:seed|run|rep|repeat|trial|version|fold|s)[_\-=]?\d{1,7}(?=$|[_\-\s])"
    r"|(?<=[A-Za-z])[_\-=\s]\d{1,4}$|^\d{1,6}$",
    re.IGNORECASE,
)
"""A part of a folder name that counts repeats: a named number anywhere, or a bare one at the end."""
NAMED_SEED = re.compile(r"(?:^|[_\-./#\s])seed[_\-=]?(\d+)(?=$|[_\-./\s])", re.IGNORECASE)
LONGEST_SEED = 40
"""Digits of the longest seed a name holds."""
LETTERS = {"s": "seed", "e": "epochs"}
"""Letters that count only together: `_s1_e200`."""


def settings_in_name(name: str) -> dict[str, Scalar]:
    """Return the settings that one name states, by canonical name.

    Only a word that means one thing counts, with its number directly behind it; a word with two different
    numbers says nothing. `epoch` counts a checkpoint's epoch as often as a length and is left out without its
    plural, and so are single letters unless seed and epochs stand together.
    """
    found: dict[str, set[Scalar]] = {}
    letters: dict[str, Scalar] = {}
    for match in TOKEN.finditer(name[:400]):
        key, value = match["key"].lower().strip("_"), float(match["value"])
        whole = value.is_integer() and "e" not in match["value"] and "." not in match["value"]
        typed: Scalar = int(value) if whole else value
        if key in LETTERS and whole and not match["sep"]:
            letters[LETTERS[key]] = typed
        last = key.rpartition("_")[2]
        canonical = KEYS.get(key) or KEYS.get(last)
        if canonical is None or last == "epoch" or (canonical in WHOLE and not whole):
            continue
        if canonical == "ema_decay" and not 0 < value < 1:
            continue
        if canonical in SHARES and whole and (value or len(match["value"]) > 1):
            continue
        found.setdefault(canonical, set()).add(typed)
    if len(letters) == len(LETTERS):
        for canonical, typed in letters.items():
            found.setdefault(canonical, {typed})
    return {canonical: values.pop() for canonical, values in found.items() if len(values) == 1}


def seed_in_name(name: str) -> int | None:
    """Return the seed a path names by itself (`ours_seed3`, `seed=3/`), else None."""
    found = NAMED_SEED.findall(name)
    return int(found[-1]) if found and len(found[-1]) < LONGEST_SEED else None


def group_name(run_id: str) -> str:
    """Return the run id without its seed: runs of one group differ in the seed alone."""
    stripped = NAMED_SEED.sub("", run_id)
    if stripped == run_id:
        last = pure_path(run_id)
        stem = SEED_TOKEN.sub("", last.name)
        stripped = str(last.with_name(stem)) if stem.strip("_-. ") else str(last.parent)
    return stripped.rstrip("/_-. ") or run_id
