"""Lines of frameworks and examples that name their numbers in ways of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from netgain.readers import markdown, metric_log, text_log
from netgain.readers.base import RunFacts

from .conftest import ReadAll, ReadRun, entry_of

Write = Callable[[str, str | bytes], Path]


def curves(run: RunFacts) -> dict[str, tuple[str, float, float]]:
    """Return unit, first and last value of each curve."""
    return {s.key: (s.unit, s.values[0], s.values[-1]) for s in run.series}


def finals(run: RunFacts) -> dict[str, float]:
    """Return the final scores."""
    return {final.key: final.value for final in run.finals}


def settings(run: RunFacts) -> dict[str, object]:
    """Return the settings."""
    return {setting.key: setting.value for setting in run.settings}


def of_epochs(shape: str, count: int = 4) -> str:
    """Return lines in which `{e}` counts from 1 and `{r}` falls from 9."""
    return "".join(shape.format(e=e, r=9 - e) for e in range(1, count + 1))


CURVES = {
    "darknet": (
        " {e}00: 12.{r}, 11.{r} avg, 0.001000 rate, 3.2 seconds, {e}6400 images\n",
        {"loss": ("step", 11.8, 11.5), "lr": ("step", 0.001, 0.001)},
    ),
    "adversarial": (
        "[Epoch {e}/100] [Batch 5/400] [D loss: 0.{r}] [G loss: 1.{e}]\n",
        {"D_loss": ("epoch", 0.8, 0.5), "G_loss": ("epoch", 1.1, 1.4)},
    ),
    "brackets of epoch and step": (
        "[{e}/25][0/1583]\tLoss_D: 0.{r} Loss_G: 1.{e}\n",
        {"Loss_D": ("epoch", 0.8, 0.5), "Loss_G": ("epoch", 1.1, 1.4)},
    ),
    "graph examples": (
        "Epoch: 00{e}, Train: 0.8{e}, Val: .7{e}, Test: .6{e}\n",
        {"Train_score": ("epoch", 0.81, 0.84), "Val_score": ("epoch", 0.71, 0.74),
         "Test_score": ("epoch", 0.61, 0.64)},
    ),
    "graph examples with a loss": (
        "Epoch: 00{e}, Loss: 1.{r}, Val: .7{e}, Test: .6{e}\n",
        {"Loss": ("epoch", 1.8, 1.5), "Val_score": ("epoch", 0.71, 0.74),
         "Test_score": ("epoch", 0.61, 0.64)},
    ),
    "older fairseq": (
        "| epoch 00{e} | valid on 'valid' subset | loss 9.{r} | ppl 280.1 | num_updates {e}00\n",
        {"valid/loss": ("step", 9.8, 9.5), "valid/ppl": ("step", 280.1, 280.1),
         "epoch": ("step", 1.0, 4.0)},
    ),
    "espnet": (
        "[host] 2023-01-01 10:00:00,000 (trainer:338) INFO: {e}epoch results: "
        "[train] loss=9.{r}, [valid] loss=8.{r}\n",
        {"train/loss": ("epoch", 9.8, 9.5), "valid/loss": ("epoch", 8.8, 8.5)},
    ),
    "swin": (
        "[2021-04-10 10:00:00 swin](main.py 200): INFO Train: [{e}/300][0/1251]\t"
        "lr 0.00{e}\tloss 6.{r} (6.{r})\n",
        {"lr": ("epoch", 0.001, 0.004), "train/loss": ("epoch", 6.8, 6.5)},
    ),
    "bars of two lengths": (
        "Epoch: {e}\nLoss: 1.{r} | Acc: 6{e}.1% (1/2) 391/391\nLoss: 2.{r} | Acc: 5{e}.1% (1/2) 100/100\n",
        {"train_Loss": ("epoch", 1.8, 1.5), "train/Acc": ("epoch", 61.1, 64.1),
         "test_Loss": ("epoch", 2.8, 2.5), "test/Acc": ("epoch", 51.1, 54.1)},
    ),
    "a name for each split": (
        "Epoch: {e}, Val AUC: 0.7{e}, Acc: 0.6{e}, Test AUC: 0.5{e}, Acc: 0.4{e}\n",
        {"Val_AUC": ("epoch", 0.71, 0.74), "validation/Acc": ("epoch", 0.61, 0.64),
         "Test_AUC": ("epoch", 0.51, 0.54), "test/Acc": ("epoch", 0.41, 0.44)},
    ),
    "bare splits beside a loss": (
        "[train] iter {e}0: loss 3.{r}\n[eval] iter {e}0: train 3.{r}1 val 4.{r}1 lr 3.00e-05\n",
        {"train/loss": ("step", 3.8, 3.5), "train_loss": ("step", 3.81, 3.51),
         "val_loss": ("step", 4.81, 4.51), "lr": ("step", 3e-5, 3e-5)},
    ),
    "numbers of a library": (
        "Epoch {e}/50\nval loss: np.float64(0.{r}), "
        "acc: tensor(0.3{e}, device='cuda:0', dtype=torch.float64)<br>\n",
        {"val_loss": ("epoch", 0.8, 0.5), "validation/acc": ("epoch", 0.31, 0.34)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("habit", sorted(CURVES))
def test_each_framework_s_lines_are_curves(write: Write, read_run: ReadRun, habit: str) -> None:
    """Names, splits and axes of a framework's own lines are found."""
    shape, expected = CURVES[habit]
    assert curves(read_run(text_log.READER, write("a.log", of_epochs(shape)))) == expected


