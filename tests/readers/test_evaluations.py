"""Evaluation logs: lm-evaluation-harness and inspect_ai."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from netgain.errors import UnreadableFile
from netgain.readers import inspect_ai, lm_eval
from netgain.readers.base import Limits, RunFacts
from netgain.vocabulary import canonical_metric, canonical_setting

from .conftest import ReadAll, ReadRun, entry_of

Write = Callable[[str, str | bytes], Path]

NEW = {
    "results": {"boolq": {"alias": "boolq", "acc,none": 0.75, "acc_stderr,none": 0.06, "sample_len": 60}},
    "group_subtasks": {"boolq": []},
    "configs": {"boolq": {"test_split": "test", "num_fewshot": 4, "doc_to_text": "Q: {{q}}"}},
    "versions": {"boolq": 1.0},
    "n-shot": {"boolq": 4},
    "n-samples": {"boolq": {"original": 150, "effective": 60}},
    "config": {"model": "hf", "model_args": "pretrained=org/m,dtype=float32", "batch_size": 8, "limit": 60.0,
               "random_seed": 3, "model_num_parameters": 1000, "device": "cpu"},
    "pretty_env_info": "PyTorch version: 2.1.0\nModel name:   AMD EPYC\nGPU 0: A100\n",
    "task_hashes": {"boolq": "h"},
}  # fmt: skip
OLD = {
    "results": {"arc": {"acc": 0.3, "acc_stderr": 0.01, "acc_norm": 0.35}, "piqa": {"acc": 0.7}},
    "versions": {"arc": 0, "piqa": 0},
    "config": {"model": "hf-causal", "model_args": "pretrained=m", "num_fewshot": 5, "limit": None},
}


def named(run: RunFacts) -> dict[str | None, object]:
    """Return settings by canonical name."""
    return {canonical_setting(s.key, run.dialect, value=s.value): s.value for s in run.settings}


def test_a_new_result_gives_one_score_and_what_it_took(write: Write, read_run: ReadRun) -> None:
    """One task's metric goes by its own name; shots, limit, sizes beside it; no count is a score."""
    run = read_run(lm_eval.READER, write("results_2026.json", json.dumps(NEW)))
    assert [(f.key, f.value, f.source.key) for f in run.finals] == [
        ("test/acc", 0.75, "results.boolq.acc,none"),
    ]  # fmt: skip
    found = named(run)
    assert (found["shots"], found["evaluation_limit"], found["n_test"], found["n_available"]) == (
        4,
        60.0,
        60,
        150,
    )
    assert (found["model"], found["seed"], found["parameters"], found["dataset"]) == (
        "org/m",
        3,
        1000,
        "boolq",
    )
    assert (found["prompt"], found["torch"], found["cpu"], found["device"]) == (
        "Q: {{q}}", "2.1.0", "AMD EPYC", "cpu",
    )  # fmt: skip
    assert "batch_size" not in found


def test_an_old_result_has_a_score_for_each_task(write: Write, read_run: ReadRun) -> None:
    """Before 0.4 the shots stand in the config, and metrics have no filter; errors are left out."""
    run = read_run(lm_eval.READER, write("out.json", json.dumps(OLD)))
    assert {f.key: f.value for f in run.finals} == {
        "arc/acc": 0.3,
        "arc/acc_norm": 0.35,
        "piqa/acc": 0.7,
    }
    assert named(run)["shots"] == 5
    assert canonical_metric("piqa/acc").name == "piqa_accuracy"


def test_filters_of_one_metric_stay_apart(write: Write, read_run: ReadRun) -> None:
    """gsm8k is scored twice, by two ways of finding the answer."""
    document = {
        **NEW,
        "results": {
            "boolq": {"exact_match,strict-match": 0.2, "exact_match,flexible-extract": 0.3}
        },
    }
    run = read_run(lm_eval.READER, write("results_1.json", json.dumps(document)))
    assert {f.key: f.value for f in run.finals} == {
        "test/exact_match/strict-match": 0.2, "test/exact_match/flexible-extract": 0.3,
    }  # fmt: skip


def test_a_group_goes_by_the_metrics_name(write: Write, read_run: ReadRun) -> None:
    """Where one group holds all other tasks its score is the file's; its tasks keep their names."""
    results = {
        "mmlu": {"acc,none": 0.5},
        "mmlu_law": {"acc,none": 0.4},
        "mmlu_art": {"acc,none": 0.6},
    }
    document = {
        **NEW,
        "results": results,
        "group_subtasks": {"mmlu": ["mmlu_law", "mmlu_art"]},
        "configs": {},
    }
    run = read_run(lm_eval.READER, write("results_1.json", json.dumps(document)))
    assert [f.key for f in run.finals] == ["acc", "mmlu_law/acc", "mmlu_art/acc"]


def test_another_document_of_results_goes_to_the_metric_log(
    write: Write, read_run: ReadRun
) -> None:
    """`results` on top alone does not make the harness's file."""
    run = read_run(lm_eval.READER, write("results.json", '{"results": {"test_acc": 0.5}}'))
    assert {f.key: f.value for f in run.finals} == {"results/test_acc": 0.5}


