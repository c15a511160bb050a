"""Which run belongs to which arm, and which of an arm's runs the claim is about."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, replace

from netgain.analysis.scores import Score, final_score
from netgain.assemble.evidence import TABLE_SUFFIXES
from netgain.errors import UsageError
from netgain.pure_paths import pure_path
from netgain.study import Cited, Claim, Run, Scalar, Source, Trials, Unread

BASELINE_WORDS = frozenset(
    {"baseline", "baselines", "base", "control", "vanilla", "reference", "ref", "standard", "original",
     "plain", "without", "default"}
)  # fmt: skip
PROPOSED_WORDS = frozenset(
    {"ours", "our", "proposed", "proposal", "new", "method", "improved", "treatment", "candidate", "with",
     "novel", "final", "mine"}
)  # fmt: skip
"""Words people use in folder and file names for the two arms."""

NEARLY_ALL = 0.9
"""Share of the runs whose names must say an arm for a folder to be shown as two arms."""

SEARCH_ROWS = 100
"""Rows of a table of runs from which on it is the log of a search."""
TRIAL_COUNT = "n_trials"
"""Canonical setting that counts an arm's tuning trials."""

NOT_SETTINGS = frozenset(
    {"seed", "wall_seconds", "output", "name", "run_name", "notes", "dataset_path", "samples_seen",
     "passes_per_sample", "steps", "train_flops", "parameters", "forward_flops", "data_seed",
     "samples_unique", "resumed_from", "device", "threads", "best_epoch", "hostname",
     "n_trials", "tuning_seconds", "test_evaluations"}
)  # fmt: skip
"""Canonical names that may differ between two runs of one configuration."""
METHOD_KEYS = frozenset(
    {"mode", "method", "methods", "variant", "algo", "algorithm", "approach", "ablation", "technique",
     "strategy", "model_variant", "experiment_type"}
)  # fmt: skip
"""Last words of raw keys whose text says which method a run trained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmRuns:
    """The runs of one arm, sorted into what the claim is about and what was tried beside it."""

    runs: tuple[Run, ...]
    """Runs of the claimed configuration, by seed."""
    trials: tuple[Trials, ...]
    """Sweeps over one setting, the claimed configuration included."""
    set_aside: tuple[Unread, ...]
    """Runs of other configurations, with what sets them apart."""
    others: tuple[Run, ...] = ()
    """The same runs themselves."""


def arm_of(name: str) -> str | None:
    """Return `baseline` or `proposed` where the words of a path say so, else None.

    The last telling word of the path decides, so `ours/ablation_baseline` is a baseline.
    """
    for part in reversed(pure_path(name.replace("#", "/")).parts):
        words = set(re.split(r"[^a-z]+", part.lower()))
        is_baseline = bool(words & BASELINE_WORDS)
        is_proposed = bool(words & PROPOSED_WORDS)
        if is_baseline != is_proposed:
            return "baseline" if is_baseline else "proposed"
    return None


def split_arms(names: tuple[str, ...], root: str) -> dict[str, str]:
    """Map run ids of one folder to arms by their names.

    Args:
        names: run ids.
        root: the folder, for the error message; words in its own path do not count.

    Raises:
        UsageError: the names do not tell two arms apart.
    """
    found = {name: arm_of(name.removeprefix(root)) for name in names}
    arms = {name: arm for name, arm in found.items() if arm is not None}
    if set(arms.values()) == {"baseline", "proposed"}:
        return arms
    rest = [name for name in names if found[name] is None]
    families = sorted({_family(name.removeprefix(root)) for name in rest})
    if len(set(arms.values())) == 1 and len(families) == 1:
        only = next(iter(arms.values()))
        other = "proposed" if only == "baseline" else "baseline"
        return arms | dict.fromkeys(rest, other)
    if not names:
        raise UsageError(
            f"{root}: no runs found, so no arms; `netgain read {root}` lists what was read and what was not, "
            "or name code and results with --baseline PATH --proposed PATH"
        )
    shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    raise UsageError(
        f"{root}: cannot tell baseline from proposed by the names ({shown}); "
        "name them with --baseline PATH --proposed PATH"
    )


def told_apart(names: tuple[str, ...], root: str) -> dict[str, str] | None:
    """Map run ids to arms where the names say the arm of nearly all of them, else None.

    In a folder of many experiments a word such as `new` or `base` in a few names makes no arms, and whoever
    looks at the folder wants to see every run.
    """
    try:
        arms = split_arms(names, root)
    except UsageError:
        return None
    return arms if len(arms) >= NEARLY_ALL * len(names) else None


def claimed_runs(runs: tuple[Run, ...], claim: Claim, arm: str) -> ArmRuns:
    """Pick the runs the claim is about: one configuration, all its seeds.

    The configuration whose scores contain the claimed value wins, then the one with most runs, then the
    one with the best mean score.
    """
    runs, tunings = _without_tunings(runs)
    folders = tuple(run for run in runs if not _is_row(run))
    rows = tuple(run for run in runs if _is_row(run)) if folders else ()
    candidates = folders or runs
    groups: dict[str, list[Run]] = defaultdict(list)
    for run in candidates:
        groups[_signature(run)].append(run)
    if len(groups) <= 1:
        return ArmRuns(
            runs=_by_seed(_with_trial_count(candidates, tunings)),
            trials=tuple(table_sweeps(rows, claim)),
            set_aside=(),
        )
    stated = claim.baseline if arm == "baseline" else claim.proposed
    sign = 1.0 if claim.higher_is_better else -1.0

    def rank(group: list[Run]) -> tuple[float, ...]:
        scores = [s.value for run in group if (s := final_score(run, claim)) is not None]
        mean = sum(scores) / len(scores) if scores else -math.inf
        near = 0.0
        if stated is not None and scores:
            tolerance = 0.006 * max(1.0, abs(stated.value))
            near = float(any(abs(s - stated.value) <= tolerance for s in [*scores, mean]))
        settings = float(max(len(run.config) for run in group))
        return (near, float(bool(scores)), float(len(group)), sign * mean, settings)

    chosen = max(groups.values(), key=rank)
    picked = set(map(id, chosen))
    rest = [run for run in candidates if id(run) not in picked]
    return ArmRuns(
        runs=_by_seed(_with_trial_count(tuple(chosen), tunings)),
        trials=(*table_sweeps(rows, claim), *run_sweeps(chosen, rest, claim)),
        set_aside=tuple(Unread(path=run.id, why=_why_aside(chosen[0], run)) for run in rest),
        others=_by_seed(tuple(rest)),
    )


def all_but_searches(runs: tuple[Run, ...], claim: Claim) -> ArmRuns:
    """Return all runs of a folder that was not sorted; the rows of a long table are trials of a search."""
    tables = Counter(run.id.partition("#")[0] for run in runs if _is_row(run))
    long = {table for table, count in tables.items() if count >= SEARCH_ROWS}
    rows = tuple(run for run in runs if _is_row(run) and run.id.partition("#")[0] in long)
    searched = set(map(id, rows))
    return ArmRuns(
        runs=tuple(run for run in runs if id(run) not in searched),
        trials=tuple(table_sweeps(rows, claim)),
        set_aside=tuple(
            Unread(
                path=table, why=f"{tables[table]:,} rows of settings and scores: trials of a search"
            )
            for table in sorted(long)
        ),
    )


def table_sweeps(rows: tuple[Run, ...], claim: Claim) -> list[Trials]:
    """Read sweeps from tables of trials that lie beside the runs: one trial a row."""
    tables: dict[str, list[Run]] = defaultdict(list)
    for run in rows:
        tables[run.id.partition("#")[0]].append(run)
    found = []
    for table in tables.values():
        names = sorted({name for run in table for name in run.config} - NOT_SETTINGS)
        for name in names:
            points = [
                (float(value), score)
                for run in table
                if isinstance(value := _value(run, name), (int, float))
                and not isinstance(value, bool)
                and (score := final_score(run, claim)) is not None
            ]
            if len({value for value, _ in points}) > 1:
                found.append(_trials(name, points, table[0].config[name].source))
    return found


def run_sweeps(chosen: list[Run], rest: list[Run], claim: Claim) -> list[Trials]:
    """Read sweeps from runs that differ from the chosen configuration in one numeric setting."""
    points: dict[str, list[tuple[float, Score]]] = defaultdict(list)
    reference = chosen[0]
    for run in rest:
        differing = _differing(reference, run)
        score = final_score(run, claim)
        if len(differing) == 1 and score is not None:
            value = _value(run, differing[0])
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                points[differing[0]].append((float(value), score))
    found = []
    for name, pairs in points.items():
        own = _value(reference, name)
        if isinstance(own, (int, float)):
            scores = [s for run in chosen if (s := final_score(run, claim)) is not None]
            pairs += [(float(own), s) for s in scores if s.name == pairs[0][1].name]
        source = next(run.config[name].source for run in rest if name in run.config)
        found.append(_trials(name, pairs, source))
    return found


def _trials(name: str, points: list[tuple[float, Score]], source: Source) -> Trials:
    """Return trials in order of the setting; repeats of one value stay apart."""
    ordered = sorted(points, key=lambda point: point[0])
    return Trials(
        parameter=name,
        values=tuple(value for value, _ in ordered),
        scores=tuple(score.value for _, score in ordered),
        metric=ordered[0][1].name,
        source=source,
    )


def _without_tunings(runs: tuple[Run, ...]) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
    """Split off reports that count tuning trials and are no training themselves."""
    tunings = tuple(
        run
        for run in runs
        if TRIAL_COUNT in run.config and not run.finals and not run.curves and run.model is None
    )
    reports = set(map(id, tunings))
    return tuple(run for run in runs if id(run) not in reports), tunings


def _with_trial_count(runs: tuple[Run, ...], tunings: tuple[Run, ...]) -> tuple[Run, ...]:
    """Note on each run how many trials the arm's tuning report counts, where it does not say itself."""
    if len(tunings) != 1:
        return runs
    count = tunings[0].config[TRIAL_COUNT]
    return tuple(replace(run, config={TRIAL_COUNT: count, **run.config}) for run in runs)


