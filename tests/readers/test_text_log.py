"""Plain text logs: lines as real scripts print them, and text that is no log."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from netgain.errors import UnreadableFile
from netgain.readers import read_paths, text_log
from netgain.readers._line_front import message_of
from netgain.readers._line_grammar import read_line
from netgain.readers._line_settings import one_setting
from netgain.readers.base import CodeFacts, Limits, RunFacts

from .conftest import ReadAll, ReadRun, entry_of

Write = Callable[[str, str | bytes], Path]
Curves = dict[str, tuple[str, tuple[float, ...], tuple[float, ...]]]


def curves(run: RunFacts) -> Curves:
    """Return unit, steps and values of each curve by key."""
    return {s.key: (s.unit, s.steps, s.values) for s in run.series}


def settings(run: RunFacts) -> dict[str, object]:
    """Return settings by key."""
    return {s.key: s.value for s in run.settings}


@pytest.mark.parametrize(
    ("line", "axes", "values"),
    [
        ("step:120/1770 val_loss:4.1 train_time:900ms", {"step": 120}, {"val_loss": 4.1}),
        ("Epoch [3/90], Loss: 0.5, acc 71.2", {"epoch": 3}, {"Loss": 0.5, "acc": 71.2}),
        ("epoch 3 | train loss 0.3 | val acc 91.2%", {"epoch": 3}, {"train_loss": 0.3, "val_acc": 91.2}),
        ("iter 250: loss 3.1, time 20ms, lr 6e-4", {"step": 250}, {"loss": 3.1, "lr": 6e-4}),
        ("| epoch 002 | valid on 'valid' subset | loss 9.1 | ppl 8", {"epoch": 2},
         {"valid/loss": 9.1, "valid/ppl": 8}),
        ("Epoch: [4][ 10/500]\tTime 0.2 (0.3)\tLoss 6.9 (6.5)\tAcc@1 0.4 (0.2)", {"epoch": 4, "step": 10},
         {"Loss": 6.5, "Acc@1": 0.2}),
        ("Test set: Average loss: 0.05, Accuracy: 9890/10000 (99%)", {},
         {"test/Average_loss": 0.05, "test/Accuracy": 0.989}),
        ("{'loss': 0.25, 'learning_rate': 4e-05, 'epoch': 1.5}", {"epoch": 1.5},
         {"loss": 0.25, "learning_rate": 4e-05}),
        ('[2022-04-30 19:26:58,637][train][INFO] - {"epoch": 1, "train_loss": "3.2"}', {"epoch": 1},
         {"train_loss": 3.2}),
        ("1875/1875 [====] - 5s 2ms/step - loss: 0.2 - val_accuracy: 0.96", {},
         {"loss": 0.2, "val_accuracy": 0.96}),
        ("Train Epoch: 1 [640/60000 (1%)]\tLoss: 2.3", {"epoch": 1}, {"train/Loss": 2.3}),
        ("loss: -0.5 eta: 1:02:03 mem: 12G version 1.2.3", {}, {"loss": -0.5}),
        ("2017-11-02 11:21:12,172 - log\\train.log - INFO - iteration:1 step:200/5061, NER loss:51.5",
         {"step": 200}, {"loss": 51.5}),
        ("INFO:root:Evaluation Epoch 105 - Average Loss: 3.5, Samples: 211", {"epoch": 105, "sample": 211},
         {"evaluation/Average_Loss": 3.5}),
        ("Epoch 42: Val acc is 99.25%", {"epoch": 42}, {"Val_acc": 99.25}),
        ("GET /index 200 in 12ms from 10.0.0.1", {}, {}),
        ("* Prec@1 001 88.057 Prec@5 001 99.1", {}, {"Prec@1": 88.057, "Prec@5": 99.1}),
        ("Step 1,000/30,000 loss: 3.2", {"step": 1000}, {"loss": 3.2}),
        ("Accuracy: 9,890/10,000 (99%)", {}, {"Accuracy": 0.989}),
        ("shape: [64,128] loss: 1.5", {}, {"loss": 1.5}),
        ("test err:  [0.9069, 0.853, 0.80]", {}, {}),
        ("tensor(0.3, device='cuda:0'), loss 0.5", {}, {"loss": 0.5}),
        ("Epoch 3 loss 0.5 time cost 5.1 s", {"epoch": 3}, {"loss": 0.5}),
        ("Loss (val): 0.3 Acc (top-5): 91.2 acc (EMA): 93", {},
         {"val/Loss": 0.3, "val/top5": 91.2, "val/acc_EMA": 93.0}),
        ("[rank0]: epoch 3 loss 0.5", {"epoch": 3}, {"loss": 0.5}),
        ("2024-01-01 12:00:00,123 INFO trainer.py:88 - step 7 loss 0.5", {"step": 7}, {"loss": 0.5}),
        ("I0101 12:00:00.123456 1234 train.py:88] step = 100, loss = 0.3", {"step": 100}, {"loss": 0.3}),
        ("06/28 03:16:23 - mmengine - INFO - Epoch(train)   [1][ 2/38]  lr: 5e-07  eta: 15:19:03  loss: 0.02",
         {"epoch": 1, "step": 2}, {"lr": 5e-07, "train/loss": 0.02}),
        ("06/28 03:16:23 - mmengine - INFO - Epoch(val) [4][13/13]    coco/bbox_mAP: 0.5", {"epoch": 4},
         {"val/coco/bbox_mAP": 0.5}),
        ("Epoch 3: 100%|####| 391/391 [00:12<00:00, 31.2it/s, loss=0.312, v_num=0]", {"epoch": 3},
         {"loss": 0.312, "v_num": 0}),
        (" Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.401", {}, {}),
        ("best acc so far: 79.2", {}, {"best_acc": 79.2}),
        ("Epoch [60/60] loss: 0.33 test acc: 94.2 best: 94.4", {"epoch": 60},
         {"loss": 0.33, "test_acc": 94.2, "best_test_acc": 94.4}),
        ("Epoch 5 val_loss 0.3 (best 0.29)", {"epoch": 5}, {"val_loss": 0.3, "best_val_loss": 0.29}),
        ("epoch 7: train loss 0.2, val acc 0.81, best val acc 0.83 (epoch 5)", {"epoch": 7},
         {"train_loss": 0.2, "val_acc": 0.81, "best_val_acc": 0.83}),
        ("Epoch 5 | val acc 91.2 *best*", {"epoch": 5}, {"val_acc": 91.2}),
        ("Best epoch: 5 val acc 91 loss .3", {"epoch": 5}, {"best_val_acc": 91, "best_loss": 0.3}),
        ("Epoch 10 acc 94 loss .3 best 94.4", {"epoch": 10}, {"acc": 94, "loss": 0.3}),
    ],
)  # fmt: skip
def test_one_line(line: str, axes: dict[str, float], values: dict[str, float]) -> None:
    """Where the training stands and what a line measures, in the spelling of the line."""
    found = read_line(message_of(line))
    assert found.axes == axes
    assert found.values == pytest.approx(values)


@pytest.mark.parametrize(
    ("line", "setting"),
    [
        ("lr: 0.1", ("lr", 0.1)),
        ("batch size: 128", ("batch size", 128)),
        ('  "weight_decay": 0.0005,', ("weight_decay", 0.0005)),
        ("optimizer = AdamW", ("optimizer", "AdamW")),
        ("=== seed 3 ===", ("seed", 3)),
        ("epochs: 90", ("epochs", 90)),
        ("epoch: 9", None),
        ("val_acc: 0.9", None),
        ("step: 3 loss: 0.2", None),
        ("api_key: abc", None),
    ],
)  # fmt: skip
def test_one_setting(line: str, setting: tuple[str, object] | None) -> None:
    """A line that is one setting, against lines that hold a position, a score or a secret."""
    assert one_setting(line) == setting


def test_settings_behind_a_logging_prefix_are_settings(write: Write, read_run: ReadRun) -> None:
    """Time, logger and level in front of a line change nothing of what it says."""
    front = "2017-11-02 11:19:37,735 - log\\train.log - INFO - "
    rows = ["num_chars      :\t2677", "batch_size     :\t60", "lr             :\t0.001"]
    rows += [f"iteration:{i} step:{i * 100}/900, NER loss:{i}.5" for i in (1, 2, 3)]
    run = read_run(text_log.READER, write("train.log", "".join(f"{front}{row}\n" for row in rows)))
    assert settings(run) == {"num_chars": 2677, "batch_size": 60, "lr": 0.001, "max_steps": 900}
    assert curves(run) == {"loss": ("step", (100, 200, 300), (1.5, 2.5, 3.5))}


def test_a_tab_separated_log_is_a_table(write: Write, read_run: ReadRun) -> None:
    """A row of names and rows of numbers are read as the table they are."""
    (curve,) = read_run(
        text_log.READER, write("train.log", "step\tloss\n10\t8.5\n20\t7.5\n")
    ).series
    assert (curve.unit, curve.steps, curve.values) == ("step", (10.0, 20.0), (8.5, 7.5))


def test_a_plain_log_gives_preamble_curves_and_finals(write: Write, read_run: ReadRun) -> None:
    """Settings before the records, curves with the line of their first value, closing lines as finals."""
    text = "lr: 0.1\nbatch size: 128\nUsing device cuda:0\n"
    text += "".join(f"epoch {i} | train loss {1 / i} | val acc {80 + i}.5%\n" for i in (1, 2, 4))
    text += "Best val acc: 84.5% at epoch 4\nTest accuracy: 83.11%\n"
    run = read_run(text_log.READER, write("train.log", text))
    assert settings(run) == {"lr": 0.1, "batch_size": 128}
    assert curves(run) == {
        "train_loss": ("epoch", (1, 2, 4), (1.0, 0.5, 0.25)),
        "val_acc": ("epoch", (1, 2, 4), (81.5, 82.5, 84.5)),
    }
    assert run.series[0].source.line == 4
    assert {f.key: (f.value, f.source.line) for f in run.finals} == {
        "Best_val_acc": (84.5, 7), "Test_accuracy": (83.11, 8),
    }  # fmt: skip


def test_nanogpt_has_three_losses(write: Write, read_run: ReadRun) -> None:
    """Evaluation lines name both splits, iteration lines none; milliseconds are no metric."""
    text = "tokens per iteration will be: 491,520\nnumber of parameters: 10.65M\n"
    for i in (0, 250, 500):
        text += f"step {i}: train loss {4 - i / 500}, val loss {4.5 - i / 500}\n"
        text += f"iter {i}: loss {4.25 - i / 500}, time 392.04ms, mfu 19.87%\n"
    run = read_run(text_log.READER, write("out.txt", text))
    assert curves(run) == {
        "train_loss": ("step", (0, 250, 500), (4.0, 3.5, 3.0)),
        "val_loss": ("step", (0, 250, 500), (4.5, 4.0, 3.5)),
        "loss": ("step", (0, 250, 500), (4.25, 3.75, 3.25)),
    }
    assert settings(run) == {"parameters": 10_650_000, "tokens_per_batch": 491_520}


def test_keras_progress_lines_belong_to_the_epoch_above(write: Write, read_run: ReadRun) -> None:
    """What a progress bar showed last counts, and the total of epochs is a setting."""
    text = "".join(
        f"Epoch {e}/5\n\r 1/9 [..] - ETA: 5:02 - loss: 9.0"
        f"\r9/9 [==] - 5s 2ms/step - loss: {e}.5 - val_loss: 2.{e}\n"
        for e in (1, 2, 3)
    )
    run = read_run(text_log.READER, write("keras.log", text))
    assert curves(run) == {
        "loss": ("epoch", (1, 2, 3), (1.5, 2.5, 3.5)),
        "val_loss": ("epoch", (1, 2, 3), (2.1, 2.2, 2.3)),
    }
    assert (run.dialect, settings(run)) == ("keras", {"epochs": 5})


def test_a_dump_of_arguments_is_settings(write: Write, read_run: ReadRun) -> None:
    """Namespace(...) and the command line give typed settings; lists of one value are that value."""
    text = "python train.py --wd 0.05 --amp --name=x\n"
    text += "INFO | Namespace(lr=[0.0005], seed=1, betas='(0.9, 0.98)', name='a, b', cuda=True)\n"
    text += "".join(
        f"| epoch {e:03d}: 100 / 1000 loss={e}.5, num_updates={e * 100}, lr=1e-05\n"
        for e in (1, 2, 3)
    )
    run = read_run(text_log.READER, write("fairseq.log", text))
    assert settings(run) == {
        "program": "train.py", "wd": 0.05, "amp": True, "lr": 0.0005, "seed": 1, "betas": "(0.9, 0.98)",
        "name": "a, b", "cuda": True,
    }  # fmt: skip
    assert curves(run)["loss"] == ("step", (100, 200, 300), (1.5, 2.5, 3.5))


def test_a_summary_line_replaces_the_way_to_it(write: Write, read_run: ReadRun) -> None:
    """` * Acc@1` closes the test; the batches before it are not the epoch's accuracy."""
    text = "".join(
        f"Epoch: [{e}][{i}/9]\tLoss 1.0 (2.{i})\n" for e in (0, 1) for i in (0, 5)
    ).replace(
        "Epoch: [1][0",
        "Test: [0/9]\tAcc@1 7.0 (7.0)\nTest: [5/9]\tAcc@1 9.0 (8.0)\n * Acc@1 8.5\nEpoch: [1][0",
    )
    text += "Test: [0/9]\tAcc@1 7.5 (7.5)\n * Acc@1 9.5 Acc@5 30.0\n"
    run = read_run(text_log.READER, write("imagenet.log", text))
    assert curves(run)["test/Acc@1"] == ("epoch", (0, 1), (8.5, 9.5))


