"""Files that share a name before the word for what they hold are one run."""

from __future__ import annotations

import json
from pathlib import Path

import netgain
from netgain.study import Run


def runs_of(path: Path) -> dict[str, Run]:
    """Read a folder and return its runs by their ids below it."""
    study = netgain.read(path, unsorted=True)
    runs = (*study.baseline.runs, *study.proposed.runs)
    return {run.id.removeprefix(str(path)).strip("/"): run for run in runs}


def _meta(losses: list[float], best: float) -> dict[str, object]:
    return {
        "hyperparams": {"num_epochs": 3, "batch_size": 16, "learning_rate": 0.1},
        "best_val_f1": best,
        "history": {"train_loss": losses, "val_loss": [loss + 0.1 for loss in losses]},
    }


def _write(folder: Path, content: dict[str, object]) -> None:
    for name, value in content.items():
        (folder / f"{name}.json").write_text(json.dumps(value))


def test_record_scores_and_row_of_one_training_are_one_run(tmp_path: Path) -> None:
    """`bert_training_meta`, `bert_metrics` and the row `bert` of `all_training_meta` are the run `bert`."""
    bert, gpt = _meta([0.9, 0.51, 0.3], 0.7123), _meta([0.8, 0.42, 0.2], 0.8123)
    scores = {"accuracy": 0.9061, "f1_macro": 0.7636}, {"accuracy": 0.8072, "f1_macro": 0.7725}
    _write(
        tmp_path,
        {
            "bert_training_meta": bert,
            "gpt_training_meta": gpt,
            "bert_metrics": scores[0],
            "gpt_metrics": scores[1],
            "all_training_meta": {"bert": bert, "gpt": gpt},
            "all_metrics": {"bert": scores[0], "gpt": scores[1]},
        },
    )
    runs = runs_of(tmp_path)
    assert set(runs) == {"bert", "gpt"}
    assert runs["bert"].finals["accuracy"].value == 0.9061
    assert not any("gpt" in name for name in runs["bert"].finals)


def test_a_row_of_other_values_stays_apart(tmp_path: Path) -> None:
    """A table with a row `bert` of another training is no second record of it."""
    bert, gpt = _meta([0.9, 0.51, 0.3], 0.7123), _meta([0.8, 0.42, 0.2], 0.8123)
    other, another = _meta([0.7, 0.43, 0.25], 0.6521), _meta([0.6, 0.33, 0.15], 0.6721)
    _write(
        tmp_path,
        {
            "bert_training_meta": bert,
            "gpt_training_meta": gpt,
            "older_training_meta": {"bert": other, "gpt": another},
        },
    )
    assert {"older_training_meta.json#bert", "older_training_meta.json#gpt"} <= set(
        runs_of(tmp_path)
    )


def test_logs_of_one_name_with_other_values_stay_apart(tmp_path: Path) -> None:
    """`bert_log.csv` and `bert_history.csv` of two trainings share no run."""
    for stem, shift in (("bert_log", 0.0), ("bert_history", 0.5), ("gpt_log", 1.0)):
        rows = "".join(f"{n},{1 / n + shift},{1 / n + shift + 0.1}\n" for n in range(1, 6))
        (tmp_path / f"{stem}.csv").write_text("epoch,loss,val_loss\n" + rows)
    assert set(runs_of(tmp_path)) == {"bert_log", "bert_history", "gpt_log"}


def test_tests_of_significance_are_no_runs(tmp_path: Path) -> None:
    """Rows `a vs b` with a p value compare runs."""
    (tmp_path / "wilcoxon.csv").write_text(
        "comparison,n_samples,n_a_better,statistic,p_value,significant,winner\n"
        "bert vs gpt,3718,72,5364.0,0.742,False,none\nbert vs rnn,3718,91,12.5,0.013,True,bert\n"
    )
    _write(tmp_path, {"bert_metrics": {"accuracy": 0.91}, "gpt_metrics": {"accuracy": 0.82}})
    study = netgain.read(tmp_path, unsorted=True)
    assert len(runs_of(tmp_path)) == 2
    assert {"significance" in item.why for item in study.excluded_runs} == {True}


def test_predictions_in_a_second_place_are_no_runs(tmp_path: Path) -> None:
    """`all/A_bert_predictions.csv` with the scores of `A/bert` is found once; another's is a run."""
    rows = "".join(f"{n},{n % 3},{n % 3 if n else 1},0.9\n" for n in range(12))
    table = "id,label,prediction,confidence\n" + rows
    for name in (
        "A/bert_predictions",
        "A/gpt_predictions",
        "all/A_bert_predictions",
        "all/B_x_predictions",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.csv").write_text(table)
    (tmp_path / "A/bert_metrics.json").write_text('{"accuracy": 0.9166667}')
    (tmp_path / "A/gpt_metrics.json").write_text('{"accuracy": 0.9166667}')
    study = netgain.read(tmp_path, unsorted=True)
    assert set(runs_of(tmp_path)) == {"A/bert", "A/gpt", "all/B_x_predictions"}
    assert [item.why.split(",")[1] for item in study.excluded_runs] == [" found in a second place"]
