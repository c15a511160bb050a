"""Raw keys to canonical names."""

from __future__ import annotations

import pytest

from netgain.vocabulary import (
    canonical_metric,
    canonical_setting,
    dialects,
    ends_in_metric,
    is_clock,
    is_housekeeping,
    is_known_metric,
    lower_is_better,
    setting_names,
    x_axis,
)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("lr", "learning_rate"),
        ("--batch-size", "batch_size"),
        ("batchSize", "batch_size"),
        ("optimizer.params.lr", "learning_rate"),
        ("cfg.train.lr", "learning_rate"),
        ("hparams/lr", "learning_rate"),
        ("param_groups.0.lr", "learning_rate"),
        ("train.batch_size", "batch_size"),
        ("dataset.batch_size", "batch_size"),
        ("optimizer.name", "optimizer"),
        ("scheduler.name", "schedule"),
        ("dataset.name", "dataset"),
        ("config.seed", "seed"),
        ("data.seed", "data_seed"),
        ("trainer.max_epochs", "epochs"),
        ("num_repeats", "repeats"),
        ("model_ema_decay", "ema_decay"),
        ("NUM_ITER", "max_steps"),
        ("max_iteration", "max_steps"),
        ("nepoch", "epochs"),
        ("num_train_episodes", "epochs"),
        ("per_gpu_batch", "batch_size_per_device"),
        ("miniBatch", "batch_size"),
        ("lr_start", "learning_rate"),
        ("rand_seed", "seed"),
    ],
)
def test_nested_and_spelled_keys_reach_their_canonical_name(key: str, name: str) -> None:
    """Case, dashes, nesting and frameworks' spellings do not change what a setting is."""
    assert canonical_setting(key, "generic") == name


@pytest.mark.parametrize(
    "key",
    [
        "eval_batch_size",
        "max_timesteps",  # of one episode, or of the training
        "n_timesteps",  # of a diffusion, or of the training
        "per_device_eval_batch_size",
        "val.batch_size",
        "test_batch_size",
        "test_dataloader.batch_size",
        "scheduler.params.gamma",
        "scheduler.lr",
        "model.bn.momentum",
        "masking.name",
        "wandb.name",
        "teacher.lr",
        "colour",
        "slr",
        "",
    ],
)
def test_ambiguous_and_evaluation_keys_stay_unknown(key: str) -> None:
    """A key that could mean something else, or only looks alike, is not guessed."""
    assert canonical_setting(key, "generic") is None


@pytest.mark.parametrize(
    ("key", "dialect", "name"),
    [
        ("batch_size", "timm", "batch_size_per_device"),
        ("batch_size", "generic", "batch_size"),
        ("train_batch_size", "huggingface", "batch_size_per_device"),
        ("epoch", "huggingface", "epochs"),
        ("total_flos", "huggingface", "train_flops"),
        ("batch", "ultralytics", "batch_size"),
        ("augment", "ultralytics", "test_time_augmentation"),
        ("augment", "generic", "augmentation"),
        ("optimizer_name", "mlflow", "optimizer"),
    ],
)
def test_a_dialect_overrides_the_generic_meaning(key: str, dialect: str, name: str) -> None:
    """The same word means what the framework that wrote it means."""
    assert canonical_setting(key, dialect) == name


def test_a_taught_key_wins_whole_and_as_a_tail() -> None:
    """`[vocabulary]` in netgain.toml overrides the built-in reading, nested or not."""
    taught = {"my_bs": "batch_size", "lr": "ema_decay"}
    assert canonical_setting("my_bs", "generic", taught) == "batch_size"
    assert canonical_setting("cfg.my_bs", "generic", taught) == "batch_size"
    assert canonical_setting("lr", "generic", taught) == "ema_decay"


@pytest.mark.parametrize(
    ("key", "dialect", "split", "name"),
    [
        ("acc", "generic", None, "accuracy"),
        ("acc_epoch", "lightning", None, "accuracy"),
        ("val_acc", "generic", "validation", "accuracy"),
        ("valid/loss", "generic", "validation", "loss"),
        ("avg_test_acc", "mlflow", "test", "accuracy"),
        ("test/accuracy", "generic", "test", "accuracy"),
        ("testAcc", "generic", "test", "accuracy"),
        ("test_acc1", "generic", "test", "accuracy"),
        ("accuracy_top-1", "generic", None, "accuracy"),
        ("metrics/accuracy_top1", "ultralytics", "validation", "accuracy"),
        ("metrics/mAP50-95(B)", "ultralytics", "validation", "map50_95"),
        ("train/box_loss", "ultralytics", "train", "box_loss"),
        ("eval_rouge1", "huggingface", "validation", "rouge1"),
        ("eval_test_accuracy", "huggingface", "test", "accuracy"),
        ("loss", "huggingface", "train", "loss"),
        ("loss", "generic", None, "loss"),
        ("accuracy", "keras", "train", "accuracy"),
        ("best_val_acc", "generic", "validation", "best_accuracy"),
        ("top1_err", "generic", None, "error"),
        ("lr/pg0", "ultralytics", None, "learning_rate"),
        ("nasbench201/cifar10/test", "tensorboard", "test", "nasbench201_cifar10"),
        ("metrics/test/rmse", "generic", "test", "rmse"),
    ],
)
def test_metric_names_are_taken_apart(key: str, dialect: str, split: str | None, name: str) -> None:
    """Split and name come out of every framework's spelling; unknown names keep their words."""
    metric = canonical_metric(key, dialect)
    assert (metric.split, metric.name) == (split, name)


