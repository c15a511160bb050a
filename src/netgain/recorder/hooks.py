"""Connect a Flight to PyTorch: optimizer steps, forward passes, loaders, the graph of one forward pass.

The only module of the recorder that imports torch.
"""

from __future__ import annotations

import copy
import copyreg
import json
import os
import platform
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch  # noqa: TID253 - this is where the recorder meets torch
from torch import Tensor, nn  # noqa: TID253
from torch.utils._pytree import tree_leaves  # noqa: TID253

from netgain.recorder import schema
from netgain.recorder.flight import Flight
from netgain.recorder.inputs import InputStatistics, features, keep
from netgain.recorder.trace import trace

# --- Model and optimizer --------------------------------------------------------------------------


def watch(flight: Flight, model: Any, optimizer: Any) -> Callable[[], None]:
    """Hook a model and an optimizer; return a function that removes the hooks and notes the end state."""
    inner = _inner(model)
    flight.row("environment", **environment(inner))
    trainable = [p for p in inner.parameters() if p.requires_grad]
    flight.row("model", parameters=sum(p.numel() for p in trainable), scalars=_scalars(inner))
    counter = ForwardCounter(flight, model)
    counter.hang()
    flight.on_score = counter.scored
    handles = []
    if optimizer is not None:
        handles.append(optimizer.register_step_post_hook(step_counter(flight)))

    def close() -> None:
        for handle in (*handles, counter):
            handle.remove()
        counter.finish()
        flight.row(
            "model",
            parameters=sum(p.numel() for p in trainable),
            scalars_end=_scalars(inner),
        )

    return close


class _Hook:
    """A hook that stays behind when what it hangs on is copied or pickled.

    Saving a whole model, or copying it for an average, must work as it does without the recorder.
    """

    def __deepcopy__(self, memo: Any) -> Any:
        return _nothing

    def __reduce__(self) -> Any:
        return _the_nothing, ()


def _nothing(*_args: Any, **_kwargs: Any) -> None:
    """Count nothing: what a copy of a watched model has in place of the hook."""


def _the_nothing() -> Any:
    return _nothing


class ForwardCounter(_Hook):
    """Count the samples of forward passes, and trace the first training batch.

    The model's class is exchanged for a subclass whose `__call__` counts, as `torch.nn.utils.parametrize`
    and fully sharded training exchange it: any forward hook would put each call of the module on torch's
    slow path, which costs a step of 1 ms half a percent. A module whose class cannot be exchanged gets
    the hook.
    """

    def __init__(self, flight: Flight, model: Any) -> None:
        """Count the passes of `model` itself, not of copies that inherited the hook."""
        self._flight, self._model, self._inner = flight, model, _inner(model)
        self._train, self._evaluation = InputStatistics("train"), InputStatistics("evaluation")
        self._original: type[nn.Module] = type(model)
        self._counted: type[nn.Module] | None = None
        self._handle: Any = None
        self._traced = False
        self._scored: set[str] = set()
        self.latest: Any = None
        """Batch of the last pass in evaluation."""
        self.paused = False
        """Whether passes are the recorder's own, or the recording is over."""
        self.looking = {True: True, False: True}
        """Whether a pass in training mode, or in evaluation, is still looked at closer than to count it."""

    def hang(self) -> None:
        """Start counting."""
        try:
            self._counted = _counted_class(self._original, self._model, self._flight, self)
            self._model.__class__ = self._counted
        except TypeError:
            self._counted = None
            self._handle = self._model.register_forward_hook(self, with_kwargs=True)

    def remove(self) -> None:
        """Stop counting."""
        self.paused = True
        if self._handle is not None:
            self._handle.remove()
        elif type(self._model) is self._counted:
            self._model.__class__ = self._original

    def __call__(self, module: nn.Module, args: Any, kwargs: Any, _output: Any = None) -> None:
        """Count one forward pass, where no quicker way is open."""
        if self.paused or module is not self._model:
            return
        try:
            n = _batch_of(args, kwargs).shape[0]
        except Exception as error:  # noqa: BLE001 - a recorder error never stops training
            self._flight.fail("forward", error)
            return
        training = module.training and torch.is_grad_enabled()
        if training:
            self._flight.pending += n
        else:
            self._flight.evaluated += n
            self.latest = _batch_of(args, kwargs)
        if self.looking[training]:
            self.look(training, args, kwargs)

    @torch.compiler.disable
    def look(self, training: bool, args: Any, kwargs: Any) -> None:
        """Trace the first training batch and gather input statistics of the first batches."""
        with self._flight.guard("inputs"):
            if training and not self._traced:
                self._traced = self.paused = True
                try:
                    _record_graph(self._flight, self._inner, args, kwargs)
                finally:
                    self.paused = False
            seen = self._train if training else self._evaluation
            if seen.open:
                seen.add(self._flight, _batch_of(args, kwargs))
            self.looking[training] = seen.open

    def scored(self, split: str) -> None:
        """Keep what was evaluated last as inputs of the split that a score was just noted for."""
        batch, self.latest = self.latest, None
        if split in self._scored or not split.isidentifier():
            return
        if isinstance(batch, Tensor) and batch.is_floating_point() and batch.ndim > 1:
            self._scored.add(split)
            with self._flight.guard("inputs"):
                keep(self._flight.folder, {f"{split}_features": features(batch)})

    def finish(self) -> None:
        """Note the input statistics of a run too short to have filled them."""
        self._train.finish(self._flight)
        self._evaluation.finish(self._flight)


