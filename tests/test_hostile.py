"""Evidence from strangers: nothing runs, nothing crashes, the good run beside it is still read."""

import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import netgain
from netgain.study import Study

Plant = Callable[[Path], None]


class _Bomb:
    """A pickle that would write a file if it were ever loaded."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, str]]:
        return (os.system, (f"touch {self.target}",))


def _pickle(folder: Path) -> None:
    payload = pickle.dumps(_Bomb(folder.parent / "executed"))
    for name in ("model.pt", "training_args.bin", "checkpoint.pth", "data.pkl"):
        (folder / name).write_bytes(payload)
    with zipfile.ZipFile(folder / "zipped.ckpt", "w") as archive:
        archive.writestr("archive/data.pkl", payload)
        archive.writestr("archive/version", "3")


def _numpy_pickle(folder: Path) -> None:
    import numpy as np

    array = np.empty(1, dtype=object)
    array[0] = _Bomb(folder.parent / "executed")
    np.save(folder / "train_images.npy", array, allow_pickle=True)
    np.savez(folder / "test.npz", x=array)


def _yaml_objects(folder: Path) -> None:
    target = folder.parent / "executed"
    (folder / "hparams.yaml").write_text(
        f"a: !!python/object/apply:os.system ['touch {target}']\nlr: 0.1\n"
    )


def _yaml_bomb(folder: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    (folder / "args.yaml").write_text("\n".join(lines))


def _deep_json(folder: Path) -> None:
    (folder / "results.json").write_text("[" * 100_000 + "]" * 100_000)
    (folder / "hparams.json").write_text('{"a":' * 50_000 + "1" + "}" * 50_000)


def _zip_bomb(folder: Path) -> None:
    with zipfile.ZipFile(folder / "big.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\0" * 300_000_000)


def _lying_header(folder: Path) -> None:
    (folder / "a.safetensors").write_bytes((2**62).to_bytes(8, "little") + b"{}")
    header = json.dumps(
        {"w": {"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 4]}}
    ).encode()
    (folder / "b.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"\0\0\0\0")


def _special_files(folder: Path) -> None:
    os.mkfifo(folder / "metrics.jsonl")
    (folder / "loop").symlink_to(folder)
    (folder / "self").symlink_to(folder / "self")
    (folder / "config.yml").symlink_to("/etc/passwd")


def _odd_names(folder: Path) -> None:
    for name in (
        "a\nb.csv",
        "$(touch executed).json",
        "<script>alert(1).yaml",
        "-rf",
        "\x1b[31m.csv",
    ):
        (folder / name).write_text('{"lr": 1}')


def _wrong_kinds(folder: Path) -> None:
    (folder / "config.json").write_bytes(b"\x00\x01\x02\xff" * 100)
    (folder / "metrics.csv").write_text("")
    (folder / "trainer_state.json").write_text("[1, 2")
    (folder / "meta.yaml").write_text("status: [")
    (folder / "mlflow.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 4000)
    (folder / "events.out.tfevents.1.host.1").write_bytes(b"\xff" * 64)
    (folder / "args.yaml").write_text("\t- : :\n{{")
    (folder / "README.md").write_bytes(b"| a | b |\n|---|\n" + b"\xfe\xff" * 50)
    (folder / "broken.py").write_text("def f(:\n")
    (folder / "numbers.json").write_text(
        '{"lr": 1e999, "batch_size": -5, "epochs": NaN, "seed": 99999999999999999999}'
    )


def _long_line(folder: Path) -> None:
    (folder / "log.csv").write_text("epoch,test_acc\n1," + "9" * 20_000_000 + "\n")


PLANTS: dict[str, Plant] = {
    plant.__name__.strip("_"): plant
    for plant in (
        _pickle, _numpy_pickle, _yaml_objects, _yaml_bomb, _deep_json, _zip_bomb, _lying_header,
        _special_files, _odd_names, _wrong_kinds, _long_line,
    )
}  # fmt: skip


def _good(folder: Path, batch: int) -> None:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(
        json.dumps({"batch_size": batch, "max_iters": 9, "lr": 0.1})
    )


@pytest.mark.parametrize("plant", PLANTS)
def test_bad_files_are_survived_and_the_good_run_is_read(plant: str, tmp_path: Path) -> None:
    """No code runs, no exception leaves `read` or `audit`, and the run beside the bad files is there."""
    evidence = tmp_path / "evidence"
    _good(evidence / "baseline" / "run0", 8)
    _good(evidence / "ours" / "run0", 16)
    bad = evidence / "ours" / "bad"
    bad.mkdir()
    PLANTS[plant](bad)
    before = sorted(str(p) for p in evidence.rglob("*"))
    study: Study = netgain.read(baseline=evidence / "baseline", proposed=evidence / "ours")
    report = netgain.audit(study)
    from netgain.renderers import FORMATS, render
    from netgain.renderers.study import study_text

    for name in FORMATS:
        text = render(report, name)
        assert "<script>alert(1)" not in text or name != "html"
    assert "\x1b[31m" not in study_text(study)
    assert not list(tmp_path.rglob("executed"))
    assert any(run.id.endswith("ours/run0") for run in study.proposed.runs)
    assert not report.crashed
    assert sorted(str(p) for p in evidence.rglob("*")) == before


def test_every_refused_file_is_named_with_a_reason(tmp_path: Path) -> None:
    """Links that lead out, FIFOs and damaged files are listed under `unread`, one line each."""
    _good(tmp_path / "baseline" / "run0", 8)
    _good(tmp_path / "ours" / "run0", 16)
    _special_files(tmp_path / "ours" / "run0")
    damaged = tmp_path / "ours" / "run1"
    damaged.mkdir()
    _wrong_kinds(damaged)
    study = netgain.read(baseline=tmp_path / "baseline", proposed=tmp_path / "ours")
    reasons = {Path(item.path).name: item.why for item in study.unread}
    assert "leads out" in reasons["config.yml"]
    assert "never opened" in reasons["metrics.jsonl"]
    for name in ("config.json", "trainer_state.json", "mlflow.db", "events.out.tfevents.1.host.1"):
        assert name in reasons, reasons
        assert "\n" not in reasons[name] and len(reasons[name]) > 20
