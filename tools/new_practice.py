"""Start a new practice: its module, and cases for the conformance suite.

    python tools/new_practice.py NG604 borrowed-plumes "One sentence that says what it is."

Writes new files only; nothing existing is edited. Fill in what the skeleton leaves open: the rule
in `check`, the page, and cases that show it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent

MODULE = '''"""{summary}

## What it does
{summary}

## Why it inflates
Say how the gain becomes larger than the idea, with a published size and its source.

## What is looked at
Settings named `{setting}` in the configs of all runs. Flagged when the proposed arm has it on and the
baseline has it off.

## When it stays clear
Both arms have it on, or both have it off.

## What is not seen
Arms whose configs do not name it.

## Remedy
The same setting in both arms.

## Example
```
{code} {name}  flagged (indicated)
{setting} is on in the proposed arm and off in the baseline.
```

## References
Name the source of the rule.
"""

from __future__ import annotations

from netgain.finding import Finding, Readings
from netgain.practice import Practice
from netgain.practices._compare import lacking, setting, sources_of
from netgain.study import Arm, Cited, Run, Scalar, Study

CODE, NAME = "{code}", "{name}"
SETTING = "{setting}"


def check(study: Study) -> Finding:
    """Compare the setting between the arms."""
    baseline, proposed = _values(study.baseline), _values(study.proposed)
    if baseline is None or proposed is None:
        return Finding(
            code=CODE,
            name=NAME,
            verdict="unknown",
            message=f"{{SETTING}} is not known for every run of both arms.",
            needs=lacking(study, _reading, SETTING) or (f"one {{SETTING}} for all runs of an arm",),
        )
    evidence = sources_of(
        [c.source for arm in (study.proposed, study.baseline) for r in arm.runs if (c := _reading(r))]
    )
    if proposed and not baseline:
        return Finding(
            code=CODE,
            name=NAME,
            verdict="flagged",
            grade="indicated",
            favours="proposed",
            message=f"{{SETTING}} is on in the proposed arm and off in the baseline.",
            evidence=evidence,
            readings=Readings(
                innocent="the proposed code base has it on by default",
                inflating="it buys part of the gain and the idea is credited with it",
            ),
            remedy="the same setting in both arms",
            settle="netgain attribute plan.toml",
        )
    return Finding(
        code=CODE,
        name=NAME,
        verdict="clear",
        message=f"{{SETTING}} is {{'on' if proposed else 'off'}} in the proposed arm (read for every run).",
        evidence=evidence,
    )


def _reading(run: Run) -> Cited[Scalar] | None:
    return setting(run, SETTING)


def _values(arm: Arm) -> bool | None:
    """Return the arm's setting where every run states it and all agree, else None."""
    values = {{bool(c.value) if (c := _reading(run)) is not None else None for run in arm.runs}}
    return values.pop() if len(values) == 1 else None


PRACTICE = Practice(code=CODE, name=NAME, doc=__doc__, check=check)
'''

CASES = {
    "flagged_proposed_only": ('verdict = "flagged"', "false", "true"),
    "clear_both_on": ('verdict = "clear"\nnear_miss = true', "true", "true"),
    "unknown_silent": ('verdict = "unknown"', None, "true"),
}


def main() -> int:
    """Write the skeleton; return 2 for wrong usage."""
    if len(sys.argv) != 4:
        print(__doc__)
        return 2
    code, name, summary = sys.argv[1].upper(), sys.argv[2], sys.argv[3].rstrip(".") + "."
    if not re.fullmatch(r"NG[1-9]\d\d", code) or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        print("expected a code like NG604 and a name in kebab case")
        return 2
    stem = f"{code}_{name}".lower().replace("-", "_")
    module = ROOT / "src" / "netgain" / "practices" / f"{stem}.py"
    if any(module.parent.glob(f"{code.lower()}_*.py")):
        print(f"{code} exists already")
        return 2
    setting = name.replace("-", "_")
    module.write_text(
        MODULE.format(code=code, name=name, summary=summary, setting=setting), encoding="utf-8"
    )
    print(f"wrote {module.relative_to(ROOT)}")
    folder = ROOT / "tests" / "cases" / stem
    folder.mkdir(parents=True)
    for case, (expect, baseline, proposed) in CASES.items():
        arms = "".join(
            f"[{arm}]\nruns = [{{ config = {{ {setting} = {value} }} }}]\n"
            if value
            else f"[{arm}]\nruns = [{{ config = {{ learning_rate = 0.1 }} }}]\n"
            for arm, value in (("baseline", baseline), ("proposed", proposed))
        )
        path = folder / f"{case}.toml"
        path.write_text(f"[expect]\n{expect}\n{arms}", encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    print("next: make docs && pytest tests/practices")
    return 0


if __name__ == "__main__":
    sys.exit(main())
