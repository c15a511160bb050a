"""Predictions of single items, and samples of evaluation harnesses."""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from netgain.assemble import read as read_study
from netgain.errors import UnreadableFile
from netgain.readers import (
    arrays,
    helm,
    inspect_ai,
    lm_eval_samples,
    metric_log,
    predictions,
)
from netgain.readers._digests import digests
from netgain.readers.base import Fact, Limits, PredictionFacts, RunFacts
from netgain.study import Predictions

from .conftest import ReadAll, entry_of
from .test_damage import _damaged
from .test_evaluations import LOG, archive

Write = Callable[[str, str | bytes], Path]


def predicted(facts: list[Fact]) -> list[Predictions]:
    """Return the predictions among facts."""
    return [fact.predictions for fact in facts if isinstance(fact, PredictionFacts)]


def finals(facts: list[Fact]) -> dict[str, tuple[float, str]]:
    """Return the scores among facts, with their strength."""
    runs = [fact for fact in facts if isinstance(fact, RunFacts)]
    return {final.key: (final.value, final.strength) for run in runs for final in run.finals}


SPELLINGS = [
    "id,label,prediction",
    "image,target,pred",
    "filename,y_true,y_pred",
    "sample_id,gold,output",
    "idx,ground_truth,predicted_label",
    "qid,answer,model_output",
    ",true_label,pred_label",
    "ImageId;actual;predicted",
    "index\ttargets\tpreds",
    "SMILES,BBB_labels,y_pred",
    "Date,Actual,Predicted",
]


@pytest.mark.parametrize("header", SPELLINGS)
def test_accuracy_is_recomputed_under_every_spelling(
    write: Write, read_all: ReadAll, header: str
) -> None:
    """Three of four outputs equal their target: .75, measured, whatever the columns are called."""
    mark = next(mark for mark in ";\t," if mark in header)
    rows = [("a", "cat", "cat"), ("b", "dog", "dog"), ("c", "cat", "dog"), ("d", "dog", "dog")]
    text = "\n".join([header, *(mark.join(row) for row in rows)])
    facts = read_all(predictions.READER, write("test_predictions.csv", text))
    (found,) = predicted(facts)
    kind = "content" if header.startswith("SMILES") else "id"
    assert (found.n, found.split, found.item_kind) == (4, "test", kind)
    correct = found.column("correct")
    assert correct is not None
    assert correct.values == (1.0, 1.0, 0.0, 1.0)
    assert finals(facts) == {"test/accuracy": (0.75, "measured")}


@pytest.mark.parametrize(
    "header",
    [
        "epoch,label,prediction",
        "model,accuracy,params",
        "id,text,label",
        "seed,accuracy",
        "class,precision,recall,f1_score",
        "name,accuracy",
        "run_id,lr,loss",
        "label,score",
    ],
)
def test_logs_results_and_data_sets_are_no_predictions(write: Write, header: str) -> None:
    """An axis, a table of models, a data set without answers and a class report stay with other readers."""
    row = ",".join("0.5" for _ in header.split(","))
    assert not predictions.sniff(entry_of(write("out.csv", f"{header}\n{row}\n{row}\n")))


def test_a_metric_log_keeps_its_own(write: Write) -> None:
    """Columns called accuracy and id hold verdicts only where every cell is one."""
    path = write("results.csv", "id,accuracy\n1,0.91\n2,0.92\n")
    assert not predictions.sniff(entry_of(path))
    assert metric_log.sniff(entry_of(path))


def test_the_same_item_has_one_digest_in_every_format(
    tmp_path: Path, write: Write, read_all: ReadAll
) -> None:
    """Item 7 joins across CSV text, JSON number and array, whatever the order; 007 is another item."""
    first = predicted(
        read_all(predictions.READER, write("a.csv", "id,label,pred\n7,1,1\n12,0,1\n"))
    )[0]
    lines = '{"id": 12, "target": 0, "prediction": 0}\n{"id": 7.0, "target": 1, "prediction": 1}\n'
    second = predicted(read_all(predictions.READER, write("b.jsonl", lines)))[0]
    np.savez(tmp_path / "c.npz", id=np.array([7, 12]), y_true=[1, 0], y_pred=[1, 0])
    third = predicted(read_all(arrays.READER, tmp_path / "c.npz"))[0]
    assert first.item_digests == second.item_digests[::-1] == third.item_digests
    assert digests(["007"]).tolist() != digests(["7"]).tolist()


