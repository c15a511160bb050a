"""A recording survives kill -9 at any moment, all but the last second of it."""

import os
import signal
import subprocess
import sys
import time

import pytest

pytest.importorskip("torch")

from netgain.readers import flight as reader
from netgain.readers.base import Entry, Limits
from netgain.recorder import schema

pytestmark = pytest.mark.torch

LOOP = """
import sys, time, torch
from netgain.recorder.flight import record
torch.set_num_threads(1)
model = torch.nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
with record(sys.argv[1]) as flight:
    flight.watch(model, optimizer)
    batches = flight.samples([torch.randn(8, 4)] * 100000)
    for i, x in enumerate(batches):
        loss = model(x).square().mean()
        flight.loss(square=loss)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        print(i + 1, time.time(), flush=True)
        time.sleep(0.002)
"""


def killed_after(seconds, folder):
    """Kill a recorded loop that many seconds after its first step; return (step, time) it printed."""
    process = subprocess.Popen(
        [sys.executable, "-c", LOOP, str(folder)], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    printed = [process.stdout.readline().split()]
    end = time.time() + seconds
    while time.time() < end:
        printed.append(process.stdout.readline().split())
    killed = time.time()
    process.send_signal(signal.SIGKILL)
    printed += [line.split() for line in process.stdout.read().splitlines()]
    process.wait()
    process.stdout.close()
    steps = [(int(line[0]), float(line[1])) for line in printed if len(line) == 2]
    return killed, steps


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
@pytest.mark.parametrize("seconds", [0.3, 1.1, 1.9])
def test_kill_loses_at_most_the_last_second(tmp_path, seconds):
    """Every step taken more than a second before the kill is in the recording, which is unfinished."""
    killed, steps = killed_after(seconds, tmp_path)
    safe = max((step for step, at in steps if at < killed - 1.0), default=0)
    path = tmp_path / schema.RECORDING
    entry = Entry(path=path, display=str(path), size=path.stat().st_size)
    found = next(reader.read(entry, Limits()))
    counted = {s.key: s.value for s in found.settings}.get("steps", 0)
    assert counted >= safe
    assert found.status == "running"
