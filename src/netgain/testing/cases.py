"""Cases: a study written small in TOML, with the verdict it must get.

A case file holds `[expect]` and any of `[claim]`, `[baseline]`, `[proposed]`, `[[statements]]`, and `[code]`
where one tree serves both arms. An arm has `runs` (one table each), `each` (settings merged into every run),
`trials`, `samples` and `code`. Values are plain; write `{value = 512, strength = "measured"}` where the
strength matters. Sources are made up from the place in the file.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from netgain.study import (
    Arm,
    Budget,
    Cited,
    Claim,
    CodeTree,
    Component,
    Curve,
    InputDistance,
    ModelProfile,
    ModuleCost,
    Paper,
    Run,
    SampleSet,
    Source,
    SourceFile,
    Statement,
    Study,
    Tensor,
    Trials,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One study with its expected verdict."""

    name: str
    """File name without suffix; starts with the verdict."""
    study: Study
    """The evidence."""
    verdict: str
    """Expected verdict."""
    grade: str | None
    """Expected grade, None where it is not asserted."""
    favours: str | None
    """Expected favoured arm, None where it is not asserted."""
    numbers: dict[str, float]
    """Numbers the finding must carry, within 1e-6."""
    message: str | None
    """Words the message must hold."""
    near_miss: bool
    """Honest work that looks like the practice."""


def load_cases(folder: Path) -> tuple[Case, ...]:
    """Read every case of one practice, by file name."""
    return tuple(_case(path) for path in sorted(folder.glob("*.toml")))


def _case(path: Path) -> Case:
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    expect = document["expect"]
    return Case(
        name=path.stem,
        study=build_study(document),
        verdict=expect["verdict"],
        grade=expect.get("grade"),
        favours=expect.get("favours"),
        numbers={k: float(v) for k, v in expect.get("numbers", {}).items()},
        message=expect.get("message"),
        near_miss=bool(expect.get("near_miss", False)),
    )


def build_study(document: dict[str, Any]) -> Study:
    """Build the study a case document describes."""
    return Study(
        claim=_claim(document.get("claim", {})),
        baseline=_arm("baseline", document.get("baseline", {}), document.get("code")),
        proposed=_arm("proposed", document.get("proposed", {}), document.get("code")),
        paper=Paper(
            statements=tuple(
                Statement(
                    quantity=item["quantity"],
                    value=item.get("value"),
                    arm=item.get("arm"),
                    text=item.get("text", f"{item['quantity']} {item.get('value')}"),
                    source=Source(path="README.md", line=number),
                )
                for number, item in enumerate(document.get("statements", []), 1)
            )
        ),
    )


def _claim(table: dict[str, Any]) -> Claim:
    stated: dict[str, Any] = {
        key: _cited(table[key], Source(path="README.md", line=1, key=key), "stated")
        for key in ("baseline", "proposed", "states_noise", "seeds_stated")
        if key in table
    }
    return Claim(
        metric=table.get("metric", "accuracy"),
        dataset=table.get("dataset"),
        idea=tuple(table.get("idea", ())),
        higher_is_better=table.get("higher_is_better", True),
        **stated,
    )


def _arm(name: str, table: dict[str, Any], shared: dict[str, str] | None = None) -> Arm:
    each = table.get("each", {})
    runs = [_merge(each, run) for run in table.get("runs", [])]
    others = [_merge(each, run) for run in table.get("other_runs", [])]
    code, root = table.get("code", shared), name if "code" in table else "code"
    return Arm(
        name=name,
        runs=tuple(_run(f"runs/{name}_{index}", name, run) for index, run in enumerate(runs)),
        other_runs=tuple(
            _run(f"ablations/{name}_{index}", name, run) for index, run in enumerate(others)
        ),
        trials=tuple(
            Trials(
                parameter=item["parameter"],
                values=tuple(map(float, item["values"])),
                scores=tuple(map(float, item["scores"])),
                metric=item.get("metric", "accuracy"),
                source=Source(path=item.get("file", f"sweep_{name}.csv"), line=2),
            )
            for item in table.get("trials", [])
        ),
        code=CodeTree(
            root=root,
            files=tuple(SourceFile(path=f"{root}/{p}", text=text) for p, text in code.items()),
        )
        if code
        else None,
        samples=tuple(
            SampleSet(
                split=item["split"],
                n=len(item["digests"]),
                digests=tuple(item["digests"]),
                source=Source(path=f"{name}/{item['split']}.npz"),
            )
            for item in table.get("samples", [])
        ),
    )


