"""Settings files apart from the runs, given to the runs that were started with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import netgain
from netgain.study import Run, Study

LOG = "".join(f"epoch {i}: loss {1 / i:.4f}, val_acc {0.5 + i / 100}\n" for i in range(1, 6))
CONFIG = "batch_size: 128\nlr: 0.01\nseed: 42\nnum_epochs: 5\n"
TRAINS = (
    "loader = DataLoader(train_set, batch_size=cfg['batch_size'], shuffle=True)\n"
    "opt = Adam(net.parameters(), lr=cfg['lr'])\nfit()\n"
)


def _study(root: Path, files: dict[str, str]) -> Study:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return netgain.read(root, unsorted=True)


def _runs(root: Path, files: dict[str, str]) -> dict[str, Run]:
    study = _study(root, files)
    return {Path(run.id).name: run for run in (*study.baseline.runs, *study.proposed.runs)}


def _values(run: Run) -> dict[str, object]:
    wanted = ("batch_size", "learning_rate", "epochs")
    return {name: run.config[name].value for name in wanted if name in run.config}


@pytest.mark.parametrize(
    "opening",
    [
        'with open("configs/base.yaml") as f:\n    cfg = yaml.safe_load(f)\n',
        "parser.add_argument('--config', default='configs/base.yaml')\n",
        'cfg = OmegaConf.load("./configs/base.yaml")\n',
        "CONFIG = 'configs/base.yaml'\ncfg = load(CONFIG)\n",
        "@hydra.main(version_base=None, config_path='configs', config_name='base')\ndef f(cfg): ...\n",
    ],
)
def test_a_file_that_the_script_opens_gives_its_settings(tmp_path: Path, opening: str) -> None:
    """The run's batch, rate and length are those of the one file its script opens, as likely ones."""
    runs = _runs(
        tmp_path, {"main.py": opening + TRAINS, "configs/base.yaml": CONFIG, "logs/net.log": LOG}
    )
    assert {name: _values(run) for name, run in runs.items()} == {
        tmp_path.name: {"batch_size": 128, "learning_rate": 0.01, "epochs": 5}
    }
    (run,) = runs.values()
    assert run.config["batch_size"].confidence == "likely"


def test_a_file_seen_from_the_script_is_found(tmp_path: Path) -> None:
    """`src/train.py` opens `../configs/base.yaml`."""
    script = "cfg = yaml.safe_load(open('../configs/base.yaml'))\n" + TRAINS
    runs = _runs(
        tmp_path, {"src/train.py": script, "configs/base.yaml": CONFIG, "logs/net.log": LOG}
    )
    assert [_values(run)["batch_size"] for run in runs.values()] == [128]


def test_what_the_log_states_wins(tmp_path: Path) -> None:
    """A log of `Epoch 1/5` beside `num_epochs: 20` was trained for five; the file disagrees."""
    log = "".join(f"Epoch {i}/5: loss {1 / i:.4f}, val_acc {0.5 + i / 100}\n" for i in range(1, 6))
    script = "cfg = yaml.safe_load(open('configs/base.yaml'))\n" + TRAINS
    (run,) = _runs(
        tmp_path,
        {
            "main.py": script,
            "configs/base.yaml": CONFIG.replace("epochs: 5", "epochs: 20"),
            "logs/net.log": log,
        },
    ).values()
    assert run.config["epochs"].value == 5
    assert [other.value for other in run.config["epochs"].disagreeing] == [20]


@pytest.mark.parametrize(
    "opening",
    [
        "json.dump(vars(args), open('configs/base.json', 'w'))\n",
        "yaml.dump(cfg, open('configs/base.yaml', mode='w'))\n",
        "a = open('configs/base.yaml')\nb = open('configs/other.yaml')\n",
        "a = open(f'configs/{name}.yaml')\n",
    ],
)
def test_a_file_that_is_written_or_one_of_two_gives_nothing(tmp_path: Path, opening: str) -> None:
    """Written files, two files, and names with holes leave open what the run was started with."""
    files = {"configs/base.yaml": CONFIG, "configs/other.yaml": CONFIG.replace("128", "64")}
    runs = _runs(tmp_path, {"main.py": opening + TRAINS, "logs/net.log": LOG, **files})
    assert [_values(run) for run in runs.values()] == [{}]


def test_a_run_that_records_its_settings_needs_no_file(tmp_path: Path) -> None:
    """`out/args.json` of the run goes before the file that its script opens now."""
    script = "cfg = yaml.safe_load(open('configs/base.yaml'))\n" + TRAINS
    own = {"batch_size": 16, "lr": 0.5, "epochs": 5, "seed": 1}
    (run,) = _runs(
        tmp_path,
        {
            "main.py": script,
            "configs/base.yaml": CONFIG,
            "out/a/net.log": LOG,
            "out/a/args.json": json.dumps(own),
        },
    ).values()
    assert (_values(run)["batch_size"], run.config["batch_size"].disagreeing) == (16, ())


