"""Which framework wrote a file, told by the keys it holds."""

from __future__ import annotations

from collections.abc import Iterable

SIGNS: dict[str, tuple[frozenset[str], int]] = {
    "ultralytics": (
        frozenset(("imgsz", "lr0", "close_mosaic", "metrics/mAP50-95(B)", "metrics/mAP50(B)",
                   "train/box_loss", "metrics/accuracy_top1", "val/box_loss")),
        2,
    ),
    "timm": (frozenset(("sched", "reprob", "aa", "opt", "model_ema", "smoothing", "drop_path")), 4),
    "huggingface": (
        frozenset(("per_device_train_batch_size", "transformers_version", "architectures",
                   "num_train_epochs", "lr_scheduler_type", "eval_runtime", "train_runtime")),
        2,
    ),
    "lightning": (
        frozenset(("seed_everything", "trainer.max_epochs", "trainer.devices", "ckpt_path",
                   "trainer.accumulate_grad_batches", "trainer.accelerator", "max_epochs",
                   "accumulate_grad_batches")),
        2,
    ),
}  # fmt: skip
"""Keys that only one framework writes, and how many of them settle it."""


def dialect_of(keys: Iterable[str]) -> str:
    """Return the dialect whose keys a config or log holds, `keras` for its history, else `generic`."""
    held = {key.strip() for key in keys}
    for dialect, (signs, needed) in SIGNS.items():
        if len(signs & held) >= needed:
            return dialect
    paired = sum(f"val_{key}" in held for key in held)
    if paired and not any(key.startswith(("train_", "train/", "test_")) for key in held):
        return "keras"
    return "generic"
