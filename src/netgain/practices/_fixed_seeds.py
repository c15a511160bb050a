"""Seeds that the scripts of both arms fix, where no run of either is among the files."""

from __future__ import annotations

import re

from netgain.analysis.code_seeds import seed_loops
from netgain.finding import Finding, Readings
from netgain.practices._compare import sources_of
from netgain.study import Arm, Cited, Study

WRITTEN = re.compile(
    r"^\s*(?:[\w.]*seed\w*\s*\(\s*(?:seed\s*=\s*)?\d+\s*\)|\w*SEED\w*\s*=\s*\d+)\s*;?\s*(?:#.*)?$",
    re.IGNORECASE,
)
"""A line that fixes a seed: `same_seeds(1003)`, `torch.manual_seed(0)`, `SEED = 42`."""


def with_fixed_seeds(study: Study, finding: Finding) -> Finding:
    """Report two scripts that each train once under a written seed of their own, beside an unknown finding.

    A seed that is an option may be another in each run, and scripts that go over seeds are judged by that.
    """
    first, second = _fixed(study.baseline), _fixed(study.proposed)
    if finding.verdict != "unknown" or first is None or second is None:
        return finding
    if first.value == second.value or study.claim.seeds_stated or study.claim.states_noise:
        return finding
    return Finding(
        code=finding.code,
        name=finding.name,
        verdict="flagged",
        grade="indicated",
        favours="neither",
        message=f"By their code the arms train once each, the proposed under seed {second.value} and the "
        f"baseline under seed {first.value}, written into the scripts: a gain of one run over another with "
        "its own seed cannot be told from luck. No run of either is among the files.",
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


def _fixed(arm: Arm) -> Cited[int] | None:
    """Return the seed written into the one script of an arm of which no run is given, else None."""
    if arm.code is None or len(arm.runs) != 1 or arm.runs[0].status != "planned":
        return None
    seed = arm.runs[0].seed
    if seed is None or seed.source.line is None or seed_loops(arm.code):
        return None
    text = next((file.text for file in arm.code.files if file.path == seed.source.path), "")
    lines = text.splitlines()
    at = seed.source.line - 1
    return seed if at < len(lines) and WRITTEN.match(lines[at]) else None