def test_bare_splits_without_a_rise_are_no_scores(write: Write, read_all: ReadAll) -> None:
    """Three falling numbers may be losses, so nothing is read."""
    text = of_epochs("Epoch: {e}, Train: 0.{r}, Val: 0.{r}1, Test: 0.{r}2\n")
    assert read_all(text_log.READER, write("a.log", text)) == []


def test_bare_splits_of_a_log_that_prints_accuracy_stay_unread(
    write: Write, read_run: ReadRun
) -> None:
    """Where accuracies are printed too, `step 5: train 0.9 val 0.8` does not say which of both it means."""
    text = of_epochs("step {e}: loss 0.{r} acc 0.{e}\nstep {e}: train 0.9{e} val 0.8{e}\n")
    assert set(curves(read_run(text_log.READER, write("a.log", text)))) == {"loss", "acc"}


def test_a_runs_summary_is_its_own_and_that_of_all_runs_nobodys(
    write: Write, read_all: ReadAll
) -> None:
    """OGB's logger states the best validation score of each run, then means over runs."""
    text = "".join(of_epochs(f"Run: 0{run}, Epoch: {{e}}, Loss: 1.{{r}}\n") for run in (1, 2))
    text += "Run 02:\nHighest Valid: 72.10\n   Final Test: 71.20\n"
    text += "All runs:\nHighest Valid: 70.00 ± 0.20\n   Final Test: 69.00 ± 0.30\n"
    runs = [f for f in read_all(text_log.READER, write("a.log", text)) if isinstance(f, RunFacts)]
    assert [finals(run) for run in runs] == [
        {},
        {"best_valid_score": 72.1, "final_test_score": 71.2},
    ]


@pytest.mark.parametrize(
    "written", ["OrderedDict([('recall@10', 0.14)])", "OrderedDict({'recall@10': 0.14})"]
)
def test_recbole_s_results_are_final_scores(write: Write, read_run: ReadRun, written: str) -> None:
    """`test result:` in front of an ordered dict of both spellings."""
    text = of_epochs("INFO  epoch {e} training [time: 1.2s, train loss: 5{r}.1]\n")
    run = read_run(text_log.READER, write("a.log", f"{text}INFO  test result: {written}\n"))
    assert finals(run) == {"test/recall@10": 0.14}


