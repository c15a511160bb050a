"""NG201 where configs name schedulers and code does or does not build them, from files on disk."""

from __future__ import annotations

import json
from pathlib import Path

import netgain

SETTINGS_CLASS = """\
from dataclasses import dataclass
import torch
@dataclass
class OptimizerConfig:
    max_lr: float = 3e-4
    schedule: str = "cosine"
    decay_frac: float = 1.0
    def build_scheduler(self, optimizer, total):
        if self.schedule == "cosine":
            return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total)
        return torch.optim.lr_scheduler.LinearLR(optimizer, total_iters=total)
"""
MAKER = """\
from torch import optim
def make_optimizer(params, name, args):
    optimizer = optim.Adam(params, args['lr'])
    if args['lr_scheduler'] == 'StepLR':
        lr_scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=args['step_size'])
    elif args['lr_scheduler'] == 'CosineAnnealingLR':
        lr_scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=args['T_max'])
    else:
        lr_scheduler = None
    return optimizer, lr_scheduler
"""
BUILT = """\
import torch, yaml, utils
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(8, 2)
    def forward(self, x):
        return self.a(x)
config = yaml.safe_load(open('config.yaml'))
model = Net()
optimizer, lr_scheduler = utils.make_optimizer(model.parameters(), 'Adam', config['optimizer_args'])
for epoch in range(config['epochs']):
    for x, y in loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    lr_scheduler.step()
"""
PLAIN = BUILT.replace("optimizer, lr_scheduler =", "# optimizer, lr_scheduler =").replace(
    "    lr_scheduler.step()\n", "    # lr_scheduler.step()\n"
)
PLAIN = PLAIN.replace(
    "for epoch in", "optimizer = torch.optim.Adam(model.parameters(), lr=0.0002)\nfor epoch in"
)
NAMED = (
    "optimizer: Adam\nepochs: 100\n"
    "optimizer_args: {lr: 0.0002, lr_scheduler: CosineAnnealingLR, T_max: 100}\n"
)


def schedules(root: Path, files: dict[str, str]) -> netgain.Finding:
    """Return NG201 on two folders, `base` and `ours`, and on `code`."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    study = netgain.read(
        baseline=[str(root / "base")],
        proposed=[str(root / "ours")],
        code=[str(root / "code")] if (root / "code").exists() else [],
    )
    return netgain.audit(study)["NG201"]


def _configs(first: str, second: str) -> dict[str, str]:
    return {
        f"{arm}/config.json": json.dumps(
            {"optimizer": {"max_lr": 3e-4, "schedule": name}, "tokens": {"train_steps": 8000}},
            indent=1,
        )
        for arm, name in (("base", first), ("ours", second))
    }


def test_a_class_of_settings_that_asks_for_its_own_field_reads_the_schedule(tmp_path: Path) -> None:
    """The dataclass builds by `self.schedule`, so that linear and cosine in the configs are two schedules."""
    found = schedules(tmp_path, {**_configs("linear", "cosine"), "code/config.py": SETTINGS_CLASS})
    assert found.verdict == "flagged"
    assert "cosine schedule by its config, the baseline a linear" in found.message


def test_equal_names_in_a_class_of_settings_do_not_show_where_the_arms_are_compared(
    tmp_path: Path,
) -> None:
    """Both configs name the cosine, and no trace shows how far each arm came."""
    found = schedules(tmp_path, {**_configs("cosine", "cosine"), "code/config.py": SETTINGS_CLASS})
    assert found.verdict == "unknown"


def test_a_field_that_the_class_declares_and_never_asks_for_stays_unread(tmp_path: Path) -> None:
    """The class holds `schedule` and builds one scheduler whatever it says."""
    ignoring = SETTINGS_CLASS.replace('if self.schedule == "cosine"', "if self.decay_frac")
    found = schedules(tmp_path, {**_configs("linear", "cosine"), "code/config.py": ignoring})
    assert found.verdict == "unknown"


def test_a_script_that_builds_no_scheduler_keeps_its_rate_whatever_its_config_names(
    tmp_path: Path,
) -> None:
    """Both configs name the cosine; the proposed script has the call that builds it commented out."""
    found = schedules(
        tmp_path,
        {
            "base/config.yaml": NAMED,
            "base/train.py": BUILT,
            "ours/config.yaml": NAMED,
            "ours/train.py": PLAIN,
            "code/utils.py": MAKER,
        },
    )
    assert found.verdict == "flagged"
    assert "constant schedule by its code" in found.message


def test_two_scripts_that_build_what_their_configs_name_do_not_differ(tmp_path: Path) -> None:
    """Both scripts call the maker with what the config names."""
    found = schedules(
        tmp_path,
        {
            "base/config.yaml": NAMED,
            "base/train.py": BUILT,
            "ours/config.yaml": NAMED,
            "ours/train.py": BUILT.replace("Linear(8, 2)", "Linear(8, 3)"),
            "code/utils.py": MAKER,
        },
    )
    assert found.verdict == "unknown"


def test_two_scripts_that_build_no_scheduler_are_no_difference(tmp_path: Path) -> None:
    """Neither script builds what both configs name."""
    found = schedules(
        tmp_path,
        {
            "base/config.yaml": NAMED,
            "base/train.py": PLAIN,
            "ours/config.yaml": NAMED,
            "ours/train.py": PLAIN.replace("Linear(8, 2)", "Linear(8, 3)"),
            "code/utils.py": MAKER,
        },
    )
    assert found.verdict != "flagged"


def test_a_rate_that_a_hook_may_change_leaves_the_name_standing(tmp_path: Path) -> None:
    """The proposed script sets the rate of its groups by hand: it is not known to be constant."""
    by_hand = PLAIN.replace(
        "for x, y in loader:", "adjust_learning_rate(optimizer, epoch)\n    for x, y in loader:"
    )
    found = schedules(
        tmp_path,
        {
            "base/config.yaml": NAMED,
            "base/train.py": BUILT,
            "ours/config.yaml": NAMED,
            "ours/train.py": by_hand,
            "code/utils.py": MAKER,
        },
    )
    assert found.verdict != "flagged"
