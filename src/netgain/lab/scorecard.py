"""How often the auditor sees a staged practice, and how often it speaks up over honest work."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from netgain import __version__
from netgain.lab.plans import Trained
from netgain.lab.publish import FORMS, Form
from netgain.lab.staging import Engine, train_plans, tricked_plan, twin_plan, write_study
from netgain.practice import Practice
from netgain.stats.binomial import Proportion, wilson_interval

SCHEMA = "netgain/score/1"
SEEDS_PER_ARM = 3
"""Seeds of each arm in a scored study."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One practice's tricked and honest studies through the auditor."""

    code: str
    """Practice code."""
    name: str
    """Practice name."""
    trials: int
    """Studies that commit the practice."""
    detected: int
    """Of those, flagged under its code."""
    honest_trials: int
    """Honest twins."""
    false_alarms: int
    """Of those, with anything flagged at all."""
    also_flagged: dict[str, int]
    """Other codes flagged in the tricked studies, with counts."""
    false_alarm_codes: dict[str, int]
    """Codes flagged in the honest twins, with counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormScore:
    """All practices together, in the studies whose files have one form."""

    form: Form
    """How their runs were written."""
    trials: int
    """Studies that commit a practice."""
    detected: int
    """Of those, flagged under its code."""
    honest_trials: int
    """Honest twins."""
    false_alarms: int
    """Of those, with anything flagged at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """The result of `netgain.lab.score`."""

    scores: tuple[Score, ...]
    """One for each practice, by code."""
    forms: tuple[FormScore, ...]
    """One for each form of the studies' files."""
    task: str
    """Task the studies were trained on."""

    @property
    def recall(self) -> Proportion:
        """Return the share of tricked studies that were flagged, with Wilson's interval."""
        return wilson_interval(
            sum(s.detected for s in self.scores), sum(s.trials for s in self.scores)
        )

    @property
    def false_alarm_rate(self) -> Proportion:
        """Return the share of honest twins in which anything was flagged, with Wilson's interval."""
        return wilson_interval(
            sum(s.false_alarms for s in self.scores), sum(s.honest_trials for s in self.scores)
        )

    def __getitem__(self, code: str) -> Score:
        """Return the score of one practice."""
        for score in self.scores:
            if score.code == code:
                return score
        raise KeyError(code)

    def to_json(self) -> str:
        """Return the document `netgain/score/1`."""
        rows = {
            s.code: {
                "name": s.name,
                "trials": s.trials,
                "detected": s.detected,
                "honest_trials": s.honest_trials,
                "false_alarms": s.false_alarms,
                "also_flagged": s.also_flagged,
                "false_alarm_codes": s.false_alarm_codes,
                "recall": _interval(wilson_interval(s.detected, s.trials)),
                "false_alarm_rate": _interval(wilson_interval(s.false_alarms, s.honest_trials)),
            }
            for s in self.scores
        }
        document = {
            "schema": SCHEMA,
            "netgain": __version__,
            "task": self.task,
            "scores": rows,
            "forms": {
                f.form: {
                    "recall": _interval(wilson_interval(f.detected, f.trials)),
                    "false_alarm_rate": _interval(wilson_interval(f.false_alarms, f.honest_trials)),
                }
                for f in self.forms
            },
            "recall": _interval(self.recall),
            "false_alarm_rate": _interval(self.false_alarm_rate),
        }
        return json.dumps(document, indent=2) + "\n"

    def to_text(self) -> str:
        """Return a table for the terminal."""
        lines = [f"Staged practices through the auditor ({self.task})"]
        for s in self.scores:
            also = ", ".join(f"{code} x{n}" for code, n in s.also_flagged.items())
            false = ", ".join(f"{code} x{n}" for code, n in s.false_alarm_codes.items())
            lines.append(
                f"  {s.code} {s.name:<28} detected {s.detected}/{s.trials}, "
                f"false alarms {s.false_alarms}/{s.honest_trials}"
                + (f" ({false})" if false else "")
                + (f"; also flagged {also}" if also else "")
            )
        lines += [
            f"  written as {f.form:<18} detected {f.detected}/{f.trials}, "
            f"false alarms {f.false_alarms}/{f.honest_trials}"
            for f in self.forms
        ]
        lines.append(
            f"  recall {_shown(self.recall)}; false alarms {_shown(self.false_alarm_rate)}"
        )
        return "\n".join(lines) + "\n"

    def to_markdown(self) -> str:
        """Return a table with one row for each practice, and one for all."""
        lines = [
            f"| practice | detected ({self.task}) | false alarms | also flagged where staged |",
            "|---|---|---|---|",
        ]
        for s in self.scores:
            also = ", ".join(f"{code} {n}" for code, n in s.also_flagged.items())
            lines.append(
                f"| {s.code} {s.name} | {_share(s.detected, s.trials)} | "
                f"{_share(s.false_alarms, s.honest_trials)} | {also} |"
            )
        detected = _share(sum(s.detected for s in self.scores), sum(s.trials for s in self.scores))
        false = _share(
            sum(s.false_alarms for s in self.scores), sum(s.honest_trials for s in self.scores)
        )
        lines += [f"| all | {detected} | {false} | |", ""]
        lines += ["| files written as | detected | false alarms |", "|---|---|---|"]
        lines += [
            f"| {f.form} | {_share(f.detected, f.trials)} | {_share(f.false_alarms, f.honest_trials)} |"
            for f in self.forms
        ]
        return "\n".join(lines) + "\n"