def test_several_runs_in_one_file(write: Write, read_all: ReadAll) -> None:
    """A new preamble with a position that falls back begins a run; each keeps its own settings."""
    text = "".join(
        f"Seed: {seed}\nlr = 0.1\n"
        + "".join(f"epoch: {e} loss: {seed + e / 4} \n" for e in range(4))
        for seed in (3, 5)
    )
    runs = [f for f in read_all(text_log.READER, write("all.log", text)) if isinstance(f, RunFacts)]
    assert [(r.run_id, settings(r), curves(r)["loss"][2]) for r in runs] == [
        ("all 1", {"Seed": 3, "lr": 0.1}, (3.0, 3.25, 3.5, 3.75)),
        ("all 2", {"Seed": 5, "lr": 0.1}, (5.0, 5.25, 5.5, 5.75)),
    ]


def test_a_resumed_log_is_one_run(write: Write, read_run: ReadRun) -> None:
    """The same settings printed again before a later step continue the run."""
    text = "".join(
        "lr = 0.1\n" + "".join(f"step {s}: loss {s / 8}\n" for s in steps)
        for steps in ((8, 16, 24), (32, 40))
    )
    run = read_run(text_log.READER, write("resumed.log", text))
    assert curves(run)["loss"] == ("step", (8, 16, 24, 32, 40), (1.0, 2.0, 3.0, 4.0, 5.0))


