"""Measure what the recorder adds to a training step: `python benchmarks/recorder_overhead.py`.

Two identical trainings in one process take turns, block by block, one of them recorded. Printed is the
median over the rounds of a run of (recorded / plain - 1), for each run, and the median over the runs.
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
        """Run n steps and return the seconds of one."""
        loader = self.loader if flight is None else self.counted
        model, optimizer, done = self.model, self.optimizer, 0
        began = time.perf_counter()
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
        return (time.perf_counter() - began) / n


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


def measure(*, rounds: int, steps: int, **size: int) -> dict[str, float]:
    """Return plain milliseconds a step, and the overhead as a share and in microseconds."""
    plain, recorded = Work(**size), Work(**size)
    ratios, times = [], []
    with tempfile.TemporaryDirectory() as folder, record(Path(folder) / "flight") as flight:
        flight.watch(recorded.model, recorded.optimizer)
        recorded.counted = flight.samples(recorded.loader)
        plain.steps(steps, None)
        recorded.steps(steps, flight)
        for i in range(rounds):
            order = ((plain, None), (recorded, flight))
            spent = {
                work is recorded: work.steps(steps, how)
                for work, how in order[:: 1 if i % 2 else -1]
            }
            ratios.append(spent[True] / spent[False] - 1)
            times.append(spent[False])
    step = statistics.median(times)
    share = statistics.median(ratios)
    return {"step_ms": step * 1e3, "overhead": share, "overhead_us": share * step * 1e6}


def main() -> None:
    """Measure a step of about 1 ms and one of about 50 ms and print JSON."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    torch.set_num_threads(1)
    cases = {
        "1 ms": {"batch": 64, "width": 224, "layers": 3, "steps": 100, "rounds": 40},
        "50 ms": {"batch": 256, "width": 1536, "layers": 4, "steps": 4, "rounds": 20},
    }
    for name, case in cases.items():
        runs = [measure(**case) for _ in range(given.runs)]
        print(json.dumps({
            "case": name,
            "step_ms": round(statistics.median(r["step_ms"] for r in runs), 3),
            "overhead_percent": [round(100 * r["overhead"], 3) for r in runs],
            "median_percent": round(100 * statistics.median(r["overhead"] for r in runs), 3),
            "median_us": round(statistics.median(r["overhead_us"] for r in runs), 2),
        }))  # fmt: skip


if __name__ == "__main__":
    main()
