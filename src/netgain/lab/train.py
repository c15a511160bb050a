"""Train one model from settings and a seed: the lab's only trainer, one file from top to bottom.

Everything that can differ between two arms is a field of `Settings`; nothing here has a value of its own.
One thread, so that the same settings and seed give the same bits on the same machine and version.
"""

from __future__ import annotations

import copy
import json
import math
import os
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch  # noqa: TID253 - the lab's trainer
from torch import Tensor, nn  # noqa: TID253
from torch.nn import functional as F  # noqa: N812, TID253

from netgain.errors import UsageError
from netgain.lab.blocks import build
from netgain.lab.tasks import Data, load
from netgain.plan import Settings
from netgain.recorder.flight import Flight, record

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

EVALUATION_BATCH = 2000
"""Samples scored at once; it changes no result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """What was logged at the end of one epoch."""

    epoch: float
    """Passes over the training set so far."""
    step: int
    """Optimizer steps so far."""
    learning_rate: float
    """Learning rate of the last step."""
    train_loss: float
    """Mean training loss over the epoch."""
    validation_accuracy: float
    """Percent, of the weights that are scored."""
    test_accuracy: float | None
    """Percent; None unless the test set was scored each epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one training gave."""

    settings: Settings
    """What was trained."""
    seed: int
    """Seed of weights, order and augmentation."""
    test_accuracy: float
    """Percent on the test set after the last step, of the weights that `Settings` says are scored."""
    validation_accuracy: float
    """Percent on the validation set after the last step."""
    live_test_accuracy: float
    """Percent of the live weights of the first model, whatever is scored."""
    epochs: tuple[Epoch, ...]
    """The log, of the first model where there are several."""
    steps: int
    """Optimizer steps of each model."""
    samples_drawn: int
    """Samples drawn by each model."""
    parameters: int
    """Trainable parameters of each model."""
    seconds: float
    """Wall-clock time."""


def train(
    settings: Settings,
    seed: int,
    *,
    folder: Path | None = None,
    test_each_epoch: bool = False,
) -> Outcome:
    """Train as the settings say and score on the test set.

    With a folder, the training is recorded there (`flight/`) with its settings, outcome and weights.

    Raises:
        UsageError: a setting has a value the trainer does not know.
    """
    torch.set_num_threads(1)
    started = time.perf_counter()
    data = prepare(settings)
    recording = record(folder / "flight") if folder else nullcontext(None)
    with recording as flight:
        if flight:
            flight.config(**asdict(settings))
            flight.seed(seed)
        members = [
            fit(settings, seed if i == 0 else [seed, i], data, flight, each=test_each_epoch)
            for i in range(settings.ensemble)
        ]
        scored = [m.averaged or m.model for m in members]
        test = accuracy(scored, data.test_x, data.test_y)
        validation = accuracy(scored, data.validation_x, data.validation_y)
        first = members[0]
        if flight:
            weights = "averaged" if first.averaged else "live"
            weights = "ensemble" if settings.ensemble > 1 else weights
            flight.score(split="validation", weights=weights, accuracy=validation)
            flight.score(split="test", weights=weights, accuracy=test)
    outcome = Outcome(
        settings=settings,
        seed=seed,
        test_accuracy=test,
        validation_accuracy=validation,
        live_test_accuracy=accuracy([first.model], data.test_x, data.test_y),
        epochs=first.log,
        steps=first.steps,
        samples_drawn=first.drawn,
        parameters=sum(p.numel() for p in first.model.parameters()),
        seconds=time.perf_counter() - started,
    )
    if folder:
        keep(folder, outcome, first)
    return outcome


# --- Data -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tensors:
    """The task's data as tensors, channels last: [n, channels, height, width] and labels [n]."""

    train_x: Tensor
    train_y: Tensor
    validation_x: Tensor
    validation_y: Tensor
    test_x: Tensor
    test_y: Tensor
    classes: int
    flat: bool


def prepare(settings: Settings) -> Tensors:
    """Load the task and apply what the settings do to the test inputs."""
    data = load(settings)
    tensors = as_tensors(data)
    test_x = tensors.test_x
    if settings.test_noise:
        noise = torch.Generator().manual_seed(settings.data_seed)
        test_x = test_x + settings.test_noise * torch.randn(test_x.shape, generator=noise)
    return replace(tensors, test_x=test_x * settings.test_scale)


