"""Measure what the recorder adds to a training step: `python benchmarks/recorder_overhead.py`.

Two equal trainings take turns, block by block, one recorded and one not; from run to run they change roles
in memory. A run's overhead is the median difference of neighbouring blocks over the median plain step;
printed are the runs and their median. Times are CPU seconds of the process, the recorder's writing thread
included.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import tempfile
import time
from pathlib import Path

import torch  # noqa: TID253 - a benchmark of the torch side
from torch import nn  # noqa: TID253
from torch.nn import functional as F  # noqa: N812, TID253

from netgain.recorder.flight import Flight, record

WARM_UP = 10
"""Blocks run before the measurement."""


class Work:
    """A small training whose step takes about the asked time."""

    def __init__(self, *, batch: int, width: int, layers: int) -> None:
        """Build a multilayer perceptron and one batch of noise."""
        torch.manual_seed(0)
        sizes = [64] + [width] * layers
        parts: list[nn.Module] = []
        for a, b in itertools.pairwise(sizes):
            parts += [nn.Linear(a, b), nn.ReLU()]
        self.model = nn.Sequential(*parts, nn.Linear(width, 10))
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=1e-3)
        data = torch.utils.data.TensorDataset(torch.randn(4096, 64), torch.randint(0, 10, (4096,)))
        order = torch.utils.data.BatchSampler(
            torch.utils.data.RandomSampler(data), batch_size=batch, drop_last=True
        )
        self.loader = Batches(data, order)

    def steps(self, n: int, flight: Flight | None) -> float:
        """Run n steps and return the CPU seconds of one; other processes then disturb least."""
        loader, model, optimizer, done = self.loader, self.model, self.optimizer, 0
        began = time.process_time()
        while done < n:
            for x, y in loader:
                optimizer.zero_grad(set_to_none=True)
                loss = F.cross_entropy(model(x), y)
                if flight is not None:
                    flight.loss(cross_entropy=loss)
                loss.backward()
                optimizer.step()
                done += 1
                if done >= n:
                    break
        return (time.process_time() - began) / n


class Batches:
    """Serve whole batches by index, as a fast user's loader does."""

    def __init__(self, data: torch.utils.data.TensorDataset, batch_sampler: object) -> None:
        """Serve from tensors in the sampler's order."""
        self.dataset, self.batch_sampler = data, batch_sampler

    def __iter__(self):  # type: ignore[no-untyped-def]
        """Yield (x, y)."""
        for index in self.batch_sampler:
            yield self.dataset[index]

    def __len__(self) -> int:
        """Return the batches of one pass."""
        return len(self.batch_sampler)


def measure(*, rounds: int, steps: int, recorded_first: bool, **size: int) -> dict[str, float]:
    """Return plain milliseconds a step, and the overhead as a share and in microseconds."""
    first, second = Work(**size), Work(**size)
    watched, plain = (first, second) if recorded_first else (second, first)
    differences, times = [], []
    with tempfile.TemporaryDirectory() as folder, record(Path(folder) / "flight") as flight:
        flight.watch(watched.model, watched.optimizer)
        watched.loader = flight.samples(watched.loader)
        for work in (watched, plain):
            work.steps(WARM_UP * steps, flight if work is watched else None)
        for i in range(rounds):
            order = (watched, plain) if i % 2 else (plain, watched)
            spent = {work: work.steps(steps, flight if work is watched else None) for work in order}
            differences.append(spent[watched] - spent[plain])
            times.append(spent[plain])
    step, extra = statistics.median(times), statistics.median(differences)
    return {"step_ms": step * 1e3, "overhead": extra / step, "overhead_us": extra * 1e6}


def main() -> None:
    """Measure a step of about 1 ms and one of about 50 ms and print JSON."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    torch.set_num_threads(1)
    cases = {
        "1 ms": {"batch": 64, "width": 224, "layers": 3, "steps": 20, "rounds": 400},
        "50 ms": {"batch": 256, "width": 900, "layers": 4, "steps": 1, "rounds": 400},
    }
    for name, case in cases.items():
        runs = [measure(**case, recorded_first=bool(i % 2)) for i in range(given.runs)]
        print(json.dumps({
            "case": name,
            "step_ms": round(statistics.median(r["step_ms"] for r in runs), 3),
            "overhead_percent": [round(100 * r["overhead"], 3) for r in runs],
            "median_percent": round(100 * statistics.median(r["overhead"] for r in runs), 3),
            "median_us": round(statistics.median(r["overhead_us"] for r in runs), 2),
        }))  # fmt: skip


if __name__ == "__main__":
    main()
