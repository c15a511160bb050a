"""Settings and curves to a Budget: units converted with what is known, left unknown otherwise."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from netgain.pure_paths import pure_path
from netgain.study import STRENGTHS, Budget, Cited, Curve, Scalar
from netgain.vocabulary import is_known_metric, x_axis

COUNTED = frozenset(("epochs", "steps"))
CHECKPOINTS = frozenset((".ckpt", ".pt", ".pth", ".tar", ".bin", ".pkl", ".safetensors"))
"""Suffixes of files that hold the state of a training at one moment."""


def budget_of(
    config: dict[str, Cited[Scalar]],
    curves: tuple[Curve, ...],
    finals: Iterable[str] = (),
    *,
    plain_batch_is_per_device: bool = False,
) -> Budget:
    """Derive one run's budget.

    Args:
        config: settings by canonical name.
        curves: everything logged.
        finals: names of its final scores.
        plain_batch_is_per_device: whether the dialect's bare `batch_size` counts one device (timm).
    """
    if _is_earlier_state(config.get("steps"), curves):
        config = {k: v for k, v in config.items() if k not in COUNTED or not _of_checkpoint(v)}
    epochs = _epochs(config, curves)
    steps = _steps(config, curves, epochs)
    batch = _global_batch(config, plain_batch_is_per_device=plain_batch_is_per_device)
    n_train = _number(config, "n_train")
    epochs = _ended_by_steps(config, epochs, steps, batch, n_train)
    counted = _number(config, "samples_seen")
    samples = counted
    if samples is None and epochs is not None and n_train is not None:
        samples = derived(epochs.value * n_train.value, epochs, n_train)
    if samples is None and steps and batch and not _is_reinforced(curves, finals):
        samples = derived(steps.value * batch.value, steps, batch)
    if samples is None:
        samples = _from_tokens(config)
    passes = _passes(config, steps, batch, epochs, n_train)
    if steps is None and epochs and n_train and batch:
        repeats = _number(config, "repeats")
        drawn = epochs.value * n_train.value / batch.value * (repeats.value if repeats else 1.0)
        # no count of its own: it must not confirm the numbers it is made of
        steps = Cited(value=drawn, source=batch.source, strength="configured")
    return Budget(
        steps=steps,
        batch_size=batch,
        epochs=epochs,
        n_train=n_train,
        samples_seen=samples,
        passes_per_sample=passes,
        train_flops=_number(config, "train_flops"),
        wall_seconds=_number(config, "wall_seconds"),
        resumed_from=_resumed(config),
    )


def _is_reinforced(curves: tuple[Curve, ...], finals: Iterable[str]) -> bool:
    """Tell whether a reward was logged: steps then count actions, and batches come out of a buffer."""
    names = {*(curve.name for curve in curves), *(name.rpartition("/")[2] for name in finals)}
    return not names.isdisjoint({"reward", "best_reward", "episode_reward"})


def derived(value: float, *parts: Cited[float]) -> Cited[float]:
    """Cite a computed value by the weakest of the numbers it stands on."""
    weakest = max(parts, key=lambda part: STRENGTHS.index(part.strength))
    sure = all(part.confidence == "sure" for part in parts)
    return Cited(
        value=value,
        source=weakest.source,
        strength=weakest.strength,
        confidence="sure" if sure else "likely",
    )


def _number(config: dict[str, Cited[Scalar]], name: str) -> Cited[float] | None:
    cited = config.get(name)
    if cited is None or isinstance(cited.value, bool) or not isinstance(cited.value, (int, float)):
        return None
    if not math.isfinite(cited.value) or cited.value <= 0:
        return None
    others = tuple(
        Cited(value=float(o.value), source=o.source, strength=o.strength)
        for o in cited.disagreeing
        if isinstance(o.value, (int, float)) and not isinstance(o.value, bool)
        if math.isfinite(o.value) and o.value > 0  # a phase that is switched off has 0 epochs
    )
    return Cited(
        value=float(cited.value),
        source=cited.source,
        strength=cited.strength,
        confidence=cited.confidence,
        disagreeing=others,
    )


def _strongest(readings: list[Cited[float]]) -> Cited[float] | None:
    """Return the strongest reading; those that differ by more than 5 % are kept as disagreeing."""
    if not readings:
        return None
    ordered = sorted(readings, key=lambda reading: STRENGTHS.index(reading.strength))
    best = ordered[0]
    others = tuple(
        Cited(value=r.value, source=r.source, strength=r.strength)
        for r in (*ordered[1:], *best.disagreeing)
        if abs(math.log(r.value / best.value)) > math.log(1.05)
    )
    return replace(best, disagreeing=others)


def _is_earlier_state(counted: Cited[Scalar] | None, curves: tuple[Curve, ...]) -> bool:
    """Tell whether a checkpoint counted fewer updates than the log of its training shows."""
    if (
        counted is None
        or not _of_checkpoint(counted)
        or not isinstance(counted.value, (int, float))
    ):
        return False
    logged = [c.steps[-1] for c in curves if c.unit == "step" and c.split != "test" and c.steps]
    return max(logged, default=0.0) > counted.value


def _of_checkpoint(cited: Cited[Scalar] | Cited[float]) -> bool:
    """Tell whether a value was counted by the state that a training saved."""
    return (
        cited.strength == "measured" and pure_path(cited.source.path).suffix.lower() in CHECKPOINTS
    )


def _without_earlier_state(readings: list[Cited[float]]) -> list[Cited[float]]:
    """Leave out the counter of a checkpoint that was saved before the last line of the log.

    The best weights say how far a training was then, not where it ended.
    """
    logged = max((r.value for r in readings if r.strength == "logged"), default=0.0)
    return [r for r in readings if not (r.value < logged and _of_checkpoint(r))]


def _steps(
    config: dict[str, Cited[Scalar]], curves: tuple[Curve, ...], epochs: Cited[float] | None
) -> Cited[float] | None:
    """Return optimizer steps; an axis called step that ends at the epoch count counts epochs."""
    asked = _number(config, "max_steps") or _from_epochs(config, epochs)
    readings = [
        r
        for r in (_number(config, "steps"), asked)
        if r and not (epochs and r.value < epochs.value)  # `n_steps` of a model that iterates
    ]
    logged = [c for c in curves if c.unit == "step" and c.split != "test" and c.steps]
    asked_epochs = _number(config, "epochs")
    if logged:
        last = max(logged, key=lambda c: c.steps[-1])
        counts_epochs = asked_epochs is not None and last.steps[-1] <= asked_epochs.value
        if last.steps[-1] > 0 and not counts_epochs:
            readings.append(Cited(value=last.steps[-1], source=last.source, strength="logged"))
    return _strongest(_without_earlier_state(readings))


def _from_epochs(
    config: dict[str, Cited[Scalar]], epochs: Cited[float] | None
) -> Cited[float] | None:
    """Return epochs x updates an epoch, where an epoch is said to be a number of updates (nnU-Net)."""
    each = _number(config, "steps_per_epoch")
    accumulation = _number(config, "gradient_accumulation")
    if accumulation is not None and accumulation.value > 1:
        return None  # loops differ in whether they count passes or updates
    return derived(epochs.value * each.value, epochs, each) if epochs and each else None


def _from_tokens(config: dict[str, Cited[Scalar]]) -> Cited[float] | None:
    """Return sequences drawn, from tokens trained on and the length of a sequence."""
    tokens, length = _number(config, "tokens_seen"), _number(config, "sequence_length")
    return derived(tokens.value / length.value, tokens, length) if tokens and length else None


def _epochs(config: dict[str, Cited[Scalar]], curves: tuple[Curve, ...]) -> Cited[float] | None:
    """Return epochs; a test after the last one, which some loops log under the next number, is none."""
    readings: list[Cited[float]] = []
    logged = [c for c in curves if c.unit == "epoch" and c.steps]
    logged = [c for c in logged if c.split != "test"] or logged
    if logged:
        last = max(logged, key=lambda c: c.steps[-1])
        first = min(c.steps[0] for c in logged)
        count = last.steps[-1] + (1 if first == 0 else 0)
        if count > 0:
            readings.append(Cited(value=count, source=last.source, strength="logged"))
    counter = [c for c in curves if c.name == "epoch" and c.values] or [
        c for c in curves if x_axis(c.name) == "epoch" and c.values
    ]
    if counter and not logged:
        last = max(counter, key=lambda c: c.values[-1])
        passed = _while_training(last, curves)
        whole = all(float(v).is_integer() for v in passed)
        count = passed[-1] + (1 if whole and min(passed) == 0 else 0)
        if count > 0:
            readings.append(Cited(value=count, source=last.source, strength="logged"))
    set_to = _number(config, "epochs")
    if set_to is not None and not readings:
        set_to = _at_most_planned(set_to, curves, stops=_number(config, "patience") is not None)
    return _strongest(_without_earlier_state([*readings, *([set_to] if set_to else [])]))


def _at_most_planned(
    set_to: Cited[float], curves: tuple[Curve, ...], *, stops: bool
) -> Cited[float]:
    """Return how many epochs were passed where curves without an axis are shorter than what was set.

    Of a training that stops early, curves of training and held-out data of one length count its epochs. Of
    others they may show each tenth epoch: then only the setting is known.
    """
    scored = [c for c in curves if c.unit == "row" and is_known_metric(c.name)]
    lengths = {len(c.values) for c in scored if c.name != "learning_rate"}
    both = {"train", "validation"} <= {c.split for c in scored}
    if not both or len(lengths) != 1 or set_to.strength == "measured":
        return set_to
    (passed,) = lengths
    if not 1 < passed < set_to.value:
        return set_to
    if not stops:
        return replace(set_to, strength="configured")
    return Cited(
        value=float(passed), source=scored[0].source, strength="logged", disagreeing=(set_to,)
    )


def _ended_by_steps(
    config: dict[str, Cited[Scalar]],
    epochs: Cited[float] | None,
    steps: Cited[float] | None,
    batch: Cited[float] | None,
    n_train: Cited[float] | None,
) -> Cited[float] | None:
    """Return epochs; those of a setting give way to a number of steps that is set and was taken.

    Loops that know both settings end by the steps, as Hugging Face's do.
    """
    asked, set_to = _number(config, "max_steps"), _number(config, "epochs")
    if not (asked and set_to and epochs and steps and batch and n_train):
        return epochs
    if epochs.source != set_to.source or abs(steps.value - asked.value) > 0.01 * asked.value:
        return epochs
    repeats = _number(config, "repeats")
    drawn = steps.value * batch.value / (repeats.value if repeats else 1.0)
    if abs(drawn / n_train.value - epochs.value) <= 0.05 * epochs.value + 1:
        return epochs  # a last batch that is not full makes up to one step an epoch
    found = derived(drawn / n_train.value, steps, batch, n_train)
    return Cited(
        value=found.value, source=found.source, strength=found.strength, disagreeing=(set_to,)
    )


def _while_training(counter: Curve, curves: tuple[Curve, ...]) -> tuple[float, ...]:
    """Return the values of a counter up to the last step at which anything but a test was logged."""
    others = [c for c in curves if c.name != counter.name and c.unit == counter.unit and c.steps]
    end = max((c.steps[-1] for c in others if c.split != "test"), default=math.inf)
    values = [
        value for step, value in zip(counter.steps, counter.values, strict=True) if step <= end
    ]
    return tuple(values) or counter.values


def _global_batch(
    config: dict[str, Cited[Scalar]], *, plain_batch_is_per_device: bool
) -> Cited[float] | None:
    plain = _number(config, "batch_size")
    if plain is not None and plain.strength == "measured":
        return plain
    said_global = _number(config, "global_batch_size")
    if said_global is not None:
        return said_global
    per_device = _number(config, "batch_size_per_device")
    if (
        plain
        and per_device
        and plain.value > per_device.value
        and not plain.value % per_device.value
    ):
        return plain  # `batch_size` beside a smaller `device_batch_size` that divides it is that of a step
    devices = _devices(config)
    accumulation = _number(config, "gradient_accumulation")
    if per_device is not None and devices is None and _is_distributed(config):
        return None  # how many devices shared the step is not said
    parts: list[Cited[float]]
    if per_device is not None or (plain is not None and plain_batch_is_per_device):
        base = per_device or plain
        assert base is not None
        parts = [base, *(p for p in (devices, accumulation) if p)]
    elif plain is not None:
        if devices is not None and devices.value > 1:
            return None  # the files do not say whether this batch is per device
        parts = [plain, *([accumulation] if accumulation else [])]
    else:
        return None
    value = math.prod(part.value for part in parts)
    weakest = derived(value, *parts)
    first = parts[0]
    disagreeing = first.disagreeing if len(parts) == 1 else ()
    return replace(weakest, source=first.source, disagreeing=disagreeing)


def _devices(config: dict[str, Cited[Scalar]]) -> Cited[float] | None:
    """Return devices over all machines; `world_size` of a launcher counts them all already."""
    devices, nodes = _number(config, "devices"), _number(config, "nodes")
    if devices is None or nodes is None or nodes.value == 1:
        return devices
    key = (devices.source.key or "").lower()
    if "world_size" in key or "num_processes" in key:
        return devices
    return derived(devices.value * nodes.value, devices, nodes)


def _is_distributed(config: dict[str, Cited[Scalar]]) -> bool:
    """Tell whether a setting says that several devices trained one model."""
    said = config.get("distributed")
    nodes = _number(config, "nodes")
    if nodes is not None and nodes.value > 1:
        return True
    if said is None or said.value in (None, False, 0):
        return False
    if isinstance(said.value, str):
        word = said.value.lower()
        return word.startswith(("ddp", "fsdp", "deepspeed")) or word in ("pytorch", "slurm", "mpi")
    return bool(said.value)


def _passes(
    config: dict[str, Cited[Scalar]],
    steps: Cited[float] | None,
    batch: Cited[float] | None,
    epochs: Cited[float] | None,
    n_train: Cited[float] | None,
) -> Cited[float] | None:
    counted = _number(config, "passes_per_sample")
    if counted is not None:
        return counted
    repeats = _number(config, "repeats")
    if steps and batch and epochs and n_train and steps.strength in ("measured", "logged"):
        steps_per_epoch = math.ceil(n_train.value / batch.value)
        value = steps.value / (epochs.value * steps_per_epoch)
        if value > 0.5:  # below that the log skips steps, and says nothing of passes
            found = derived(value, steps, batch, epochs, n_train)
            if repeats is not None and abs(repeats.value - value) > 0.05 * value:
                return Cited(
                    value=found.value, source=found.source, strength=found.strength,
                    disagreeing=(repeats,),
                )  # fmt: skip
            return found
    return repeats


def _resumed(config: dict[str, Cited[Scalar]]) -> Cited[str] | None:
    cited = config.get("resumed_from")
    if cited is None or cited.value in (None, False, "", 0):
        return None
    if str(cited.value).strip() in ("./", ".", "none", "None", "null", "False", "false"):
        return None  # the folder that checkpoints go to
    return Cited(value=str(cited.value), source=cited.source, strength=cited.strength)
