"""Options of training commands in shell scripts."""

from pathlib import Path

import pytest

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
        "program": "main.py", "lr": "0.002", "batch-size": "256", "binary_downsample": True, "margin": "-0.5",
        "optimizer.epochs": "120",
    }  # fmt: skip


def test_variables_are_not_values(tmp_path: Path) -> None:
    """`--seed $SEED` says that the seed was set, and not to what, so no default counts either."""
    found = settings(tmp_path, "python t.py --seed $SEED --lr 0.1 --out ${DIR}/x\n")
    assert found == {"program": "t.py", "seed": None, "lr": "0.1", "out": None}


def test_several_trainings_keep_what_they_share(tmp_path: Path) -> None:
    """Two commands that differ in the rate share only the batch."""
    text = "python t.py --lr 0.1 --bs 8\npython t.py --lr 0.2 --bs 8\npython eval.py --lr 5\n"
    assert settings(tmp_path, text) == {"program": "t.py", "bs": "8"}


def test_scripts_that_train_nothing_say_nothing(tmp_path: Path) -> None:
    """Installers and evaluation scripts yield no run."""
    assert settings(tmp_path, "apt-get install --yes x\npip install torch\n") == {}
    assert settings(tmp_path, "python test_model.py --batch-size 3\n") == {}
    assert settings(tmp_path, "python t.py --name 'unclosed\n") == {}


def test_a_command_without_options_is_no_run(tmp_path: Path) -> None:
    """A script that only starts a program states nothing of its training."""
    assert settings(tmp_path, "torchrun --nproc_per_node=4 train.py\npython train.py\n") == {}


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("fairseq-train data --arch t --max-tokens 2048", {"arch": "t", "max-tokens": "2048"}),
        ("python -m pkg.train --lr 0.1", {"lr": "0.1"}),
        ("torchrun --nproc_per_node=4 t.py --lr 1", {"program": "t.py", "nproc_per_node": "4", "lr": "1"}),
        ("accelerate launch --num_processes 2 t.py --lr 1",
         {"program": "t.py", "num_processes": "2", "lr": "1"}),
        ("srun deepspeed --num_gpus=$N t.py --lr 1", {"program": "t.py", "num_gpus": None, "lr": "1"}),
        ("CUDA_VISIBLE_DEVICES=0,1 python -m torch.distributed.launch --nproc_per_node=2 t.py --lr 1",
         {"program": "t.py", "nproc_per_node": "2", "lr": "1"}),
        ("docker run --rm image", {}),
    ],
)  # fmt: skip
def test_launchers(tmp_path: Path, command: str, expected: dict[str, object]) -> None:
    """Options of a launcher that count devices are read, its others are not the program's."""
    assert settings(tmp_path, command + "\n") == expected


def test_variables_of_the_script_itself_are_filled_in(tmp_path: Path) -> None:
    """Plain assignments before the command, on its line, and the default of one never set."""
    text = 'export LR=0.1\nMODEL="Pre"; python x.py --lr $LR --model ${MODEL} --seed ${SEED:-1}\n'
    assert settings(tmp_path, text) == {"program": "x.py", "lr": "0.1", "model": "Pre", "seed": "1"}


@pytest.mark.parametrize(
    "text",
    [
        "for LR in 0.1 0.2; do\npython x.py --lr $LR --bs 8\ndone\n",
        "LR=1\nfor LR in 0.1 0.2; do\npython x.py --lr $LR --bs 8\ndone\n",
        "if [ $1 = a ]; then\nLR=0.1\nelse\nLR=0.2\nfi\npython x.py --lr $LR --bs 8\n",
        "LR=$1\npython x.py --lr ${LR} --bs 8\n",
        "LR=$(python best.py)\npython x.py --lr $LR --bs 8\n",
    ],
)
def test_variables_of_loops_branches_and_arguments_stay_unknown(tmp_path: Path, text: str) -> None:
    """Nothing says which value a run beside the script had."""
    assert settings(tmp_path, text) == {"program": "x.py", "lr": None, "bs": "8"}


def test_a_redirection_is_no_value(tmp_path: Path) -> None:
    """`--amp 2>&1 | tee log` switches amp on."""
    found = settings(tmp_path, "python x.py --bs 8 --amp 2>&1 | tee log.txt\n")
    assert found == {"program": "x.py", "bs": "8", "amp": True}


def test_a_script_may_end_in_a_continuation(tmp_path: Path) -> None:
    """The last line of a command counts though a backslash ends it."""
    assert settings(tmp_path, "python run.py --lr 0.1 \\\n  --epochs 5 \\\n") == {
        "program": "run.py", "lr": "0.1", "epochs": "5",
    }  # fmt: skip


def test_a_semicolon_ends_the_last_option(tmp_path: Path) -> None:
    """`--name base;` is named base, and what follows is another command."""
    found = settings(tmp_path, "python main.py --name base; echo --lr 3\n")
    assert found == {"program": "main.py", "name": "base"}


def test_an_option_set_behind_an_equals_sign_to_a_variable_is_set(tmp_path: Path) -> None:
    """`--seed=$s` of a loop says that no default counts."""
    text = "for s in 1 2; do\n python t.py --seed=$s --lr 0.1\ndone\n"
    assert settings(tmp_path, text) == {"program": "t.py", "seed": None, "lr": "0.1"}
