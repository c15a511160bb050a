"""Settings files of any framework."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from netgain.errors import UnreadableFile
from netgain.readers import config_file, wandb
from netgain.readers.base import Limits
from netgain.vocabulary import canonical_setting

from .conftest import ReadRun, entry_of

Write = Callable[[str, str | bytes], Path]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config.json", '{\n "seed": 3,\n "optimizer": {"lr": 0.001}\n}'),
        ("hparams.toml", "seed = 3\n\n[optimizer]\nlr = 0.001\n"),
        ("train_config.yml", "seed: 3\n\noptimizer:\n  lr: 1e-3\n"),
    ],
)
def test_three_syntaxes_give_the_same_settings(
    write: Write, read_run: ReadRun, name: str, text: str
) -> None:
    """JSON, TOML and YAML agree on keys and types, and each value is cited by its line."""
    path = write(name, text)
    run = read_run(config_file.READER, path)
    assert [(s.key, s.value) for s in run.settings] == [("seed", 3), ("optimizer.lr", 0.001)]
    lines = path.read_text().splitlines()
    assert all(
        "lr" in lines[(s.source.line or 0) - 1] for s in run.settings if s.key == "optimizer.lr"
    )


def test_lists_are_kept_whole_and_lists_of_tables_by_position(
    write: Write, read_run: ReadRun
) -> None:
    """Plain lists are one value; lists of mappings open up by position."""
    text = "betas: [0.9, 0.999]\nhooks:\n- type: EMAHook\n  momentum: 0.0002\n"
    run = read_run(config_file.READER, write("config.yaml", text))
    assert {s.key: s.value for s in run.settings} == {
        "betas": "[0.9, 0.999]",
        "hooks.0.type": "EMAHook",
        "hooks.0.momentum": 0.0002,
    }


def test_interpolations_stay_as_written(write: Write, read_run: ReadRun) -> None:
    """Hydra's `${...}` is evidence of intent and must not fail the file."""
    run = read_run(config_file.READER, write(".hydra/config.yaml", "lr: ${oc.env:LR}\nbs: 8\n"))
    assert {s.key: s.value for s in run.settings} == {"lr": "${oc.env:LR}", "bs": 8}


def test_hydra_overrides_are_settings(write: Write, read_run: ReadRun) -> None:
    """A list of `++group.key=value` reads like the settings it changed."""
    run = read_run(
        config_file.READER, write(".hydra/overrides.yaml", "- ++optimizer.epochs=10\n- +a=b\n")
    )
    assert [(s.key, s.value, s.source.line) for s in run.settings] == [
        ("optimizer.epochs", 10, 1),
        ("a", "b", 2),
    ]


def test_wandb_config_is_unwrapped(write: Write, read_run: ReadRun) -> None:
    """W&B keeps each setting under `value` beside a description."""
    text = (
        "wandb_version: 1\n_wandb:\n  value: {cli_version: 0.1}\nlr:\n  desc: null\n  value: 0.1\n"
    )
    run = read_run(wandb.READER, write("files/config.yaml", text))
    assert {s.key: s.value for s in run.settings} == {"lr": 0.1}


def test_secrets_are_never_repeated(write: Write, read_run: ReadRun) -> None:
    """A token in a config does not travel into a report."""
    run = read_run(
        config_file.READER, write("config.yaml", "hub_token: abc\nwandb: {api_key: x}\nlr: 1\n")
    )
    assert [s.key for s in run.settings] == ["lr"]


@pytest.mark.parametrize(
    "name",
    [
        "tokenizer_config.json",
        "generation_config.json",
        "package.json",
        ".pre-commit-config.yaml",
        "data.json",
    ],
)
def test_settings_of_tools_are_left_alone(write: Write, name: str) -> None:
    """Only files named for the settings of a training are read as such."""
    assert not config_file.sniff(entry_of(write(name, "{}")))


def test_nested_aliases_do_not_multiply(write: Write) -> None:
    """The billion-laughs document is refused after a bounded number of values."""
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}, {{k: v}}]" for i in range(1, 12)]
    with pytest.raises(UnreadableFile, match="more than"):
        list(config_file.read(entry_of(write("config.yaml", "\n".join(lines))), Limits()))


def test_nested_aliases_cost_no_time(write: Write) -> None:
    """Eleven levels of nine aliases, a hundred million values, are counted and not written out."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    empty = [line.replace("[x, x, x, x, x, x, x, x, x]", "{}") for line in lines]
    started = time.process_time()
    for document in (lines, empty):
        with pytest.raises(UnreadableFile, match="more than"):
            list(config_file.read(entry_of(write("config.yaml", "\n".join(document))), Limits()))
    assert time.process_time() - started < 1


def test_a_document_that_holds_itself_is_refused(write: Write) -> None:
    """A YAML anchor inside its own value has no end."""
    with pytest.raises(UnreadableFile):
        list(config_file.read(entry_of(write("config.yaml", "a: &a\n  b: *a\n")), Limits()))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("config.yaml", b"a: [1,\n", "damaged YAML at line"),
        ("config.yaml", b"- 1\n- 2\n", "no named settings"),
        ("config.yaml", b"", "empty file"),
        ("config.yaml", b"a: \x00\x01", "binary content"),
        ("config.yaml", b"[" * 100, "nested deeper"),
        ("config.toml", b"a = ", "damaged TOML"),
        ("config.json", b'"words"', "expected named settings"),
        ("config.json", b'{"a": {"b": ' * 60 + b"1" + b"}}" * 60, "nested deeper"),
    ],
)
def test_unfit_files_give_one_line(write: Write, name: str, content: bytes, said: str) -> None:
    """Cut, empty, binary, bare and endlessly nested files are named for what they are."""
    with pytest.raises(UnreadableFile, match=said):
        list(config_file.read(entry_of(write(name, content)), Limits()))


@pytest.mark.real_data
def test_real_yolo_arguments_differ_in_batch_and_device(real_data: Path, read_run: ReadRun) -> None:
    """The two trainings differ in batch 4 or 16, and in CPU or GPU."""
    found = {}
    for name in ("train", "train_batchsize_large"):
        run = read_run(config_file.READER, real_data / "ultralytics" / name / "args.yaml")
        assert run.dialect == "ultralytics"
        named = {canonical_setting(s.key, run.dialect): s.value for s in run.settings}
        found[name] = (named["batch_size"], named["device"], named["seed"], named["epochs"])
    assert found == {"train": (4, "cpu", 0, 50), "train_batchsize_large": (16, 0, 0, 50)}


@pytest.mark.real_data
def test_real_hydra_configs_are_understood(real_data: Path, read_run: ReadRun) -> None:
    """Four sparse-training configs give batch 128 and rate .1, and no masking key is mistaken."""
    paths = list(real_data.glob("wandb/wrn_sparse/**/.hydra/config.yaml"))
    assert len(paths) == 4
    for path in paths:
        run = read_run(config_file.READER, path)
        named = {canonical_setting(s.key, run.dialect): s.value for s in run.settings}
        assert (named["batch_size"], named["learning_rate"], named["epochs"]) == (128, 0.1, 10)
        assert (named["optimizer"], named["dataset"], named["model"]) == (
            "SGD",
            "CIFAR10",
            "wrn-22-2",
        )
        assert "schedule" not in named
