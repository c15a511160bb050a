"""Run a model once on two samples and write down every operation, its module and its cost.

FLOPs count multiply and add apart and cover matrix products and convolutions, with attention forced
onto the path made of matrix products, so that it is counted. Elementwise operations, reductions, norms
and pooling are not counted, by convention; any other operation is named as uncovered.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch  # noqa: TID253 - part of the recorder's torch side
from torch import Tensor, nn  # noqa: TID253
from torch.nn.attention import SDPBackend, sdpa_kernel  # noqa: TID253
from torch.nn.modules import module as torch_module  # noqa: TID253
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: TID253
from torch.utils._pytree import tree_flatten, tree_map  # noqa: TID253
from torch.utils.flop_counter import flop_registry  # noqa: TID253

from netgain.analysis.graph_nodes import (
    ACTIVATIONS,
    NORMALIZATIONS,
    POOLS,
    REDUCTIONS,
    VIEWS,
    GraphNode,
)

CHEAP = frozenset(
    {
      "add", "sub", "rsub", "mul", "div", "neg", "abs", "pow", "square", "sqrt", "rsqrt", "exp",
      "log", "log1p", "expm1", "sin", "cos", "erf", "reciprocal", "clamp", "clamp_min", "clamp_max",
      "maximum", "minimum", "floor", "ceil", "round", "sign", "where", "masked_fill", "lerp",
      "addcmul", "var", "std", "var_mean", "std_mean", "amin", "argmax", "argmin", "min", "prod",
      "cumsum", "norm", "linalg_vector_norm", "any", "all", "softmax", "_softmax", "_log_softmax",
      "log_softmax", "logsumexp", "softplus", "_safe_softmax", "threshold", "log_sigmoid_forward",
      "cat", "stack", "split", "split_with_sizes", "chunk", "unbind", "index", "gather",
      "index_select", "embedding", "roll", "flip", "repeat", "scatter", "scatter_add", "index_put",
      "tril", "triu", "arange", "zeros", "ones", "full", "empty", "zeros_like", "ones_like",
      "full_like", "empty_like", "new_zeros", "new_ones", "new_empty", "new_full", "scalar_tensor",
      "lift_fresh", "fill", "zero", "copy", "one_hot", "eq", "ne", "lt", "le", "gt", "ge",
      "logical_not", "logical_and", "logical_or", "bitwise_and", "bitwise_not", "bitwise_or",
      "isinf", "isnan", "native_dropout", "dropout", "bernoulli", "rand", "rand_like", "randn",
      "randn_like", "constant_pad_nd", "reflection_pad1d", "reflection_pad2d", "replication_pad1d",
      "replication_pad2d", "upsample_nearest1d", "upsample_nearest2d", "upsample_bilinear2d",
      "upsample_bicubic2d", "upsample_linear1d", "sort", "topk", "unfold", "im2col", "col2im",
      "glu", "max_pool2d_with_indices", "sym_size", "sym_stride", "is_same_size",
      "_local_scalar_dense",
    }
)  # fmt: skip
"""Elementwise operations, reductions, indexing, padding, random numbers."""
FREE = CHEAP | VIEWS | set(ACTIVATIONS) | set(NORMALIZATIONS) | set(POOLS) | REDUCTIONS
"""Operations whose cost is left out by convention: no multiplication of matrices in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One recorded forward pass."""

    nodes: tuple[GraphNode, ...]
    """Operations in execution order, after inputs and parameters."""
    flops: float
    """Operations of one sample, multiply and add apart."""
    uncovered: tuple[str, ...]
    """Operators whose cost is not known, by name."""
    batch: int
    """Samples in the recorded batch."""

    def document(self) -> dict[str, Any]:
        """Return the content of `graph.json`."""
        return {
            "schema": "netgain/graph/1",
            "batch": self.batch,
            "forward_flops": self.flops,
            "uncovered": list(self.uncovered),
            "nodes": [
                {
                    "op": node.op,
                    "module": node.module,
                    "inputs": list(node.inputs),
                    "outputs": list(node.outputs),
                    "shapes": [list(shape) for shape in node.shapes],
                    "scalars": list(node.scalars),
                    **({"flops": node.flops} if node.flops else {}),
                }
                for node in self.nodes
            ],
        }


def trace(
    model: nn.Module, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
) -> Trace:
    """Run `model` on the first two samples of the arguments and return its operations.

    Evaluation mode, no gradients; training flags and random state are put back. Tensors whose first
    dimension is the batch, taken from the first tensor argument, are cut to two samples.
    """
    args, kwargs, batch = _two_samples(args, kwargs or {})
    flags = [(module, module.training) for module in model.modules()]
    devices = {p.device.index or 0 for p in model.parameters() if p.device.type == "cuda"}
    fast_path = torch.backends.mha.get_fastpath_enabled()
    recorder = _Recorder(model)
    try:
        model.eval()
        torch.backends.mha.set_fastpath_enabled(False)
        with (
            torch.no_grad(),
            torch.random.fork_rng(devices=sorted(devices)),
            sdpa_kernel(SDPBackend.MATH),
            _module_paths(model, recorder.path),
        ):
            recorder.source(
                "input", [t for t in tree_flatten((args, kwargs))[0] if isinstance(t, Tensor)]
            )
            with recorder:
                model(*args, **kwargs)
    finally:
        torch.backends.mha.set_fastpath_enabled(fast_path)
        for module, training in flags:
            module.training = training
    return Trace(
        nodes=tuple(replace(node, flops=node.flops / batch) for node in recorder.nodes),
        flops=recorder.flops / batch,
        uncovered=tuple(sorted(recorder.uncovered)),
        batch=batch,
    )


def _two_samples(args: Any, kwargs: Any) -> tuple[Any, Any, int]:
    """Cut every batch-first tensor to two samples."""
    tensors = [t for t in tree_flatten((args, kwargs))[0] if isinstance(t, Tensor) and t.ndim]
    if not tensors:
        raise TypeError("no tensor among the model's arguments")
    size = tensors[0].shape[0]
    batch = min(2, size)

    def cut(value: Any) -> Any:
        if isinstance(value, Tensor):
            value = value.detach()
            return value[:batch] if value.ndim and value.shape[0] == size else value
        return value

    return tree_map(cut, args), tree_map(cut, kwargs), batch


@contextmanager
def _module_paths(model: nn.Module, path: list[str]) -> Iterator[None]:
    """Keep `path` at the names of the modules that are running."""
    names = {id(module): name for name, module in model.named_modules()}

    def enter(module: nn.Module, _args: Any) -> None:
        path.append(names.get(id(module), path[-1] if path else ""))

    def leave(_module: nn.Module, _args: Any, _output: Any) -> None:
        if path:
            path.pop()

    handles = [
        torch_module.register_module_forward_pre_hook(enter),
        torch_module.register_module_forward_hook(leave, always_call=True),
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


class _Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]  # untyped in torch
    """Write down the operations that run below it."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.path: list[str] = []
        self.nodes: list[GraphNode] = []
        self.flops = 0.0
        self.uncovered: set[str] = set()
        self._names: dict[int, str] = {}
        self._alive: list[Tensor] = []
        self._count = 0
        for prefix, named in (("p", model.named_parameters()), ("b", model.named_buffers())):
            for name, tensor in named:
                self._names[id(tensor)] = f"{prefix}:{name}"
                self._alive.append(tensor)
                self._add("parameter", "", (tensor,), names=(f"{prefix}:{name}",))

    def source(self, op: str, tensors: list[Tensor]) -> None:
        """Name tensors that come from outside."""
        for tensor in tensors:
            self._add(op, "", (tensor,))

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run one operation and note it."""
        kwargs = kwargs or {}
        flat = tree_flatten((args, kwargs))[0]
        tensors = [value for value in flat if isinstance(value, Tensor)]
        inputs = tuple(self._name(tensor) for tensor in tensors)
        out = func(*args, **kwargs)
        made = [value for value in tree_flatten(out)[0] if isinstance(value, Tensor)]
        scalars = tuple(
            float(value)
            for value in args
            if isinstance(value, int | float) and not isinstance(value, bool)
        )
        packet = func._overloadpacket
        space, _, name = func.name().partition("::")
        name = name.partition(".")[0]
        short = name.rstrip("_") if not name.startswith("__") else name
        module = self.path[-1] if self.path else ""
        flops = 0.0
        if packet in flop_registry:
            flops = float(flop_registry[packet](*args, **kwargs, out_val=out))
            self.flops += flops
        elif space not in ("aten", "prim", "prims") or short not in FREE:
            self.uncovered.add(f"{space}.{short}")
        self._add(
            f"{space}.{short}", module, tuple(made), inputs=inputs, scalars=scalars, flops=flops
        )
        return out

    def _name(self, tensor: Tensor) -> str:
        """Return a tensor's value name; constants made outside get one on sight."""
        if id(tensor) not in self._names:
            self._add("constant", "", (tensor,))
        return self._names[id(tensor)]

    def _add(
        self,
        op: str,
        module: str,
        made: tuple[Tensor, ...],
        *,
        inputs: tuple[str, ...] = (),
        scalars: tuple[float, ...] = (),
        names: tuple[str, ...] = (),
        flops: float = 0.0,
    ) -> None:
        """Append a node; tensors stay referenced, so that an id means one tensor."""
        if not names:
            names = tuple(f"v{self._count + i}" for i in range(len(made)))
            self._count += len(made)
        for name, tensor in zip(names, made, strict=True):
            self._names[id(tensor)] = name
            self._alive.append(tensor)
        self.nodes.append(
            GraphNode(
                op=op,
                module=module,
                inputs=inputs,
                outputs=names,
                shapes=tuple(tuple(int(n) for n in t.shape) for t in made),
                scalars=scalars,
                flops=flops,
            )
        )