def as_tensors(data: Data) -> Tensors:
    """Return the arrays as tensors; signals [n, c, l] become images of height 1."""
    flat = data.train_x.ndim == 3

    def inputs(x: np.ndarray[Any, Any]) -> Tensor:
        tensor = torch.from_numpy(np.ascontiguousarray(x[:, :, None] if flat else x))
        return tensor.to(memory_format=torch.channels_last)

    return Tensors(
        train_x=inputs(data.train_x),
        train_y=torch.from_numpy(data.train_y),
        validation_x=inputs(data.validation_x),
        validation_y=torch.from_numpy(data.validation_y),
        test_x=inputs(data.test_x),
        test_y=torch.from_numpy(data.test_y),
        classes=data.classes,
        flat=flat,
    )


class Loader:
    """Shuffled batches of one epoch each, the last incomplete batch left out."""

    def __init__(self, x: Tensor, y: Tensor, batch_sampler: BatchOrder) -> None:
        """Serve x [n, ...] and y [n] in the order the sampler gives."""
        self.x, self.y, self.batch_sampler = x, y, batch_sampler
        self.dataset = x

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield batches of one epoch."""
        for index in self.batch_sampler:
            at = torch.as_tensor(index)
            yield self.x[at], self.y[at]

    def __len__(self) -> int:
        """Return the batches of one epoch."""
        return len(self.batch_sampler)


class BatchOrder:
    """A new random order of 0..n-1 each time it is iterated, cut into whole batches."""

    def __init__(self, n: int, batch_size: int, rng: np.random.Generator) -> None:
        """Draw orders of `n` samples from `rng`."""
        self.n, self.batch_size, self.rng = n, min(batch_size, n), rng

    def __iter__(self) -> Iterator[list[int]]:
        """Yield lists of `batch_size` indices."""
        order = self.rng.permutation(self.n).tolist()
        for start in range(0, self.n - self.batch_size + 1, self.batch_size):
            yield order[start : start + self.batch_size]

    def __len__(self) -> int:
        """Return the whole batches in n samples."""
        return self.n // self.batch_size


def augment(x: Tensor, settings: Settings, rng: torch.Generator) -> Tensor:
    """Return the batch as the model sees it in training, same shape."""
    if settings.augmentation == "none":
        return x
    if settings.augmentation == "noise":
        noise = torch.randn(x.shape, generator=rng).to(memory_format=torch.channels_last)
        return x + settings.augmentation_strength * noise
    if settings.augmentation == "shift":
        width = x.shape[-1]
        reach = round(settings.augmentation_strength * width)
        shift = torch.randint(-reach, reach + 1, (len(x), 1), generator=rng)
        at = (torch.arange(width)[None, :] - shift) % width
        at = at[:, None, None, :].expand(x.shape)
        return x.gather(3, at).contiguous(memory_format=torch.channels_last)
    raise UsageError(f"no such augmentation: {settings.augmentation!r}; known: none, shift, noise")


# --- Optimizer and schedule -----------------------------------------------------------------------


def make_optimizer(model: nn.Module, settings: Settings) -> torch.optim.Optimizer:
    """Return the optimizer; decoupled weight decay, momentum .9 with Nesterov for `sgd`."""
    rate, decay = settings.learning_rate, settings.weight_decay
    if settings.idea == "orthogonal-update":
        return OrthogonalUpdate(model, rate=rate, decay=decay, momentum=settings.momentum)
    if settings.optimizer == "adamw":
        return torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=decay, fused=True)
    if settings.optimizer == "sgd":
        return torch.optim.SGD(
            model.parameters(),
            lr=rate,
            momentum=settings.momentum,
            nesterov=True,
            weight_decay=decay,
        )
    raise UsageError(f"no such optimizer: {settings.optimizer!r}; known: adamw, sgd")


class OrthogonalUpdate(torch.optim.Optimizer):
    """The lab's real idea: kernels move along the orthogonal factor of their momentum, the rest by AdamW.

    After Jordan et al. 2024 (Muon): Newton-Schulz iteration of degree 5, Nesterov momentum. The update is
    scaled to the size of an Adam step (Liu et al. 2025, 0.2 sqrt(longer side)), so that the learning rate
    keeps its meaning. Parameters, operations of the model and all other settings stay what they were.
    """

    def __init__(self, model: nn.Module, *, rate: float, decay: float, momentum: float) -> None:
        """Split the model's parameters into convolution kernels and the rest."""
        kernels = [p for p in model.parameters() if p.ndim == 4]
        rest = [p for p in model.parameters() if p.ndim != 4]
        defaults = {"lr": rate, "weight_decay": decay, "momentum": momentum}
        super().__init__([{"params": kernels}, {"params": rest}], defaults)
        self._rest = torch.optim.AdamW(rest, lr=rate, weight_decay=decay, fused=True)

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]  # the lab never passes one
        """Move every parameter once."""
        group = self.param_groups[0]
        rate, momentum = group["lr"], group["momentum"]
        self._rest.param_groups[0]["lr"] = self.param_groups[1]["lr"]
        self._rest.step()
        for kernel in group["params"]:
            state = self.state[kernel]
            if "momentum" not in state:
                state["momentum"] = torch.zeros_like(kernel)
            average = state["momentum"].lerp_(kernel.grad, 1 - momentum)
            matrix = kernel.grad.lerp(average, momentum).reshape(len(kernel), -1)
            update = orthogonal_factor(matrix).reshape(kernel.shape)
            kernel.mul_(1 - rate * group["weight_decay"])
            kernel.add_(update, alpha=-rate * 0.2 * math.sqrt(max(matrix.shape)))


