"""Seeds that the scripts or notebooks of both arms fix, one each, where their runs decide nothing."""

from __future__ import annotations

import re

from netgain.analysis.code_seeds import seed_loops
from netgain.analysis.scores import recompute
from netgain.finding import Finding, Readings
from netgain.practices._compare import sources_of
from netgain.study import Arm, Cited, CodeTree, Run, Source, Study

WRITTEN = re.compile(
    r"^\s*(?:[\w.]*seed\w*\s*\(\s*(?:seed\s*=\s*)?\d+\s*\)|\w*SEED\w*\s*=\s*\d+)\s*;?\s*(?:#.*)?$",
    re.IGNORECASE,
)
"""A line that fixes a seed: `same_seeds(1003)`, `torch.manual_seed(0)`, `SEED = 42`."""

NUMBER = re.compile(r"(\d+)\s*\)?\s*;?\s*$")
"""The seed at the end of such a line."""
NO_RUN = " No run of either is among the files."


def with_fixed_seeds(study: Study, finding: Finding) -> Finding:
    """Report two scripts that each train once under a written seed of their own, beside an unknown finding.

    A seed that is an option may be another in each run, and scripts that go over seeds are judged by that.
    """
    first, second = (
        _fixed(study.baseline, study.proposed),
        _fixed(study.proposed, study.baseline),
    )
    if finding.verdict != "unknown" or first is None or second is None:
        return finding
    if _has_runs(study) and recompute(study) is not None:
        return finding  # the scores themselves were judged
    if first.value == second.value or study.claim.seeds_stated or study.claim.states_noise:
        return finding
    return Finding(
        code=finding.code,
        name=finding.name,
        verdict="flagged",
        grade="indicated",
        favours="neither",
        message=f"By their code {_trained(study)}, the proposed under seed {second.value} and the "
        f"baseline under seed {first.value}, written into the scripts: a gain of one run over another with "
        f"its own seed cannot be told from luck.{'' if _has_runs(study) else NO_RUN}",
        numbers={"seed_baseline": float(first.value), "seed_proposed": float(second.value)},
        evidence=sources_of([second.source, first.source]),
        needs=finding.needs,
        readings=Readings(
            innocent="the seeds were written once, and the scores do not depend on them",
            inflating="a seed was kept for its score, and the distance is claimed as gain",
        ),
        remedy="the same several seeds in both arms, with the interval of the gain",
        settle="netgain attribute plan.toml",
    )


def _has_runs(study: Study) -> bool:
    runs = (*study.baseline.runs, *study.proposed.runs)
    return any(run.status != "planned" for run in runs)


def _trained(study: Study) -> str:
    return "each arm trains under one seed" if _has_runs(study) else "the arms train once each"


def _fixed(arm: Arm, other: Arm) -> Cited[int] | None:
    """Return the seed written into the one script of an arm of which no run is given, else None.

    A notebook holds its runs; there the seed counts that its own cells fix.
    """
    if arm.code is None or not arm.runs or seed_loops(arm.code):
        return None
    if len(arm.runs) != 1 or arm.runs[0].status != "planned":
        return _of_notebook(arm, arm.code, other)
    seed = arm.runs[0].seed
    if seed is None or seed.source.line is None:
        return None
    text = next((file.text for file in arm.code.files if file.path == seed.source.path), "")
    lines = text.splitlines()
    at = seed.source.line - 1
    return seed if at < len(lines) and WRITTEN.match(lines[at]) else None


def _of_notebook(arm: Arm, tree: CodeTree, other: Arm) -> Cited[int] | None:
    """Return the one seed that the one notebook of an arm fixes, which made all of its runs."""
    theirs = {file.path for file in other.code.files} if other.code is not None else set()
    own = [file for file in tree.files if file.cells and file.path not in theirs]
    if len(own) != 1 or not all(_is_from(run, own[0].path) for run in arm.runs):
        return None
    found = [
        (int(number[1]), at)
        for at, line in enumerate(own[0].text.splitlines(), start=1)
        if WRITTEN.match(line) and (number := NUMBER.search(line.partition("#")[0]))
    ]
    stated = {run.seed.value for run in arm.runs if run.seed is not None}
    if len({value for value, _ in found}) != 1 or stated - {found[0][0]}:
        return None
    value, line = found[0]
    return Cited(value=value, source=Source(path=own[0].path, line=line, key="seed"))


def _is_from(run: Run, path: str) -> bool:
    """Tell whether a run's curves were all printed in one notebook."""
    return bool(run.curves) and all(curve.source.path == path for curve in run.curves)