def test_digests_of_numbers_are_those_of_splitmix() -> None:
    """SplitMix64 seeded with 0 gives E220A8397B1DCDAF first, by its published reference."""
    assert digests([0]).tolist() == [0xE220A8397B1DCDAF]
    assert digests(["0", "x"]).tolist()[0] == 0xE220A8397B1DCDAF


def test_free_text_is_not_scored_by_equality(write: Write, read_all: ReadAll) -> None:
    """Answers that are sentences give no accuracy, neither 0 nor another."""
    rows = "\n".join(f"{i},the answer is {i},it should be {i}" for i in range(20))
    facts = read_all(predictions.READER, write("p.csv", f"id,target,prediction\n{rows}\n"))
    assert predicted(facts)[0].scores == {}
    assert finals(facts) == {}


def test_a_regression_gives_errors_and_no_accuracy(write: Write, read_all: ReadAll) -> None:
    """Errors of 3 and 4 and two zeros: RMSE 2.5, MAE 1.75."""
    text = "id,y_true,y_pred\n1,1.5,4.5\n2,2.0,6.0\n3,3.25,3.25\n4,0.5,0.5\n"
    facts = read_all(predictions.READER, write("p.csv", text))
    assert {k: v[0] for k, v in finals(facts).items()} == {"rmse": 2.5, "mae": 1.75}


def test_verdicts_that_contradict_the_outputs_are_kept(write: Write, read_all: ReadAll) -> None:
    """The file calls three of four right; equality of target and output finds two."""
    text = "id,label,prediction,correct\n1,a,a,True\n2,a,b,True\n3,b,b,True\n4,b,a,False\n"
    (found,) = predicted(read_all(predictions.READER, write("p.csv", text)))
    accuracy = found.scores["accuracy"]
    assert (accuracy.value, accuracy.disagreeing[0].value) == (0.5, 0.75)


def test_several_models_of_one_table_are_told_apart(write: Write, read_all: ReadAll) -> None:
    """Columns `baseline_pred` and `ours_pred` are two models over the same items."""
    text = "id,label,baseline_pred,ours_pred\n1,a,a,a\n2,a,b,a\n3,b,b,b\n4,b,a,a\n"
    found = predicted(read_all(predictions.READER, write("p.csv", text)))
    assert [(p.name, p.scores["accuracy"].value) for p in found] == [
        ("p baseline", 0.5),
        ("p ours", 0.75),
    ]
    assert found[0].items == found[1].items


def test_rows_of_several_seeds_are_a_run_each(write: Write, read_all: ReadAll) -> None:
    """A seed column splits the table, and each run gets its seed."""
    text = "seed,id,label,pred\n0,1,a,a\n0,2,b,b\n1,1,a,b\n1,2,b,b\n"
    facts = read_all(predictions.READER, write("p.csv", text))
    runs = [fact for fact in facts if isinstance(fact, RunFacts)]
    assert [(run.settings[0].value, run.finals[0].value) for run in runs] == [(0, 1.0), (1, 0.5)]


def test_class_probabilities_give_the_most_probable_class(write: Write, read_all: ReadAll) -> None:
    """Without an output column the largest of `prob_0`, `prob_1` is the answer: two of three."""
    text = "label,prob_0,prob_1\n0,0.9,0.1\n1,0.2,0.8\n1,0.6,0.4\n0,0.7,0.3\n"
    (found,) = predicted(read_all(predictions.READER, write("p.csv", text)))
    assert found.scores["accuracy"].value == 0.75
    probability = found.column("probability 1")
    assert probability is not None
    assert probability.values == (0.1, 0.8, 0.4, 0.3)


def test_a_missing_number_is_none(write: Write, read_all: ReadAll) -> None:
    """An empty cell of a score column is unknown, and no mean is taken over it."""
    text = "id,input,prediction,psnr\n1,a,x,30.5\n2,b,y,\n"
    (found,) = predicted(read_all(predictions.READER, write("p.csv", text)))
    column = found.column("psnr")
    assert column is not None
    assert column.values == (30.5, None)
    assert "psnr" not in found.scores


