"""Records of frameworks: OpenMMLab, nnU-Net, detectron2, fairseq, DeepSpeed, sweeps, and defaults in code."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from netgain.assemble.runs import build_runs
from netgain.errors import UnreadableFile
from netgain.readers import (
    all_readers,
    code_defaults,
    config_file,
    mmengine,
    nnunet,
    read_paths,
    text_log,
    tuning_report,
)
from netgain.readers._python_literals import UNKNOWN, parse, value_of
from netgain.readers.base import Limits, RunFacts
from netgain.study import Run
from netgain.vocabulary import canonical_setting

from .conftest import ReadAll, ReadRun, entry_of

Write = Callable[[str, str | bytes], Path]

MM_CONFIG = """\
default_scope = 'mmdet'
custom_hooks = [dict(type='EMAHook', momentum=0.0002)]
launcher = 'none'
model = dict(type='FasterRCNN', backbone=dict(type='ResNet', depth=50))
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.02, momentum=0.9, weight_decay=0.0001))
param_scheduler = [
    dict(type='LinearLR', by_epoch=False, begin=0, end=500),
    dict(type='MultiStepLR', by_epoch=True, milestones=[8, 11], end=12)]
randomness = dict(seed=3)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=12)
train_dataloader = dict(batch_size=2, dataset=dict(type='CocoDataset'))
val_dataloader = dict(batch_size=1)
"""


def named(run: RunFacts) -> dict[str | None, object]:
    """Return settings by canonical name."""
    return {
        canonical_setting(s.key, run.dialect, value=s.value): s.value
        for s in reversed(run.settings)
    }


def runs_below(folder: Path) -> tuple[Run, ...]:
    """Read a folder and build its runs."""
    facts = read_paths([folder]).facts
    return build_runs([fact for fact in facts if isinstance(fact, RunFacts)], {}).runs


def mm_log() -> str:
    """Return a text log in MMEngine's form, with the config it prints and three epochs."""
    front = "2024/01/01 12:00:0{} - mmengine - INFO - "
    text = (
        front.format(0)
        + "\nSystem environment:\n    seed: 3\n    GPU 0: A100\n    GPU number: 1\n\n"
    )
    text += front.format(1) + "Config:\n" + MM_CONFIG + "\n" + front.format(2) + "Start\n"
    for epoch in (1, 2, 3):
        for step in (50, 100):
            text += front.format(3)
            text += f"Epoch(train)  [{epoch}][{step:3d}/100]  lr: 2e-02  eta: 1:00:00  loss: {epoch}.5\n"
        text += front.format(4) + f"Epoch(val) [{epoch}][50/50]    coco/bbox_mAP: 0.{epoch}\n"
    return text


def test_an_openmmlab_config_is_read_without_running_it(write: Write, read_run: ReadRun) -> None:
    """Loader, optimizer, schedule after the warm-up, averaging and seed; no validation loader."""
    path = write("work/config.py", MM_CONFIG + "import os\nos.system('touch ran')\n")
    found = named(read_run(mmengine.READER, path))
    assert found["batch_size_per_device"] == 2
    assert (found["learning_rate"], found["optimizer"], found["momentum"]) == (0.02, "SGD", 0.9)
    assert (found["schedule"], found["warmup_steps"]) == ("MultiStepLR", 500)
    assert (found["epochs"], found["seed"], found["ema"]) == (12, 3, True)
    assert (found["model"], found["backbone"]) == ("FasterRCNN", "ResNet")


def test_bases_of_a_config_are_followed_inside_the_project_alone(
    write: Write, read_run: ReadRun
) -> None:
    """A base below the same project is laid under the config; one that leads out says nothing."""
    write("base.py", "optimizer = dict(type='SGD', lr=9.0)\n")
    write("project/configs/_base_/sgd.py", "optimizer = dict(type='SGD', lr=0.1, momentum=0.9)\n")
    path = write(
        "project/configs/net/net.py",
        "_base_ = ['../_base_/sgd.py', '../../../base.py', '../_base_/missing.py']\n"
        "optimizer = dict(lr=0.2)\n",
    )
    found = named(read_run(mmengine.READER, path))
    assert (found["learning_rate"], found["momentum"], found["optimizer"]) == (0.2, 0.9, "SGD")