LOG = {
    "version": 2, "status": "success",
    "eval": {"task": "pop", "model": "openai/m", "dataset": {"name": "popularity", "samples": 100},
             "config": {"limit": 10, "epochs": 2}, "task_args": {"fewshot": 3},
             "revision": {"commit": "abc"}, "packages": {"inspect_ai": "0.3"}},
    "plan": {"steps": [{"solver": "system_message", "params": {"template": "\nSay yes.\n"}},
                       {"solver": "generate"}]},
    "results": {"completed_samples": 10,
                "scores": [{"name": "match", "metrics": {"accuracy": {"name": "accuracy", "value": 0.8},
                                                         "stderr": {"name": "stderr", "value": 0.1}}}]},
}  # fmt: skip


def archive(members: dict[str, bytes]) -> bytes:
    """Pack members as inspect_ai does."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize("suffix", [".json", ".eval"])
def test_an_inspect_log_is_one_evaluation(write: Write, read_run: ReadRun, suffix: str) -> None:
    """Both forms give the same score, limit, sizes, prompt and steps; repeats are no training epochs."""
    text = json.dumps(LOG).encode()
    content = (
        text
        if suffix == ".json"
        else archive({"samples/1_epoch_1.json": b"{}", "header.json": text})
    )
    run = read_run(inspect_ai.READER, write(f"log{suffix}", content))
    assert (run.run_id, run.status, [(f.key, f.value) for f in run.finals]) == (
        "log", "finished", [("accuracy", 0.8)],
    )  # fmt: skip
    found = named(run)
    assert (found["evaluation_limit"], found["n_test"], found["n_available"], found["shots"]) == (
        10,
        10,
        100,
        3,
    )
    assert (found["dataset"], found["prompt"], found["evaluation_repeats"]) == (
        "popularity",
        "Say yes.",
        2,
    )
    assert "epochs" not in found


@pytest.mark.parametrize(
    ("word", "status"), [("error", "failed"), ("cancelled", "failed"), ("started", "running")]
)
def test_the_status_of_an_inspect_log(
    write: Write, read_run: ReadRun, word: str, status: str
) -> None:
    """An evaluation that did not end well does not count."""
    path = write("log.json", json.dumps({**LOG, "status": word}))
    assert read_run(inspect_ai.READER, path).status == status


def test_an_archive_cut_short_of_its_header_is_running(write: Write, read_run: ReadRun) -> None:
    """A log still being written has its first journal record alone."""
    start = json.dumps({"version": 2, "eval": LOG["eval"], "plan": LOG["plan"]}).encode()
    run = read_run(inspect_ai.READER, write("log.eval", archive({"_journal/start.json": start})))
    assert (run.status, run.finals) == ("running", ())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (archive({"header.json": b" " * 70_000_000}), "unpacks to more than"),
        (archive({"samples/1.json": b"{}"}), "without header.json"),
        (archive({"header.json": b"{}" * 50})[:-30], "damaged archive"),
        (archive({"header.json": b'{"a": 1}'}), "without an `eval` record"),
    ],
    ids=["bomb", "stranger", "cut", "other record"],
)
def test_hostile_archives_give_one_line(write: Write, content: bytes, said: str) -> None:
    """A bomb, a stranger's archive, a cut one and one with another record are named for what they are."""
    with pytest.raises(UnreadableFile, match=said):
        list(inspect_ai.read(entry_of(write("log.eval", content)), Limits()))


@pytest.mark.real_data
def test_real_harness_runs_differ_in_shots_and_items(real_data: Path, read_run: ReadRun) -> None:
    """Zero shots on 150 items: .767; four shots on the first 60: .650."""
    found = {}
    for name in ("smollm2_0shot", "smollm2_4shot"):
        (path,) = (real_data / "lm_eval" / name).glob("results_*.json")
        run = read_run(lm_eval.READER, path)
        settings = named(run)
        found[settings["shots"]] = (
            settings["n_test"],
            run.finals[0].key,
            round(run.finals[0].value, 3),
        )
    assert found == {0: (150, "test/acc", 0.767), 4: (60, "test/acc", 0.65)}


@pytest.mark.real_data
def test_real_harness_counts_are_no_scores(real_data: Path, read_run: ReadRun) -> None:
    """Of a file with two tasks two scores remain: 0 and .0004."""
    (path,) = (real_data / "lm_eval/every_eval_ever").glob("results_*.json")
    run = read_run(lm_eval.READER, path)
    assert {f.key: f.value for f in run.finals} == {
        "test/math_perturbed_full/exact_match": 0.0, "test/math_rephrased_full/exact_match": 0.0004,
    }  # fmt: skip


@pytest.mark.real_data
def test_real_inspect_logs_are_subsets(real_data: Path, read_all: ReadAll) -> None:
    """Every log evaluated fewer samples than its data set holds: 10 of 100 in the first two."""
    sizes = {}
    for path in sorted((real_data / "inspect").iterdir()):
        run = read_all(inspect_ai.READER, path)[0]
        assert isinstance(run, RunFacts)
        settings = named(run)
        sizes[path.name[:19]] = (settings["n_test"], settings["n_available"], run.status)
    assert list(sizes.values()) == [
        (10, 100, "finished"), (10, 100, "finished"), (3, 100, "failed"), (3, 16, "finished"),
        (1, 14042, "finished"),
    ]  # fmt: skip
