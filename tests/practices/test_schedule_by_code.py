"""NG201 where no rate is logged: schedules by configuration, by default and by code, from files on disk."""

from __future__ import annotations

from pathlib import Path

import netgain

TRAIN = """\
import torch, yaml
def main(config):
    optimizer = torch.optim.Adam(model.parameters(), lr=config["training"]["lr"])
    scheduler = None
    if config["training"].get("lr_scheduler"{default}) == "cosine":
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 90)
    for epoch in range(config["training"]["epochs"]):
        loss.backward()
        optimizer.step()
        print(optimizer.param_groups[0]["lr"])
        if scheduler is not None:
            scheduler.step()
"""
PLAIN = "training:\n  lr: 0.001\n  epochs: 90\n  seed: 1\n"
LOOP = """\
import torch
optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
for epoch in range(90):
    loss.backward()
    optimizer.step()
"""


def _verdict(root: Path, files: dict[str, str], *, shared: bool = False) -> tuple[str, str]:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    study = netgain.read(
        baseline=[str(root / "base")],
        proposed=[str(root / "ours")],
        code=[str(root / "code")] if shared else [],
    )
    finding = netgain.audit(study)["NG201"]
    return finding.verdict, finding.message


def _configured(default: str) -> dict[str, str]:
    return {
        "base/config.yaml": PLAIN,
        "ours/config.yaml": PLAIN + "  lr_scheduler: cosine\n",
        "code/train.py": TRAIN.format(default=default),
    }


def test_an_entry_left_out_is_the_default_of_the_code(tmp_path: Path) -> None:
    """A baseline whose yaml lacks the scheduler keeps its rate where the code's default is none."""
    verdict, message = _verdict(tmp_path, _configured(""), shared=True)
    assert verdict == "flagged"
    assert "the baseline a constant schedule by its code" in message


def test_a_default_of_the_same_family_is_no_difference(tmp_path: Path) -> None:
    """Code that takes cosine where nothing is said gives both arms the same schedule."""
    assert _verdict(tmp_path, _configured(', "cosine"'), shared=True)[0] != "flagged"


def test_two_loops_that_never_change_the_rate_are_alike(tmp_path: Path) -> None:
    """Two scripts with an optimizer, a loop and nothing that touches the rate are clear."""
    files = {"base/train.py": LOOP, "ours/train.py": LOOP.replace("0.001", "0.002")}
    assert _verdict(tmp_path, files)[0] == "clear"


def test_a_rate_set_in_place_is_not_constant(tmp_path: Path) -> None:
    """A loop that writes into the optimizer's groups keeps the verdict open."""
    changing = LOOP + "    for g in optimizer.param_groups:\n        g['lr'] *= 0.9\n"
    files = {"base/train.py": LOOP, "ours/train.py": changing}
    assert _verdict(tmp_path, files)[0] == "unknown"


YOLO = "model: yolov8s.pt\ndata: fire.yaml\nepochs: 100\nbatch: 16\nimgsz: 640\nlr0: 0.01\n"


def test_a_switch_of_ultralytics_that_is_left_out_has_its_default(tmp_path: Path) -> None:
    """A configuration without `cos_lr` trains with Ultralytics' linear schedule."""
    verdict, message = _verdict(
        tmp_path, {"base/plain.yaml": YOLO, "ours/improved.yaml": YOLO + "cos_lr: true\n"}
    )
    assert verdict == "flagged"
    assert "linear schedule by its library's default" in message


def test_a_switch_that_a_script_names_is_open(tmp_path: Path) -> None:
    """A script may set the switch where the configuration does not."""
    files = {
        "base/plain.yaml": YOLO,
        "ours/improved.yaml": YOLO + "cos_lr: true\n",
        "code/train.py": "cfg.setdefault('cos_lr', True)\nmodel.train(**cfg)\n",
    }
    assert _verdict(tmp_path, files, shared=True)[0] == "unknown"