def _is_row(run: Run) -> bool:
    """Tell whether a run is one row of a table, or one trial of a tuning study."""
    path, _, row = run.id.partition("#")
    if row.startswith("trial "):
        return True
    return bool(row) and not run.curves and pure_path(path).suffix.lower() in TABLE_SUFFIXES


def _differing(reference: Run, run: Run) -> list[str]:
    known = [
        name
        for name in sorted(set(reference.config) | set(run.config))
        if name not in NOT_SETTINGS and _value(reference, name) != _value(run, name)
    ]
    first, second = _methods(reference), _methods(run)
    return known + [
        key
        for key in sorted(first.keys() | second.keys())
        if key not in first or key not in second or first[key].value != second[key].value
    ]


def _why_aside(reference: Run, run: Run) -> str:
    differing = _differing(reference, run)
    shown = ", ".join(differing[:4]) + (" and more" if len(differing) > 4 else "")
    return (
        f"another configuration than the one taken for the claim ({reference.id}): differs in "
        f"{shown or 'what it states'}"
    )


def _value(run: Run, name: str) -> object:
    cited = run.config.get(name)
    return None if cited is None else cited.value


def _signature(run: Run) -> str:
    """Return a text that equals for runs of one configuration."""
    settings = {
        name: cited.value
        for name, cited in sorted(run.config.items())
        if name not in NOT_SETTINGS and cited.strength != "measured"
    }
    settings |= {name: cited.value for name, cited in sorted(_methods(run).items())}
    return repr(settings) if settings else ""


def _methods(run: Run) -> dict[str, Cited[Scalar]]:
    """Return what a run says of its method under keys that no check compares (`mode: coupled`)."""
    return {
        key: cited
        for key, cited in run.other_config.items()
        if re.split(r"[./]", key)[-1].lower() in METHOD_KEYS and isinstance(cited.value, str)
    }


def _family(name: str) -> str:
    return re.sub(r"[\d]+", "", pure_path(name.replace("#", "/")).name).strip("_-. ").lower()


def _by_seed(runs: tuple[Run, ...]) -> tuple[Run, ...]:
    return tuple(
        sorted(runs, key=lambda run: (run.seed is None, run.seed.value if run.seed else 0))
    )