def test_configs_that_name_each_other_end(write: Write, read_run: ReadRun) -> None:
    """Two bases that refer to one another are read a bounded number of times."""
    write("configs/a/b.py", "_base_ = ['c.py']\ntotal_epochs = 3\n")
    path = write("configs/a/c.py", "_base_ = ['b.py']\noptimizer = dict(lr=0.5)\n")
    write("configs/a/c.log", "x")
    assert named(read_run(mmengine.READER, path))["learning_rate"] == 0.5


def test_a_library_of_configs_is_no_run(write: Write) -> None:
    """Several configs without a log beside them are recipes."""
    paths = [write(f"configs/{name}.py", MM_CONFIG) for name in ("one", "two")]
    entries = [replace(entry_of(path), root=path.parent) for path in paths]
    assert not any(mmengine.sniff(entry) for entry in entries)


def test_a_config_that_derives_from_one_beside_it_is_planned(write: Write) -> None:
    """Of a folder with its bases, the config that no other derives from is what would be trained."""
    write("configs/base.py", MM_CONFIG)
    path = write("configs/ours.py", "_base_ = './base.py'\n" + MM_CONFIG)
    found = {
        child.name: mmengine.sniff(replace(entry_of(child), root=path.parent))
        for child in path.parent.iterdir()
    }
    assert found == {"base.py": False, "ours.py": True}
    facts = list(mmengine.read(replace(entry_of(path), root=path.parent), Limits()))
    assert [fact.status for fact in facts if isinstance(fact, RunFacts)] == ["planned"]


def test_a_config_named_by_itself_is_read_beside_others(write: Write) -> None:
    """A config that the user names is meant, whatever lies beside it."""
    paths = [write(f"configs/{name}.py", MM_CONFIG) for name in ("one", "two")]
    assert mmengine.sniff(entry_of(paths[0]))


def test_openmmlab_scalars_have_updates_for_training_and_epochs_for_validation(
    write: Write, read_run: ReadRun
) -> None:
    """The step of a validation row is an epoch where training counts epochs."""
    rows: list[dict[str, float]] = []
    for epoch in (1, 2):
        rows += [
            {"lr": 0.02, "loss": 4.0 / epoch, "epoch": epoch, "iter": s, "memory": 9, "step": s}
            for s in (epoch * 100 - 50, epoch * 100)
        ]
        rows.append({"coco/bbox_mAP": epoch / 10, "data_time": 0.1, "step": epoch})
    path = write("run/vis_data/scalars.json", "\n".join(map(json.dumps, rows)))
    found = {s.key: (s.unit, s.steps, s.values) for s in read_run(mmengine.READER, path).series}
    assert found == {
        "lr": ("step", (50, 100, 150, 200), (0.02,) * 4),
        "train/loss": ("step", (50, 100, 150, 200), (4.0, 4.0, 2.0, 2.0)),
        "val/coco/bbox_mAP": ("epoch", (1, 2), (0.1, 0.2)),
    }


