"""The files a run leaves behind, in the habits of different projects.

Every habit holds the same facts: the settings, the log, the score on the test set. They differ in the names
of files, in what is a table, a document or lines of text, and in what a framework calls things.
"""

from __future__ import annotations

import csv
import json
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Config = Mapping[str, Any]
COLUMNS = ("epoch", "step", "lr", "train_loss", "val_accuracy", "test_accuracy")
"""What is logged at the end of an epoch, as `metrics.csv` calls it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What was logged at the end of one epoch, as text of the precision it is written with."""

    epoch: str
    """Passes over the training set so far."""
    step: str
    """Optimizer steps so far."""
    lr: str
    """Learning rate of the last step."""
    train_loss: str
    """Mean training loss of the epoch."""
    val_accuracy: str
    """Validation accuracy, percent."""
    test_accuracy: str
    """Test accuracy, percent; empty where the test set was not scored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One run to be written."""

    config: Config
    """Settings under the names that the project gives them, nested where those have dots."""
    epochs: str
    """Epochs that were planned."""
    rows: tuple[Row, ...]
    """The log; the last row holds the score on the test set."""

    @property
    def test_accuracy(self) -> str:
        """Return the score on the test set."""
        return self.rows[-1].test_accuracy


def table(record: Record, folder: Path) -> None:
    """Write `config.yaml` and `metrics.csv`."""
    (folder / "config.yaml").write_text(yaml.safe_dump(dict(record.config), sort_keys=False))
    _write_csv(folder / "metrics.csv", COLUMNS, [_cells(row) for row in record.rows])


def printed(record: Record, folder: Path) -> None:
    """Write `train.log` as a script prints it: its arguments, a line for each epoch, the test at the end."""
    flat = dict(_flat(record.config))
    lines = [str(Namespace(**{key.replace(".", "_"): value for key, value in flat.items()}))]
    lines += [_sentence(record, row) for row in record.rows]
    lines.append(f"Final test accuracy: {record.test_accuracy}%")
    (folder / "train.log").write_text("\n".join(lines) + "\n")


def json_lines(record: Record, folder: Path) -> None:
    """Write `args.json`, `log.txt` with a document on each line, and `test.json`."""
    (folder / "args.json").write_text(json.dumps(record.config, indent=2))
    lines = []
    for row in record.rows:
        entry = {
            "epoch": float(row.epoch),
            "iteration": int(row.step),
            "train_lr": float(row.lr),
            "train_loss": float(row.train_loss),
            "val_acc1": float(row.val_accuracy),
        }
        if row.test_accuracy and row is not record.rows[-1]:
            entry["test_acc1"] = float(row.test_accuracy)
        lines.append(json.dumps(entry))
    (folder / "log.txt").write_text("\n".join(lines) + "\n")
    (folder / "test.json").write_text(json.dumps({"test_acc1": float(record.test_accuracy)}))


def one_document(record: Record, folder: Path) -> None:
    """Write `results.json` with the arguments, a list for each curve, and the score."""
    history = {
        "epoch": [float(row.epoch) for row in record.rows],
        "step": [int(row.step) for row in record.rows],
        "lr": [float(row.lr) for row in record.rows],
        "train_loss": [float(row.train_loss) for row in record.rows],
        "val_acc": [float(row.val_accuracy) for row in record.rows],
    }
    if all(row.test_accuracy for row in record.rows):
        history["test_acc"] = [float(row.test_accuracy) for row in record.rows]
    document = {
        "args": record.config,
        "history": history,
        "final": {"test_acc": float(record.test_accuracy)},
    }
    (folder / "results.json").write_text(json.dumps(document, indent=1))


def lightning(record: Record, folder: Path) -> None:
    """Write `hparams.yaml` and the sparse `metrics.csv` of Lightning's CSVLogger."""
    (folder / "hparams.yaml").write_text(yaml.safe_dump(dict(record.config), sort_keys=False))
    names = ("epoch", "step", "lr-AdamW", "train_loss", "val_acc", "test_acc")
    lines: list[list[str]] = []
    for index, row in enumerate(record.rows):
        epoch, step = str(index), str(int(row.step) - 1)
        lines.append(["", step, row.lr, "", "", ""])
        lines.append([epoch, step, "", "", row.val_accuracy, ""])
        lines.append([epoch, step, "", row.train_loss, "", ""])
        if row.test_accuracy and row is not record.rows[-1]:
            lines.append([epoch, step, "", "", "", row.test_accuracy])
    lines.append([str(len(record.rows)), record.rows[-1].step, "", "", "", record.test_accuracy])
    _write_csv(folder / "metrics.csv", names, lines)


