"""TensorBoard event files, against the reference reader where it is installed."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from netgain.errors import UnreadableFile
from netgain.readers import tensorboard
from netgain.readers.base import RunFacts

from .conftest import ReadRun, entry_of

Write = Callable[[str, str | bytes], Path]
NAME = "events.out.tfevents.1700000000.host.1.0"


def _varint(value: int) -> bytes:
    out = b""
    while True:
        value, digit = value >> 7, value & 0x7F
        out += bytes([digit | (0x80 if value else 0)])
        if not value:
            return out


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _simple(tag: str, value: float) -> bytes:
    return _field(1, _field(1, tag.encode()) + b"\x15" + struct.pack("<f", value))


def _tensor(tag: str, value: float, *, plugin: bytes = b"scalars") -> bytes:
    metadata = _field(9, _field(1, _field(1, plugin)))
    tensor = _field(8, b"\x08\x01" + _field(2, b"") + _field(4, struct.pack("<f", value)))
    return _field(1, _field(1, tag.encode()) + metadata + tensor)


def _event(wall: float, step: int, *values: bytes) -> bytes:
    head = b"\x09" + struct.pack("<d", wall)
    counter = b"\x10" + _varint(step) if step else b""
    return head + counter + _field(5, b"".join(values))


def _framed(records: Iterable[bytes]) -> bytes:
    version = b"\x09" + struct.pack("<d", 1.7e9) + _field(3, b"brain.Event:2")
    return b"".join(struct.pack("<QI", len(r), 0) + r + b"\0\0\0\0" for r in (version, *records))


def _curves(run: RunFacts) -> dict[str, tuple[tuple[float, ...], tuple[float, ...]]]:
    return {s.key: (s.steps, s.values) for s in run.series}


def test_scalars_of_mixed_tags_and_step_widths(write: Write, read_run: ReadRun) -> None:
    """Steps of one, two and three bytes and two tags in turn come out complete and in order."""
    steps = [0, 1, 127, 128, 300, 16383, 16384, *range(20000, 20020)]
    records = [
        _event(10.0 + i, step, _simple(tag, step + 0.5))
        for i, step in enumerate(steps)
        for tag in ("loss/train", "acc")
    ]
    run = read_run(tensorboard.READER, write(NAME, _framed(records)))
    expected = (tuple(map(float, steps)), tuple(step + 0.5 for step in steps))
    assert _curves(run) == {"loss/train": expected, "acc": expected}


def test_a_folder_of_a_split_says_whose_score_a_tag_is(write: Write, read_run: ReadRun) -> None:
    """Keras writes `accuracy` of held-out data into a folder called after it."""
    records = [_event(10.0 + i, i, _simple("accuracy", i / 10)) for i in range(5)]
    run = read_run(tensorboard.READER, write(f"logs/validation/{NAME}", _framed(records)))
    assert [series.key for series in run.series] == ["validation/accuracy"]


def test_several_values_in_one_record(write: Write, read_run: ReadRun) -> None:
    """A summary that carries two scalars gives two curves."""
    records = [_event(float(i), i, _simple("a", i), _simple("b", 2 * i)) for i in range(1, 12)]
    run = read_run(tensorboard.READER, write(NAME, _framed(records)))
    assert _curves(run)["b"][1] == tuple(float(2 * i) for i in range(1, 12))


def test_tensor_scalars_of_the_new_writers(write: Write, read_run: ReadRun) -> None:
    """TF2 stores scalars as rank-0 tensors of the scalars plugin; other plugins are no scalars."""
    records = [_event(float(i), i, _tensor("loss", i / 2)) for i in range(1, 12)]
    records += [_event(99.0, 3, _tensor("text", 1.0, plugin=b"text"))]
    run = read_run(tensorboard.READER, write(NAME, _framed(records)))
    assert _curves(run) == {
        "loss": (tuple(map(float, range(1, 12))), tuple(i / 2 for i in range(1, 12)))
    }


def test_a_cut_tail_keeps_what_stands_before_it(write: Write) -> None:
    """A run killed while it wrote keeps every whole record, and the rest is named."""
    whole = _framed(_event(float(i), i, _simple("loss", i)) for i in range(1, 6))
    reading = tensorboard.read(entry_of(write(NAME, whole[:-7])), tensorboard.Limits())
    run = next(reading)
    assert _curves(run) == {"loss": ((1.0, 2.0, 3.0, 4.0), (1.0, 2.0, 3.0, 4.0))}
    with pytest.raises(UnreadableFile, match="after 5 records, which were kept"):
        next(reading)


def test_a_restart_overtakes_the_steps_it_repeats(write: Write, read_run: ReadRun) -> None:
    """Steps logged again after a restart replace those of the lost work."""
    steps = [1, 2, 3, 4, 3, 4, 5]
    records = [_event(float(i), step, _simple("loss", 10 * i)) for i, step in enumerate(steps, 1)]
    run = read_run(tensorboard.READER, write(NAME, _framed(records)))
    assert _curves(run) == {"loss": ((1.0, 2.0, 3.0, 4.0, 5.0), (10.0, 20.0, 50.0, 60.0, 70.0))}


def test_add_scalars_folder_names_the_split(write: Write, read_run: ReadRun) -> None:
    """`add_scalars("acc", {"valid": ...})` keeps its second name in the folder alone."""
    path = write(
        f"acc_valid/{NAME}",
        _framed([_event(1.0, 1, _simple("acc", 1)), _event(2.0, 2, _simple("acc", 2))]),
    )
    assert [s.key for s in read_run(tensorboard.READER, path).series] == ["acc/valid"]


def test_records_that_are_no_events_are_passed_over(write: Write, read_run: ReadRun) -> None:
    """Bytes that are no protobuf inside a well-framed record do not end the reading."""
    records = [b"\xff" * 40, *(_event(float(i), i, _simple("loss", i)) for i in range(1, 12))]
    assert len(read_run(tensorboard.READER, write(NAME, _framed(records))).series[0].values) == 11


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty file"),
        (b"version https://git-lfs.github.com/spec/v1\noid x\n", "Git-LFS"),
        (b"x" * 500, "no whole event"),
    ],
)
def test_other_content_under_the_name_gives_one_line(
    write: Write, content: bytes, said: str
) -> None:
    """Empty files, LFS pointers and anything else are named for what they are."""
    with pytest.raises(UnreadableFile, match=said):
        list(tensorboard.read(entry_of(write(NAME, content)), tensorboard.Limits()))


def test_hyperparameters_of_the_hparams_plugin(write: Write, read_run: ReadRun) -> None:
    """Numbers, words and truth values of a session come out typed."""

    def item(key: str, value: bytes) -> bytes:
        return _field(1, _field(1, key.encode()) + _field(2, value))

    session = (
        item("lr", b"\x11" + struct.pack("<d", 0.1))
        + item("bs", b"\x11" + struct.pack("<d", 128.0))
        + item("opt", _field(3, b"sgd"))
        + item("amp", b"\x20\x01")
    )
    content = _field(3, session)
    metadata = _field(9, _field(1, _field(1, b"hparams") + _field(2, content)))
    value = _field(1, _field(1, b"_hparams_/session_start_info") + metadata)
    run = read_run(tensorboard.READER, write(NAME, _framed([_event(1.0, 0, value)])))
    assert {s.key: s.value for s in run.settings} == {
        "lr": 0.1,
        "bs": 128,
        "opt": "sgd",
        "amp": True,
    }


def _reference(path: Path) -> dict[str, tuple[tuple[float, ...], tuple[float, ...]]]:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    reader = accumulator.EventAccumulator(str(path), size_guidance={"scalars": 0, "tensors": 0})
    reader.Reload()
    return {
        tag: (
            tuple(float(e.step) for e in reader.Scalars(tag)),
            tuple(e.value for e in reader.Scalars(tag)),
        )
        for tag in reader.Tags()["scalars"]
    }


@pytest.mark.real_data
def test_real_files_equal_the_reference_reader(real_data: Path, read_run: ReadRun) -> None:
    """Every scalar of every real file equals EventAccumulator's with its sampling off."""
    paths = [p for p in real_data.rglob("*tfevents*") if p.is_file()]
    assert len(paths) > 50
    compared = 0
    for path in paths:
        run = read_run(tensorboard.READER, path)
        ours = {s.key: s.values for s in run.series} | {f.key: (f.value,) for f in run.finals}
        theirs = {
            tensorboard._key(entry_of(path), tag): v for tag, (_, v) in _reference(path).items()
        }
        assert ours == theirs, path
        compared += sum(map(len, ours.values()))
    assert compared > 4000


@pytest.mark.real_data
def test_real_search_logs_its_test_accuracy_while_it_searches(
    real_data: Path, read_run: ReadRun
) -> None:
    """The NAS-Bench-201 search holds a test curve of one point for each of its epochs."""
    folder = real_data / "tensorboard/asquaredm/search-darts-201-0/runs/nasbench201_cifar10_test"
    counts = sorted(
        len(read_run(tensorboard.READER, path).series[0].values) for path in folder.iterdir()
    )
    assert counts == [3, 100]
