"""Logs with zero bytes that are text all the same, and logs of families with names of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

import netgain
from netgain.readers import read_paths
from netgain.study import Run

LOG = "".join(f"Epoch {e}: train_loss=0.{9 - e}1 val_acc=0.{4 + e}0\r\n" for e in range(1, 5))


def run_of(folder: Path) -> Run:
    """Return the one run that a folder holds."""
    (run,) = netgain.read(baseline=folder, proposed=folder, unsorted=True).baseline.runs
    return run


@pytest.mark.parametrize(
    "content",
    [
        LOG.encode("utf-16"),
        b"starting\r\n" + LOG.encode("utf-16-le"),
        b"starting\r\n" + bytes(900) + LOG.encode(),
    ],
    ids=["PowerShell", "added by PowerShell", "emptied while written"],
)
def test_text_with_zero_bytes_is_read(tmp_path: Path, content: bytes) -> None:
    """What PowerShell redirects, and what goes on behind a gap of zeros, is a log."""
    (tmp_path / "train.log").write_bytes(content)
    curve = next(c for c in run_of(tmp_path).curves if c.split == "validation")
    assert curve.values == (0.5, 0.6, 0.7, 0.8)
    assert curve.steps == (1.0, 2.0, 3.0, 4.0)


def test_other_content_with_zero_bytes_is_not(tmp_path: Path) -> None:
    """A binary file that is called a log stays unread, whatever words it holds."""
    (tmp_path / "train.log").write_bytes(bytes(range(256)) * 8 + LOG.encode())
    assert read_paths((tmp_path,)).facts == ()


PARTS = (
    "(epoch: {e}, iters: 100, time: 0.857, data: 2.929) D_A: 0.{d}11 G_A: 0.660 cycle_A: 1.700 \n"
)


def test_losses_of_parts_are_curves(tmp_path: Path) -> None:
    """CycleGAN and pix2pix name their losses by the part of the model."""
    (tmp_path / "loss_log.txt").write_text("".join(PARTS.format(e=e, d=9 - e) for e in range(1, 5)))
    curves = {curve.name: curve for curve in run_of(tmp_path).curves}
    assert curves["d_a_loss"].values == (0.811, 0.711, 0.611, 0.511)
    assert curves["d_a_loss"].steps[-1] in (4.0, 400.0)


REPORT = """\
{split} Classification Report:
              precision    recall  f1-score   support

           a     0.93      0.90      0.92      60
           b     0.95      0.98      0.96      40

    accuracy                         {accuracy}     100
   macro avg     0.92      0.92      0.{f1}     100
weighted avg     0.92      0.92      0.92     100

"""


def test_reports_bear_the_split_of_their_heading(tmp_path: Path) -> None:
    """Two classification reports of one log are scores on the splits that stand above them."""
    reports = (("Validation", "0.9188", "91"), ("Test", "0.9153", "90"))
    text = "".join(REPORT.format(split=s, accuracy=a, f1=f) for s, a, f in reports)
    (tmp_path / "results.txt").write_text(text)
    finals = run_of(tmp_path).finals
    assert finals["test/accuracy"].value == 0.9153
    assert finals["validation/accuracy"].value == 0.9188
    assert finals["test/f1_macro"].value == 0.90