def test_source_code_inside_a_log_is_passed_over(write: Write, read_run: ReadRun) -> None:
    """A script that prints itself first leaves no setting and no record from its source lines."""
    code = "import os\nfrom x import y\n\nclass Hyperparameters:\n"
    code += "    learning_rate : float = 0.5\n    batch_size = 9\n"
    code += "def train():\n    loss = 3.0\n    loss = 4.0\n    loss = 5.0\n    return loss\n"
    text = (
        code + "=" * 60 + "\n" + "".join(f"step:{s}/90 val_loss:{s / 10}\n" for s in (10, 20, 30))
    )
    run = read_run(text_log.READER, write("speed.txt", text))
    assert settings(run) == {"max_steps": 90}
    assert curves(run) == {"val_loss": ("step", (10, 20, 30), (1.0, 2.0, 3.0))}


@pytest.mark.parametrize(
    "text",
    [
        "GET /index 200 12ms\n" * 40,
        "In 2019 we had 3 models. The loss is 3.\nThe epoch 3 was nice.\n" * 1,
        "torch==2.0.1\nnumpy==1.24.0\nscipy==1.10\n" * 3,
        "".join(f"worker {i}: port=80{i} pid={i}\n" for i in range(9)),
    ],
)
def test_text_without_records_is_no_run(write: Write, read_all: ReadAll, text: str) -> None:
    """Server logs, prose, package lists and unknown numbers alone make no run."""
    assert read_all(text_log.READER, write("notes.txt", text)) == []


