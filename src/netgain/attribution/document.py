"""The attribution as JSON, and its JSON Schema."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from netgain.attribution.split import Share, Split

SCHEMA: Literal["netgain/attribution/1"] = "netgain/attribution/1"


class ShareDocument(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """One share of the gain, in points of the metric."""

    value: float
    low: float | None
    high: float | None
    level: float


class InteractionDocument(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A pair of factors that do more, or less, together than apart."""

    factors: tuple[str, str]
    share: ShareDocument


class AttributionDocument(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A gain split into shares: total = sum(parts) + method + residual; nothing is normalised."""

    schema: Literal["netgain/attribution/1"] = SCHEMA
    total: ShareDocument
    parts: dict[str, ShareDocument]
    method: ShareDocument | None
    residual: ShareDocument
    interactions: list[InteractionDocument]
    runs: int
    seeds: int
    design: str
    estimand: str
    metric: str
    baseline_score: float | None
    proposed_score: float | None
    unresolved: list[str]
    notes: list[str]


def encode(split: Split) -> str:
    """Return a split as indented JSON."""
    document = AttributionDocument(
        total=_share(split.total),
        parts={name: _share(share) for name, share in split.parts.items()},
        method=None if split.method is None else _share(split.method),
        residual=_share(split.residual),
        interactions=[
            InteractionDocument(factors=pair.factors, share=_share(pair.share))
            for pair in split.interactions
        ],
        runs=split.runs,
        seeds=split.seeds,
        design=split.design,
        estimand=split.estimand,
        metric=split.metric,
        baseline_score=split.baseline_score,
        proposed_score=split.proposed_score,
        unresolved=list(split.unresolved),
        notes=list(split.notes),
    )
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def decode(text: str | bytes) -> AttributionDocument:
    """Read an attribution back.

    Raises:
        msgspec.ValidationError: it does not follow the schema.
    """
    return msgspec.json.decode(text, type=AttributionDocument)


def attribution_schema() -> dict[str, Any]:
    """Return the JSON Schema of `netgain/attribution/1`."""
    schema = msgspec.json.schema(AttributionDocument)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA, **schema}


def _share(share: Share) -> ShareDocument:
    return ShareDocument(value=share.value, low=share.low, high=share.high, level=share.level)
