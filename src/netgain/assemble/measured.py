"""What the files of one run measured: its curves, its final scores and its model, each once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from netgain.assemble.readings import strongest
from netgain.assemble.training_scores import with_training_named
from netgain.assemble.units import same_score
from netgain.readers.base import RunFacts, Series
from netgain.study import Cited, Component, Curve, ModelProfile, Scalar
from netgain.vocabulary import canonical_metric


def curves_of(bundle: list[RunFacts]) -> tuple[Curve, ...]:
    """Return each logged quantity once; pieces a resumed training left in several files are joined."""
    return with_training_named(_curves(bundle))


def _curves(bundle: list[RunFacts]) -> Iterable[Curve]:
    pieces: dict[tuple[str, str], list[tuple[Series, str]]] = defaultdict(list)
    for fact in bundle:
        for series in fact.series:
            if series.values:
                pieces[series.key, series.unit].append((series, fact.dialect))
    for found in pieces.values():
        for series, dialect in _joined(found):
            metric = canonical_metric(series.key, dialect)
            yield Curve(
                name=metric.name,
                key=series.key,
                split=metric.split,
                unit=series.unit,
                steps=series.steps,
                values=series.values,
                source=series.source,
                diverged_at=series.diverged_at,
            )


def _joined(pieces: list[tuple[Series, str]]) -> list[tuple[Series, str]]:
    """Join pieces that follow one another; drop repeats; leave overlapping ones apart."""
    joined: list[tuple[Series, str]] = []
    for series, dialect in sorted(pieces, key=lambda piece: piece[0].steps[0]):
        last = joined[-1][0] if joined else None
        if last is not None and last.values == series.values:
            continue
        if last is not None and series.steps[0] > last.steps[-1]:
            whole = replace(
                last,
                steps=last.steps + series.steps,
                values=last.values + series.values,
                diverged_at=series.diverged_at,
            )
            joined[-1] = (whole, dialect)
        else:
            joined.append((series, dialect))
    return joined


def finals_of(bundle: list[RunFacts]) -> dict[str, Cited[float]]:
    """Return the final scores that the files of a run state, by split and canonical name."""
    finals: dict[str, list[Cited[Scalar]]] = defaultdict(list)
    for fact in bundle:
        for final in fact.finals:
            metric = canonical_metric(final.key, fact.dialect)
            name = f"{metric.split}/{metric.name}" if metric.split else metric.name
            finals[name].append(
                Cited(
                    value=final.value,
                    source=final.source,
                    strength=final.strength,
                    confidence=final.confidence,
                )
            )
    return {name: strongest(found, same_score) for name, found in finals.items()}  # type: ignore[misc]  # float is a Scalar


def merge_models(models: list[ModelProfile]) -> ModelProfile | None:
    """Join what several files say of one model; recorded structure wins over stored tensors."""
    if not models:
        return None
    ordered = sorted(models, key=lambda m: -len(m.observed_kinds))
    components: list[Component] = list(ordered[0].components)
    observed = set(ordered[0].observed_kinds)
    for model in ordered[1:]:
        for component in model.components:
            if component.kind not in observed:
                components.append(component)
        observed |= set(model.observed_kinds)

    def first(name: str) -> object:
        return next((v for m in ordered if (v := getattr(m, name))), None)

    return ModelProfile(
        parameters=first("parameters"),  # type: ignore[arg-type]  # field types are those of the field
        forward_flops=first("forward_flops"),  # type: ignore[arg-type]
        uncovered_operators=first("uncovered_operators") or (),  # type: ignore[arg-type]
        module_costs=first("module_costs") or (),  # type: ignore[arg-type]
        fusable_parameters=first("fusable_parameters"),  # type: ignore[arg-type]
        components=tuple(components),
        observed_kinds=tuple(sorted(observed)),
        averaged_weights=first("averaged_weights"),  # type: ignore[arg-type]
        evaluated_weights=first("evaluated_weights"),  # type: ignore[arg-type]
        tensors=first("tensors") or (),  # type: ignore[arg-type]
    )
