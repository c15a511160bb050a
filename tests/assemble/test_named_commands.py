"""Commands that name the folder or the log of a run are that run's."""

from __future__ import annotations

import json
from pathlib import Path

from netgain.study import Run
from tests.assemble.folders import runs_of

LOG = "".join(f"epoch {i}: loss {1 / i:.4f}, val_acc {0.5 + i / 100}\n" for i in range(1, 6))
TWO = (
    "python train.py --lr 0.1 --batch-size 32 --seed 1 --out results/wide\n"
    "python train.py --lr 0.2 --batch-size 64 --seed 2 --out results/deep\n"
)


def _told(runs: dict[str, Run]) -> dict[str, tuple[object, ...]]:
    return {
        name: tuple(
            run.config[key].value if key in run.config else None
            for key in ("learning_rate", "batch_size", "seed")
        )
        for name, run in runs.items()
    }


def _logs(place: str = "results/{}/train.log") -> dict[str, str]:
    return {place.format("wide"): LOG, place.format("deep"): LOG.replace("0.5", "0.6")}


def test_a_command_of_the_readme_goes_to_the_folder_it_names(tmp_path: Path) -> None:
    """`--out results/wide` in a block of code is the run in `results/wide`."""
    readme = f"# Net\n\n```bash\n{TWO}```\n"
    assert _told(runs_of(tmp_path, {"README.md": readme, **_logs()})) == {
        "wide": (0.1, 32, 1),
        "deep": (0.2, 64, 2),
    }


def test_a_command_of_a_script_goes_to_the_log_it_writes(tmp_path: Path) -> None:
    """`> logs/wide.log` and `| tee logs/deep.log`."""
    script = (
        "python train.py --lr 0.1 --batch-size 32 --seed 1 > logs/wide.log 2>&1\n"
        "python train.py --lr 0.2 --batch-size 64 --seed 2 | tee logs/deep.log\n"
    )
    assert _told(runs_of(tmp_path, {"run.sh": script, **_logs("logs/{}.log")})) == {
        "wide": (0.1, 32, 1),
        "deep": (0.2, 64, 2),
    }


def test_a_command_in_prose_or_for_another_folder_says_nothing(tmp_path: Path) -> None:
    """Commands outside code, and folders of other names, are nobody's."""
    readme = f"Run {TWO}\n\n```\n{TWO.replace('wide', 'far').replace('deep', 'near')}```\n"
    assert set(_told(runs_of(tmp_path, {"README.md": readme, **_logs()})).values()) == {
        (None, None, None)
    }


def test_commands_of_one_place_count_where_they_agree(tmp_path: Path) -> None:
    """Two rates for `results/wide` leave it open; the batch of both is known."""
    readme = "```\n" + TWO + TWO.splitlines()[0].replace("0.1", "0.3") + "\n```\n"
    told = _told(runs_of(tmp_path, {"README.md": readme, **_logs()}))
    assert told["wide"] == (None, 32, 1)


def test_a_run_that_records_its_settings_needs_no_command(tmp_path: Path) -> None:
    """`args.json` of the run goes before the README, which may have been changed since."""
    own = json.dumps({"lr": 0.7, "batch_size": 8, "seed": 5, "epochs": 5})
    files = {"README.md": f"```\n{TWO}```\n", **_logs(), "results/wide/args.json": own}
    runs = runs_of(tmp_path, files)
    assert _told(runs)["wide"] == (0.7, 8, 5)
    assert runs["wide"].config["learning_rate"].disagreeing == ()


def test_a_command_goes_before_an_option_s_default(tmp_path: Path) -> None:
    """`--lr 0.1` was given; `default=0.9` was not used."""
    options = "".join(
        f"p.add_argument('--{name}', type=float, default={value})\n"
        for name, value in (("lr", 0.9), ("seed", 0), ("batch-size", 16), ("epochs", 5))
    )
    files = {"README.md": f"```\n{TWO}```\n", "train.py": options + "main()\n", **_logs()}
    assert _told(runs_of(tmp_path, files))["wide"] == (0.1, 32, 1)
