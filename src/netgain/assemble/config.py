"""netgain.toml: what a user tells netgain beyond the evidence itself."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from netgain.errors import UsageError
from netgain.readers.base import Limits
from netgain.study import Allowance, Cited, Claim, Source
from netgain.vocabulary import canonical_metric, lower_is_better

KNOWN: dict[str, frozenset[str]] = {
    "claim": frozenset(
        {
            "metric",
            "dataset",
            "baseline",
            "proposed",
            "idea",
            "interval",
            "seeds",
            "higher_is_better",
        }
    ),
    "baseline": frozenset({"runs", "code", "checkpoint", "predictions", "data"}),
    "proposed": frozenset({"runs", "code", "checkpoint", "predictions", "data"}),
    "paper": frozenset({"files"}),
    "allow": frozenset({"code", "reason"}),
    "vocabulary": frozenset(),
    "limits": frozenset(f.name for f in fields(Limits)),
}
"""Tables and keys; `[vocabulary]` takes any key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What to read, and what the user says of it."""

    baseline: tuple[Path, ...] = ()
    """Files and folders of the baseline arm."""
    proposed: tuple[Path, ...] = ()
    """Files and folders of the proposed arm."""
    paper: tuple[Path, ...] = ()
    """Documents that carry the claim."""
    code: tuple[Path, ...] = ()
    """Code shared by both arms."""
    claim: Claim = field(default_factory=Claim)
    """The claim as configured; empty fields are looked for in the paper."""
    allowances: tuple[Allowance, ...] = ()
    """Accepted findings."""
    vocabulary: dict[str, str] = field(default_factory=dict)
    """Raw key to canonical name."""
    limits: Limits | None = None
    """Bounds on what is read, where the file sets some."""
    name: str = ""
    """Path of the file, for messages."""


def load(path: Path) -> Configuration:
    """Read a netgain.toml.

    Raises:
        UsageError: it does not exist, is not TOML, or holds a key nobody knows.
    """
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except FileNotFoundError as error:
        from netgain.readers import missing_path

        raise UsageError(f"{missing_path(path)} (expected a netgain.toml or a folder)") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        hint = (
            ""
            if path.suffix == ".toml"
            else "; to read it as evidence name its arm: --baseline PATH --proposed PATH"
        )
        raise UsageError(f"{path}: not valid TOML ({error}){hint}") from error
    _check_keys(document, path)
    folder = path.parent

    def files(arm: str, *keys: str) -> tuple[Path, ...]:
        values = [document.get(arm, {}).get(key, []) for key in keys]
        return tuple(found for value in values for found in _expand(value, folder, path, arm))

    return Configuration(
        baseline=files("baseline", "runs", "code", "checkpoint", "predictions", "data"),
        proposed=files("proposed", "runs", "code", "checkpoint", "predictions", "data"),
        paper=files("paper", "files"),
        claim=_claim(document.get("claim", {}), text, path),
        allowances=tuple(_allowance(item, path) for item in document.get("allow", [])),
        vocabulary={str(k): str(v) for k, v in document.get("vocabulary", {}).items()},
        limits=_limits(document["limits"], path) if "limits" in document else None,
        name=str(path),
    )


def _check_keys(document: dict[str, Any], path: Path) -> None:
    for table, content in document.items():
        if table not in KNOWN:
            raise UsageError(f"{path}: unknown table [{table}]{_near(table, KNOWN)}")
        items = content if isinstance(content, list) else [content]
        if not all(isinstance(item, dict) for item in items) or (
            isinstance(content, list) != (table == "allow")
        ):
            brackets = "[[allow]]" if table == "allow" else f"[{table}]"
            raise UsageError(f"{path}: {table} is written as a table, {brackets}")
        for item in items:
            for key in item:
                if table != "vocabulary" and key not in KNOWN[table]:
                    raise UsageError(
                        f"{path}: unknown key {key!r} in [{table}]{_near(key, KNOWN[table])}"
                    )


def _near(word: str, known: Any) -> str:
    match = get_close_matches(word, list(known), 1)
    return f"; did you mean {match[0]!r}?" if match else f"; known: {', '.join(sorted(known))}"


def _expand(value: Any, folder: Path, path: Path, arm: str) -> list[Path]:
    found: list[Path] = []
    patterns = [value] if isinstance(value, str) else list(value)
    for pattern in patterns:
        if not isinstance(pattern, str):
            raise UsageError(f"{path}: [{arm}] paths are strings, not {pattern!r}")
        if Path(pattern).is_absolute():
            matches = [Path(pattern)] if Path(pattern).exists() else []
        else:
            matches = sorted(folder.glob(pattern)) if any(c in pattern for c in "*?[") else []
            if not matches and (folder / pattern).exists():
                matches = [folder / pattern]
        if not matches:
            raise UsageError(f"{path}: [{arm}] {pattern!r} matches nothing under {folder or '.'}")
        found.extend(matches)
    return found


def _limits(table: dict[str, Any], path: Path) -> Limits:
    for key, value in table.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise UsageError(f"{path}: [limits] {key} is a whole number above 0, not {value!r}")
    return Limits(**table)


def _claim(table: dict[str, Any], text: str, path: Path) -> Claim:
    def cited(key: str) -> Cited[float] | None:
        value = table.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise UsageError(f"{path}: [claim] {key} is a number, not {value!r}")
        return Cited(value=float(value), source=_place(key, text, path), strength="stated")

    metric = table.get("metric")
    name = canonical_metric(str(metric), "generic").name if metric else None
    lower = lower_is_better(name) if name else None
    interval = table.get("interval")
    seeds = table.get("seeds")
    return Claim(
        metric=name,
        dataset=table.get("dataset"),
        baseline=cited("baseline"),
        proposed=cited("proposed"),
        interval=(float(interval[0]), float(interval[1])) if interval else None,
        states_noise=Cited(
            value=f"interval {interval}", source=_place("interval", text, path), strength="stated"
        )
        if interval
        else None,
        seeds_stated=Cited(value=int(seeds), source=_place("seeds", text, path), strength="stated")
        if seeds
        else None,
        idea=tuple(str(item) for item in table.get("idea", ())),
        higher_is_better=bool(table.get("higher_is_better", not lower)),
    )


def _place(key: str, text: str, path: Path) -> Source:
    line = next(
        (n for n, row in enumerate(text.splitlines(), 1) if row.split("=")[0].strip() == key), None
    )
    return Source(path=str(path), line=line, key=key)


def _allowance(item: dict[str, Any], path: Path) -> Allowance:
    code, reason = item.get("code"), str(item.get("reason", "")).strip()
    if not code or not reason:
        raise UsageError(f"{path}: each [[allow]] needs a code and a reason")
    return Allowance(code=str(code).upper(), reason=reason)