def _counted_class(
    original: type[nn.Module], model: nn.Module, flight: Flight, counter: ForwardCounter
) -> type[nn.Module]:
    """Return a subclass whose `__call__` counts the passes of `model`; its copies are of `original`.

    A counted pass runs through one function only: between kernels that fill the processor's caches, each
    further one costs about a microsecond.
    """
    call, grad_enabled, looking = original.__call__, torch.is_grad_enabled, counter.looking

    def counted_call(self: Any, *args: Any, **kwargs: Any) -> Any:
        output = call(self, *args, **kwargs)
        if self is model and not counter.paused:
            try:
                n = args[0].shape[0]
            except (AttributeError, IndexError, TypeError):
                counter(self, args, kwargs)
                return output
            if self.training and grad_enabled():
                flight.pending += n
                if looking[True]:
                    counter.look(True, args, kwargs)
            else:
                flight.evaluated += n
                counter.latest = args[0]
                if looking[False]:
                    counter.look(False, args, kwargs)
        return output

    def reduce(self: Any, protocol: Any) -> Any:
        reduced = original.__reduce_ex__(self, protocol)
        if isinstance(reduced, str):
            return reduced
        function, arguments, *rest = reduced
        if getattr(function, "__name__", "") == "__newobj__" and arguments == (counted,):
            # The usual way of rebuilding insists on the object's present class; this older one does not.
            return copyreg._reconstructor, (original, object, None), *rest  # type: ignore[attr-defined]
        function, *arguments = (
            original if part is counted else part for part in (function, *arguments)
        )
        return function, tuple(arguments), *rest

    content = {"__call__": counted_call, "__reduce_ex__": reduce, "__doc__": original.__doc__}
    for name in ("__module__", "__qualname__"):
        content[name] = getattr(original, name)
    counted: type[nn.Module] = type(original.__name__, (original,), content)
    return counted


def _batch_of(args: Any, kwargs: Any) -> Tensor:
    """Return the first tensor of a call's arguments.

    Raises:
        TypeError: there is none.
    """
    tensors = (
        leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor) and leaf.ndim
    )
    first = next(tensors, None)
    if first is None:
        raise TypeError("no tensor among the model's arguments")
    return first


def step_counter(flight: Flight) -> Callable[[Any, Any, Any], None]:
    """Return an optimizer hook that counts steps and their learning rates."""

    def count(optimizer: Any, _args: Any, _kwargs: Any) -> None:
        flight.steps += 1
        flight.trained += flight.pending
        flight.pending = 0
        try:
            rate = optimizer.param_groups[0]["lr"]
            if type(rate) is not float:
                # Comparing would wait for the device; a clone is safe from changes in place.
                rate = rate.detach().clone() if isinstance(rate, Tensor) else float(rate)
            elif rate == flight.last_rate:
                return
            flight.last_rate = rate
            flight.rates.append((flight.steps, rate))
        except Exception as error:  # noqa: BLE001 - a recorder error never stops training
            flight.fail("step", error)

    return count


def _inner(model: Any) -> nn.Module:
    """Return the module inside torch.compile and data-parallel wrappers."""
    for name in ("_orig_mod", "module"):
        wrapped = getattr(model, name, None)
        if isinstance(wrapped, nn.Module) and type(model).__module__.startswith("torch."):
            model = wrapped
    return model


def _scalars(model: nn.Module) -> dict[str, float]:
    """Return the one-element parameters, by name."""
    return {name: float(p.detach()) for name, p in model.named_parameters() if p.numel() == 1}