def test_an_old_mmcv_log_counts_updates_within_an_epoch(write: Write, read_run: ReadRun) -> None:
    """Where `iter` starts anew each epoch, the epoch is the axis; the first row holds the seed."""
    rows: list[dict[str, object]] = [{"env_info": "GPU 0", "seed": 5, "exp_name": "net.py"}]
    for epoch in (1, 2):
        rows += [
            {"mode": "train", "epoch": epoch, "iter": i, "lr": 0.1, "loss": 2.0} for i in (50, 100)
        ]
        rows.append({"mode": "val", "epoch": epoch, "iter": 99, "lr": 0.1, "bbox_mAP": epoch / 4})
    path = write("20240101_120000.log.json", "\n".join(map(json.dumps, rows)))
    run = read_run(mmengine.READER, path)
    assert {s.key: (s.unit, s.steps) for s in run.series} == {
        "lr": ("epoch", (1, 1, 2, 2)), "train/loss": ("epoch", (1, 1, 2, 2)), "val/bbox_mAP": ("epoch",
        (1, 2)),
    }  # fmt: skip
    assert [(s.key, s.value) for s in run.settings] == [("seed", 5), ("exp_name", "net.py")]


def test_an_openmmlab_text_log_alone_gives_config_and_curves(write: Write) -> None:
    """The printed config is settings; devices, machine and updates an epoch come from the log."""
    path = write("exp/20240101_120000/20240101_120000.log", mm_log())
    (run,) = runs_below(path.parent.parent)
    assert run.budget.batch_size is not None
    assert run.budget.batch_size.value == 2
    assert run.budget.steps is not None
    assert run.budget.steps.value == 300
    assert run.config["momentum"].value == 0.9
    assert run.environment["device"].value == "A100"
    curves = {(c.split, c.name): (c.unit, c.values) for c in run.curves}
    assert curves["validation", "map50_95"] == ("epoch", (0.1, 0.2, 0.3))


def test_an_openmmlab_work_folder_is_one_run(write: Write) -> None:
    """Config above, text log, scalars and their copy below describe one training."""
    rows = [{"lr": 0.1, "loss": 1 / s, "epoch": s, "step": s} for s in (1, 2, 3)]
    lines = "\n".join(map(json.dumps, rows))
    write("exp/config.py", MM_CONFIG)
    write("exp/20240101_120000/20240101_120000.log", mm_log())
    write("exp/20240101_120000/vis_data/20240101_120000.json", lines)
    path = write("exp/20240101_120000/vis_data/scalars.json", lines)
    (run,) = runs_below(path.parents[2])
    assert run.seed is not None
    assert run.seed.value == 3
    assert [c.values for c in run.curves if c.name == "loss"] == [(1.0, 1 / 2, 1 / 3)]


def test_an_nnunet_fold_is_a_run_of_updates(write: Write) -> None:
    """Epochs are 250 updates, a list of classes counts by its mean, the summary is the final score."""
    folder = "Dataset001_A/nnUNetTrainer__nnUNetPlans__3d_fullres/fold_0"
    stamp = "2024-01-01 12:00:00.123456: "
    lines = ["", "Epoch 0", "Current learning rate: 0.01", "train_loss -0.1", "val_loss -0.2",
             "Pseudo dice [np.float32(0.5), np.float32(0.7)]", "Epoch time: 90.1 s",
             "Epoch 1", "Current learning rate: 0.009", "train_loss -0.3", "val_loss -0.4",
             "Pseudo dice [0.6, nan]"]  # fmt: skip
    write(f"{folder}/training_log_2024_1_1_12_00_00.txt", "".join(f"{stamp}{x}\n" for x in lines))
    write(
        f"{folder}/debug.json",
        json.dumps({"batch_size": "2", "num_epochs": "2", "num_iterations_per_epoch": "250", "fold": "0",
                    "initial_lr": "0.01", "gpu_name": "A100", "plans_manager": "nnUNetPlans"}),
    )  # fmt: skip
    path = write(
        f"{folder}/validation/summary.json",
        json.dumps(
            {"foreground_mean": {"Dice": 0.9, "IoU": 0.8, "TP": 7.0}, "metric_per_case": []}
        ),
    )
    (run,) = runs_below(path.parents[4])
    assert {c.name: (c.unit, c.steps, c.values) for c in run.curves} == {
        "learning_rate": ("epoch", (0, 1), (0.01, 0.009)),
        "loss": ("epoch", (0, 1), (-0.2, -0.4)),
        "pseudo_dice": ("epoch", (0, 1), (pytest.approx(0.6), 0.6)),
    }
    assert {k: v.value for k, v in run.finals.items()} == {
        "validation/dice": 0.9,
        "validation/iou": 0.8,
    }
    assert run.budget.steps is not None
    assert run.budget.steps.value == 500
    assert run.environment["device"].value == "A100"


