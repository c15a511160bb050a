"""Whether both arms read the same training data, by the places their settings name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from netgain.study import Arm, Cited, Scalar, Source, Study

DATA_PLACE = re.compile(
    r"(?:^|[._])(?:train\w*[._])?(?:data_?root|data_?(?:set_)?(?:dir|path|folder)|ann_file|img_prefix)$"
    r"|(?:^|[._])train(?:ing)?_?(?:file|data|csv|json|path|dir|set|split|manifest|files|dataset)$",
    re.IGNORECASE,
)
"""Raw keys that say where training data lies."""
OTHER_SPLIT = re.compile(
    r"(?:^|[._])(?:val|valid|validation|test|eval|dev)(?:[._]|$)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherData:
    """A setting by which the arms may train on different data."""

    baseline: Cited[Scalar] | None
    """As the baseline has it; None where it names none."""
    proposed: Cited[Scalar] | None
    """As the proposed arm has it."""

    @property
    def words(self) -> str:
        """Return both places in words, the proposed arm's first."""
        names = [one.value if one else "none named" for one in (self.proposed, self.baseline)]
        return f"{names[0]} against {names[1]}"

    @property
    def sources(self) -> tuple[Source, ...]:
        """Return where they stand, the proposed arm's first."""
        return tuple(one.source for one in (self.proposed, self.baseline) if one is not None)


def other_training_data(study: Study) -> OtherData | None:
    """Return where the arms name different training data of unknown sizes, or one of them names none.

    Places on other machines are the same data where their last part is the same.
    """
    arms = (study.baseline, study.proposed)
    if all(arm.runs and all(run.budget.n_train for run in arm.runs) for arm in arms):
        return None
    first, second = _places(arms[0]), _places(arms[1])
    for key in sorted(first.keys() | second.keys()):
        mine, theirs = first.get(key), second.get(key)
        if not (mine and theirs and _same_place(str(mine.value), str(theirs.value))):
            return OtherData(baseline=mine, proposed=theirs)
    return None


def _same_place(first: str, second: str) -> bool:
    paths = (PurePosixPath(first), PurePosixPath(second))
    on_machines = any(path.is_absolute() or ".." in path.parts for path in paths)
    return paths[0] == paths[1] or (on_machines and paths[0].name == paths[1].name)


def _places(arm: Arm) -> dict[str, Cited[Scalar]]:
    """Return the settings that say where all runs of an arm read their training data."""
    found = [
        {
            key: cited
            for key, cited in {**run.other_config, **run.config}.items()
            if DATA_PLACE.search(key)
            and not OTHER_SPLIT.search(key)
            and isinstance(cited.value, str)
            and cited.value
        }
        for run in arm.runs
    ]
    return {
        key: cited
        for key, cited in (found[0] if found else {}).items()
        if all(key in one and one[key].value == cited.value for one in found)
    }
