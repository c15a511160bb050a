"""nnU-Net results folders (v1, v2): debug.json, plans.json, training_log_*.txt and summary.json.

An epoch there is a fixed number of updates, 250 unless changed; the reader keeps that number as it is stated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from netgain.errors import UnreadableFile
from netgain.readers._documents import parse_json, scalar, typed_text
from netgain.readers._lines import terminal_lines
from netgain.readers._series import number, series
from netgain.readers.base import Entry, Fact, Final, Limits, Reader, RunFacts, Series, Setting

LOG = re.compile(r"training_log_\d{4}_\d+_\d+_\d+_\d+_\d+\.txt")
STAMP = re.compile(rb"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?:? ?")
LINE = re.compile(
    r"\s*(?P<name>Epoch|epoch|Current learning rate|lr|train_loss|val_loss|train loss|"
    r"validation loss|Pseudo dice|"
    r"Average global foreground Dice|Epoch time|Using splits|This split has)\s*[:=]?\s*(?P<rest>.*)"
)
NAMES = {
    "Current learning rate": "lr",
    "lr": "lr",
    "train_loss": "train_loss",
    "train loss": "train_loss",
    "val_loss": "val_loss",
    "validation loss": "val_loss",
    "Pseudo dice": "val_pseudo_dice",
    "Average global foreground Dice": "val_pseudo_dice",
}
NUMBERS = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?|nan")
DEBUG_KEYS = frozenset(
    ("batch_size", "num_epochs", "max_num_epochs", "initial_lr", "weight_decay", "fold", "gpu_name",
     "torch_version",
     "num_iterations_per_epoch", "num_val_iterations_per_epoch", "configuration_name", "is_ddp",
     "oversample_foreground_percent", "enable_deep_supervision", "cudnn_version", "device", "hostname",
     "num_batches_per_epoch", "optimizer", "lr_scheduler", "patch_size", "network", "was_initialized")
)  # fmt: skip
PLAN_KEYS = ("batch_size", "patch_size", "spacing", "UNet_class_name", "n_conv_per_stage_encoder",
"UNet_base_num_features",
             "unet_max_num_features", "normalization_schemes")  # fmt: skip


def sniff(entry: Entry) -> bool:
    """Recognise the files by name and by keys that nnU-Net writes."""
    name = entry.name
    if LOG.fullmatch(name):
        return True
    if name == "debug.json":
        return (
            b"nnUNet" in entry.head
            or b"num_iterations_per_epoch" in entry.head
            or b"fold" in entry.head
        )
    if name == "plans.json":
        return b"nnUNet" in entry.head or b'"configurations"' in entry.head
    if name == "summary.json":
        return (
            b"foreground_mean" in entry.head
            or b"metric_per_case" in entry.head
            or b'"Dice"' in entry.head
        )
    return name == "dataset.json" and b"numTraining" in entry.head


def read(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Read one file of a results folder.

    Raises:
        UnreadableFile: damaged.
    """
    if entry.path.suffix == ".txt":
        yield _log(entry, limits)
        return
    document = parse_json(entry.text(limits.text_bytes), limits)
    if not isinstance(document, dict):
        raise UnreadableFile("holds no object; expected a record of nnU-Net")
    if entry.name == "summary.json":
        yield _summary(entry, document)
        return
    found = {
        "debug.json": _debug,
        "plans.json": _plans,
        "dataset.json": _dataset,
    }[entry.name](entry, document)
    yield RunFacts(location=entry.folder, dialect="nnunet", settings=tuple(found))


def _debug(entry: Entry, document: dict[str, Any]) -> Iterator[Setting]:
    """Yield the trainer's fields; values are kept there as text."""
    for key in sorted(DEBUG_KEYS & set(document)):
        value = document[key]
        text = typed_text(value) if isinstance(value, str) else scalar(value)
        if key in ("optimizer", "lr_scheduler", "network") and isinstance(text, str):
            text = re.split(r"[\s(<]", text.lstrip("<"))[0].rpartition(".")[2]
        yield Setting(key=key, value=text, source=entry.source(key=key))