def hydra(record: Record, folder: Path) -> None:
    """Write `.hydra/config.yaml`, `.hydra/overrides.yaml` and the log of Python's logging."""
    (folder / ".hydra").mkdir()
    config = yaml.safe_dump(dict(record.config), sort_keys=False)
    (folder / ".hydra" / "config.yaml").write_text(config)
    (folder / ".hydra" / "overrides.yaml").write_text("[]\n")
    messages = [_sentence(record, row) for row in record.rows]
    messages.append(f"test accuracy {record.test_accuracy}")
    stamp = "[2024-03-05 10:{:02d}:{:02d},118][__main__][INFO] - {}\n"
    lines = [stamp.format(i // 60, i % 60, message) for i, message in enumerate(messages)]
    (folder / "main.log").write_text("".join(lines))


def keras(record: Record, folder: Path) -> None:
    """Write `params.json`, the `history.csv` of Keras' CSVLogger, and `evaluation.json`."""
    (folder / "params.json").write_text(json.dumps(record.config, indent=4))
    names = ["epoch", "learning_rate", "loss", "val_accuracy"]
    tested = all(row.test_accuracy for row in record.rows)
    lines = [
        [str(i), row.lr, row.train_loss, f"{float(row.val_accuracy) / 100:.4f}"]
        + ([f"{float(row.test_accuracy) / 100:.4f}"] if tested else [])
        for i, row in enumerate(record.rows)
    ]
    _write_csv(folder / "history.csv", [*names, *(["test_accuracy"] if tested else [])], lines)
    score = round(float(record.test_accuracy) / 100, 4)
    (folder / "evaluation.json").write_text(json.dumps({"test_accuracy": score}))


def wandb(record: Record, folder: Path) -> None:
    """Write the `files` of a Weights & Biases run folder: config, summary, and what was printed."""
    files = folder / "files"
    files.mkdir()
    config: dict[str, Any] = {"wandb_version": 1}
    config |= {key: {"desc": None, "value": value} for key, value in record.config.items()}
    (files / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    last = record.rows[-1]
    summary = {
        "_step": int(last.step),
        "epoch": float(last.epoch),
        "train/loss": float(last.train_loss),
        "val/acc": float(last.val_accuracy),
        "test/acc": float(last.test_accuracy),
    }
    (files / "wandb-summary.json").write_text(json.dumps(summary))
    lines = [_sentence(record, row) for row in record.rows]
    (files / "output.log").write_text("\n".join(lines) + "\n")


def mlflow(record: Record, folder: Path) -> None:
    """Write a run of MLflow's file store: a file for each parameter and for each metric."""
    for part in ("params", "metrics", "tags"):
        (folder / part).mkdir()
    meta = {
        "run_id": folder.name,
        "run_name": folder.name,
        "status": 3,
        "lifecycle_stage": "active",
    }
    (folder / "meta.yaml").write_text(yaml.safe_dump(meta))
    for key, value in _flat(record.config):
        (folder / "params" / key).write_text(str(value))
    for name in ("lr", "train_loss", "val_accuracy"):
        text = [
            f"17096400{i:02d}000 {getattr(r, name)} {r.step}\n" for i, r in enumerate(record.rows)
        ]
        (folder / "metrics" / name).write_text("".join(text))
    tests = [(i, row) for i, row in enumerate(record.rows) if row.test_accuracy]
    text = [f"17096400{i:02d}000 {row.test_accuracy} {row.step}\n" for i, row in tests]
    (folder / "metrics" / "test_accuracy").write_text("".join(text))


def hugging_face(record: Record, folder: Path) -> None:
    """Write `trainer_state.json`, `all_results.json` and the arguments as a document beside them."""
    (folder / "run_args.json").write_text(json.dumps(record.config, indent=2))
    history: list[dict[str, float]] = []
    for row in record.rows:
        at = {"epoch": float(row.epoch), "step": int(row.step)}
        history.append({"loss": float(row.train_loss), "learning_rate": float(row.lr), **at})
        history.append({"eval_accuracy": float(row.val_accuracy) / 100, **at})
        if row.test_accuracy and row is not record.rows[-1]:
            history.append({"test_accuracy": float(row.test_accuracy) / 100, **at})
    last = record.rows[-1]
    state = {
        "best_metric": None,
        "epoch": float(last.epoch),
        "global_step": int(last.step),
        "is_world_process_zero": True,
        "log_history": history,
        "max_steps": int(last.step),
        "num_train_epochs": round(float(last.epoch)),
    }
    (folder / "trainer_state.json").write_text(json.dumps(state, indent=2))
    results = {
        "epoch": float(last.epoch),
        "eval_accuracy": float(last.val_accuracy) / 100,
        "test_accuracy": float(last.test_accuracy) / 100,
    }
    (folder / "all_results.json").write_text(json.dumps(results, indent=4))


HABITS: dict[str, Callable[[Record, Path], None]] = {
    "table": table,
    "printed": printed,
    "json-lines": json_lines,
    "one-document": one_document,
    "lightning": lightning,
    "hydra": hydra,
    "keras": keras,
    "wandb": wandb,
    "mlflow": mlflow,
    "hugging-face": hugging_face,
}
"""How a run is written, by name; each takes the run and its empty folder."""


def _sentence(record: Record, row: Row) -> str:
    tested = f", test acc: {row.test_accuracy}%" if row.test_accuracy else ""
    if row is record.rows[-1]:
        tested = ""  # it is said at the end
    return (
        f"Epoch [{row.epoch}/{record.epochs}] step {row.step} lr: {row.lr} train loss: {row.train_loss}, "
        f"val acc: {row.val_accuracy}%{tested}"
    )


def _cells(row: Row) -> list[str]:
    return [getattr(row, name) for name in COLUMNS]


def _flat(config: Config, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in config.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _write_csv(path: Path, header: tuple[str, ...] | list[str], lines: list[list[str]]) -> None:
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(lines)
