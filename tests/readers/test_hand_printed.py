"""Logs printed in shapes of their own, and what is stated beside the training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from netgain.readers import text_log
from netgain.readers._line_settings import settings_in
from netgain.readers.base import RunFacts

from .conftest import ReadAll, ReadRun

Write = Callable[[str, str | bytes], Path]


def test_a_bare_counter_in_front_counts_epochs(write: Write, read_run: ReadRun) -> None:
    """`1 <tab>train loss=...` is epoch 1, whether or not the line says that a model was saved."""
    text = "".join(
        f"{e} \ttrain loss=0.{9 - e} \tvalid acc=0.{e}0 \t{'> saved as best model!' * (e % 2)}\n"
        for e in range(1, 6)
    )
    found = {
        s.key: (s.unit, len(s.values))
        for s in read_run(text_log.READER, write("a-log.txt", text)).series
    }
    assert found == {"train_loss": ("epoch", 5), "valid_acc": ("epoch", 5)}


def test_letters_in_the_brackets_of_a_split_are_loss_and_accuracy(
    write: Write, read_run: ReadRun
) -> None:
    """`Train(L=0.7 | A=0.5)` names both for each split of the line."""
    text = "".join(
        f"{e} \tTrain(L=0.{9 - e}  | A=0.{e}1) \tValid(L=0.7 | A=0.{e}2) \tTest(L=0.6 | A=0.{e}3) \n"
        for e in range(1, 5)
    )
    found = {s.key: s.values[-1] for s in read_run(text_log.READER, write("log.txt", text)).series}
    assert found == {
        "Train_loss": 0.5, "Train_acc": 0.41, "Valid_loss": 0.7, "Valid_acc": 0.42,
        "Test_loss": 0.6, "Test_acc": 0.43,
    }  # fmt: skip


def test_numbers_in_front_that_do_not_count_are_no_epochs(write: Write, read_run: ReadRun) -> None:
    """The sizes of models in front of their scores follow one another in no order."""
    text = "".join(f"{n} \tacc=0.{n}\tloss=0.3\n" for n in (18, 34, 50, 101))
    found = read_run(text_log.READER, write("log.txt", text))
    assert {s.unit for s in found.series} == {"row"}


def test_the_test_of_the_best_model_is_a_final_score(write: Write, read_run: ReadRun) -> None:
    """Words between name and number that say which weights were tested do not hide it."""
    text = "".join(f"epoch {e} train loss={9 - e}.0 valid acc=0.{e}\n" for e in range(1, 5))
    found = read_run(
        text_log.READER, write("log.txt", text + ">>> test acc on best model = 0.66\n")
    )
    assert [(final.key, final.value) for final in found.finals] == [("test_acc", 0.66)]


def test_a_range_of_thresholds_in_a_header_is_no_score(write: Write, read_all: ReadAll) -> None:
    """YOLO prints `mAP@.5  mAP@.5:.95:` above each of its rows."""
    header = "               Class      Images      Labels           P           R      mAP@.5  mAP@.5:.95:\n"
    rows = "".join(f"epoch {e}/4 loss: 0.{9 - e}\n{header}" for e in range(1, 5))
    facts = [
        f for f in read_all(text_log.READER, write("train.log", rows)) if isinstance(f, RunFacts)
    ]
    assert [series.key for fact in facts for series in fact.series] == ["loss"]


def test_several_settings_of_one_line(write: Write, read_run: ReadRun) -> None:
    """`Dataset: mnist  |  Model: mlp` are two."""
    text = "Dataset: mnist  |  Model: mlp\n" + "".join(
        f"epoch {e} | loss: 0.{e} | acc: 0.5\n" for e in range(1, 5)
    )
    found = read_run(text_log.READER, write("log.txt", text))
    assert {s.key: s.value for s in found.settings} == {"Dataset": "mnist", "Model": "mlp"}


EPOCHS = "".join(f"epoch {e} loss: 0.{e}\n" for e in range(1, 5))


def test_a_command_behind_the_output_is_that_of_its_training(
    write: Write, read_run: ReadRun
) -> None:
    """A tool that notes the command at the end states the options of the one training above."""
    text = EPOCHS + "Command: python main.py --scheduler cosine --lr 0.1\n=====\n"
    found = {s.key: s.value for s in read_run(text_log.READER, write("log.txt", text)).settings}
    assert found == {"program": "main.py", "scheduler": "cosine", "lr": 0.1}


def test_a_command_before_and_one_behind_are_two(write: Write, read_run: ReadRun) -> None:
    """The last command started what is no longer in the log."""
    text = f"+ python a.py --lr 0.1\n{EPOCHS}+ python b.py --lr 0.2\n"
    found = {s.key: s.value for s in read_run(text_log.READER, write("log.txt", text)).settings}
    assert found == {"program": "a.py", "lr": 0.1}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("sys.argv: ['train.py', '--lr', '0.1', '--epochs=3']",
         {"program": "train.py", "lr": 0.1, "epochs": 3}),
        ("Running: accelerate launch train.py --lr 0.1", {"program": "train.py", "lr": 0.1}),
        ("+ fairseq-train data --max-tokens 2048", {"max-tokens": 2048}),
        ("CUDA_VISIBLE_DEVICES=0 python src/run.py --amp", {"program": "src/run.py", "amp": True}),
        ("usage: train.py --lr LR", {}),
        ("train.py: error: unrecognized arguments: --foo 3", {}),
        ("$ python eval.py --batch-size 3", {}),
        ("$ pip install --upgrade torch.py", {}),
        ("pydevconsole.py --mode=client --port 9", {}),
    ],
)  # fmt: skip
def test_command_lines_in_logs(line: str, expected: dict[str, object]) -> None:
    """Commands that train state their options; help, complaints and evaluations do not."""
    assert dict(settings_in(line)) == expected


def hits(start: int, epochs: int, *, gain: int = 20) -> str:
    """Return epochs that print hits and totals of training and test data as bare pairs."""
    return "".join(
        f"Epoch {e} done. Evaluation:\n({start + gain * e}, 500)\n({(start + gain * e) // 5}, 100)\n"
        for e in range(epochs)
    )


def test_bare_pairs_below_an_evaluation_are_accuracies(write: Write, read_run: ReadRun) -> None:
    """The larger total is that of the training data, the smaller one that of the test."""
    run = read_run(text_log.READER, write("a.log", hits(100, 4)))
    assert {s.key: s.values for s in run.series} == {
        "train_accuracy": (0.2, 0.24, 0.28, 0.32),
        "test_accuracy": (0.2, 0.24, 0.28, 0.32),
    }


def test_equal_parts_of_one_training_are_counted_on(write: Write, read_run: ReadRun) -> None:
    """Three parts of four epochs, each of which begins where the one before ended, are twelve epochs."""
    text = "".join(hits(start, 4) for start in (100, 180, 260))
    run = read_run(text_log.READER, write("a.log", text))
    assert [s.steps for s in run.series] == [tuple(range(12))] * 2


def test_parts_that_begin_as_the_first_did_are_trainings(write: Write, read_all: ReadAll) -> None:
    """A loop over seeds starts each training where the first started."""
    text = "".join(hits(start, 4) for start in (100, 101, 99))
    runs = [f for f in read_all(text_log.READER, write("a.log", text)) if isinstance(f, RunFacts)]
    assert [r.run_id for r in runs] == ["a 1", "a 2", "a 3"]


def test_pairs_that_are_no_hits_are_left_alone(write: Write, read_all: ReadAll) -> None:
    """Sizes of images below an evaluation hold more than their total, and say nothing of accuracy."""
    text = "".join(f"Evaluation {e}:\n(640, 480)\n(32, 32)\n" for e in range(4))
    assert read_all(text_log.READER, write("a.log", text)) == []


@pytest.mark.parametrize(
    ("name", "text", "score"),
    [
        ("accuracy_last.txt", "97.61284722222221", ("accuracy", 97.61284722222221)),
        ("test_accuracy.txt", "97.729167 on set_size 4800\n", ("test_accuracy", 97.729167)),
        ("best_val_f1.txt", " 0.81\n", ("best_val_f1", 0.81)),
        ("top1.txt", "71.2 %", ("top1", 71.2)),
    ],
)
def test_a_file_of_one_number_is_the_score_it_is_called(
    write: Write, read_run: ReadRun, name: str, text: str, score: tuple[str, float]
) -> None:
    """The name says which score a bare number is, and nothing besides."""
    run = read_run(text_log.READER, write(name, text))
    assert [(final.key, final.value) for final in run.finals] == [score]


@pytest.mark.parametrize(
    ("name", "text"),
    [("tflite_model_accuracy.txt", "97.5"), ("count.txt", "12"), ("accuracy.txt", "0.5\n0.6\n")],
)
def test_a_number_of_another_model_or_among_others_is_no_score(
    write: Write, read_all: ReadAll, name: str, text: str
) -> None:
    """A name with words of its own may be that of a converted model, and two numbers are two things."""
    assert read_all(text_log.READER, write(name, text)) == []


def test_the_best_result_that_is_named_behind_its_number(write: Write, read_run: ReadRun) -> None:
    """JoeyNMT says at its end which validation result was best, and at which step."""
    text = "".join(f"Epoch {e}: Evaluation result ppl: {30 - e}.0\n" for e in range(1, 5))
    text += "Best validation result (greedy) at step   273000:  11.71 ppl.\n"
    run = read_run(text_log.READER, write("train.log", text))
    assert [(final.key, final.value) for final in run.finals] == [("best_validation_ppl", 11.71)]


def test_best_score_on_a_split_at_an_epoch(write: Write, read_run: ReadRun) -> None:
    """`The best score on DEV 12 :14.037%` states split, epoch and share; none of them is lost."""
    lines = [
        f"epoch : {at}/3 - loss = {4 - at}.5\n*** The best score on DEV {at} :{10 + at}.037%\n"
        for at in (1, 2, 3)
    ]
    run = read_run(text_log.READER, write("train.log", "".join(lines)))
    assert {s.key: s.values for s in run.series}["best_DEV_score"] == (11.037, 12.037, 13.037)