@pytest.mark.parametrize(
    "name", ["requirements.txt", "LICENSE.txt", "debug.log", "class_names.txt", "a.csv"]
)
def test_other_text_files_are_left_alone(write: Write, name: str) -> None:
    """Files whose names say what else they are."""
    assert not text_log.sniff(entry_of(write(name, "epoch 1 loss 2\n")))


def test_the_console_of_a_recorded_wandb_run_is_not_read_again(
    write: Write, read_all: ReadAll
) -> None:
    """output.log beside a .wandb file with a history repeats what that file holds."""
    path = write("run-1/files/output.log", "".join(f"epoch {i} loss 0.{i}\n" for i in range(9)))
    assert len(read_all(text_log.READER, path)) == 1
    row = b"\x12\x0f\x0a\x0d\x0a\x04loss\x82\x01\x040.50"  # history of one item: key, value in JSON
    header = struct.pack("<HB", 0xBEE1, 0)
    fragment = struct.pack("<IHB", 0, len(row), 1) + row
    write("run-1/run-1.wandb", b":W&B" + header + fragment)
    assert read_all(text_log.READER, path) == []


def test_the_console_is_the_record_of_a_wandb_run_that_logged_nothing(
    write: Write, read_all: ReadAll
) -> None:
    """A run that stopped before its first call of log left what it printed alone."""
    path = write("run-1/files/output.log", "".join(f"epoch {i} loss 0.{i}\n" for i in range(9)))
    write("run-1/run-1.wandb", b":W&B" + struct.pack("<HB", 0xBEE1, 0))
    assert len(read_all(text_log.READER, path)) == 1


