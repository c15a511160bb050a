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
    "deepspeed": (
        frozenset(("train_micro_batch_size_per_gpu", "zero_optimization.stage", "train_batch_size",
                   "steps_per_print", "wall_clock_breakdown", "zero_optimization.overlap_comm")),
        2,
    ),
    "detectron2": (
        frozenset(("SOLVER.IMS_PER_BATCH", "SOLVER.BASE_LR", "SOLVER.MAX_ITER", "MODEL.META_ARCHITECTURE",
                   "DATASETS.TRAIN", "SOLVER.LR_SCHEDULER_NAME")),
        3,
    ),
    "mmengine": (
        frozenset(("train_dataloader.batch_size", "optim_wrapper.optimizer.lr", "train_cfg.max_epochs",
                   "data.samples_per_gpu", "lr_config.policy", "runner.max_epochs", "default_scope",
                   "optim_wrapper.type", "dataset_type", "checkpoint_config.interval")),
        3,
    ),
    "fairseq": (
        frozenset(("max_tokens", "update_freq", "max_update", "lr_scheduler", "warmup_updates", "clip_norm",
                   "common.seed", "optimization.max_update", "optimization.lr", "optimization.update_freq",
                   "dataset.max_tokens", "distributed_world_size", "max_sentences",
                   "best_checkpoint_metric")),
        4,
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
