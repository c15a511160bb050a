"""What an OpenMMLab config says of the comparison, whichever way it was written down."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from netgain.readers._python_literals import Names, flat
from netgain.study import Scalar

PARTS_OF_LOADER = frozenset(
    ("pipeline", "ann_file", "data_prefix", "metainfo", "collate_fn", "batch_sampler")
)
"""Parts of a loader that hold no setting of the comparison by a short key."""
KEPT = re.compile(
    r"train_dataloader|data\.train(?:_dataloader)?\b|data\.(?:samples|imgs|videos)_per_gpu|"
    r"model|optim|lr_config|runner|total_|max_|train_cfg|randomness|seed|load_from|resume|launcher|gpu|"
    r"fp16|dataset_type|evaluation\.save_best|default_hooks\.checkpoint\.save_best|crop_size|"
    r"img_scale|deterministic|num_classes|n_train"
)
"""Beginnings of the keys that count."""
VALIDATION_DATA = re.compile(
    r"(?:val_dataloader|val_evaluator|data\.val)\.(?:.*\.)?(?:ann_file|image_set|split)"
)
"""Keys that say which data the best checkpoint is chosen by."""
WARMUPS = re.compile(r"warm|^LinearLR|^LinearParam|^ConstantLR", re.IGNORECASE)
Item = tuple[str, str, Scalar]
"""Top name, key and value."""


def settings_of(names: Names) -> Iterator[Item]:
    """Yield loader, model, optimizer, schedule, length, seed, averaging and devices of a config."""
    for key, value in flat(names):
        parts = key.split(".")
        if (KEPT.match(key) and not PARTS_OF_LOADER & set(parts)) or VALIDATION_DATA.fullmatch(key):
            yield parts[0], key, value
    yield from _schedule(names.get("param_scheduler"))
    hooks = names.get("custom_hooks")
    for hook in hooks if isinstance(hooks, list) else []:
        if isinstance(hook, dict) and "EMA" in str(hook.get("type")):
            yield "custom_hooks", "ema", True
    devices = names.get("gpu_ids")
    if isinstance(devices, list) and devices:
        yield "gpu_ids", "devices", len(devices)


def _schedule(schedulers: Any) -> Iterator[Item]:
    """Yield the schedule that follows the warm-up, and the warm-up by itself."""
    top = "param_scheduler"
    listed = schedulers if isinstance(schedulers, list) else [schedulers]
    found = [
        item for item in listed if isinstance(item, dict) and isinstance(item.get("type"), str)
    ]
    main = [item for item in found if not WARMUPS.search(item["type"])] or found[-1:]
    if main:
        yield top, "schedule", main[0]["type"]
        if isinstance(main[0].get("eta_min"), (int, float)):
            yield top, "eta_min", main[0]["eta_min"]
        if isinstance(main[0].get("milestones"), list):
            yield top, "milestones", str(main[0]["milestones"])
    for item in found:
        end = item.get("end")
        if item not in main and isinstance(end, (int, float)):
            by_epoch = item.get("by_epoch", True) is not False
            yield top, "warmup_epochs" if by_epoch else "warmup_steps", end