def test_an_estimators_evaluation_is_not_the_training_loss(write: Write, read_run: ReadRun) -> None:
    """`Saving dict for global step` states an evaluation."""
    text = of_epochs("INFO:tensorflow:loss = 2.{r}, step = {e}00 (12.3 sec)\n")
    text += "INFO:tensorflow:Saving dict for global step 400: "
    text += "accuracy = 0.91, global_step = 400, loss = 0.3\n"
    run = read_run(text_log.READER, write("a.log", text))
    assert curves(run) == {"loss": ("step", 2.8, 2.5)}
    assert finals(run) == {"evaluation/accuracy": 0.91, "evaluation/loss": 0.3}


def test_a_row_of_yolo_results_has_titles_by_its_place(write: Write, read_run: ReadRun) -> None:
    """Fifteen columns without names; the epoch counts from 0 to the last."""
    row = "  {e}/9  7.84G  0.05 0.02 0.01 0.1  40 640  0.6 0.5 0.{e}5 0.{e}3  0.04 0.02 0.01\n"
    run = read_run(text_log.READER, write("results.txt", of_epochs(row)))
    assert curves(run)["val/mAP50-95"] == ("epoch", 0.13, 0.43)
    assert settings(run) == {"epochs": 10}


def test_a_report_of_a_classification_gives_its_means(write: Write, read_run: ReadRun) -> None:
    """scikit-learn prints accuracy and means below the classes, whose rows are no scores of the model."""
    text = "    cat       0.90      0.91      0.90       100\n\n"
    text += "    accuracy                           0.86       200\n"
    text += "   macro avg       0.85      0.84      0.83       200\n"
    run = read_run(text_log.READER, write("results.txt", text))
    assert finals(run) == {"accuracy": 0.86, "macro_f1": 0.83}


def test_iterations_that_go_on_over_epochs_end_the_training(
    write: Write, read_run: ReadRun
) -> None:
    """`iter 350/1000` of epoch 4 counts all steps, for it did not begin anew with the epochs."""
    run = read_run(
        text_log.READER, write("a.log", of_epochs("epoch {e}, iter {e}50/1000, loss 2.{r}\n"))
    )
    assert settings(run) == {"max_steps": 1000}


def test_iterations_that_begin_anew_are_those_of_an_epoch(write: Write, read_run: ReadRun) -> None:
    """`iter 50/100` of every epoch is its length."""
    shape = "epoch {e}, iter 50/100, loss 2.{r}\nepoch {e}, iter 100/100, loss 2.{r}\n"
    assert settings(read_run(text_log.READER, write("a.log", of_epochs(shape)))) == {
        "steps_per_epoch": 100
    }


@pytest.mark.parametrize(("first", "epochs"), [(0, 5), (1, 4)])
def test_epochs_counted_from_zero_to_their_end(
    write: Write, read_run: ReadRun, first: int, epochs: int
) -> None:
    """`Epoch 0/4` to `Epoch 4/4` are five epochs, `Epoch 1/4` to `Epoch 4/4` four."""
    text = "".join(f"Epoch {e}/4\ntrain Loss: 2.{9 - e} Acc: 0.{e}1\n" for e in range(first, 5))
    assert settings(read_run(text_log.READER, write("a.log", text))) == {"epochs": epochs}


def test_a_stated_number_of_epochs_is_not_counted_again(write: Write, read_run: ReadRun) -> None:
    """Arguments that say 4 stand, though the log runs from epoch 0 to 4."""
    text = "epochs: 4\n" + "".join(f"Epoch {e}/4: loss 2.{9 - e}\n" for e in range(5))
    assert settings(read_run(text_log.READER, write("a.log", text)))["epochs"] == 4