def test_the_recipe_called_like_the_log_is_its_own(tmp_path: Path) -> None:
    """`configs/resnet50.yaml` beside `logs/resnet50.txt` goes before the defaults of `_C`."""
    defaults = (
        "from yacs.config import CfgNode as CN\n_C = CN()\n_C.TRAIN = CN()\n_C.OPT = CN()\n"
        "_C.TRAIN.BATCH_SIZE = 8\n_C.TRAIN.EPOCHS = 40\n_C.OPT.BASE_LR = 0.5\n_C.OPT.WEIGHT_DECAY = 0.1\n"
    )
    recipe = "TRAIN:\n  BATCH_SIZE: {}\n  EPOCHS: 5\n"
    runs = _runs(
        tmp_path,
        {
            "defaults.py": defaults,
            "main.py": "fit()\n",
            "configs/resnet50.yaml": recipe.format(5),
            "configs/densenet.yaml": recipe.format(3),
            "logs/resnet50.txt": LOG,
            "logs/densenet.txt": LOG.replace("0.5", "0.6"),
        },
    )
    assert {name: _values(run)["batch_size"] for name, run in runs.items()} == {
        "resnet50": 5,
        "densenet": 3,
    }
    assert {_values(run)["learning_rate"] for run in runs.values()} == {0.5}


def test_two_recipes_of_one_name_give_nothing(tmp_path: Path) -> None:
    """`configs/cifar/resnet50.yaml` and `configs/imagenet/resnet50.yaml`."""
    runs = _runs(
        tmp_path,
        {
            "configs/cifar/resnet50.yaml": CONFIG,
            "configs/imagenet/resnet50.yaml": CONFIG.replace("128", "64"),
            "logs/resnet50.txt": LOG,
            "logs/densenet.txt": LOG.replace("0.5", "0.6"),
        },
    )
    assert [_values(run) for run in runs.values()] == [{}, {}]


def test_the_file_that_a_log_states_is_the_one(tmp_path: Path) -> None:
    """`config: configs/b.yaml` in the log chooses between two recipes."""
    runs = _runs(
        tmp_path,
        {
            "configs/a.yaml": CONFIG,
            "configs/b.yaml": CONFIG.replace("128", "64"),
            "logs/net.log": "python train.py --config configs/b.yaml --gpu 0\n" + LOG,
        },
    )
    assert [_values(run)["batch_size"] for run in runs.values()] == [64]


def test_hydra_adds_the_groups_of_its_defaults(tmp_path: Path) -> None:
    """`defaults: [optimizer: adam]` brings in `conf/optimizer/adam.yaml` under the group's name."""
    (run,) = _runs(
        tmp_path,
        {
            "train.py": "@hydra.main(config_path='conf', config_name='config')\ndef f(cfg): ...\n"
            + TRAINS,
            "conf/config.yaml": "defaults:\n  - optimizer: adam\n  - _self_\nbatch_size: 128\nseed: 1\n",
            "conf/optimizer/adam.yaml": "lr: 0.003\nweight_decay: 0.1\n",
            "conf/optimizer/sgd.yaml": "lr: 0.1\nmomentum: 0.9\n",
            "logs/net.log": LOG,
        },
    ).values()
    assert _values(run) == {"batch_size": 128, "learning_rate": 0.003}


def test_repeats_get_no_seed_from_one_file(tmp_path: Path) -> None:
    """Two runs of one configuration were not both started with its seed."""
    script = "cfg = yaml.safe_load(open('configs/base.yaml'))\n" + TRAINS
    runs = _runs(
        tmp_path,
        {
            "main.py": script,
            "configs/base.yaml": CONFIG,
            "logs/net_run1.log": LOG,
            "logs/net_run2.log": LOG.replace("0.5", "0.6"),
        },
    )
    assert [run.seed for run in runs.values()] == [None, None]
    assert [_values(run)["batch_size"] for run in runs.values()] == [128, 128]


def test_a_number_in_a_folder_s_name_goes_before_an_option_s_default(tmp_path: Path) -> None:
    """`out/lr0.01_seed3` was started with `--lr 0.01 --seed 3`, whatever the options default to."""
    options = "".join(
        f"p.add_argument('--{name}', type=float, default={value})\n"
        for name, value in (("lr", 0.1), ("seed", 0), ("batch_size", 64), ("epochs", 5))
    )
    (run,) = _runs(
        tmp_path, {"train.py": options + "main()\n", "out/lr0.01_seed3/train.log": LOG}
    ).values()
    assert run.config["learning_rate"].value == 0.01
    assert run.seed is not None
    assert run.seed.value == 3


def test_a_run_that_broke_off_at_once_has_the_file_of_its_program(tmp_path: Path) -> None:
    """A W&B run without a metric names `train.py`, which Hydra starts with `conf/base.yaml`."""
    script = "@hydra.main(config_path='conf', config_name='base')\ndef f(cfg): ...\n" + TRAINS
    study = _study(
        tmp_path,
        {
            "src/train.py": script,
            "src/conf/base.yaml": CONFIG,
            "wandb/run-20230303_230828-7ol74xua/files/wandb-metadata.json": json.dumps(
                {
                    "program": "/home/me/net/src/train.py",
                    "host": "node",
                    "python": "3.8.16",
                    "os": "Linux",
                }
            ),
        },
    )
    found = [*study.baseline.runs, *study.unfinished_runs]
    told = {Path(run.id).name: _values(run) for run in found}
    assert told["run-20230303_230828-7ol74xua"]["batch_size"] == 128