def environment(model: nn.Module) -> dict[str, Any]:
    """Return hardware and library versions."""
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    found: dict[str, Any] = {
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "device": device.type,
        "device_count": int(os.environ.get("WORLD_SIZE", "1")),
        "threads": torch.get_num_threads(),
        "cpu": _cpu_name(),
        "cpu_count": os.cpu_count(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
    }
    if device.type == "cuda":
        found["device_name"] = torch.cuda.get_device_name(device)
        found["cuda"] = torch.version.cuda
        found["cudnn"] = torch.backends.cudnn.version()
    return found


def _cpu_name() -> str:
    """Return the processor's name, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _record_graph(flight: Flight, model: nn.Module, args: Any, kwargs: Any) -> None:
    """Trace two samples of the batch and write `graph.json`."""
    with flight.guard("graph"):
        traced = trace(model, args, kwargs)
        text = json.dumps(traced.document())
        (flight.folder / schema.GRAPH).write_text(text)
        flight.row(
            "graph",
            file=schema.GRAPH,
            forward_flops=traced.flops,
            uncovered=list(traced.uncovered),
            batch=traced.batch,
        )


# --- Loader ---------------------------------------------------------------------------------------


class Samples:
    """A loader that counts what it serves; everything else is the wrapped loader's."""

    def __init__(self, flight: Flight, loader: Any, ids: Callable[[Any], Any] | None) -> None:
        """Wrap `loader`; the object itself is left as it is."""
        self._flight, self._loader, self._ids = flight, loader, ids
        self._served = loader
        self._drawn: deque[Any] | None = None
        by = "id" if ids else "fingerprint"
        sampler = None if ids else getattr(loader, "batch_sampler", None)
        if sampler is not None:
            self._drawn = deque()
            # A copy, so that the caller's loader keeps its own sampler. DataLoader forbids the plain
            # assignment after construction.
            self._served = copy.copy(loader)
            object.__setattr__(self._served, "batch_sampler", _Overheard(sampler, self._drawn))
            by = "index"
        n = _length(getattr(loader, "dataset", None))
        flight.serve(n if by == "index" else None)
        flight.row("loader", n_train=n, unique_by=by)

    def __getattr__(self, name: str) -> Any:
        """Return the wrapped loader's attribute."""
        return getattr(self._loader, name)

    def __len__(self) -> int:
        """Return the wrapped loader's length."""
        return len(self._loader)

    def __iter__(self) -> Iterator[Any]:
        """Serve one pass over the loader."""
        flight, drawn = self._flight, self._drawn
        if drawn is not None:
            drawn.clear()
        for batch in self._served:
            try:
                if drawn is not None:
                    index = drawn.popleft()
                    flight.drawn += len(index)
                    if flight.remembering:
                        flight.ids.append(index)
                else:
                    self._count(batch)
            except Exception as error:  # noqa: BLE001 - a recorder error never stops training
                flight.fail("samples", error)
            yield batch
        flight.passes += 1

    def _count(self, batch: Any) -> None:
        """Count a batch whose indices are not known."""
        tensor = _first_tensor(batch)
        self._flight.drawn += tensor.shape[0]
        if self._ids:
            ids = self._ids(batch)
            self._flight.ids.append(ids.tolist if isinstance(ids, Tensor) else list(ids))
        else:
            self._flight.ids.append(_fingerprints(tensor))


class _Overheard:
    """A batch sampler that notes the indices it hands out."""

    def __init__(self, sampler: Any, drawn: deque[Any]) -> None:
        self._sampler, self._drawn = sampler, drawn

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sampler, name)

    def __len__(self) -> int:
        return len(self._sampler)

    def __iter__(self) -> Iterator[Any]:
        for index in self._sampler:
            self._drawn.append(index)
            yield index


def _length(dataset: Any) -> int | None:
    """Return the number of samples of a data set, None if it has no length."""
    try:
        return len(dataset)
    except (TypeError, NotImplementedError):
        return None


def _first_tensor(batch: Any) -> Tensor:
    """Return the first tensor of a batch: itself, or the first found in a list, tuple or mapping."""
    if isinstance(batch, Tensor):
        return batch
    parts = batch.values() if hasattr(batch, "values") else batch
    for part in parts:
        if isinstance(part, Tensor):
            return part
    raise TypeError(f"no tensor in a batch of type {type(batch).__name__}; pass ids=")


def _fingerprints(tensor: Tensor) -> Callable[[], list[bytes]]:
    """Copy 16 evenly spaced values of each sample; the returned function turns them into keys."""
    flat = tensor.detach().reshape(tensor.shape[0], -1)
    step = max(1, flat.shape[1] // 16)
    kept = flat[:, ::step][:, :16].clone()

    def keys() -> list[bytes]:
        rows = np.ascontiguousarray(kept.cpu().float().numpy())
        return [row.tobytes() for row in rows]

    return keys