def test_logits_of_an_archive(tmp_path: Path, read_all: ReadAll) -> None:
    """`labels` and two-dimensional `logits` of an npz file: the largest logit is the answer."""
    logits = np.array([[2.0, 1.0], [0.0, 3.0], [5.0, 1.0], [4.0, 0.5]])
    np.savez(tmp_path / "val_out.npz", labels=np.array([0, 1, 1, 0]), logits=logits)
    facts = read_all(arrays.READER, tmp_path / "val_out.npz")
    assert finals(facts) == {"validation/accuracy": (0.75, "measured")}


def test_parquet_says_the_same_as_csv(tmp_path: Path, write: Write, read_all: ReadAll) -> None:
    """One table in both formats gives equal items, targets, verdicts and score."""
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {"image": ["a.png", "b.png", "c.png"], "label": [3, 1, 3], "prediction": [3, 3, 3]}
    parquet.write_table(arrow.table(columns), tmp_path / "p.parquet")
    rows = "\n".join(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))
    csv = predicted(read_all(predictions.READER, write("p.csv", "image,label,prediction\n" + rows)))
    (found,) = predicted(read_all(predictions.READER, tmp_path / "p.parquet"))
    assert (found.items, found.targets, found.outputs) == (
        csv[0].items,
        csv[0].targets,
        csv[0].outputs,
    )
    assert found.scores["accuracy"].value == csv[0].scores["accuracy"].value == pytest.approx(2 / 3)


def test_hostile_parquet_is_bounded(tmp_path: Path, write: Write) -> None:
    """A file that unpacks past the limit is refused by its own count; garbage is damaged."""
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = arrow.table({"id": range(10_000), "label": [1] * 10_000, "pred": [1] * 10_000})
    parquet.write_table(table, tmp_path / "p.parquet")
    with pytest.raises(UnreadableFile, match="over the limit"):
        list(predictions.read(entry_of(tmp_path / "p.parquet"), Limits(unpacked_bytes=1000)))
    content = (tmp_path / "p.parquet").read_bytes()
    with pytest.raises(UnreadableFile, match="damaged Parquet"):
        list(predictions.read(entry_of(write("q.parquet", content[:200])), Limits()))


