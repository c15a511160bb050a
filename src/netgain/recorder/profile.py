"""Profile a model without training it: parameters, operations by module, building blocks.

Runs the model's own code, once, on random inputs; `netgain profile` says so before it does.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import torch  # noqa: TID253 - part of the recorder's torch side
from torch import Tensor, nn  # noqa: TID253

from netgain.analysis.graph import census
from netgain.analysis.graph_branches import fusable_branches
from netgain.analysis.module_costs import module_costs
from netgain.errors import UsageError
from netgain.recorder.trace import Trace, trace
from netgain.study import Component, ModuleCost, Source

SCHEMA = "netgain/profile/1"
"""Name and version of the document."""
INTEGERS = frozenset({torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8})


@dataclass(frozen=True, slots=True, kw_only=True)
class InputShape:
    """One input of a model."""

    shape: tuple[int, ...]
    """Sizes, batch first."""
    dtype: torch.dtype
    """Element type; integer inputs are filled with zeros, others with normal noise."""

    def make(self) -> Tensor:
        """Return a tensor of this form."""
        if self.dtype in INTEGERS or self.dtype == torch.bool:
            return torch.zeros(self.shape, dtype=self.dtype)
        return torch.randn(self.shape, generator=torch.Generator().manual_seed(0)).to(self.dtype)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What one forward pass of a model shows."""

    name: str
    """Where the model comes from, `module:factory`."""
    inputs: tuple[InputShape, ...]
    """What it was run on."""
    parameters: int
    """Elements of all parameters, shared ones once."""
    trainable: int
    """Of those, the ones that require a gradient."""
    trace: Trace
    """The recorded pass."""
    components: tuple[Component, ...]
    """Census of building blocks."""
    modules: tuple[ModuleCost, ...]
    """Parameters and operations of each module by itself."""

    def to_json(self) -> str:
        """Return the document `netgain/profile/1`, which an audit reads as evidence."""
        document = {
            "schema": SCHEMA,
            "model": self.name,
            "inputs": [
                {"shape": list(i.shape), "dtype": str(i.dtype).removeprefix("torch.")}
                for i in self.inputs
            ],
            "parameters": self.parameters,
            "trainable_parameters": self.trainable,
            "fusable_parameters": fusable_branches(self.trace.nodes).parameters,
            "modules": [
                {"module": m.module, "parameters": m.parameters, "forward_flops": m.flops}
                for m in self.modules
            ],
            "components": [
                {"kind": c.kind, "name": c.name, "where": list(c.where)} for c in self.components
            ],
            "graph": self.trace.document(),
        }
        return json.dumps(document, indent=1) + "\n"

    def to_text(self) -> str:
        """Return a table of the model's parts for the terminal."""
        shapes = ", ".join("x".join(map(str, i.shape)) for i in self.inputs)
        flops = self.trace.flops
        lines = [
            f"{self.name} at {shapes}",
            f"  parameters     {self.parameters:,}"
            + ("" if self.trainable == self.parameters else f" ({self.trainable:,} trainable)"),
            f"  forward FLOPs  {flops:,.0f} for one sample ({flops / 2:,.0f} multiply-accumulates)",
        ]
        if self.trace.uncovered:
            lines.append(f"  not counted    {', '.join(self.trace.uncovered)}")
        lines.append(f"  {'part':<32}{'parameters':>14}{'FLOPs':>18}{'share':>8}")
        parts: dict[str, list[float]] = {}
        for cost in self.modules:
            part = parts.setdefault(cost.module.split(".")[0] or "(model itself)", [0.0, 0.0])
            part[0] += cost.parameters
            part[1] += cost.flops
        for name, (parameters, part_flops) in parts.items():
            share = f"{100 * part_flops / flops:.1f} %" if flops else ""
            lines.append(f"  {name[:31]:<32}{parameters:>14,.0f}{part_flops:>18,.0f}{share:>8}")
        blocks = ", ".join(f"{c.name} x{len(c.where)}" for c in self.components)
        lines.append(f"  blocks         {blocks or 'none found'}")
        return "\n".join(lines) + "\n"


def profile_model(
    model: nn.Module, inputs: Sequence[InputShape], *, name: str = "model"
) -> Profile:
    """Run a model once, in evaluation mode and without gradients, and return what it shows.

    Raises:
        UsageError: the model cannot be run on these inputs.
    """
    try:
        traced = trace(model, tuple(shape.make() for shape in inputs))
    except Exception as error:
        shapes = ", ".join("x".join(map(str, shape.shape)) for shape in inputs)
        raise UsageError(
            f"{name} cannot be run on {shapes}: {type(error).__name__}: {error}; give the shape of each "
            "input in order with --input, integers as 1x128:int64"
        ) from error
    parameters = list(model.parameters())
    return Profile(
        name=name,
        inputs=tuple(inputs),
        parameters=sum(p.numel() for p in parameters),
        trainable=sum(p.numel() for p in parameters if p.requires_grad),
        trace=traced,
        components=census(traced.nodes, source=Source(path=name)),
        modules=module_costs(traced.nodes),
    )


def parse_input(text: str) -> InputShape:
    """Parse `1x3x224x224` or `1x128:int64`.

    Raises:
        UsageError: not a shape, or no such element type.
    """
    sizes, _, kind = text.partition(":")
    dtype = getattr(torch, kind or "float32", None)
    if not isinstance(dtype, torch.dtype):
        raise UsageError(
            f"--input {text!r}: no element type {kind!r}; for example int64, float32, bool"
        )
    try:
        shape = tuple(int(size) for size in sizes.lower().split("x"))
    except ValueError:
        shape = ()
    if not shape or min(shape) < 1:
        raise UsageError(f"--input {text!r}: not a shape; write 1x3x224x224, batch first")
    return InputShape(shape=shape, dtype=dtype)


def load_factory(place: str, settings: dict[str, Any]) -> nn.Module:
    """Import `module:factory` or `file.py:factory`, call it and return the model.

    The working folder is searched first. A factory that is a module already is taken as it is.

    Raises:
        UsageError: no such module or name, the code fails, or what it returns is no model.
    """
    module_name, _, name = place.rpartition(":")
    if not module_name or not name:
        raise UsageError(f"{place!r}: expected MODULE:FACTORY, for example models.net:build")
    file = Path(module_name)
    if file.suffix == ".py" and not file.is_file():
        raise UsageError(f"{module_name}: no such file; MODULE is a file or a dotted module name")
    folder = file.parent.resolve() if file.suffix == ".py" else Path.cwd()
    sys.path.insert(0, str(folder))
    try:
        module = importlib.import_module(file.stem if file.suffix == ".py" else module_name)
    except Exception as error:
        raise UsageError(
            f"{module_name} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    finally:
        sys.path.remove(str(folder))
    factory = getattr(module, name, None)
    if factory is None:
        near = get_close_matches(name, dir(module), 1, 0.5)
        hint = f"did you mean {near[0]!r}?" if near else "check the spelling"
        raise UsageError(f"{module_name} has no {name!r}; {hint}")
    if not isinstance(factory, nn.Module):
        try:
            factory = factory(**settings)
        except Exception as error:
            raise UsageError(
                f"{place} cannot be called: {type(error).__name__}: {error}; pass its arguments with "
                "--set name=value"
            ) from error
    if not isinstance(factory, nn.Module):
        raise UsageError(f"{place} gave a {type(factory).__name__}; expected a torch.nn.Module")
    return factory