@pytest.mark.parametrize(
    "line",
    [
        "a" * 300_000, "a " * 150_000, "a-" * 150_000, "-" * 150 + "INFOx" + "-" * 200_000, "loss: " * 50_000,
        "Config(" + "=" * 300_000, "Namespace(" * 30_000, "x=(" * 100_000, "[" * 300_000, "1/" * 150_000,
        "a.b" * 100_000 + " = ",
        "--x " * 70_000 + "a.py", "1:00:00 " * 40_000, "import " * 40_000, "'" * 300_000,
        " " * 300_000 + "x", "key: " + " ," * 150_000, "(" + "1" * 300_000, "\x08" * 300_000, "\r" * 300_000,
    ],
)  # fmt: skip
def test_no_line_takes_long(write: Write, line: str) -> None:
    """Lines made to send a pattern astray are over in no time, inside source code as outside."""
    path = write("train.log", f"{line}\nimport os\n{line}\n" + "epoch 1 loss 2\n" * 3)
    started = time.process_time()
    list(text_log.read(entry_of(path), Limits()))
    assert time.process_time() - started < 0.5


def test_a_long_line_is_refused_and_a_wide_one_is_cut(write: Write, read_all: ReadAll) -> None:
    """A line over the limit ends the reading; one of a megabyte costs no time."""
    rows = "".join(f"epoch {i} loss 0.{i}\n" for i in range(5))
    wide = write("wide.log", rows + "a " * 500_000 + "\n" + rows.replace("epoch ", "epoch 1"))
    (run,) = read_all(text_log.READER, wide)
    assert isinstance(run, RunFacts)
    assert len(run.series[0].values) == 10
    with pytest.raises(UnreadableFile, match="line 6 is longer"):
        list(text_log.read(entry_of(wide), Limits(line_bytes=1000)))


def test_tables_drawn_with_bars_are_rows(write: Write, read_run: ReadRun) -> None:
    """Titles name the numbers below them; rules are passed over, a class's row is no score of the run."""
    text = "| epoch | train loss | val acc (%) | note |\n|---|---|---|---|\n"
    text += "".join(f"| {e}/3 | 0.{e}5 | 7{e}.2 | ok |\n" for e in (1, 2, 3)).replace(" ok ", " - ")
    text += "+----+\n| class | recall | ap |\n| car | 0.5 | 0.6 |\n| bus | 0.1 | 0.2 |\n"
    run = read_run(text_log.READER, write("train.log", text))
    assert curves(run) == {
        "train_loss": ("epoch", (1, 2, 3), (0.15, 0.25, 0.35)),
        "val_acc": ("epoch", (1, 2, 3), (71.2, 72.2, 73.2)),
    }
    assert (settings(run), run.finals) == ({"epochs": 3}, ())


def test_blocks_of_name_and_value_are_one_record(write: Write, read_run: ReadRun) -> None:
    """Stable Baselines draws a block for each report; its sections stand in front of the names."""
    block = (
        "----\n| rollout/ | |\n| ep_rew_mean | {} |\n| time/ | |\n| total_timesteps | {} |\n----\n"
    )
    text = "".join(block.format(20 + i, 2048 * i) for i in (1, 2, 3))
    run = read_run(text_log.READER, write("ppo.log", text))
    assert curves(run) == {"rollout/ep_rew_mean": ("step", (2048, 4096, 6144), (21, 22, 23))}


def test_a_rich_table_of_results_is_final(write: Write, read_run: ReadRun) -> None:
    """Lightning's closing table names its metrics in the first column."""
    text = "".join(f"epoch {e} loss 0.{e}\n" for e in (1, 2, 3))
    text += "┏━━━━┳━━━━┓\n┃ Test metric ┃ DataLoader 0 ┃\n┡━━━━╇━━━━┩\n│ test_acc │ 0.9876 │\n└────┴────┘\n"
    run = read_run(text_log.READER, write("pl.log", text))
    assert [(f.key, f.value) for f in run.finals] == [("test_acc", 0.9876)]


def test_laps_of_a_step_counter_are_laid_one_after_the_other(
    write: Write, read_run: ReadRun
) -> None:
    """A counter that starts anew without a word for the epoch: its stated end is the length of a lap."""
    text = "".join(f"step {s}/100 loss {lap}.{s}\n" for lap in (1, 2, 3) for s in (50, 100))
    run = read_run(text_log.READER, write("laps.log", text))
    assert curves(run)["loss"][:2] == ("step", (50, 100, 150, 200, 250, 300))
    unsaid = text.replace("/100", "")
    run = read_run(text_log.READER, write("unsaid.log", unsaid))
    assert curves(run)["loss"][:2] == ("row", (0, 1, 2, 3, 4, 5))