def test_nnunet_plans_count_for_the_configuration_of_the_folder(
    write: Write, read_run: ReadRun
) -> None:
    """Of several configurations the one in the folder's name is the run's, with what it inherits."""
    plans = {
        "dataset_name": "Dataset001_A",
        "plans_name": "nnUNetPlans",
        "configurations": {
            "2d": {"batch_size": 12},
            "3d_fullres": {"batch_size": 2, "patch_size": [8, 8, 8]},
            "3d_low": {"inherits_from": "3d_fullres", "batch_size": 4},
        },
    }
    path = write("T__nnUNetPlans__3d_low/plans.json", json.dumps(plans))
    found = named(read_run(nnunet.READER, path))
    assert (found["batch_size"], found["patch_size"]) == (4, "[8, 8, 8]")


def test_a_detectron2_log_has_iterations_and_results(write: Write, read_run: ReadRun) -> None:
    """The prefix of its logger is passed over, and the printed YAML config is settings."""
    text = (
        "[01/02 10:00:00 detectron2]: Full config:\nSOLVER:\n  IMS_PER_BATCH: 16\n  BASE_LR: 0.02\n"
    )
    text += "  MAX_ITER: 90\nMODEL:\n  META_ARCHITECTURE: GeneralizedRCNN\nDATASETS:\n  TRAIN: ('coco',)\n"
    for step in (19, 39, 59):
        text += f"[01/02 10:00:{step} d2.utils.events]:  eta: 0:00:10  iter: {step}  "
        text += f"total_loss: 1.{step}  lr: 0.01\n"
    text += " Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.401\n"
    run = read_run(text_log.READER, write("log.txt", text))
    assert run.dialect == "detectron2"
    found = named(run)
    assert (found["global_batch_size"], found["max_steps"]) == (16, 90)
    assert {s.key: (s.unit, s.steps) for s in run.series} == {
        "total_loss": ("step", (19, 39, 59)),
        "lr": ("step", (19, 39, 59)),
    }
    assert run.finals == ()


def test_a_fairseq_log_gives_the_dict_it_dumps(write: Write, read_run: ReadRun) -> None:
    """Nested settings of the dumped dict are read as literals; rows of scores are no settings."""
    dump = {
        "_name": None,
        "common": {"seed": 7},
        "optimization": {"lr": [0.0005], "max_update": 300, "update_freq": [4]},
        "dataset": {"max_tokens": 4096},
        "distributed_training": {"distributed_world_size": 2},
    }
    text = f"2024-01-01 12:00:00 | INFO | fairseq_cli.train | {dump}\n"
    for update in (100, 200, 300):
        text += "2024-01-01 12:00:01 | INFO | train_inner | "
        text += f"epoch 001:    {update} / 1000 loss=9.5, lr=1e-05\n"
    run = read_run(text_log.READER, write("train.log", text))
    assert run.dialect == "fairseq"
    found = named(run)
    assert (found["seed"], found["learning_rate"], found["max_steps"]) == (7, 0.0005, 300)
    assert (found["gradient_accumulation"], found["devices"]) == (4, 2)
    assert found["tokens_per_batch"] == 4096


