"""Settings that a run states for each of its parts (`pi_lr`, `q_lr`), where all parts agree."""

from __future__ import annotations

import re
from collections.abc import Iterable

from netgain.readers.base import Setting
from netgain.study import Cited, Scalar

ENDINGS = {
    "batch_size": re.compile(r"(?P<part>[a-z]\w{0,30})_(?:batch_size|batchsize|bs)"),
    "learning_rate": re.compile(r"(?P<part>[a-z]\w{0,30})_(?:lr|learning_rate)"),
}
"""How a setting of one part is written: its name, then that of the setting."""
BEHIND = re.compile(
    r"(?:lr|learning_rate)_(?P<part>actor|critic|policy|pi|q|v|vf|value|g|d|gen|generator|disc|discriminator|"
    r"encoder|enc|decoder|dec|backbone|head|net|model)s?"
)
"""The same with the part behind, for the words that are parts: `lr_decay` is none."""
NO_PART = re.compile(
    r"(?:^|_)(?:val|valid|validation|eval|test|dev|infer\w*|predict\w*|gen|sample|warm\w*|min|max|end|"
    r"final|start|swa|decay|scale|sched\w*|finder|teacher|buffer|shuffle|log|use|auto|find)(?:_|$)"
)
"""Words in front that make it a setting of something else than a part in training."""
FEWEST = 2


def agreed(settings: Iterable[Setting]) -> dict[str, Cited[Scalar]]:
    """Return batch size and learning rate that at least two parts of a run state alike, as `likely`."""
    found: dict[str, dict[str, Setting]] = {name: {} for name in ENDINGS}
    for setting in settings:
        word = re.split(r"[./]", setting.key)[-1].lower().replace("-", "_")
        behind = BEHIND.fullmatch(word)
        number = isinstance(setting.value, (int, float)) and not isinstance(setting.value, bool)
        for name, ending in ENDINGS.items():
            match = ending.fullmatch(word)
            named = match is not None and not NO_PART.search(match["part"])
            if number and (named or (behind is not None and name == "learning_rate")):
                found[name].setdefault(word, setting)
    return {
        name: Cited(
            value=first.value, source=first.source, strength=first.strength, confidence="likely"
        )
        for name, parts in found.items()
        if len(parts) >= FEWEST
        and len({part.value for part in parts.values()}) == 1
        and (first := next(iter(parts.values())))
    }
