"""W&B run folders: the `.wandb` log, its config, summary and machine record."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from netgain.errors import UnreadableFile
from netgain.readers import read_paths, wandb
from netgain.readers.base import Limits, RunFacts

from .conftest import ReadAll, ReadRun, entry_of

Write = Callable[[str, str | bytes], Path]
BLOCK = 32_768


def varint(value: int) -> bytes:
    """Encode a protobuf number."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def message(number: int, content: bytes | str | int) -> bytes:
    """Encode one protobuf field."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    body = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(body)) + body


def item(key: str | tuple[str, ...], value: object) -> bytes:
    """Encode an item of a history, summary or config record."""
    name = message(1, key) if isinstance(key, str) else b"".join(message(2, part) for part in key)
    return message(1, name + message(16, json.dumps(value)))


def history(**row: object) -> bytes:
    """Encode a history record."""
    return message(2, b"".join(item(key.replace("__", "/"), value) for key, value in row.items()))


def run_record(**config: object) -> bytes:
    """Encode a run record with its settings."""
    settings = b"".join(item(key, value) for key, value in config.items())
    return message(
        17, message(1, "abc") + message(4, settings) + message(8, "name") + message(13, "box")
    )


def exit_record(code: int, seconds: int = 60) -> bytes:
    """Encode an exit record; a zero code is left out, as protobuf does."""
    return message(18, (message(1, code) if code else b"") + message(2, seconds))


def log(*records: bytes) -> bytes:
    """Frame records in blocks as the writer does, split over block ends where they do not fit."""
    out = bytearray(b":W&B" + struct.pack("<HB", 0xBEE1, 0))
    for record in records:
        first, rest = True, record
        while first or rest:
            left = BLOCK - len(out) % BLOCK
            if left < 7:
                out += bytes(left)
                continue
            part, rest = rest[: left - 7], rest[left - 7 :]
            kind = (1 if first else 4) if not rest else 2 if first else 3
            out += struct.pack("<IHB", 0, len(part), kind) + part
            first = False
    return bytes(out)


ROWS = [history(_step=10 * i, train__loss=1 / (i + 1), note="x", _runtime=i) for i in range(5)]


def test_a_finished_run_gives_settings_curves_and_duration(write: Write, read_run: ReadRun) -> None:
    """Settings, curves over the step the script passed, the exit record's seconds, and the host."""
    content = log(run_record(lr=0.1, optimizer={"name": "sgd"}), *ROWS, exit_record(0))
    run = read_run(wandb.READER, write("run-abc/run-abc.wandb", content))
    assert {s.key: s.value for s in run.settings} == {
        "lr": 0.1, "optimizer.name": "sgd", "hostname": "box", "wall_seconds": 60.0,
    }  # fmt: skip
    (curve,) = run.series
    assert (curve.key, curve.unit, curve.steps) == ("train/loss", "step", (0, 10, 20, 30, 40))
    assert curve.values == (1.0, 0.5, 1 / 3, 0.25, 0.2)
    assert (run.status, run.name) == ("finished", "name")


def test_a_step_that_counts_calls_of_log_is_no_optimizer_step(
    write: Write, read_run: ReadRun
) -> None:
    """Without a step of the script's own, `_step` numbers the rows and says nothing of updates."""
    rows = [history(_step=i, val__acc=i / 10) for i in range(4)]
    (curve,) = read_run(wandb.READER, write("run.wandb", log(*rows, exit_record(0)))).series
    assert (curve.unit, curve.steps) == ("row", (0.0, 1.0, 2.0, 3.0))


def test_a_logged_epoch_is_the_axis_of_its_rows(write: Write, read_run: ReadRun) -> None:
    """A metric logged together with an epoch is a curve over epochs; others keep the step."""
    rows = [history(_step=7, loss=2.0), history(_step=10, epoch=1, acc=0.5),
            history(_step=17, loss=1.0), history(_step=20, epoch=2, acc=0.6)]  # fmt: skip
    run = read_run(wandb.READER, write("run.wandb", log(*rows)))
    assert {s.key: (s.unit, s.steps) for s in run.series} == {
        "loss": ("step", (7.0, 17.0)),
        "acc": ("epoch", (1.0, 2.0)),
    }


@pytest.mark.parametrize(
    ("end", "status"),
    [((), "running"), ((exit_record(0),), "finished"), ((exit_record(255),), "failed"),
     ((message(18, message(2, 5) + message(3, 1)),), "running")],
)  # fmt: skip
def test_the_exit_record_decides_the_status(
    write: Write, read_run: ReadRun, end: tuple[bytes, ...], status: str
) -> None:
    """No exit record means unfinished, another code than 0 failed, a paused run is unfinished."""
    assert read_run(wandb.READER, write("run.wandb", log(*ROWS, *end))).status == status