@pytest.mark.parametrize(
    ("document", "batch"),
    [
        ({"train_batch_size": 64, "train_micro_batch_size_per_gpu": 4, "gradient_accumulation_steps": 8}, 64),
        ({"train_micro_batch_size_per_gpu": 4, "gradient_accumulation_steps": 8, "steps_per_print": 9}, 32),
        ({"train_batch_size": "auto", "train_micro_batch_size_per_gpu": "auto", "steps_per_print": 9}, None),
    ],
)  # fmt: skip
def test_deepspeed_says_the_global_batch(
    write: Write, document: dict[str, object], batch: int | None
) -> None:
    """The stated global batch wins over its factors; `auto` says nothing."""
    path = write("run/ds_config.json", json.dumps(document))
    write("run/metrics.csv", "step,loss\n1,2.0\n2,1.0\n")
    (run,) = runs_below(path.parent)
    found = run.budget.batch_size
    assert (None if found is None else found.value) == batch


def test_the_definition_of_a_sweep_counts_a_grid(write: Write, read_run: ReadRun) -> None:
    """A grid has as many trials as combinations; its method is a tuner, not the idea."""
    text = (
        "method: grid\nmetric:\n  name: val_acc\nparameters:\n  lr:\n    values: [0.1, 0.2, 0.3]\n"
    )
    text += "  wd:\n    values: [0, 1]\n  bs:\n    value: 32\n"
    run = read_run(tuning_report.READER, write("sweep.yaml", text))
    found = named(run)
    assert (found["tuner"], found["n_trials"]) == ("grid", 6)
    assert found["tuned_settings"] == '["lr", "wd"]'
    random = text.replace("grid", "random")
    assert "n_trials" not in named(
        read_run(tuning_report.READER, write("sweep_config.yaml", random))
    )