def orthogonal_factor(matrix: Tensor) -> Tensor:
    """Return nearly U V^T of the matrix U S V^T, singular values between about 0.7 and 1.2."""
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        square = x @ x.T
        x = 3.4445 * x + (2.0315 * square @ square - 4.7750 * square) @ x
    return x.T if tall else x


def learning_rate(settings: Settings, step: int, steps: int) -> float:
    """Return the learning rate of 0-based `step`; the schedule always spans all `steps`."""
    warm = settings.warmup * steps
    if step < warm:
        return settings.learning_rate * (step + 1) / (warm + 1)
    done = (step - warm) / max(1.0, steps - warm)
    shapes = {
        "constant": 1.0,
        "cosine": 0.5 * (1 + math.cos(math.pi * done)),
        "linear": 1 - done,
        "step": 0.1 ** int(done * 3),
    }
    if settings.schedule not in shapes:
        raise UsageError(f"no such schedule: {settings.schedule!r}; known: {', '.join(shapes)}")
    return settings.learning_rate * shapes[settings.schedule]


# --- The loop -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fitted:
    """One trained model."""

    model: nn.Module
    averaged: nn.Module | None
    log: tuple[Epoch, ...]
    steps: int
    drawn: int


def fit(
    settings: Settings,
    seed: int | list[int],
    data: Tensors,
    flight: Flight | None,
    *,
    each: bool,
) -> Fitted:
    """Train one model; `each` scores the test set after every epoch."""
    entropy = np.random.SeedSequence(seed)
    for_weights, for_order, for_noise = (int(s) for s in entropy.generate_state(3))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(for_weights)
        channels = data.train_x.shape[1]
        model: nn.Module = build(settings, channels=channels, classes=data.classes, flat=data.flat)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's stub
    if settings.pretraining_samples:
        pretrain(model, settings, data, for_order)
    noise = torch.Generator().manual_seed(for_noise)
    order = BatchOrder(len(data.train_x), settings.batch_size, np.random.default_rng(for_order))
    optimizer = make_optimizer(model, settings)
    averaged = average_of(model) if settings.ema_decay else None
    loader: Any = Loader(data.train_x, data.train_y, order)
    if flight:
        flight.watch(model, optimizer)
        loader = flight.samples(loader)

    draws = math.ceil(settings.epochs * len(order))
    if settings.steps is not None:
        draws = math.ceil(settings.steps / settings.repeats)
    total = draws * settings.repeats if settings.steps is None else settings.steps
    log: list[Epoch] = []
    step = drawn = epoch = 0
    rate = 0.0
    while step < total:
        model.train()
        losses: list[Tensor] = []
        for x, y in loader:
            drawn += 1
            for _ in range(min(settings.repeats, total - step)):
                rate = learning_rate(settings, step, total)
                for group in optimizer.param_groups:
                    group["lr"] = rate
                optimizer.zero_grad(set_to_none=True)
                logits = model(augment(x, settings, noise))
                loss = F.cross_entropy(logits, y, label_smoothing=settings.label_smoothing)
                if flight:
                    flight.loss(cross_entropy=loss)
                losses.append(loss.detach())
                if settings.auxiliary_loss != "none":
                    extra = auxiliary(logits, settings)
                    if flight:
                        flight.loss(**{settings.auxiliary_loss.replace("-", "_"): extra})
                    loss = loss + extra
                loss.backward()
                optimizer.step()
                step += 1
                if averaged is not None:
                    update_average(averaged, model, settings.ema_decay, step)
            if step >= total:
                break
        epoch += 1
        scored = averaged or model
        log.append(
            Epoch(
                epoch=drawn / len(order),
                step=step,
                learning_rate=rate,
                train_loss=float(torch.stack(losses).mean()),
                validation_accuracy=accuracy([scored], data.validation_x, data.validation_y),
                test_accuracy=accuracy([scored], data.test_x, data.test_y) if each else None,
            )
        )
        if flight:
            tell(flight, log[-1], epoch, weights="averaged" if averaged else "live")
    return Fitted(model, averaged, tuple(log), step, drawn * order.batch_size)


