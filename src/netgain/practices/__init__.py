"""The practices: one module each, found by file name, plus outsiders' by entry point."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points

from netgain.errors import DuplicatePractice, UsageError
from netgain.finding import NOT_IMPLEMENTED, Finding
from netgain.practice import Practice
from netgain.practices._planned import PLANNED
from netgain.study import Study

ENTRY_POINT_GROUP = "netgain.practices"


@cache
def all_practices() -> tuple[Practice, ...]:
    """Return every practice, planned ones included, by code.

    Raises:
        DuplicatePractice: two modules claim one code or one name.
    """
    built = [
        importlib.import_module(f"{__name__}.{module.name}").PRACTICE
        for module in pkgutil.iter_modules(__path__)
        if module.name.startswith("ng")
    ]
    built += [point.load() for point in entry_points(group=ENTRY_POINT_GROUP)]
    return register(built)


def register(built: list[Practice]) -> tuple[Practice, ...]:
    """Sort practices by code, refuse duplicates, and fill in the planned ones that are not built.

    Raises:
        DuplicatePractice: two practices share a code or a name.
    """
    by_code: dict[str, Practice] = {}
    for practice in built:
        for other in by_code.values():
            if practice.code == other.code or practice.name == other.name:
                raise DuplicatePractice(
                    f"{practice.code} {practice.name} and {other.code} {other.name}: "
                    "codes and names are unique; rename one"
                )
        by_code[practice.code] = practice
    for code, (name, summary) in PLANNED.items():
        by_code.setdefault(code, _planned_practice(code, name, summary))
    return tuple(by_code[code] for code in sorted(by_code))


def built_practices() -> tuple[Practice, ...]:
    """Return the practices this version can check."""
    return tuple(practice for practice in all_practices() if is_built(practice))


def is_built(practice: Practice) -> bool:
    """Tell whether a practice has a check of its own."""
    return not getattr(practice.check, "planned", False)


def find(code_or_name: str) -> Practice:
    """Return one practice by code (any case) or name.

    Raises:
        UsageError: no such practice; the message offers the nearest.
    """
    wanted = code_or_name.strip()
    for practice in all_practices():
        if wanted.upper() == practice.code or wanted.lower() == practice.name:
            return practice
    from difflib import get_close_matches

    names = [name for p in all_practices() for name in (p.code, p.name)]
    near = get_close_matches(wanted.upper(), names, 1) or get_close_matches(
        wanted.lower(), names, 1
    )
    hint = f"; did you mean {near[0]}?" if near else ""
    raise UsageError(f"no practice {code_or_name!r}{hint} (`netgain list` shows all of them)")


def select(codes: tuple[str, ...], ignored: tuple[str, ...] = ()) -> tuple[Practice, ...]:
    """Return the practices whose code starts with one of `codes` (all if empty) and none of `ignored`.

    Raises:
        UsageError: a code or prefix matches nothing.
    """
    practices = all_practices()
    for prefix in codes + ignored:
        if not any(p.code.startswith(prefix.upper()) for p in practices):
            find(prefix)
    chosen = tuple(prefix.upper() for prefix in codes) or ("NG",)
    dropped = tuple(prefix.upper() for prefix in ignored)
    return tuple(
        p
        for p in practices
        if p.code.startswith(chosen) and not (dropped and p.code.startswith(dropped))
    )


def _planned_practice(code: str, name: str, summary: str) -> Practice:
    def check(study: Study) -> Finding:
        """Report that this version has no check for the practice."""
        del study
        return Finding(
            code=code,
            name=name,
            verdict="unknown",
            message=NOT_IMPLEMENTED,
            needs=("a version of netgain that checks this practice",),
        )

    check.planned = True  # type: ignore[attr-defined]  # marks the registry's own placeholder
    return Practice(code=code, name=name, doc=summary, check=check)