def test_summary_values_without_a_curve_are_finals(write: Write, read_run: ReadRun) -> None:
    """What the script set itself is a final score; the last value of a curve is not repeated."""
    summary = message(
        3, item("best_acc", 0.9) + item("train/loss", 0.2) + item(("max", "acc"), 0.95)
    )
    run = read_run(wandb.READER, write("run.wandb", log(*ROWS, summary, exit_record(0))))
    assert {f.key: f.value for f in run.finals} == {"best_acc": 0.9, "max/acc": 0.95}


def test_a_later_config_record_replaces_and_removes(write: Write, read_run: ReadRun) -> None:
    """`config.update` wins over what the run began with; a removed key is gone; secrets never show."""
    update = message(5, item("lr", 0.2) + message(2, message(1, "gone")))
    content = log(run_record(lr=0.1, gone=1, api_key="x", _wandb={}), update)
    run = read_run(wandb.READER, write("run.wandb", content))
    assert {s.key: s.value for s in run.settings} == {"lr": 0.2, "hostname": "box"}


def test_nested_numbers_become_metrics_and_media_do_not(write: Write, read_run: ReadRun) -> None:
    """A dictionary of numbers is several metrics; an image or histogram is none; NaN leaves a gap."""
    rows = [history(_step=i * 2, val={"acc": i}, img={"_type": "image-file", "size": 3}, x=float("nan"))
            for i in range(3)]  # fmt: skip
    run = read_run(wandb.READER, write("run.wandb", log(*rows)))
    assert {s.key: s.values for s in run.series} == {"val/acc": (0.0, 1.0, 2.0)}


def test_a_record_longer_than_a_block_is_joined(write: Write, read_run: ReadRun) -> None:
    """A record over three blocks comes back whole, and the next one starts where it should."""
    content = log(run_record(text="y" * 70_000), *ROWS, exit_record(0))
    run = read_run(wandb.READER, write("run.wandb", content))
    assert len(str(run.settings[0].value)) == 70_000
    assert len(run.series[0].values) == 5


def test_long_keys_and_values_are_read_like_short_ones(write: Write, read_run: ReadRun) -> None:
    """Items past 127 bytes, which take another path, give the same curve."""
    key = "layer/" + "n" * 150
    rows = [history(**{"_step": i * 3, key: i / 2}) for i in range(3)]
    (curve,) = read_run(wandb.READER, write("run.wandb", log(*rows))).series
    assert (curve.key, curve.values) == (key, (0.0, 0.5, 1.0))


def test_every_cut_keeps_what_stands_before_it(tmp_path: Path) -> None:
    """At each offset there is the whole prefix of rows and one line for the user, or only the line."""
    content = log(run_record(lr=0.1), *ROWS, exit_record(0))
    path = tmp_path / "run.wandb"
    seen: set[int] = set()
    for size in range(1, len(content)):
        path.write_bytes(content[:size])
        runs: list[RunFacts] = []
        try:
            for fact in wandb.read(entry_of(path), Limits()):
                runs.append(fact)
        except UnreadableFile as error:
            assert "\n" not in str(error)
        seen.update(len(curve.values) for run in runs for curve in run.series)
        assert all(run.status == "running" for run in runs)
    assert seen == {2, 3, 4, 5}


@pytest.mark.parametrize(
    "lie",
    [
        struct.pack("<IHB", 0, 0xFFFF, 1),  # a fragment longer than its block
        struct.pack("<IHB", 0, 4, 9) + b"abcd",  # a type that does not exist
        struct.pack("<IHB", 0, 4, 4) + b"abcd",  # a last part without a first
        struct.pack("<IHB", 0, 6, 1) + b"\x12\xff\xff\xff\xff\x7f",  # a field of 32 GiB
        struct.pack("<IHB", 0, 9, 1)
        + b"\x12\x07\x0a\x7f\x0a\x7f\x82\x01\x7f",  # items of lying lengths
    ],
)
def test_lying_lengths_end_the_reading(write: Write, lie: bytes) -> None:
    """A length that leaves its container ends the reading after the records before it."""
    path = write("run.wandb", log(run_record(lr=0.1), *ROWS) + lie)
    runs = []
    with pytest.raises(UnreadableFile, match="after 6 records"):
        for fact in wandb.read(entry_of(path), Limits()):
            runs.append(fact)
    assert len(runs[0].series[0].values) == 5


def test_a_file_of_another_kind_is_not_recognised(write: Write) -> None:
    """The name alone does not make a log; an empty one is named as such."""
    assert not wandb.sniff(entry_of(write("a.wandb", b"PK\x03\x04")))
    with pytest.raises(UnreadableFile, match="empty file"):
        list(wandb.read(entry_of(write("b.wandb", b"")), Limits()))


