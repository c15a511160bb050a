"""Logs of bare numbers whose columns stand in the script that writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from netgain.readers import read_paths
from netgain.readers.base import RunFacts

ROWS = "".join(f"{e} 0.{9 - e}1 0.{5 + e}2\n" for e in range(1, 5))


def curves(
    folder: Path, script: str, *, log: str = "train_log.txt"
) -> dict[str, tuple[float, ...]]:
    """Write a log below a folder with a script above it and return its curves."""
    (folder / "out").mkdir()
    (folder / "out" / log).write_text(ROWS)
    (folder / "train.py").write_text(script)
    found = read_paths([folder]).facts
    return {s.key: s.values for f in found if isinstance(f, RunFacts) for s in f.series}


@pytest.mark.parametrize(
    "write",
    [
        'f.write(f"{epoch + 1} {train_loss.item():.4f} {np.mean(val_accs)}\\n")',
        'f.write("%d %.4f %.4f\\n" % (epoch, train_loss, val_acc))',
        'f.write("{} {} {}\\n".format(epoch, losses["train_loss"], meters.val_acc.avg))',
        'f.write(str(epoch) + " " + str(train_loss) + " " + str(val_acc) + "\\n")',
        "print(epoch, train_loss, val_acc, file=f)",
    ],
)
def test_the_values_that_a_script_writes_name_the_columns(tmp_path: Path, write: str) -> None:
    """Formatted text, `%`, `format`, added texts and `print` are how rows are written by hand."""
    script = f'path = os.path.join(out, "train_log.txt")\nwith open(path, "a") as f:\n    {write}\n'
    found = curves(tmp_path, script)
    assert found == {"train_loss": (0.81, 0.71, 0.61, 0.51), "val_acc": (0.62, 0.72, 0.82, 0.92)}


@pytest.mark.parametrize(
    "script",
    [
        'f = open("other.txt", "a")\nf.write(f"{epoch} {train_loss} {val_acc}")\n',
        'f = open("train_log.txt", "a")\nf.write(f"{epoch} {train_loss}")\n',
        'f = open("train_log.txt")\nf.write(f"{epoch} {train_loss} {x[0]()}")\n',
        'f = open("train_log.txt", "w")\nf.write(f"{epoch} {width} {height}")\n',
        'f = open("train_log.txt", "w")\nf.write(f"{epoch} {train_loss} {val_acc}")\n'
        'f.write(f"{epoch} {val_loss} {test_acc}")\n',
        'f = open("train_log.txt", "w")\nf.write(' + " + ".join(['"a"'] * 3000) + ")\n",
        "no python (",
    ],
)
def test_rows_whose_names_are_in_doubt_are_not_named(tmp_path: Path, script: str) -> None:
    """Another file, another number of values, two ways to write it, no quantity of a training."""
    assert curves(tmp_path, script) == {}


def test_scripts_outside_the_named_folder_are_not_looked_into(tmp_path: Path) -> None:
    """What was not given as evidence is not read."""
    (tmp_path / "train.py").write_text(
        'with open("train_log.txt", "a") as f:\n    f.write(f"{epoch} {train_loss} {val_acc}")\n'
    )
    (tmp_path / "out").mkdir()
    (tmp_path / "out/train_log.txt").write_text(ROWS)
    assert not any(isinstance(f, RunFacts) for f in read_paths([tmp_path / "out"]).facts)
