"""Defaults that code states for options and configurations: which of them can be a run's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from netgain.analysis.configured_code import TrainingScript
from netgain.assemble.evidence import CODE, has_outcome, path_of
from netgain.assemble.readings import is_no_dataset, meant, same_value
from netgain.assemble.shown_by_runs import Shown
from netgain.assemble.units import converted
from netgain.pure_paths import pure_path
from netgain.readers.base import RunFacts
from netgain.study import Cited, Scalar, Source
from netgain.vocabulary import canonical_setting


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSettings:
    """What code says of one run."""

    values: Mapping[str, Cited[Scalar]] = field(default_factory=dict)
    """Settings by canonical name."""
    disputed: Mapping[str, frozenset[float]] = field(default_factory=dict)
    """Values of what code sets in several ways, none where it cannot have been the run's: no default beside
    them counts."""
    files: frozenset[str] | None = None
    """Files whose defaults can be the run's, where the run recorded what started it; None where any can."""
    refused: frozenset[str] = frozenset()
    """Files whose defaults are not the run's: they train nothing, or were changed since."""
    shown: Shown = field(default_factory=Shown)
    """What the run itself shows."""
    scripts: tuple[TrainingScript, ...] = ()
    """Scripts any of which may have trained the run: what only some of them say by default does not count."""

    def with_defaults(
        self, defaults: Mapping[str, Sequence[Cited[Scalar]]], is_option: Callable[[Source], bool]
    ) -> dict[str, Cited[Scalar]]:
        """Add the defaults of options and configuration classes that can be the run's.

        A constant that the run contradicts shows that its file was changed since: nothing of it counts. An
        option that it contradicts was given another value, and the rest of the file stays.
        """
        denied = {name for name, stated in defaults.items() if self._is_denied(name, stated[0])}
        changed = {
            cited.source.path
            for name in denied
            for cited in defaults[name]
            if not is_option(cited.source)
        }
        kept: dict[str, Cited[Scalar]] = {}
        for name, stated in defaults.items():
            own = [
                cited
                for cited in stated
                if (self.files is None or cited.source.path in self.files)
                and cited.source.path not in self.refused | changed
            ]
            if (
                own
                and name not in denied
                and (name not in self.disputed or own[0].value in self.disputed[name])
                and not (name == "epochs" and self._is_no_length(own[0]))
                and self._is_said_by_all({cited.source.path for cited in own})
            ):
                kept[name] = own[0]
        return {**kept, **self.values}

    def _is_said_by_all(self, paths: set[str]) -> bool:
        """Tell whether files speak for every script that may be the run's, or for none in particular."""
        speaking = [bool(paths & script.files) for script in self.scripts]
        return all(speaking) or not any(speaking)

    def _is_denied(self, name: str, cited: Cited[Scalar]) -> bool:
        value = cited.value
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return number and self.shown.denies(name, float(value))  # type: ignore[arg-type]  # a number

    def _is_no_length(self, cited: Cited[Scalar]) -> bool:
        value = cited.value
        return isinstance(value, (int, float)) and not self.shown.leaves_open(float(value))


class CodeDefaults:
    """What code states by default for the runs of one arm; many runs share the same code."""

    def __init__(self, taught: Mapping[str, str]) -> None:
        """Keep the keys that a configuration teaches, raw key to canonical name."""
        self.taught = taught
        self._stated: dict[tuple[int, ...], dict[str, list[Cited[Scalar]]]] = {}
        """By identity of the facts, which live as long as the arm is built."""

    def of(self, bundle: list[RunFacts]) -> dict[str, list[Cited[Scalar]]]:
        """Return the settings that code states by default, each file's; where two differ, neither counts.

        Code that bears the name of a run's log (`baseline.py` beside `baseline.out`) is the code of that run.
        """
        code = [fact for fact in bundle if fact.dialect == CODE and not fact.name]
        if not code:
            return {}
        logs = {
            _stem(path_of(fact)) for fact in bundle if fact.dialect != CODE and has_outcome(fact)
        }
        chosen = [fact for fact in code if _stem(path_of(fact)) in logs] or code
        key = tuple(map(id, chosen))
        if key not in self._stated:
            self._stated[key] = _stated_by(chosen, self.taught)
        return self._stated[key]


@lru_cache(maxsize=8192)
def _stem(path: str) -> str:
    return pure_path(path).stem


def _stated_by(code: list[RunFacts], taught: Mapping[str, str]) -> dict[str, list[Cited[Scalar]]]:
    found: dict[str, list[Cited[Scalar]]] = defaultdict(list)
    for fact in code:
        for setting in fact.settings:
            name = canonical_setting(setting.key, CODE, taught, value=setting.value)
            blank = setting.value in (None, "", "[]", "{}") or "?" in str(setting.value)
            unset = isinstance(setting.value, (int, float)) and setting.value < 0
            mode = name == "dataset" and is_no_dataset(setting.value)
            if name is not None and not (blank or unset or mode):
                name, value = converted(
                    name, meant(name, setting.value, setting.key, CODE), setting.key
                )
                found[name].append(Cited(value=value, source=setting.source, confidence="likely"))
    return {
        name: cited
        for name, cited in found.items()
        if all(same_value(other.value, cited[0].value) for other in cited[1:])
    }