@pytest.mark.parametrize(("stride", "unit"), [(1, "epoch"), (100, "step")])
def test_a_bare_counter_in_brackets(
    write: Write, read_run: ReadRun, stride: int, unit: str
) -> None:
    """`[1/9]` for each number counts epochs, `[100/900]` in strides steps."""
    text = "".join(f"[{n * stride}/{9 * stride}]: Train loss: 2.{9 - n}\n" for n in range(1, 6))
    assert curves(read_run(text_log.READER, write("a.log", text))) == {
        "Train_loss": (unit, 2.8, 2.4)
    }


def test_a_bare_counter_beside_epochs_stays_open(write: Write, read_run: ReadRun) -> None:
    """Where a line speaks of epochs, `[100/900]` may count the batches of one."""
    text = "Epoch 1\n" + "".join(f"[{n}00/900]: Train loss: 2.{9 - n}\n" for n in range(1, 6))
    assert curves(read_run(text_log.READER, write("a.log", text)))["Train_loss"][0] == "row"


def test_scores_of_classes_are_no_settings(write: Write, read_run: ReadRun) -> None:
    """A list of ten shares below names, one of which is also a setting's, says nothing of the training."""
    names = ["airplane", "bed", "bench", "car", "desk", "door", "lamp", "monitor", "sofa", "tent"]
    text = "".join(f"{name}: 0.9{n}\n" for n, name in enumerate(names))
    run = read_run(text_log.READER, write("a.log", text + of_epochs("epoch {e}: loss 2.{r}\n")))
    assert settings(run) == {}


def test_a_log_written_as_markdown_is_a_log(write: Write, read_run: ReadRun) -> None:
    """Epochs as headings make a run, with the settings of the dicts at its head."""
    text = "{'optimizer': 'SGD', 'init_lr': 0.01, 'momentum' = 0.9}<br>\n"
    text += "{'batch_size': 32, 'epochs': 5}<br>\n"
    text += "{'train': 1444, 'val': 413}<br>\n"
    text += "".join(
        f"#### Epoch {e}/4\ntrain loss: 1.{9 - e}, acc: 0.{e}1<br>\n\n" for e in range(5)
    )
    run = read_run(markdown.READER, write("numbers.md", text))
    assert curves(run) == {"train_loss": ("epoch", 1.9, 1.5), "acc": ("epoch", 0.01, 0.41)}
    assert settings(run) == {
        "optimizer": "SGD", "init_lr": 0.01, "momentum": 0.9, "batch_size": 32, "epochs": 5,
    }  # fmt: skip


def test_a_readme_that_quotes_a_log_stays_a_document(write: Write, read_all: ReadAll) -> None:
    """What a README shows of a training is no run."""
    text = "".join(f"Epoch {e}/4\ntrain loss: 1.{9 - e}\n" for e in range(5))
    facts = read_all(markdown.READER, write("README.md", text))
    assert not any(isinstance(fact, RunFacts) for fact in facts)


@pytest.mark.parametrize(
    ("name", "first", "python"),
    [
        ("train_2", "#!/usr/bin/env python3", True),
        ("train_2", "#!/bin/sh", False),
        ("LICENSE", "MIT", False),
    ],
)
def test_a_script_without_a_suffix_is_known_by_its_first_line(
    write: Write, name: str, first: str, python: bool
) -> None:
    """`#!` and Python make a file of code."""
    assert entry_of(write(name, f"{first}\nEPOCHS = 10\n")).is_python is python


def test_chainer_s_log_without_a_suffix_is_a_list_of_records(
    write: Write, read_run: ReadRun
) -> None:
    """A file named `log` that begins a list of records is read as one."""
    rows = [
        {"epoch": n, "main/loss": 2 - n / 10, "validation/main/accuracy": n / 10} for n in (1, 2, 3)
    ]
    run = read_run(metric_log.READER, write("log", json.dumps(rows, indent=1)))
    assert curves(run)["validation/main/accuracy"] == ("epoch", 0.1, 0.3)