def test_direction_is_known_or_unknown_never_guessed() -> None:
    """Losses fall, accuracies rise, and a name nobody knows has no direction."""
    assert lower_is_better("loss") is True
    assert lower_is_better("box_loss") is True
    assert lower_is_better("accuracy") is False
    assert lower_is_better("best_accuracy") is False
    assert lower_is_better("nasbench201_cifar10") is None


def test_axes_and_clocks_are_not_metrics() -> None:
    """Steps, epochs and samples are axes; wall time is neither axis nor metric."""
    assert x_axis("global_step") == "step"
    assert x_axis("trainer/global_step") == "step"
    assert x_axis(" epoch") == "epoch"
    assert x_axis("samples_seen") == "sample"
    assert x_axis("accuracy") is None
    assert x_axis("_timestamp") is None
    assert is_clock("_timestamp")
    assert not is_clock("step")


def test_every_setting_of_every_dialect_is_described() -> None:
    """The vocabulary doubles as the manual, so no entry may lack its line."""
    assert "generic" in dialects()
    for dialect in dialects():
        undescribed = [name for name, about in setting_names(dialect).items() if not about]
        assert undescribed == [], dialect


@pytest.mark.parametrize(
    ("key", "value", "name"),
    [
        ("warmup", 0.1, "warmup_ratio"),
        ("train.warmup", 0.05, "warmup_ratio"),
        ("warmup", 500, None),
        ("warmup", None, None),
        ("scheduler.warmup", 500, "warmup_steps"),
        ("scheduler.warmup", 0.1, "warmup_ratio"),
        ("gpus", 4, "devices"),
        ("gpus", '["A100-SXM-80GB"]', "device"),
        ("gpus", "[0, 1]", "devices"),
    ],
)
def test_a_few_keys_need_their_value(
    key: str, value: int | float | str | None, name: str | None
) -> None:
    """A warm-up below 1 is a share and an integer has no unit; names of GPUs are no count of them."""
    assert canonical_setting(key, value=value) == name


@pytest.mark.parametrize(
    ("key", "name", "lower"),
    [
        ("Prec@1", "accuracy", False), ("Prec@5", "top5_accuracy", False),
        ("val/NDCG@10", "ndcg_at_10", False),
        ("recall@5", "recall_at_5", False), ("R@1", "recall_at_1", False),
        ("hit@10", "hit_rate_at_10", False),
        ("coco/bbox_mAP", "map50_95", False), ("bbox/AP50", "map50", False),
        ("segm/AP", "mask_map50_95", False),
        ("aAcc", "pixel_accuracy", False), ("mIoU", "iou", False),
        ("charts/episodic_return", "reward", False),
        ("rollout/ep_rew_mean", "reward", False), ("fg_ari", "fg_ari", False), ("mbo_i", "mbo_i", False),
        ("bpc", "bits_per_character", True), ("bpb", "bits_per_byte", True), ("WER", "word_error_rate", True),
        ("FID", "fid", True), ("KID", "kid", True), ("IS", "inception_score", False), ("HD95", "hd95", True),
        ("chrF++", "chrf_plus_plus", False), ("NDS", "nds", False), ("EER", "equal_error_rate", True),
        ("eval_success_rate", "success_rate", False), ("NMI", "nmi", False),
        ("best_ndcg@10", "best_ndcg_at_10", False),
        ("pass@1", "pass_at_1", False), ("AUPRC", "average_precision", False), ("LPIPS", "lpips", True),
    ],
)  # fmt: skip
def test_metrics_of_many_fields_have_a_name_and_a_direction(
    key: str, name: str, lower: bool
) -> None:
    """Detection, segmentation, retrieval, language, speech, generation, reinforcement learning."""
    found = canonical_metric(key)
    assert (found.name, is_known_metric(found.name), lower_is_better(found.name)) == (
        name,
        True,
        lower,
    )


def test_variants_of_a_metric_stay_apart() -> None:
    """Another rank, another unit of text and another normalization are other quantities."""
    names = [
        "ndcg@5",
        "ndcg@10",
        "bpb",
        "bpc",
        "bpd",
        "ppl",
        "word_perplexity",
        "byte_perplexity",
        "chrf",
        "chrf++",
    ]
    assert len({canonical_metric(name).name for name in names}) == len(names)


@pytest.mark.parametrize(
    ("key", "dialect", "name"),
    [
        ("train_dataloader.batch_size", "mmengine", "batch_size_per_device"),
        ("val_dataloader.batch_size", "mmengine", None),
        ("SOLVER.IMS_PER_BATCH", "detectron2", "global_batch_size"),
        ("max_sentences", "fairseq", "batch_size_per_device"),
        ("train_batch_size", "deepspeed", "global_batch_size"),
        ("numTraining", "nnunet", "training_cases"),
        ("effective_batch_size", "generic", "global_batch_size"),
        ("epoch", "code", "epochs"),
        ("epoch", "generic", None),
        ("block_size", "generic", "sequence_length"),
        ("training_hours", "generic", "wall_hours"),
        ("num_iterations_per_epoch", "nnunet", "steps_per_epoch"),
    ],
)
def test_frameworks_spell_budgets_their_own_way(key: str, dialect: str, name: str | None) -> None:
    """A batch counts one device or all of them by framework; a validation loader says nothing."""
    assert canonical_setting(key, dialect) == name


def test_housekeeping_is_told_from_settings() -> None:
    """Output folders and print intervals are known to say nothing; a learning rate is none of them."""
    assert is_housekeeping("trainer.log_every_n_steps")
    assert is_housekeeping("output_dir")
    assert not is_housekeeping("lr")


def test_names_that_end_in_a_metric() -> None:
    """A data set or class in front of a metric leaves its direction known."""
    assert ends_in_metric("boolq_accuracy")
    assert lower_is_better("zara_ade") is True
    assert not ends_in_metric("vram_bytes")
