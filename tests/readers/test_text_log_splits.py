"""Text logs: which split a quantity without one of its own belongs to, as public scripts print it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from netgain.readers import text_log
from netgain.readers._carried_splits import heading_of
from netgain.readers._line_grammar import read_line
from netgain.readers.base import RunFacts
from netgain.vocabulary import canonical_metric

from .conftest import ReadRun

Write = Callable[[str, str | bytes], Path]
Curves = dict[tuple[str | None, str], tuple[float, ...]]


def curves(run: RunFacts) -> Curves:
    """Return the values of each curve by split and canonical name."""
    named = [(canonical_metric(s.key), s.values) for s in run.series]
    return {(metric.split, metric.name): values for metric, values in named}


def said(line: str) -> dict[tuple[str | None, str], float]:
    """Return what one line says, by split and canonical name."""
    named = [(canonical_metric(key), value) for key, value in read_line(line).values.items()]
    return {(metric.split, metric.name): value for metric, value in named}


@pytest.mark.parametrize(
    ("line", "split", "accuracy"),
    [
        ("Val Loss: 0.5, Acc: 81.0%", "validation", 81.0),
        ("Test loss: 0.0295 | accuracy: 99.1", "test", 99.1),
        ("valid_loss=0.31 acc=0.9", "validation", 0.9),
        ("BERT eval metrics: eval_loss: 0.31, accuracy: 0.9, f1_macro: 0.8", "validation", 0.9),
        ("Val Set, val_loss: 0.4, Accuracy: 0.7", "validation", 0.7),
        ("[val] loss 0.3 acc 0.9", "validation", 0.9),
        ("(test) Loss 0.3 | Acc 0.5", "test", 0.5),
        ("==> valid: loss 0.3, acc 0.5", "validation", 0.5),
        ("Eval: loss=0.3 acc=0.5", "validation", 0.5),
        ("| epoch   1 | time:  2.06s | cv loss  1.27 | cv accuracy:  0.53 |", "validation", 0.53),
        ("  Test  - Loss: 0.9, Acc: 0.6", "test", 0.6),
        ("Epoch 3 Validation -> Loss: 0.4, Accuracy: 0.8", "validation", 0.8),
        ("Test set: Average loss: 0.0295, Accuracy: 9905/10000 (99%)", "test", 0.9905),
        ("--- Epoch 3 Train Summary --- Loss: 0.5, Acc: 0.9", "train", 0.9),
        ("Train_Loss: 0.5, Train_Acc: 0.8, Val_Loss: 0.6, Acc: 0.7", "validation", 0.7),
    ],
)
def test_a_quantity_belongs_to_the_split_named_before_it(
    line: str, split: str, accuracy: float
) -> None:
    """A line about one split states all its scores of that split."""
    assert said(line)[split, "accuracy"] == accuracy


@pytest.mark.parametrize(
    "line",
    [
        "Epoch 4/9 | Train Loss: 0.5, Acc: 80.0% | Val Loss: 0.6, Acc: 70.0%",
        "TRAIN loss 0.5 acc 80.0 VAL loss 0.6 acc 70.0",
        "epoch 4: training loss 0.5, accuracy 80.0, validation loss 0.6, accuracy 70.0",
        "train acc: 80.0, loss: 0.5; val acc: 70.0, loss: 0.6",
    ],
)
def test_two_splits_that_state_a_quantity_each_keep_their_own(line: str) -> None:
    """Loss and accuracy behind each of two splits are four values."""
    assert said(line) == {
        ("train", "loss"): 0.5,
        ("train", "accuracy"): 80.0,
        ("validation", "loss"): 0.6,
        ("validation", "accuracy"): 70.0,
    }


@pytest.mark.parametrize(
    "line",
    [
        "Epoch 1 train_loss 0.5 val_loss 0.4 acc 0.8",
        "Train_Loss: 0.5, Val_Loss: 0.6, Accuracy: 0.7, F1 Score: 0.6",
        "train_loss: 0.5, acc: 0.8",
        "{'val_loss': 0.4, 'acc': 0.8, 'loss': 0.2, 'val_acc': 0.7}",
        "loss: 0.4 - acc: 0.8 - val_loss: 0.5 - val_acc: 0.7",
        "acc 0.8, val_loss 0.4",
        "Fine Tune Loss: 0.001, Acc: 0.8",
    ],
)
def test_an_accuracy_that_no_line_decides_has_no_split(line: str) -> None:
    """Two losses before one accuracy, the loss of the training alone, or an accuracy of each split."""
    found = said(line)
    assert {key for key in found if key[1] == "accuracy" and key[0] is None} == {(None, "accuracy")}


def test_a_loss_behind_the_accuracy_of_an_evaluation_has_no_split() -> None:
    """`val acc 0.9, loss 0.3` may print the loss of the training."""
    assert said("epoch 3 val acc: 0.9, loss: 0.3") == {
        ("validation", "accuracy"): 0.9,
        (None, "loss"): 0.3,
    }


@pytest.mark.parametrize(
    ("line", "split"),
    [("valid_loss 1.6 | ppl 4.9", "validation"), ("val acc: 0.9, ppl: 4.9", None)],
)
def test_a_perplexity_belongs_to_the_loss_before_it(line: str, split: str | None) -> None:
    """Behind an accuracy of the evaluation it may be that of the training."""
    assert said(line)[split, "perplexity"] == 4.9


def test_a_best_of_another_quantity_leaves_the_value_before_it() -> None:
    """In `val_loss 0.5, best acc 0.9` the loss is that of the epoch."""
    assert said("val_loss: 0.5, best acc: 0.9") == {
        ("validation", "loss"): 0.5,
        (None, "best_accuracy"): 0.9,
    }


def test_lines_of_one_form_for_each_split_tell_the_training_too(
    write: Write, read_run: ReadRun
) -> None:
    """`train Loss: .. Acc: ..` beside `val Loss: .. Acc: ..` gives four curves."""
    text = "".join(
        f"Epoch {e}/2\n----------\ntrain Loss: 0.{9 - e} Acc: 0.7{e}\nval Loss: 0.{8 - e} Acc: 0.6{e}\n\n"
        for e in range(3)
    )
    found = curves(read_run(text_log.READER, write("train.log", text)))
    assert found == {
        ("train", "loss"): (0.9, 0.8, 0.7),
        ("train", "accuracy"): (0.7, 0.71, 0.72),
        ("validation", "loss"): (0.8, 0.7, 0.6),
        ("validation", "accuracy"): (0.6, 0.61, 0.62),
    }


def test_an_accuracy_beside_the_training_loss_alone_stays_without_split(
    write: Write, read_run: ReadRun
) -> None:
    """A log that ends with a test accuracy does not say on what data each epoch's was measured."""
    text = "".join(f"epoch {e} train_loss: 0.{9 - e}, acc: 0.7{e}\n" for e in range(4))
    found = curves(read_run(text_log.READER, write("train.log", text + "Test acc: 0.74\n")))
    assert found[None, "accuracy"] == (0.7, 0.71, 0.72, 0.73)
    assert ("train", "accuracy") not in found