def _share(k: int, n: int) -> str:
    """Return `30/30 (88.6 to 100%)`: a count with Wilson's 95 % interval."""
    share = wilson_interval(k, n)
    if share.low is None or share.high is None:
        return "no trials"
    return f"{k}/{n} ({100 * share.low:.1f} to {100 * share.high:.1f}%)"


def _interval(share: Proportion) -> dict[str, float | int | None]:
    return {"value": share.estimate, "low": share.low, "high": share.high, "n": share.n}


def _shown(share: Proportion) -> str:
    if share.estimate is None or share.low is None or share.high is None:
        return "unknown, no trials"
    return f"{100 * share.estimate:.1f}% ({100 * share.low:.1f} to {100 * share.high:.1f}%, n = {share.n})"


def score_all(
    practices: Sequence[Practice],
    *,
    trials: int,
    task: str,
    engine: Engine,
    keep: Path | None = None,
) -> Scorecard:
    """Send tricked and honest studies of each practice through the public road.

    Trial t has seeds 1000 t and up. The files of trials one after the other have one form after the other,
    and change how they spell the settings.

    Args:
        practices: practices that can be staged.
        trials: tricked studies, and honest ones, for each practice.
        task: task name.
        engine: how trainings are run.
        keep: folder in which the studies are left; a temporary one by default.
    """
    seeds = [tuple(range(1000 * trial, 1000 * trial + SEEDS_PER_ARM)) for trial in range(trials)]
    options = {"seeds": SEEDS_PER_ARM, "task": task}
    plans = [
        (plan, block)
        for block in seeds
        for practice in practices
        for plan in (tricked_plan(practice, **options), twin_plan(practice, **options))  # type: ignore[arg-type]
    ]
    trained = iter(train_plans(plans, engine, sweeps=True))
    flagged: dict[tuple[str, str], list[tuple[str, ...]]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for trial in range(trials):
            for practice in practices:
                for side in ("tricked", "honest"):
                    folder = (keep or Path(scratch)) / practice.code / f"{side}{trial}"
                    codes = flagged_codes(next(trained), folder, engine, trial=trial)
                    flagged.setdefault((practice.code, side), []).append(codes)
    scores = tuple(
        _score(practice, flagged[practice.code, "tricked"], flagged[practice.code, "honest"])
        for practice in practices
    )
    return Scorecard(scores=scores, forms=_by_form(flagged, trials), task=task)


def flagged_codes(trained: Trained, folder: Path, engine: Engine, *, trial: int) -> tuple[str, ...]:
    """Publish one study, audit it by the road a user takes, and return the codes flagged."""
    from netgain.assemble import read
    from netgain.auditor import audit

    quiet = replace(engine, tick=None)
    write_study(trained, folder, quiet, form=form_of(trial), spelling=trial)
    report = audit(read(config=folder / "netgain.toml"))
    return tuple(f.code for f in report.findings if f.verdict == "flagged")


def form_of(trial: int) -> Form:
    """Return how the files of a trial are written."""
    return FORMS[trial % len(FORMS)]


def _by_form(
    flagged: dict[tuple[str, str], list[tuple[str, ...]]], trials: int
) -> tuple[FormScore, ...]:
    """Count what was flagged by the form of the files, forms that no trial has left out."""
    tricked = {code: codes for (code, side), codes in flagged.items() if side == "tricked"}
    honest = [codes for (_, side), codes in flagged.items() if side == "honest"]
    found = []
    for form in FORMS[:trials]:
        of_form = [trial for trial in range(trials) if form_of(trial) == form]
        found.append(
            FormScore(
                form=form,
                trials=len(of_form) * len(tricked),
                detected=sum(code in codes[t] for code, codes in tricked.items() for t in of_form),
                honest_trials=len(of_form) * len(honest),
                false_alarms=sum(bool(codes[t]) for codes in honest for t in of_form),
            )
        )
    return tuple(found)


def _score(
    practice: Practice, tricked: list[tuple[str, ...]], honest: list[tuple[str, ...]]
) -> Score:
    """Count what was flagged."""
    also = Counter(code for codes in tricked for code in codes if code != practice.code)
    false = Counter(code for codes in honest for code in codes)
    return Score(
        code=practice.code,
        name=practice.name,
        trials=len(tricked),
        detected=sum(practice.code in codes for codes in tricked),
        honest_trials=len(honest),
        false_alarms=sum(bool(codes) for codes in honest),
        also_flagged=dict(sorted(also.items())),
        false_alarm_codes=dict(sorted(false.items())),
    )
