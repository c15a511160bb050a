"""Operations of twelve public architectures by several counters, over the published or hand-counted figure.

    python benchmarks/flop_counters.py

Prints a Markdown table of ratios of multiply-accumulates: 1.000 is the published count. Counters that are not
installed are named and left out; `pip install fvcore calflops accelerate transformers ptflops` brings them.
A counter that fails on an architecture shows its error's name. A time is that of one count in this process.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import torch  # noqa: TID253 - the other counters need it as well
from torch import nn  # noqa: TID253

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.recorder.architectures import ARCHITECTURES

Counter = Callable[[nn.Module, torch.Tensor], float]
"""Multiply-accumulates of one forward pass of a model."""


def by_netgain(model: nn.Module, batch: torch.Tensor) -> float:
    """Count as `netgain profile` does: a multiply and an add apart."""
    from netgain.recorder.trace import trace

    return trace(model, (batch,)).flops / 2


def by_torch(model: nn.Module, batch: torch.Tensor) -> float:
    """Count with PyTorch's own mode: a multiply and an add apart."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counted, torch.no_grad():
        model(batch)
    return counted.get_total_flops() / 2


def by_fvcore(model: nn.Module, batch: torch.Tensor) -> float:
    """Count with fvcore, whose flops are multiply-accumulates."""
    from fvcore.nn import FlopCountAnalysis

    counted = FlopCountAnalysis(model, batch)
    counted.unsupported_ops_warnings(enabled=False).uncalled_modules_warnings(enabled=False)
    return float(counted.total())


def by_calflops(model: nn.Module, batch: torch.Tensor) -> float:
    """Count with calflops, by its multiply-accumulates."""
    from calflops import calculate_flops

    _, macs, _ = calculate_flops(
        model=model, args=[batch], print_results=False, output_as_string=False
    )
    return float(macs)


def by_ptflops(model: nn.Module, batch: torch.Tensor) -> float:
    """Count with ptflops and its default backend, by its multiply-accumulates."""
    from ptflops import get_model_complexity_info

    macs, _ = get_model_complexity_info(
        model,
        tuple(batch.shape[1:]),
        as_strings=False,
        print_per_layer_stat=False,
        verbose=False,
        input_constructor=lambda _: batch,
    )
    if macs is None:
        raise ValueError
    return float(macs)


COUNTERS: dict[str, tuple[str, Counter]] = {
    "netgain": ("netgain", by_netgain),
    "torch.utils.flop_counter": ("torch", by_torch),
    "fvcore": ("fvcore.nn", by_fvcore),
    "calflops": ("calflops", by_calflops),
    "ptflops": ("ptflops", by_ptflops),
}
"""The package a counter needs, and the counter."""


def missing(package: str) -> str | None:
    """Return why a package cannot be imported, None where it can."""
    try:
        importlib.import_module(package)
    except ImportError as error:
        return str(error)
    return None


def counted(counter: Counter, name: str) -> tuple[str, float]:
    """Return the ratio to the published figure, or the name of an error, and the seconds it took."""
    build, batch, published = ARCHITECTURES[name]
    torch.manual_seed(0)
    model = build().eval()
    started = time.perf_counter()
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            ratio = f"{counter(model, batch) / published:.3f}"
    except Exception as error:  # noqa: BLE001 - whatever a counter of others raises is its result
        ratio = type(error).__name__
    return ratio, time.perf_counter() - started


def main() -> None:
    """Print the table."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    torch.set_num_threads(2)
    absent = {name: missing(package) for name, (package, _) in COUNTERS.items()}
    present = {name: c for name, (_, c) in COUNTERS.items() if absent[name] is None}
    print("| architecture | multiply-accumulates |", " | ".join(present), "|")
    print("|---|---|" + "---|" * len(present))
    seconds = dict.fromkeys(present, 0.0)
    for name, (_, _, published) in ARCHITECTURES.items():
        cells = []
        for counter_name, counter in present.items():
            ratio, taken = counted(counter, name)
            seconds[counter_name] += taken
            cells.append(ratio)
        print(f"| {name} | {published / 1e9:.3f} G |", " | ".join(cells), "|", flush=True)
    mean = [f"{total / len(ARCHITECTURES):.2f} s" for total in seconds.values()]
    print("| mean time of one count | |", " | ".join(mean), "|")
    for name, why in absent.items():
        if why is not None:
            print(f"\n{name} is left out: {why}")


if __name__ == "__main__":
    main()