def test_without_pyarrow_the_line_says_what_to_install(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The extra is named, and CSV as the way without it; a shard of a data set is passed over."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UnreadableFile, match=r"pip install netgain\[fast\]"):
        list(predictions.read(entry_of(write("predictions.parquet", b"PAR1")), Limits()))
    assert list(predictions.read(entry_of(write("train-00000.parquet", b"PAR1")), Limits())) == []


def test_broken_and_endless_tables_give_one_line(write: Write) -> None:
    """Rows of another width, and a line without end, are named."""
    path = write("p.csv", "id,label,prediction\n" + "1,2\n" * 50)
    with pytest.raises(UnreadableFile, match="another width"):
        list(predictions.read(entry_of(path), Limits()))
    path = write("q.csv", "id,label,prediction\n1,2,3\n" + "4" * 5000)
    with pytest.raises(UnreadableFile, match="longer than 1,000 bytes"):
        list(predictions.read(entry_of(path), Limits(line_bytes=1000)))


def test_a_hundred_thousand_rows_are_quick(write: Write, read_all: ReadAll) -> None:
    """Text ids at 100,000 rows stay far below a second each; a quadratic reader would not."""
    rows = "\n".join(f"img_{i:06d}.png,{i % 10},{(i * 7) % 10}" for i in range(100_000))
    path = write("p.csv", "image,label,prediction\n" + rows)
    start = time.perf_counter()
    (found,) = predicted(read_all(predictions.READER, path))
    assert time.perf_counter() - start < 5
    assert (found.n, found.scores["accuracy"].value) == (100_000, 0.2)


OLD_SAMPLE = {
    "doc_id": 0, "doc": {"q": "2+2"}, "target": "4",
    "arguments": [["Q: 2+2", {"until": ["\n"]}]], "resps": [["4"]], "filtered_resps": ["4"],
    "exact_match": 1.0,
}  # fmt: skip


def sample(number: int, acc: float, **more: object) -> dict[str, object]:
    """Return one sample in the form of the current harness."""
    return {
        "doc_id": number,
        "doc": {"text": str(number)},
        "target": "1",
        "arguments": {"gen_args_0": {"arg_0": f"Review {number}", "arg_1": " no"}},
        "resps": [[["-3.0", "True"]], [["-2.0", "False"]]],
        "filtered_resps": [["-3.0", "True"], ["-2.0", "False"]],
        "filter": "none",
        "metrics": ["acc"],
        "doc_hash": f"h{number}",
        "prompt_hash": f"p{number}",
        "acc": acc,
        **more,
    }


def test_harness_samples_keep_prompt_answer_and_verdict(write: Write, read_all: ReadAll) -> None:
    """The likelier choice is the answer; the prompt is kept; .5 is recomputed where no result lies beside."""
    lines = "\n".join(json.dumps(sample(i, float(i == 0))) for i in range(2))
    facts = read_all(
        lm_eval_samples.READER, write("samples_boolq_2026-01-01T00-00-00.1.jsonl", lines)
    )
    (found,) = predicted(facts)
    assert (found.task, found.n, found.item_kind) == ("boolq", 2, "content")
    assert found.example_prompts == ("Review 0", "Review 1")
    assert found.outputs == digests([1, 1]).tobytes()
    assert found.prompts == digests(["p0", "p1"]).tobytes()
    assert finals(facts) == {"acc": (0.5, "measured")}


def test_two_filters_are_two_scorings(write: Write, read_all: ReadAll) -> None:
    """gsm8k repeats each document for each filter; n is that of the documents."""
    rows = [sample(i, 1.0, filter=name) for i in range(3) for name in ("strict", "flexible")]
    path = write("samples_gsm8k.jsonl", "\n".join(map(json.dumps, rows)))
    found = predicted(read_all(lm_eval_samples.READER, path))
    assert [(p.name, p.n) for p in found] == [("gsm8k strict", 3), ("gsm8k flexible", 3)]


def test_samples_of_an_early_harness(write: Write, read_all: ReadAll) -> None:
    """Versions 0.4.0 to 0.4.2 wrote one list of samples without hashes and without filters."""
    rows = [OLD_SAMPLE, {**OLD_SAMPLE, "doc_id": 1, "exact_match": 0.0}]
    facts = read_all(lm_eval_samples.READER, write("m_gsm8k.jsonl", json.dumps(rows, indent=2)))
    (found,) = predicted(facts)
    assert (found.n, found.item_kind, found.example_prompts[0]) == (2, "id", "Q: 2+2")
    assert found.scores["exact_match"].value == 0.5


def test_a_write_out_of_the_first_harness(write: Write, read_all: ReadAll) -> None:
    """`write_out_info.json` of 0.3 keeps numbers as text."""
    rows = [
        {"doc_id": i, "prompt_0": f"Q{i}", "logit_0": -1.0, "truth": "a", "acc": str(float(i))}
        for i in range(2)
    ]
    path = write("arc_write_out_info.json", json.dumps(rows))
    (found,) = predicted(read_all(lm_eval_samples.READER, path))
    assert (found.task, found.scores["accuracy"].value) == ("arc", 0.5)
    assert [column.name for column in found.columns] == ["correct", "prompt length"]


def test_inspect_samples_of_both_forms(write: Write, read_all: ReadAll) -> None:
    """Letters become verdicts; the archive's summaries say the same as the samples of a JSON log."""
    rows = [
        {"id": i, "epoch": 1, "input": f"Q{i}", "target": "Yes",
         "scores": {"match": {"value": "C" if i else "I", "answer": "Yes"}}}
        for i in range(4)
    ]  # fmt: skip
    log = json.dumps({**LOG, "samples": rows})
    header = json.dumps(LOG).encode()
    packed = archive({"summaries.json": json.dumps(rows).encode(), "header.json": header})
    found = [
        predicted(read_all(inspect_ai.READER, write(name, content)))[0]
        for name, content in (("a.json", log), ("b.eval", packed))
    ]
    assert found[0].items == found[1].items
    assert [p.scores["accuracy"].value for p in found] == [0.75, 0.75]


SPEC = {
    "name": "mmlu:subject=law,model=org_m",
    "scenario_spec": {"class_name": "helm.MMLUScenario", "args": {"subject": "law"}},
    "adapter_spec": {"method": "multiple_choice_joint", "instructions": "Choose.", "model": "org/m",
                     "max_train_instances": 5, "max_eval_instances": 100, "num_train_trials": 1},
}  # fmt: skip
PERTURBED = {"name": "robustness"}
STATS = [
    {"name": {"name": "exact_match", "split": "test"}, "count": 1, "sum": 0.5, "mean": 0.5},
    {"name": {"name": "exact_match", "split": "test", "perturbation": PERTURBED}, "count": 1,
     "sum": 0.1, "mean": 0.1},
    {"name": {"name": "num_prompt_tokens", "split": "test"}, "count": 1, "sum": 9, "mean": 9},
]  # fmt: skip


def test_a_helm_run_folder(write: Write, read_all: ReadAll) -> None:
    """Shots and limit from the spec, the plain score from the statistics; counters are no scores."""
    (spec,) = read_all(helm.READER, write("run/run_spec.json", json.dumps(SPEC)))
    assert isinstance(spec, RunFacts)
    told = {setting.key: setting.value for setting in spec.settings}
    assert (told["num_fewshot"], told["limit"], told["model"]) == (5, 100, "org/m")
    stats = read_all(helm.READER, write("run/stats.json", json.dumps(STATS)))
    assert finals(stats) == {"test/exact_match": (0.5, "logged")}


def test_helm_instances(write: Write, read_all: ReadAll) -> None:
    """Instances of the first trial without perturbation are the items."""
    rows = [
        {"instance_id": f"id{i}", "train_trial_index": trial,
         "stats": [{"name": {"name": "exact_match", "split": "test"}, "count": 1, "sum": float(i)}]}
        for i in range(2)
        for trial in range(2)
    ]  # fmt: skip
    rows.append({**rows[0], "perturbation": PERTURBED})
    path = write("mmlu,model=m/per_instance_stats.json", json.dumps(rows))
    (found,) = predicted(read_all(helm.READER, path))
    assert (found.n, found.task, found.split) == (2, "mmlu", "test")
    assert found.scores["exact_match"].value == 0.5
    state = {
        "instance": {"id": "id0", "split": "test",
                     "references": [{"output": {"text": "B"}, "tags": ["correct"]}]},
        "request": {"prompt": "Which?"}, "result": {"completions": [{"text": " B"}]},
    }  # fmt: skip
    content = json.dumps({"adapter_spec": {}, "request_states": [state]})
    (asked,) = predicted(read_all(helm.READER, write("mmlu,model=m/scenario_state.json", content)))
    assert asked.targets == asked.outputs
    assert asked.example_prompts == ("Which?",)


def test_predictions_reach_their_arm(tmp_path: Path) -> None:
    """In one folder names decide the arm; the recomputed score joins the run that states it."""
    for arm, right in (("baseline", 2), ("ours", 3)):
        folder = tmp_path / arm
        folder.mkdir()
        rows = "".join(f"{i},a,{'a' if i < right else 'b'}\n" for i in range(4)) + "4,b,b\n"
        (folder / "predictions.csv").write_text("id,label,prediction\n" + rows)
        (folder / "results.json").write_text(json.dumps({"accuracy": 0.9}))
    study = read_study(tmp_path)
    assert [len(arm.predictions) for arm in (study.baseline, study.proposed)] == [1, 1]
    assert study.proposed.predictions[0].scores["accuracy"].value == 0.8
    (run,) = study.proposed.runs
    accuracy = run.finals["accuracy"]
    assert (accuracy.value, accuracy.strength, accuracy.disagreeing[0].value) == (
        0.8,
        "measured",
        0.9,
    )


@pytest.mark.parametrize("seed", range(60))
def test_damage_gives_one_line(write: Write, seed: int) -> None:
    """Cut, overwritten and stuffed files are read or refused, and never raise anything else."""
    rng = random.Random(seed)
    rows = "\n".join(json.dumps(sample(i, 1.0)) for i in range(3)).encode()
    table = b"id,label,prediction,correct\n1,a,a,1\n2,b,a,0\n3,a,a,1\n"
    cases = [
        (predictions.READER, "p.csv", table),
        (predictions.READER, "p.jsonl", b'{"id": 1, "label": 2, "pred": 2}\n' * 3),
        (lm_eval_samples.READER, "samples_a.jsonl", rows),
        (helm.READER, "stats.json", json.dumps(STATS).encode()),
        (helm.READER, "run_spec.json", json.dumps(SPEC).encode()),
    ]
    for reader, name, content in cases:
        entry = entry_of(write(name, _damaged(content, rng)))
        try:
            list(reader.read(entry, Limits()))
        except UnreadableFile as error:
            assert "\n" not in str(error)


@pytest.mark.real_data
def test_real_samples_on_common_items(real_data: Path, read_all: ReadAll) -> None:
    """Zero and four shots of one model: .767 on all 150 items, .750 against .650 on the same 60."""
    found = {}
    for name in ("smollm2_0shot", "smollm2_4shot"):
        (path,) = (real_data / "lm_eval" / name).glob("samples_*.jsonl")
        (found[name],) = predicted(read_all(lm_eval_samples.READER, path))
    zero, four = found["smollm2_0shot"], found["smollm2_4shot"]
    assert (zero.n, zero.split, round(zero.scores["accuracy"].value, 3)) == (150, "test", 0.767)
    verdicts = []
    for each in (zero, four):
        column = each.column("correct")
        assert column is not None
        verdicts.append(dict(zip(each.item_digests, column.values, strict=True)))
    common = verdicts[0].keys() & verdicts[1].keys()
    means = [sum(v[item] or 0.0 for item in common) / len(common) for v in verdicts]
    assert (len(common), means) == (60, [0.75, 0.65])
    assert zero.prompts[:480] != four.prompts
    assert four.example_prompts[0].count("Sentiment:") == 5


@pytest.mark.real_data
def test_real_inspect_samples_recompute_their_score(real_data: Path, read_all: ReadAll) -> None:
    """10 of 100 samples, .8; 3 of 100, two thirds; each as the log's own result says."""
    found = {}
    for path in sorted((real_data / "inspect").iterdir()):
        (each,) = predicted(read_all(inspect_ai.READER, path))
        accuracy = each.scores.get("accuracy")
        found[path.name[:19]] = (each.n, None if accuracy is None else round(accuracy.value, 3))
    assert list(found.values()) == [(10, None), (10, 0.8), (3, 0.667), (3, 1.0), (1, 0.0)]


def test_lists_side_by_side_are_columns(write: Write, read_all: ReadAll) -> None:
    """`{"y_true": [...], "y_pred": [...]}`: three of four are right."""
    text = json.dumps({"y_true": [0, 1, 1, 0], "y_pred": [0, 1, 0, 0], "note": "a"})
    facts = read_all(predictions.READER, write("test_out.json", text))
    assert finals(facts) == {"test/accuracy": (0.75, "measured")}


def test_an_answer_for_each_id(write: Write, read_all: ReadAll) -> None:
    """SQuAD's form joins with a table of the same ids, and scores nothing without targets."""
    path = write("predictions.json", json.dumps({"q1": "Paris", "q2": "in 1990"}))
    (found,) = predicted(read_all(predictions.READER, path))
    table = write("p.csv", "id,prediction\nq1,Paris\nq2,in 1990\n")
    (other,) = predicted(read_all(predictions.READER, table))
    assert (found.items, found.outputs, found.scores) == (other.items, other.outputs, {})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("results.json", '{"accuracy": [0.5, 0.6], "loss": [1.0, 0.9]}'),
        ("config.json", '{"model": "resnet", "outputs": 10}'),
        ("output_metrics.json", '{"iteration": 19, "AP": 1.0}\n{"iteration": 39, "AP": 2.0}\n'),
        ("history.json", '{"epoch": [1, 2], "label": [1, 2], "pred": [1, 2]}'),
    ],
)
def test_other_documents_are_no_predictions(write: Write, name: str, text: str) -> None:
    """A Keras history, a config and anything with an axis are left to others."""
    assert not predictions.sniff(entry_of(write(name, text)))