def test_a_best_beside_the_score_of_each_epoch_leaves_both_curves(
    write: Write, read_run: ReadRun
) -> None:
    """The curve of the epoch's own score stays, and the best is a curve beside it and no final score."""
    rows = [f"Epoch [{e}/4] loss: 0.{9 - e} test acc: {a} best: {b}" for e, a, b in
            ((1, 70, 70), (2, 72, 72), (3, 71, 72), (4, 71.5, 72))]  # fmt: skip
    run = read_run(text_log.READER, write("log.txt", "\n".join(rows)))
    assert curves(run)["test_acc"][2] == (70, 72, 71, 71.5)
    assert curves(run)["best_test_acc"][2] == (70, 72, 72, 72)
    assert run.finals == ()


def test_a_best_so_far_in_every_epoch_is_no_final(write: Write, read_run: ReadRun) -> None:
    """Repeated on the way it is a curve; said after the last epoch it is final."""
    text = "".join(f"epoch {e} loss 0.{e}\nbest acc: 7{e}\n" for e in (1, 2, 3, 4))
    run = read_run(text_log.READER, write("a.log", text))
    assert run.finals == ()
    assert curves(run)["best_acc"][2] == (71, 72, 73, 74)


def test_a_text_of_final_scores_is_a_run(
    write: Write, read_all: ReadAll, read_run: ReadRun
) -> None:
    """Two lines of scores alone, or one in a file named for scores; prose with numbers is neither."""
    run = read_run(text_log.READER, write("x.txt", "Test accuracy: 91.2%\nTest F1: 0.88\n"))
    assert {f.key: f.value for f in run.finals} == {"Test_accuracy": 91.2, "Test_F1": 0.88}
    run = read_run(text_log.READER, write("results.txt", "Accuracy = 91.2\n"))
    assert [f.value for f in run.finals] == [91.2]
    assert read_all(text_log.READER, write("y.txt", "Accuracy = 91.2\n")) == []


def test_a_printed_config_gives_settings_and_what_follows_is_read(
    write: Write, read_run: ReadRun
) -> None:
    """A heading without a config behind it hides no record."""
    rows = "".join(f"epoch {e} loss 0.{e}\n" for e in (1, 2, 3))
    run = read_run(text_log.READER, write("a.log", "Loading config:\n" + rows))
    assert len(run.series[0].values) == 3
    dump = "[01/02 10:00:00 x]: Config:\nsolver:\n  lr: 0.1\n  batch_size: 8\n  epochs: 3\n"
    dump += "[01/02 10:00:01 x]: go\n"
    run = read_run(text_log.READER, write("b.log", dump + rows))
    assert settings(run) == {"solver.lr": 0.1, "solver.batch_size": 8, "solver.epochs": 3}
    assert {s.source.line for s in run.settings} == {3, 4, 5}


def test_lines_of_one_shape_cost_little(write: Write) -> None:
    """Fifty thousand lines are read in less than a second, numbers of any width included."""
    rows = "".join(
        f"2024-01-01 12:00:{i % 60:02d} INFO a.py:3 - epoch {i // 100} step {i} "
        f"| loss {i / 7:.4f} | Acc@1 {i % 97}.5%\n"
        for i in range(50_000)
    )
    path = write("long.log", rows)
    started = time.process_time()
    (run,) = list(text_log.read(entry_of(path), Limits()))
    assert time.process_time() - started < 1.5
    assert isinstance(run, RunFacts)
    found = curves(run)
    assert found["loss"][2][-1] == pytest.approx(49_999 / 7, abs=1e-4)
    assert found["Acc@1"][2][98] == 1.5


def test_names_with_digits_are_told_apart_within_one_shape(write: Write, read_run: ReadRun) -> None:
    """`Acc@1` and `Acc@5` leave the same digits and are two quantities."""
    text = "".join(f"epoch {e} Acc@{k} 0.{e}{k}\n" for e in (1, 2, 3) for k in (1, 5))
    run = read_run(text_log.READER, write("k.log", text))
    assert {k: v[2] for k, v in curves(run).items()} == {
        "Acc@1": (0.11, 0.21, 0.31),
        "Acc@5": (0.15, 0.25, 0.35),
    }


