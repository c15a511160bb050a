"""NG108: which settings mean several test passes."""

from __future__ import annotations

from pathlib import Path

import pytest

import netgain

YOLO = "model: yolov8s.pt\ndata: fire.yaml\nepochs: 100\nbatch: 16\nimgsz: 640\nlr0: 0.01\n"
POPS = "cfg = yaml.safe_load(open(path))\naugment = cfg.pop('augment', None)\nmodel.train(**cfg)\n"


@pytest.mark.parametrize(
    ("script", "verdict"), [("model.train(**cfg)\n", "flagged"), (POPS, "unknown")]
)
def test_augment_is_a_script_s_own_where_it_asks_for_it(
    tmp_path: Path, script: str, verdict: str
) -> None:
    """Ultralytics' `augment` means test passes, unless the script takes it out of the configuration."""
    for name, text in (
        ("base/plain.yaml", YOLO),
        ("ours/improved.yaml", YOLO + "augment: true\n"),
        ("code/train.py", script),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    study = netgain.read(
        baseline=[str(tmp_path / "base")],
        proposed=[str(tmp_path / "ours")],
        code=[str(tmp_path / "code")],
    )
    assert netgain.audit(study)["NG108"].verdict == verdict