def test_what_stands_below_the_heading_of_an_evaluation_is_of_its_split(
    write: Write, read_run: ReadRun
) -> None:
    """`Test Error:` on a line of its own names the split of the line below, and of no batch after it."""
    text = "".join(
        f"Epoch {e}\n-----\nloss: {3 - e / 10}  [   64/60000]\nloss: {2.9 - e / 10}  [ 6464/60000]\n"
        f"Test Error: \n Accuracy: 6{e}.5%, Avg loss: {2 - e / 10} \n\n"
        for e in range(1, 4)
    )
    found = curves(read_run(text_log.READER, write("out.log", text)))
    assert found["test", "accuracy"] == (61.5, 62.5, 63.5)
    assert found["test", "loss"] == (1.9, 1.8, 1.7)
    assert len(found[None, "loss"]) == 6


def test_a_trainers_evaluation_below_a_test_heading_is_of_test_data(
    write: Write, read_run: ReadRun
) -> None:
    """`eval_accuracy` below `Test Set Metrics:` is a test score; before it, it is one of validation."""
    text = "".join(f"{{'eval_accuracy': 0.6{e}, 'epoch': {e}}}\n" for e in range(1, 5))
    text += "Evaluating on TEST set...\n=====\nTest Set Metrics:\n  eval_accuracy: 0.61\n  eval_f1: 0.5\n"
    run = read_run(text_log.READER, write("out.log", text))
    finals = {(m.split, m.name): f.value for f in run.finals for m in (canonical_metric(f.key),)}
    assert finals == {("test", "accuracy"): 0.61, ("test", "f1"): 0.5}
    assert curves(run)["validation", "accuracy"] == (0.61, 0.62, 0.63, 0.64)