def _log_with_its_script(steps: int, rate: float) -> str:
    """Return a log that begins with the script that wrote it."""
    script = f'''import torch
import torch.nn as nn
from dataclasses import dataclass


class Net(nn.Module):
    """Two layers.

    Nothing of this text looks like code: step 3 loss 0.5
    """

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 8)
        self.act = nn.GELU()
        self.last = nn.Linear(8, 2)

    def forward(self, x):
        return self.last(self.act(self.first(x)))


@dataclass
class Hyperparameters:
    batch_size: int = 8 * 64
    device_batch_size: int = 64
    num_iterations: int = {steps}
    learning_rate: float = {rate}
'''
    rows = "".join(f"step:{i}/{steps} val_loss:{9 - i}.5\n" for i in range(1, 6))
    return f"{script}{'=' * 60}\nRunning on 8 devices\n{rows}"


def test_a_script_printed_into_its_log_is_code_and_configuration(
    write: Write, read_all: ReadAll
) -> None:
    """The code keeps the line numbers of the log, its defaults are settings, and no record comes from it."""
    text = _log_with_its_script(5, 0.25)
    written = text.splitlines()
    path = write("run.log", text)
    facts = read_all(text_log.READER, path)
    (code,) = [fact for fact in facts if isinstance(fact, CodeFacts)]
    (file,) = code.tree.files
    read = file.text.splitlines()
    assert read == written[: len(read)]
    assert read[-1] == "    learning_rate: float = 0.25"
    configured, run = (fact for fact in facts if isinstance(fact, RunFacts))
    lines = {s.key: (s.value, s.source.line) for s in configured.settings}
    assert lines["batch_size"] == (512, written.index("    batch_size: int = 8 * 64") + 1)
    assert lines["learning_rate"] == (0.25, len(read))
    assert curves(run)["val_loss"][2] == (8.5, 7.5, 6.5, 5.5, 4.5)


def test_a_few_lines_of_code_in_a_log_are_no_script(write: Write, read_all: ReadAll) -> None:
    """A traceback's or a warning's piece of code is passed over as before."""
    rows = "".join(f"step:{i} loss:{9 - i}.5\n" for i in range(1, 6))
    path = write("run.log", f"import torch\nmodel = torch.compile(model)\n{'-' * 30}\n{rows}")
    assert [type(fact) for fact in read_all(text_log.READER, path)] == [RunFacts]


def test_settings_printed_under_headings_keep_their_sections(
    write: Write, read_run: ReadRun
) -> None:
    """`log.mode` does not stand for `mode`, nor a model's `n_steps` for a length of training."""
    head = (
        "seed: 3\nmode: coupled\nmodel:\n  n_steps: 8\n  inner:\n    width: 64\n"
        "log:\n  mode: online\nlr: 0.5\n"
    )
    rows = "".join(f"epoch {e} loss 0.{9 - e}\n" for e in range(1, 5))
    run = read_run(text_log.READER, write("log.txt", head + rows))
    assert {s.key: s.value for s in run.settings} == {
        "seed": 3, "mode": "coupled", "model.n_steps": 8, "model.inner.width": 64, "log.mode": "online",
        "lr": 0.5,
    }  # fmt: skip


def test_a_table_padded_with_blanks_is_read_by_its_header(write: Write, read_run: ReadRun) -> None:
    """Columns of fixed width, as reinforcement learners print them, become curves over the iteration."""
    names = ("Iteration", "Wall_Time", "Samples", "Test_Return")
    rows = [names, *((str(i * 50), f"0.{i}", str(i * 2000), f"{i * 10}.5") for i in range(4))]
    text = "".join("".join(f"{cell:<20}" for cell in row) + "\r\r\n" for row in rows)
    run = read_run(text_log.READER, write("log.txt", text))
    assert curves(run)["Test_Return"][2] == (0.5, 10.5, 20.5, 30.5)


def test_two_epochs_below_printed_settings_are_a_log(tmp_path: Path) -> None:
    """A fine-tuning of two epochs is read with the test at its end; the same lines alone are no log."""
    lines = "".join(f"Epoch [{e}/2] train loss: 0.{9 - e}, val acc: 7{e}.00%\n" for e in (1, 2))
    path = tmp_path / "train.log"
    path.write_text(lines)
    assert read_paths([path]).facts == ()
    path.write_text(
        f"Namespace(lr=0.1, batch_size=8, epochs=2, seed=1)\n{lines}Test accuracy: 71.00%\n"
    )
    (run,) = [fact for fact in read_paths([path]).facts if isinstance(fact, RunFacts)]
    assert {one.key: one.values for one in run.series}["val_acc"] == (71, 72)


def test_carriage_returns_alone_end_lines(read_run: ReadRun, write: Write) -> None:
    """A console copied without a line feed holds a line after each return, numbered as they come."""
    text = "".join(f"epoch {n} loss 0.{9 - n}\r" for n in range(1, 5))
    assert curves(read_run(text_log.READER, write("train.log", text)))["loss"][2] == (
        0.8,
        0.7,
        0.6,
        0.5,
    )