def test_the_machine_record_gives_device_commit_and_arguments(
    write: Write, read_run: ReadRun
) -> None:
    """wandb-metadata.json: GPU, host, commit and command line; no mail address, no token."""
    record = {
        "os": "Linux", "python": "3.9", "gpu": "Tesla K80", "gpu_count": 2, "host": "n1", "email": "a@b.c",
        "args": ["--lr", "0.1", "--bs=32", "+data.name=cifar", "--amp", "--hub_token=x"],
        "git": {"commit": "abc123"},
    }  # fmt: skip
    run = read_run(
        wandb.READER, write("run-1/files/wandb-metadata.json", json.dumps(record, indent=1))
    )
    assert {s.key: s.value for s in run.settings} == {
        "platform": "Linux", "python": "3.9", "gpu_name": "Tesla K80", "gpu_count": 2, "hostname": "n1",
        "git_commit": "abc123", "lr": 0.1, "bs": 32, "data.name": "cifar", "amp": True,
    }  # fmt: skip
    assert run.location.endswith("run-1")


def test_the_summary_file_counts_only_without_the_log(write: Write, read_all: ReadAll) -> None:
    """wandb-summary.json holds last values, which the log beside it has with their curves."""
    path = write("run-1/files/wandb-summary.json", '{"acc": 0.9, "_runtime": 5, "epoch": 3}')
    (run,) = read_all(wandb.READER, path)
    assert isinstance(run, RunFacts)
    assert {f.key: f.value for f in run.finals} == {"acc": 0.9}
    write("run-1/run-1.wandb", log(*ROWS))
    assert read_all(wandb.READER, path) == []


@pytest.mark.real_data
def test_real_runs_without_an_exit_record_are_unfinished(real_data: Path) -> None:
    """Of the .wandb files two hold no exit record, eleven an exit code of 1, one a clean end."""
    paths = sorted(real_data.glob("wandb/**/*.wandb"))
    facts = [next(iter(wandb.read(entry_of(path), Limits()))) for path in paths]
    statuses = [fact.status for fact in facts]
    assert {s: statuses.count(s) for s in set(statuses)} == {
        "running": 2,
        "failed": 11,
        "finished": 1,
    }
    unfinished = [p.stem for p, s in zip(paths, statuses, strict=True) if s == "running"]
    assert unfinished == ["run-1kj1q80v", "run-1yh1bpu9"]


@pytest.mark.real_data
def test_real_offline_run_is_finished_and_has_no_curve(real_data: Path) -> None:
    """The truly offline run ended cleanly and logged nothing."""
    (path,) = real_data.glob("wandb/assets/**/*.wandb")
    (run,) = wandb.read(entry_of(path), Limits())
    assert (run.status, run.series, run.finals) == ("finished", (), ())


@pytest.mark.real_data
def test_real_sparse_trainings_differ_in_method_and_density(real_data: Path) -> None:
    """RigL and Static, densities .05 and .1; batch 128 and rate .1 in all of them."""
    found = set()
    for path in real_data.glob("wandb/wrn_sparse/**/*.wandb"):
        settings = {
            s.key: s.value for s in next(iter(wandb.read(entry_of(path), Limits()))).settings
        }
        found.add((settings["masking.name"], settings["masking.density"]))
        assert (settings["dataset.batch_size"], settings["optimizer.lr"], settings["seed"]) == (
            128,
            0.1,
            0,
        )
    assert found == {("RigL", 0.05), ("RigL", 0.1), ("Static", 0.1)}


@pytest.mark.real_data
def test_real_curves_stand_over_epochs_and_steps(real_data: Path) -> None:
    """Run 2budyoyf: forty training losses over steps, ten validation accuracies over epochs, 412 s."""
    (path,) = real_data.glob("wandb/**/run-2budyoyf.wandb")
    run = next(iter(wandb.read(entry_of(path), Limits())))
    curves = {s.key: s for s in run.series}
    assert (curves["train_loss"].unit, len(curves["train_loss"].values)) == ("step", 40)
    assert curves["val_accuracy"].unit == "epoch"
    assert curves["val_accuracy"].steps == tuple(float(i) for i in range(1, 11))
    assert curves["val_accuracy"].values[-1] == pytest.approx(0.7805, abs=5e-5)
    assert {s.key: s.value for s in run.settings}["wall_seconds"] == 412.0


@pytest.mark.real_data
def test_real_run_folders_are_read_whole(real_data: Path) -> None:
    """No file of the W&B folders is damaged to the readers."""
    assert read_paths([real_data / "wandb"]).unread == ()


def test_a_count_of_episodes_that_is_no_axis_is_a_curve(write: Write, read_run: ReadRun) -> None:
    """A reward over `global_step` beside `episode`: how many episodes were played stays known."""
    rows = [history(_step=n, global_step=10 * n, episode=n, reward=n / 2) for n in range(1, 5)]
    run = read_run(wandb.READER, write("run.wandb", log(*rows)))
    found = {series.key: (series.unit, series.values[-1]) for series in run.series}
    assert found == {"reward": ("step", 2.0), "episode": ("step", 4.0)}
