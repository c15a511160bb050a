"""Options of training commands in shell scripts."""

from pathlib import Path

from netgain.readers.base import Entry, Limits, RunFacts
from netgain.readers.launch_script import read, sniff


def settings(tmp_path: Path, text: str) -> dict[str, object]:
    """Write a script and return the settings read from it."""
    path = tmp_path / "run.sh"
    path.write_text(text)
    entry = Entry(path=path, display=str(path), size=len(text))
    assert sniff(entry)
    facts = [fact for fact in read(entry, Limits()) if isinstance(fact, RunFacts)]
    return {s.key: s.value for fact in facts for s in fact.settings}


def test_options_flags_and_overrides_of_one_command(tmp_path: Path) -> None:
    """Values, `=` values, bare flags, negative numbers and hydra overrides are read; continuations join."""
    text = (
        "#!/bin/bash\n# python old.py --lr 9\nexport A=1\n"
        "CUDA_VISIBLE_DEVICES=0 python -u main.py --lr 0.002 --batch-size=256 \\\n"
        "    --binary_downsample --margin -0.5 optimizer.epochs=120 > log.txt\n"
    )
    assert settings(tmp_path, text) == {
        "lr": "0.002", "batch-size": "256", "binary_downsample": True, "margin": "-0.5",
        "optimizer.epochs": "120",
    }  # fmt: skip


def test_variables_are_not_values(tmp_path: Path) -> None:
    """`--seed $SEED` says that the seed was set, and not to what, so no default counts either."""
    found = settings(tmp_path, "python t.py --seed $SEED --lr 0.1 --out ${DIR}/x\n")
    assert found == {"seed": None, "lr": "0.1", "out": None}


def test_several_trainings_keep_what_they_share(tmp_path: Path) -> None:
    """Two commands that differ in the rate share only the batch."""
    text = "python t.py --lr 0.1 --bs 8\npython t.py --lr 0.2 --bs 8\npython eval.py --lr 5\n"
    assert settings(tmp_path, text) == {"bs": "8"}


def test_scripts_that_train_nothing_say_nothing(tmp_path: Path) -> None:
    """Installers and evaluation scripts yield no run."""
    assert settings(tmp_path, "apt-get install --yes x\npip install torch\n") == {}
    assert settings(tmp_path, "python test_model.py --batch-size 3\n") == {}
    assert settings(tmp_path, "python t.py --name 'unclosed\n") == {}