def test_a_printed_configuration_with_its_epochs_is_settings(
    read_run: ReadRun, write: Write
) -> None:
    """`epochs` counts and is set; in a printed dictionary without a score it is set."""
    text = "{'epochs': 4, 'lr': 0.1, 'batch_size': 8, 'name': 'a'}\n"
    rows = "".join(f"epoch {n} loss 0.{9 - n}\n" for n in range(1, 5))
    run = read_run(text_log.READER, write("train.log", text + rows))
    assert {s.key: s.value for s in run.settings}["epochs"] == 4


@pytest.mark.parametrize(
    ("line", "axes", "values"),
    [
        ("Train 12, loss: 2.68, train acc: 0.45", {"epoch": 12},
         {"train/loss": 2.68, "train_acc": 0.45}),
        ("Train 60000, test 10000", {}, {}),
        ("(AD train epochs:0)", {}, {}),
        ("Train epochs: 3/90 loss 0.5", {"epoch": 3}, {"train/loss": 0.5}),
        ("Validating Epoch: 1, accuracy: 0.9", {"epoch": 1}, {"validating/accuracy": 0.9}),
        ("[epoch:  3, iter: 121,400, lr:(1e-04,)] l_pix: 5e-03", {"epoch": 3, "step": 121_400},
         {"lr": 1e-4, "l_pix": 0.005}),
        ("  PARK: precision:  10.00%; recall:  20.00%; FB1:  13.30  66", {},
         {"PARK class precision": 10, "PARK class recall": 20, "PARK class FB1": 13.3}),
    ],
)  # fmt: skip
def test_lines_of_further_scripts(
    line: str, axes: dict[str, float], values: dict[str, float]
) -> None:
    """Positions behind a split, planned lengths, thousands, and rows of one class."""
    read = read_line(line)
    assert (read.axes, read.values) == (axes, values)


def test_a_config_printed_as_json_is_settings(write: Write, read_run: ReadRun) -> None:
    """The dict is no row of the log, though it names epochs."""
    text = 'config: {"lr": 0.1, "batch_size": 32, "epochs": 10, "amp": true}\n'
    run = read_run(
        text_log.READER,
        write("train.log", text + "".join(f"epoch {i} loss {9 - i}\n" for i in range(3))),
    )
    assert settings(run) == {"lr": 0.1, "batch_size": 32, "epochs": 10, "amp": True}


def test_a_start_that_broke_off_leaves_no_settings(write: Write, read_run: ReadRun) -> None:
    """The training that ran has the settings printed before it, not those of the start above."""
    start = "lr: {}\nbatch_size: {}\nwidth: 8\nold_{}: 1\nStarting epoch 0\n"
    text = start.format(0.1, 32, "a") + start.format(0.2, 64, "b")
    run = read_run(
        text_log.READER,
        write("train.log", text + "".join(f"epoch {i} loss {9 - i}\n" for i in range(3))),
    )
    assert settings(run) == {"lr": 0.2, "batch_size": 64, "width": 8, "old_b": 1}


def test_a_count_in_brackets_before_scores_is_a_step(write: Write, read_run: ReadRun) -> None:
    """`[  5000] | gnorm 0.13 lr 0.001 | loss 5.54` behind a logger's name."""
    text = "".join(
        f"INFO:tensorflow:[{n * 5000:6d}] | gnorm  0.1{n} lr  0.00{n} | loss  5.{n}\n"
        for n in range(1, 5)
    )
    found = curves(read_run(text_log.READER, write("a.err", text)))
    assert found["loss"] == ("step", (5000.0, 10000.0, 15000.0, 20000.0), (5.1, 5.2, 5.3, 5.4))


def test_a_small_count_in_brackets_is_no_step(write: Write, read_run: ReadRun) -> None:
    """`[1] loss 0.3` counts epochs as often as anything else: the order of the log is the axis."""
    text = "".join(f"[{n}] loss 0.{n}\n" for n in range(1, 5))
    assert curves(read_run(text_log.READER, write("a.log", text)))["loss"][0] == "row"


def test_episodes_beside_steps_say_how_far_an_agent_came(write: Write, read_run: ReadRun) -> None:
    """`episode=3 return=1.3 global_step=30` on each line: a curve of the episode over the steps."""
    text = "".join(
        f"[step={n}] episode={n}.0000 return=1.{n} global_step={n * 10}.0000\n" for n in range(1, 5)
    )
    found = curves(read_run(text_log.READER, write("a.log", text)))
    assert found["epoch"] == ("step", (10.0, 20.0, 30.0, 40.0), (1.0, 2.0, 3.0, 4.0))
