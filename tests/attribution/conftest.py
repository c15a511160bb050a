"""Plans and trainings that the attribution tests share."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # machines of any speed, busy ones too
settings.load_profile("untimed")

TRAIN = """
import argparse, json, pathlib, random, time
parser = argparse.ArgumentParser()
for name in ("--config", "--seed", "--out"):
    parser.add_argument(name)
given = parser.parse_args()
settings = json.loads(pathlib.Path(given.config).read_text())
with open("started.log", "a") as log:
    log.write(json.dumps([settings, int(given.seed)]) + chr(10))
time.sleep(0.03)
noise = random.Random(json.dumps([settings, given.seed])).gauss(0, 0.1)
score = 90 + settings["batch"] / 256 + settings["ema"] + 0.25 * settings["gate"] + noise
pathlib.Path(given.out).write_text(json.dumps({"score": score}))
"""

PLAN = """
[plan]
command = "{python} train.py --config {{settings}} --seed {{seed}} --out {{out}}"
[baseline]
batch = 128
ema = 0.0
gate = false
[proposed]
batch = 512
ema = 0.5
gate = true
[factors]
idea = ["gate"]
NG101 = ["batch"]
NG108 = ["ema"]
[run]
seeds = 2
workers = 2
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder with a plan and a training of about 30 ms."""
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "plan.toml").write_text(PLAN.format(python=sys.executable))
    return tmp_path


def start_attribution(folder: Path) -> subprocess.Popen:
    """Start `attribute` on the folder's plan in a process of its own."""
    code = (
        "from netgain.attribution import attribute\n"
        "if __name__ == '__main__':\n"
        "    attribute(None, 'plan.toml', quiet=True).write('split.json')\n"
    )
    (folder / "attribute.py").write_text(code)
    return subprocess.Popen(
        [sys.executable, "attribute.py"], cwd=folder, env=os.environ, stderr=subprocess.PIPE
    )


def started(folder: Path) -> list[str]:
    """Return the trainings that were started, as the training itself logged them."""
    log = folder / "started.log"
    lines = log.read_text().splitlines() if log.exists() else []
    return [json.dumps(json.loads(line), sort_keys=True) for line in lines]