def _merge(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    merged = dict(first)
    for key, value in second.items():
        both = isinstance(value, dict) and isinstance(first.get(key), dict)
        merged[key] = {**first[key], **value} if both else value
    return merged


def _run(run_id: str, group: str, table: dict[str, Any]) -> Run:
    def place(key: str, file: str = "config.yaml") -> Source:
        return Source(path=f"{run_id}/{file}", line=1, key=key)

    known = {f.name for f in fields(Budget)}
    budget = {
        key: _cited(value, place(key), "configured")
        for key, value in table.get("budget", {}).items()
    }
    assert set(budget) <= known, f"unknown budget field in {sorted(budget)}"
    return Run(
        id=run_id,
        group=group,
        seed=_cited(table["seed"], place("seed"), "configured") if "seed" in table else None,
        status="finished",
        config={
            key: _cited(value, place(key), "configured")
            for key, value in table.get("config", {}).items()
        },
        other_config={
            key: _cited(value, place(key), "configured")
            for key, value in table.get("other_config", {}).items()
        },
        environment={
            key: _cited(value, place(key), "measured")
            for key, value in table.get("environment", {}).items()
        },
        budget=Budget(**budget),
        curves=tuple(_curve(run_id, item) for item in table.get("curves", [])),
        finals={
            key: _cited(value, place(key, "result.json"), "logged")
            for key, value in table.get("finals", {}).items()
        },
        model=_model(run_id, table["model"]) if "model" in table else None,
        inputs=tuple(
            InputDistance(
                split=split,
                auc=float(auc),
                standard_error=float(error),
                n_train=256,
                n_split=256,
                source=Source(path=f"{run_id}/inputs.npz", key=split),
            )
            for split, (auc, error) in table.get("inputs", {}).items()
        ),
    )


def _curve(run_id: str, item: dict[str, Any]) -> Curve:
    values = tuple(map(float, item["values"]))
    return Curve(
        name=item["name"],
        key=item.get("key", item["name"]),
        split=item.get("split"),
        unit=item.get("unit", "epoch"),
        steps=tuple(map(float, item.get("steps", range(1, len(values) + 1)))),
        values=values,
        source=Source(path=f"{run_id}/metrics.csv", line=2, key=item["name"]),
    )


def _model(run_id: str, table: dict[str, Any]) -> ModelProfile:
    source = Source(path=f"{run_id}/graph.json")
    optional: dict[str, Any] = {
        name: Cited(value=table[name], source=source, strength="measured")
        for name in (
            "parameters",
            "fusable_parameters",
            "forward_flops",
            "evaluated_weights",
            "averaged_weights",
        )
        if name in table
    }
    return ModelProfile(
        components=tuple(
            Component(
                kind=item["kind"],
                name=item["name"],
                where=tuple(item.get("where", [f"block{i}" for i in range(item.get("count", 1))])),
                source=source,
                strength="measured",
            )
            for item in table.get("components", [])
        ),
        observed_kinds=tuple(table.get("observed", ())),
        uncovered_operators=tuple(table.get("uncovered", ())),
        module_costs=tuple(
            ModuleCost(module=name, parameters=int(cost[0]), flops=float(cost[1]))
            for name, cost in table.get("module_costs", {}).items()
        ),
        tensors=tuple(
            Tensor(name=name, shape=tuple(shape), dtype="F32")
            for name, shape in table.get("tensors", {}).items()
        ),
        **optional,
    )


def _cited(value: Any, source: Source, strength: Any) -> Cited[Any]:
    if not isinstance(value, dict):
        return Cited(value=value, source=source, strength=strength)
    return Cited(
        value=value["value"],
        source=source,
        strength=value.get("strength", strength),
        disagreeing=tuple(
            Cited(value=other, source=Source(path="other.yaml", line=1), strength="configured")
            for other in value.get("disagreeing", ())
        ),
    )