TRAIN_SCRIPT = """\
import argparse
BASE = 64
parser = argparse.ArgumentParser()
parser.add_argument('--lr', type=float, default=0.1)
parser.add_argument('--batch-size', '-b', default=2 * BASE)
parser.add_argument('--epochs', default=90)
parser.add_argument('--amp', action='store_true')
parser.add_argument('--wd', default=compute())
"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (TRAIN_SCRIPT, {"lr": 0.1, "batch_size": 128, "epochs": 90, "amp": False, "BASE": 64}),
        ("from dataclasses import dataclass, field\n@dataclass\nclass Recipe:\n    lr: float = 3e-4\n"
         "    epochs: int = 5\n    batch_size: int = field(default=8)\n"
         "    b: int = field(default_factory=f)\n",
         {"lr": 3e-4, "epochs": 5, "batch_size": 8}),
        ("import click\n@click.option('--lr', default=0.2)\n@click.option('--epochs', default=3)\n"
         "@click.option('--seed', default=1)\ndef main(): ...\n", {"lr": 0.2, "epochs": 3, "seed": 1}),
        ("from absl import flags\nflags.DEFINE_float('learning_rate', 0.3, 'x')\n"
         "flags.DEFINE_integer('batch_size', default=4, help='x')\nflags.DEFINE_integer('seed', 0, 'x')\n",
         {"learning_rate": 0.3, "batch_size": 4, "seed": 0}),
        ("from yacs.config import CfgNode\n_C = CfgNode()\n_C.SOLVER = CfgNode()\n_C.SOLVER.BASE_LR = 0.01\n"
         "_C.SOLVER.MAX_ITER = 40_000\n_C.SEED = 2\n",
         {"SOLVER.BASE_LR": 0.01, "SOLVER.MAX_ITER": 40_000, "SEED": 2}),
        ("learning_rate = 6e-4\nbatch_size = 12\nmax_iters = 5000\nblock_size = 2**10\n",
         {"learning_rate": 6e-4, "batch_size": 12, "max_iters": 5000, "block_size": 1024}),
        ("import ml_collections\ndef get_config():\n  config = ml_collections.ConfigDict()\n"
         "  config.learning_rate = 0.1\n  config.batch_size = 128\n  config.num_epochs = 10.0\n",
         {"learning_rate": 0.1, "batch_size": 128, "num_epochs": 10.0}),
    ],
)  # fmt: skip
def test_defaults_are_read_from_the_syntax_tree(
    write: Write, read_run: ReadRun, text: str, found: dict[str, object]
) -> None:
    """Argparse, dataclasses, click, absl flags, yacs, plain modules and ConfigDicts."""
    run = read_run(code_defaults.READER, write("train.py", text))
    assert {s.key: s.value for s in run.settings} == found


@pytest.mark.parametrize(
    "text", ["def f(", "x = 1\n", "import torch\nlr = 0.1\n", "(" * 5000, "lr = " + "[" * 3000]
)
def test_code_that_configures_nothing_says_nothing(
    write: Write, read_all: ReadAll, text: str
) -> None:
    """Broken, empty and deeply nested code gives no facts and no crash."""
    assert read_all(code_defaults.READER, write("train.py", text)) == []


def test_defaults_count_only_where_nothing_else_says_a_setting(write: Write) -> None:
    """A config beside the run wins without a contradiction; code alone is no run."""
    write("code/train.py", TRAIN_SCRIPT)
    write("code/runs/a/config.json", '{"lr": 0.5}')
    path = write("code/runs/a/metrics.csv", "epoch,val_acc\n1,0.5\n2,0.6\n")
    (run,) = runs_below(path.parents[2])
    assert (run.config["learning_rate"].value, run.config["learning_rate"].disagreeing) == (0.5, ())
    assert run.config["batch_size"].value == 128
    assert run.config["batch_size"].source.line == 5
    write("alone/train.py", TRAIN_SCRIPT)
    assert runs_below(path.parents[3] / "alone") == ()


def test_two_scripts_with_different_defaults_say_neither(write: Write) -> None:
    """Where two files state another default for one setting, nothing tells which of them ran."""
    write("p/train.py", TRAIN_SCRIPT)
    write("p/finetune.py", TRAIN_SCRIPT.replace("0.1", "0.2"))
    path = write("p/metrics.csv", "epoch,val_acc\n1,0.5\n2,0.6\n")
    (run,) = runs_below(path.parent)
    assert "learning_rate" not in run.config
    assert run.config["epochs"].value == 90


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("2 ** 10", 1024), ("5 * 8", 40), ("-1e-3", -0.001), ("'a' + 'b'", "ab"),
        ("dict(a=1, **{'b': 2})", {"a": 1, "b": 2}),
        ("[1, f()]", [1, UNKNOWN]), ("9 ** 9 ** 9", UNKNOWN), ("1 / 0", UNKNOWN), ("'x' * 10**9", UNKNOWN),
        ("range(0, 8)", list(range(8))), ("range(10**12)", UNKNOWN), ("__import__('os')", UNKNOWN),
         ("x", UNKNOWN),
    ],
)  # fmt: skip
def test_expressions_are_read_and_never_run(code: str, value: object) -> None:
    """Plain arithmetic is followed within bounds; calls, huge powers and unknown names stay unknown."""
    (statement,) = parse(f"y = {code}").body
    assert value_of(getattr(statement, "value", None), {}) == value


def test_python_that_is_too_large_is_refused() -> None:
    """The parser is not given a file that would take gigabytes."""
    with pytest.raises(UnreadableFile, match="characters of Python"):
        parse("x = 1\n" * 500_000)


def test_every_reader_has_a_name_of_its_own() -> None:
    """`netgain read` tells formats apart by name."""
    names = [reader.name for reader in all_readers()]
    assert len(names) == len(set(names))
    assert math.isfinite(sum(reader.order for reader in all_readers()))


def test_settings_files_of_tools_are_left_alone(write: Write) -> None:
    """A conda environment and an editor's settings configure no training."""
    conda = write("env.yml", "name: x\nchannels:\n  - defaults\ndependencies:\n  - numpy\n")
    editor = write(".vscode/settings.json", '{"a": 1}')
    assert not config_file.sniff(entry_of(conda))
    assert not config_file.sniff(entry_of(editor))