def tell(flight: Flight, entry: Epoch, epoch: int, *, weights: str) -> None:
    """Record the end of one epoch."""
    flight.epoch(epoch)
    flight.score(
        split="validation", weights=weights, epoch=epoch, accuracy=entry.validation_accuracy
    )
    if entry.test_accuracy is not None:
        flight.score(split="test", weights=weights, epoch=epoch, accuracy=entry.test_accuracy)


def auxiliary(logits: Tensor, settings: Settings) -> Tensor:
    """Return the weighted auxiliary loss, a scalar."""
    if settings.auxiliary_loss != "logit-penalty":
        raise UsageError(
            f"no such auxiliary loss: {settings.auxiliary_loss!r}; known: none, logit-penalty"
        )
    return settings.auxiliary_weight * logits.square().mean()


def pretrain(model: nn.Module, settings: Settings, data: Tensors, seed: int) -> None:
    """Train the model in place on further samples of the same task, by the same recipe."""
    further = replace(
        settings,
        n_train=settings.pretraining_samples,
        data_seed=settings.data_seed + 1_000_003,
        pretraining_samples=0,
        ema_decay=0.0,
        test_overlap=0.0,
    )
    extra = as_tensors(load(further))
    fitted = fit(further, seed, replace(extra, flat=data.flat), None, each=False)
    model.load_state_dict(fitted.model.state_dict())


# --- Averaged weights -----------------------------------------------------------------------------


def average_of(model: nn.Module) -> nn.Module:
    """Return a frozen copy that will hold the averaged weights."""
    averaged = copy.deepcopy(model).eval()
    for parameter in averaged.parameters():
        parameter.requires_grad_(False)
    return averaged


@torch.no_grad()
def update_average(averaged: nn.Module, model: nn.Module, decay: float, step: int) -> None:
    """Move weights and buffers towards the live ones; decay warms up as min(d, (1 + t) / (10 + t))."""
    d = min(decay, (1 + step) / (10 + step))
    old, new = list(averaged.state_dict().values()), list(model.state_dict().values())
    floats = [i for i, tensor in enumerate(old) if tensor.is_floating_point()]
    torch._foreach_lerp_([old[i] for i in floats], [new[i] for i in floats], 1 - d)


# --- Scores ---------------------------------------------------------------------------------------


@torch.no_grad()
def predict(models: list[nn.Module], x: Tensor) -> Tensor:
    """Return mean class probabilities [n, classes] of the models in evaluation mode."""
    total: Tensor | None = None
    for model in models:
        model.eval()
        parts = [model(part).softmax(1) for part in x.split(EVALUATION_BATCH)]
        total = torch.cat(parts) if total is None else total + torch.cat(parts)
    assert total is not None
    return total / len(models)


def accuracy(models: list[nn.Module], x: Tensor, y: Tensor) -> float:
    """Return the percentage of x [n, ...] whose most probable class is y [n]."""
    return 100 * float((predict(models, x).argmax(1) == y).double().mean())


# --- Files ----------------------------------------------------------------------------------------


def keep(folder: Path, outcome: Outcome, fitted: Fitted) -> None:
    """Write the outcome and the scored weights beside the recording."""
    from safetensors.torch import save_file

    state = (fitted.averaged or fitted.model).state_dict()
    save_file({k: v.contiguous() for k, v in state.items()}, folder / "model.safetensors")
    (folder / "outcome.json").write_text(json.dumps(asdict(outcome)))
