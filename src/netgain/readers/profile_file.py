"""Profiles written by `netgain profile`: parameters, operations and building blocks of a model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netgain.analysis.graph import KINDS, census
from netgain.analysis.graph_branches import fusable_branches
from netgain.analysis.module_costs import module_costs
from netgain.errors import UnreadableFile
from netgain.readers._documents import parse_json
from netgain.readers.base import Entry, Fact, Limits, Reader, RunFacts
from netgain.readers.flight import graph_nodes
from netgain.study import Cited, ModelProfile

SCHEMA = "netgain/profile/1"


def sniff(entry: Entry) -> bool:
    """Recognise the schema among the first keys."""
    return f'"schema": "{SCHEMA}"'.encode() in entry.head[:200]


def read(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Return the model; it joins the runs that lie beside or below the file.

    Raises:
        UnreadableFile: damaged, or not the document that its schema names.
    """
    document = parse_json(entry.text(limits.text_bytes), limits)
    graph = document.get("graph") if isinstance(document, dict) else None
    trainable = _count(document, "trainable_parameters") if isinstance(document, dict) else None
    flops = _count(graph, "forward_flops") if isinstance(graph, dict) else None
    if not isinstance(graph, dict) or trainable is None or flops is None:
        raise UnreadableFile("not a whole profile; expected one written by `netgain profile`")
    nodes = graph_nodes(graph)
    branches = fusable_branches(nodes)
    source = entry.source(key="graph")
    yield RunFacts(
        location=entry.folder,
        dialect="flight",
        model=ModelProfile(
            parameters=Cited(
                value=int(trainable),
                source=entry.source(key="trainable_parameters"),
                strength="measured",
            ),
            forward_flops=Cited(
                value=flops, source=entry.source(key="graph.forward_flops"), strength="measured"
            ),
            uncovered_operators=tuple(map(str, graph.get("uncovered") or ())),
            module_costs=module_costs(nodes),
            fusable_parameters=Cited(
                value=branches.parameters,
                source=entry.source(key=branches.where[0] if branches.where else "graph"),
                strength="measured",
            ),
            components=census(nodes, source=source),
            observed_kinds=KINDS,
        ),
    )


def _count(document: dict[str, Any], key: str) -> float | None:
    value = document.get(key)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


READER = Reader(name="netgain profile", order=4, sniff=sniff, read=read)