def _plans(entry: Entry, document: dict[str, Any]) -> Iterator[Setting]:
    """Yield the plan of the configuration that the results folder is named for."""
    configurations = document.get("configurations")
    name = next((p for p in reversed(PurePath(entry.display).parts) if "__" in p), "").split("__")[
        -1
    ]
    if isinstance(document.get("dataset_name"), str):
        yield Setting(
            key="dataset_name",
            value=document["dataset_name"],
            source=entry.source(key="dataset_name"),
        )
    chosen = configurations.get(name) if isinstance(configurations, dict) else None
    for _ in range(5):
        parent = chosen.get("inherits_from") if isinstance(chosen, dict) else None
        inherited = (
            configurations.get(parent)
            if isinstance(configurations, dict) and isinstance(parent, str)
            else None
        )
        if not isinstance(inherited, dict) or chosen is None:
            break
        chosen = {**inherited, **{k: v for k, v in chosen.items() if k != "inherits_from"}}
    if isinstance(chosen, dict):
        for key in PLAN_KEYS:
            if key in chosen:
                source = entry.source(key=f"configurations.{name}.{key}")
                yield Setting(key=key, value=scalar(chosen[key]), source=source)


def _dataset(entry: Entry, document: dict[str, Any]) -> Iterator[Setting]:
    for key in ("name", "numTraining"):
        value = document.get(key)
        if isinstance(value, (str, int)) and not isinstance(value, bool):
            yield Setting(key=key, value=value, source=entry.source(key=key))


def _summary(entry: Entry, document: dict[str, Any]) -> RunFacts:
    """Read the mean over the foreground classes of the validation or test cases."""
    results = document.get("results")
    mean = document.get("foreground_mean")
    if (
        not isinstance(mean, dict)
        and isinstance(results, dict)
        and isinstance(results.get("mean"), dict)
    ):
        classes = [
            v for k, v in results["mean"].items() if k not in ("0", "mean") and isinstance(v, dict)
        ]
        dice = [v["Dice"] for v in classes if isinstance(v.get("Dice"), (int, float))]
        mean = {"Dice": sum(dice) / len(dice)} if dice and len(dice) == len(classes) else None
    if not isinstance(mean, dict):
        raise UnreadableFile("holds no mean over classes; expected a summary.json of nnU-Net")
    parts = [part.lower() for part in PurePath(entry.display).parts]
    split = (
        "val" if any(part.startswith(("validation", "crossval", "fold_")) for part in parts) else ""
    )
    finals = tuple(
        Final(
            key=f"{split}/{key}" if split else key,
            value=float(value),
            source=entry.source(key=f"foreground_mean.{key}"),
        )
        for key, value in mean.items()
        if key in ("Dice", "IoU", "HD95", "NSD") and isinstance(value, (int, float))
    )
    location = entry.folder
    if PurePath(location).name.startswith("validation"):
        location = str(PurePath(location).parent)
    return RunFacts(location=location, dialect="nnunet", finals=finals)


def _log(entry: Entry, limits: Limits) -> RunFacts:
    """Read one training log; a value belongs to the epoch named last, a list is a mean over its classes."""
    points: dict[str, list[tuple[float, float, int]]] = {}
    epoch: float | None = None
    for line, raw in terminal_lines(entry, limits):
        text = STAMP.sub(b"", raw[:4000]).decode("utf-8", "replace")
        found = LINE.match(text)
        if found is None:
            continue
        name, rest = found["name"], found["rest"]
        if name.lower() == "epoch":
            epoch = number(rest) if re.fullmatch(r"\s*\d{1,7}\s*:?\s*", rest) else epoch
            epoch = number(rest.strip(" :")) if re.fullmatch(r"\s*\d{1,7}\s*:\s*", rest) else epoch
        elif name in NAMES and epoch is not None:
            cleaned = re.sub(r"np\.float\d*|float\d+", "", rest)
            values = [v for v in map(number, NUMBERS.findall(cleaned[:2000])) if v == v]  # noqa: PLR0124 - NaN
            if values:
                value = sum(values) / len(values)
                points.setdefault(NAMES[name], []).append((epoch, value, line))
    return RunFacts(
        location=entry.folder,
        dialect="nnunet",
        series=tuple(_series(entry, points)),
    )


def _series(entry: Entry, points: dict[str, list[tuple[float, float, int]]]) -> Iterator[Series]:
    for key, found in points.items():
        curve = series(
            key,
            unit="epoch",
            steps=[x for x, _, _ in found],
            values=[value for _, value, _ in found],
            source=entry.source(line=found[0][2], key=key),
        )
        if curve is not None:
            yield curve


READER = Reader(name="nnU-Net results", order=21, sniff=sniff, read=read)