def test_a_heading_speaks_of_each_quantity_once(write: Write, read_run: ReadRun) -> None:
    """A loss that comes again below `Testing...` is that of the training that goes on."""
    text = "".join(
        f"epoch {e}\nTesting...\nacc: 0.{e}\nloss: 0.5\nloss: 0.4\nloss: 0.3\n" for e in range(1, 4)
    )
    found = curves(read_run(text_log.READER, write("out.log", text)))
    assert found["test", "accuracy"] == (0.1, 0.2, 0.3)
    assert len(found[None, "loss"]) == 6


@pytest.mark.parametrize(
    ("line", "split"),
    [
        ("Test Error: ", "test"),
        ("==> Validation", "validation"),
        ("Evaluating on test set...", "test"),
        ("Results on the validation set:", "validation"),
        ("--- Training ---", "train"),
        ("[VALIDATION PHASE]", "validation"),
        ("Validating", "validation"),
        ("Training complete", None),
        ("Test images saved", None),
        ("Evaluation", None),
        ("Train on the rest", None),
        ("Best validation", None),
    ],
)
def test_headings(line: str, split: str | None) -> None:
    """A heading names a split and says nothing else."""
    assert heading_of(line) == split


def test_an_evaluation_below_decoding_on_the_test_set_is_of_the_test(
    write: Write, read_run: ReadRun
) -> None:
    """JoeyNMT calls each of its results an evaluation, and says above which set it decoded."""
    text = "".join(f"Epoch {e}: Evaluation result bleu: {e}.5\n" for e in (1, 2, 3))
    text += (
        " " * 60 + "Decoding on test set...\n"
        "Predicting 40858 example(s)... (Beam search with beam_size=5)\n"
        "Evaluation result (beam search) bleu:  18.26, generation: 1478.8113[sec]\n"
    )
    run = read_run(text_log.READER, write("train.log", text))
    assert curves(run)["validation", "bleu"] == (1.5, 2.5, 3.5)
    (final,) = run.finals
    assert (canonical_metric(final.key).split, final.value) == ("test", 18.26)


@pytest.mark.parametrize(
    ("line", "name", "scores"),
    [
        (
            "Accuracy Train:16.36%, Dev:14.8% ; Time:237 (last_train:6sec)",
            "accuracy",
            (16.36, 14.8),
        ),
        ("epoch 3 | accuracy train 91% | val 88%", "accuracy", (91, 88)),
        ("Loss train: 0.41, valid: 0.52", "loss", (0.41, 0.52)),
    ],
)
def test_a_second_split_behind_a_percent_sign(
    line: str, name: str, scores: tuple[float, float]
) -> None:
    """A quantity named once holds for both splits behind it, with percent signs between them."""
    found = said(line)
    assert (found["train", name], found["validation", name]) == scores
