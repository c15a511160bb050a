"""How long a training is to be, where the key says something else at first sight.

`epoch: 100` among settings, `niter: 25` of DCGAN, and pix2pix's epochs at a constant rate with those at a
falling one.
"""

from __future__ import annotations

import re
from dataclasses import replace

from netgain.readers.base import RunFacts, Setting
from netgain.vocabulary import canonical_setting

DECAYING = (("n_epochs", "n_epochs_decay"), ("niter", "niter_decay"))
"""Keys by which pix2pix and CycleGAN state their epochs, and those in which the rate falls."""
MOST_EPOCHS = 1000
"""Largest `niter` that counts epochs, and not steps."""
LAST_PART = re.compile(r"(?:^|[./])epoch$", re.IGNORECASE)
STORED = re.compile(r"(?:^|[./])(?:checkpoint|state|summary|best|last)[./]", re.IGNORECASE)
"""Sections that hold how far a training was."""


def with_planned_epochs(fact: RunFacts) -> RunFacts:
    """Give the length of a training the name it goes by, as far as the settings of one file tell it."""
    return _of_bare_epoch(_of_pix2pix(fact))


def _of_pix2pix(fact: RunFacts) -> RunFacts:
    """Add the epochs of a falling rate to those before; `niter` alone counts epochs where it is small."""
    own = {
        s.key: s
        for s in fact.settings
        if isinstance(s.value, int) and not isinstance(s.value, bool)
    }
    for first, second in DECAYING:
        if first in own and (second in own or first == "niter"):
            values = [own[key].value for key in (first, second) if key in own]
            total = sum(value for value in values if isinstance(value, int))
            if first == "niter" and total > MOST_EPOCHS:
                return fact
            kept = tuple(s for s in fact.settings if s.key not in (first, second))
            return replace(fact, settings=(*kept, replace(own[first], key="epochs", value=total)))
    return fact


def _of_bare_epoch(fact: RunFacts) -> RunFacts:
    """Read a bare `epoch` among the settings of a file as their number, else leave the facts as they are.

    A file that states scores counts with it how far the training was, and so does a number below the epochs
    that the file's own curves reach.
    """
    if fact.finals or fact.model is not None:
        return fact
    named = [setting for setting in fact.settings if _is_bare(setting)]
    if len(named) != 1 or any(
        canonical_setting(s.key, fact.dialect, value=s.value) == "epochs" for s in fact.settings
    ):
        return fact
    (bare,) = named
    reached = max((s.steps[-1] for s in fact.series if s.unit == "epoch" and s.steps), default=0.0)
    if not isinstance(bare.value, int) or bare.value < max(2, reached):
        return fact
    key = LAST_PART.sub(lambda found: f"{found[0]}s", bare.key)
    settings = tuple(replace(s, key=key) if s is bare else s for s in fact.settings)
    return replace(fact, settings=settings)


def _is_bare(setting: Setting) -> bool:
    whole = isinstance(setting.value, int) and not isinstance(setting.value, bool)
    return whole and LAST_PART.search(setting.key) is not None and not STORED.search(setting.key)
