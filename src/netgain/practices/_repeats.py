"""Repeats of drawn samples that only the proposed arm's code shows; NG103 judges them, NG102 heeds them."""

from __future__ import annotations

import re
from dataclasses import replace

from netgain.analysis.code_idioms import Idiom, repeated_passes
from netgain.study import Arm, Study


def repeats_of_proposed(study: Study) -> tuple[tuple[Idiom, ...], tuple[Idiom, ...]]:
    """Return the repeats of the proposed code that the baseline's has not, or less often, and the baseline's.

    Both are empty where either code is missing.
    """
    if study.proposed.code is None or study.baseline.code is None:
        return (), ()
    baseline, proposed = _repeats(study.baseline), _repeats(study.proposed)
    return tuple(idiom for idiom in proposed if not _matched(idiom, baseline)), baseline


def possible_repeats(study: Study) -> tuple[Idiom, ...]:
    """Return what may repeat samples in the proposed arm alone.

    Any repeat may, where code is absent or leaves a setting open in which the arms differ; and one under a
    condition may, where one tree serves both arms.
    """
    first, second = study.baseline.code, study.proposed.code
    if first is None or second is None or first.undecided or second.undecided:
        return _repeats(study.proposed)
    only, _ = repeats_of_proposed(study)
    if not only and (first == second or second.settings or first.settings):
        return tuple(idiom for idiom in _repeats(study.proposed) if idiom.conditional)
    return only


def _repeats(arm: Arm) -> tuple[Idiom, ...]:
    """Return what repeats samples in an arm's code, as often as its runs set it."""
    if arm.code is None:
        return ()
    found = [_as_set(idiom, arm) for idiom in repeated_passes(arm.code)]
    return tuple(idiom for idiom in found if idiom.times is None or idiom.times > 1)


def _as_set(idiom: Idiom, arm: Arm) -> Idiom:
    """Put the number that all runs of an arm were configured with in the place of an option's default."""
    if not idiom.option:
        return idiom
    wanted = _plain(idiom.option)
    values = {
        cited.value
        for run in arm.runs
        for name, cited in {**run.other_config, **run.config}.items()
        if wanted in (_plain(name), _plain(cited.source.key or name))
    }
    value = values.pop() if len(values) == 1 else None
    if not isinstance(value, int) or isinstance(value, bool) or value == idiom.times:
        return idiom
    shown = rf"\bseveral\b|\S*\b{re.escape(idiom.option)}\b\S*"
    if idiom.times is not None:
        shown = rf"\b{idiom.times}\b"
    return replace(idiom, what=re.sub(shown, str(value), idiom.what, count=1), times=value)


def _matched(idiom: Idiom, baseline: tuple[Idiom, ...]) -> bool:
    """Tell whether the baseline repeats in the same way, at least as often as far as the code says."""
    for other in baseline:
        if other.what == idiom.what:
            return True
        if _kind(other) == _kind(idiom) and other.times is not None and idiom.times is not None:
            return other.times >= idiom.times
    return False


def _kind(idiom: Idiom) -> str:
    return re.sub(r"\d+", "", idiom.what)


def _plain(key: str) -> str:
    return re.split(r"[./]", key)[-1].lower().replace("-", "_")
