"""Settings that runs do not state themselves, from the code of the script that each was trained by."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from netgain.analysis.configured_code import Given, TrainingScript, idle_scripts, training_scripts
from netgain.assemble.bundles import CODE, group_name, has_outcome, path_of, seed_in_name
from netgain.assemble.defaults_in_code import CodeSettings
from netgain.assemble.named_commands import NamedCommands, is_command
from netgain.assemble.opened_configurations import (
    FILES_OF_SETTINGS,
    OpenedConfigurations,
    records_itself,
)
from netgain.assemble.option_lines import OptionLines
from netgain.assemble.planned import is_plan, started
from netgain.assemble.scripts_of_runs import RunNames, names_of, scripts_of, told_by
from netgain.assemble.settings_by_name import is_of_rollouts, settings_by_name
from netgain.assemble.shown_by_runs import Shown, shown_by
from netgain.assemble.units import BATCH_NAMES
from netgain.pure_paths import pure_path
from netgain.readers.base import RunFacts
from netgain.study import Cited, CodeTree, Scalar, Source
from netgain.vocabulary import canonical_setting

SPELLED = {
    "per_device_train_batch_size": "batch_size_per_device",
    "gradient_accumulation_steps": "gradient_accumulation",
}
"""Canonical names of what code spells otherwise."""
BATCHES = frozenset((*BATCH_NAMES, "tokens_per_batch"))
WHOLE = frozenset(
    {"epochs", "batch_size", "batch_size_per_device", "max_steps", "seed", "gradient_accumulation"}
)
"""Quantities that are whole numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One run and the scripts that may have trained it."""

    names: RunNames
    """What the run is called."""
    scripts: tuple[TrainingScript, ...]
    """The scripts."""
    told: bool
    """Whether more than their folder says so."""
    shown: Shown
    """What the run itself shows."""

    def contradicted(self) -> set[tuple[str, str]]:
        """Return the scripts, each with a quantity, that are at odds with the run in every value they fix."""
        return {
            (script.path, name)
            for script, name, values in self._fixed()
            if all(self.shown.denies(name, v) or self.shown.states_other(name, v) for v in values)
        }

    def confirmed(self) -> bool:
        """Tell whether the run shows one of the values that a script fixes."""
        return any(
            self.shown.confirms(name, value)
            for _, name, values in self._fixed()
            for value in values
        )

    def _fixed(self) -> Iterator[tuple[TrainingScript, str, list[float]]]:
        """Yield script, quantity and values of what the scripts fix, nothing left to an option or a run."""
        for script in self.scripts:
            for spelled, given in script.quantities.items():
                values = [one.value for one in given if one is not None and not one.default]
                if values and len(values) == len(given):
                    yield script, SPELLED.get(spelled, spelled), values


class CodeOfRuns:
    """The training scripts beside the runs of one arm."""

    def __init__(
        self,
        tree: CodeTree | None,
        facts: Iterable[RunFacts],
        grouped: Mapping[str, list[RunFacts]],
        given: CodeTree | None = None,
    ) -> None:
        """Look for the scripts of a tree.

        Args:
            tree: all code beside the runs.
            facts: everything read, by which a default that some file replaces is known.
            grouped: the facts of each run.
            given: code named apart from the runs, used where none beside them trains.
        """
        self.scripts = training_scripts(tree) if tree is not None else ()
        self._apart = not self.scripts and given is not None
        if given is not None and self._apart:
            self.scripts = training_scripts(given)
        facts_read = list(facts)
        facts = [fact for fact in facts_read if not is_command(fact)]
        self._commands = NamedCommands(facts_read)
        by_default = any(fact.dialect == CODE for fact in facts)
        self._idle = idle_scripts(tree) if tree is not None and by_default else frozenset[str]()
        files = tuple(file for one in (tree, given) if one is not None for file in one.files)
        self._options = OptionLines(CodeTree(root="", files=files) if files else None)
        facts = facts if self.scripts else []
        self._stated = _numbers(facts)
        self._replaced = _numbers(fact for fact in facts if _is_configuration(fact))
        self._repeats = Counter(map(group_name, grouped))
        self._grouped = grouped
        self._cases: dict[str, _Case] = {}
        self._opened = OpenedConfigurations(facts_read, grouped, (tree, given))

    def configured(self, run_id: str, bundle: list[RunFacts]) -> list[RunFacts]:
        """Return the command and the settings file apart from a run that it was started with.

        Repeats get no seed of a file. A run that records its settings itself was not looked for.
        """
        if is_plan(bundle) or records_itself(bundle):
            return []
        case = self._case(run_id, bundle)
        if not (case.names.programs or any(map(has_outcome, bundle))):
            return []
        found = [
            *self._commands.of(run_id, case.names),
            *self._opened.of(bundle, case.names, case.scripts),
        ]
        if seed_in_name(run_id) is None and self._repeats[group_name(run_id)] < 2:
            return found
        return [
            replace(
                fact,
                settings=tuple(
                    one for one in fact.settings if canonical_setting(one.key) != "seed"
                ),
            )
            if path_of(fact).endswith(FILES_OF_SETTINGS)
            else fact
            for fact in found
        ]

    def of(
        self,
        run_id: str,
        bundle: list[RunFacts],
        stated: Iterable[str],
        defaults: Mapping[str, Sequence[Cited[Scalar]]],
    ) -> dict[str, Cited[Scalar]]:
        """Return what code says of a run beyond what its own files state.

        Args:
            run_id: the run.
            bundle: its facts.
            stated: canonical names that its files state.
            defaults: what options and configurations in code say where nothing replaces them, each file's.
        """
        return self._of_scripts(run_id, bundle, set(stated)).with_defaults(
            defaults, self._options.holds
        )

    def _of_scripts(self, run_id: str, bundle: list[RunFacts], own: set[str]) -> CodeSettings:
        if not is_plan(bundle) and not any(map(has_outcome, bundle)):
            return CodeSettings(refused=self._idle)
        if not self.scripts and not any(fact.dialect == CODE for fact in bundle):
            return CodeSettings(refused=self._idle)
        case = self._case(run_id, bundle)
        by_name = {n: c for n, c in settings_by_name(bundle, case.names).items() if n not in own}
        files = _files_of(case.scripts, case.names) if self.scripts else None
        plain = CodeSettings(
            values=by_name, files=files, refused=self._idle, shown=case.shown, scripts=case.scripts
        )
        if not case.scripts:
            return plain
        doubted = self._doubted(case)
        if doubted is None:
            changed = frozenset().union(*(script.files for script in case.scripts))
            return replace(plain, refused=self._idle | changed)
        values, disputed = self._values(run_id, case, own, doubted)
        return replace(plain, values={**by_name, **_consistent(values, own)}, disputed=disputed)

    def _values(
        self, run_id: str, case: _Case, own: set[str], doubted: frozenset[str]
    ) -> tuple[dict[str, Cited[Scalar]], dict[str, frozenset[float]]]:
        """Return what the scripts of a run agree on, and the values of what they do not."""
        values: dict[str, Cited[Scalar]] = {}
        disputed: dict[str, frozenset[float]] = {}
        for spelled in dict.fromkeys(name for script in case.scripts for name in script.quantities):
            name = SPELLED.get(spelled, spelled)
            if name in own or (name in BATCHES and own & BATCHES):
                continue
            chosen = [_chosen(s.quantities.get(spelled, ()), case.names) for s in case.scripts]
            found = [one for group in chosen for one in group or ()]
            if all(chosen) and len({one.value for one in found}) == 1:
                if name not in doubted and self._counts(name, found[0], run_id, case):
                    values[name] = _cited(found[0], spelled, name)
                else:
                    disputed[name] = frozenset()
            else:
                every = [one for s in case.scripts for one in s.quantities.get(spelled, ()) if one]
                disputed[name] = frozenset(one.value for one in every)
        return values, disputed

    def _case(self, run_id: str, bundle: list[RunFacts]) -> _Case:
        if run_id not in self._cases:
            names = names_of(run_id, bundle)
            scripts, told = scripts_of(self.scripts, names, apart=self._apart or is_plan(bundle))
            if is_plan(bundle):
                scripts = started(scripts, self._idle)
            self._cases[run_id] = _Case(
                names=names, scripts=tuple(scripts), told=told, shown=shown_by(bundle)
            )
        return self._cases[run_id]

    def _doubted(self, case: _Case) -> frozenset[str] | None:
        """Return the quantities that a script no longer says of all its runs; None where it says nothing.

        A script that a run contradicts was changed since. One that its other runs contradict in two
        quantities counts only for a run that shows one of its values.
        """
        if case.contradicted():
            return None
        paths = {script.path for script in case.scripts}
        elsewhere = {name for path, name in self._contradicted if path in paths}
        if not elsewhere or case.confirmed():
            return frozenset()
        return frozenset(elsewhere) if len(elsewhere) == 1 else None

    @cached_property
    def _contradicted(self) -> frozenset[tuple[str, str]]:
        """Return the scripts, each with a quantity, that some run is at odds with."""
        found: set[tuple[str, str]] = set()
        for run_id, bundle in self._grouped.items():
            if any(map(has_outcome, bundle)):
                found |= self._case(run_id, bundle).contradicted()
        return frozenset(found)

    def _counts(self, name: str, given: Given, run_id: str, case: _Case) -> bool:
        """Tell whether a value can be that of a run."""
        if given.value < 0 or (given.value == 0 and name != "seed"):
            return False
        if name in WHOLE and given.value != int(given.value):
            return False
        if name == "seed" and (
            seed_in_name(run_id) is not None or self._repeats[group_name(run_id)] > 1
        ):
            return False
        if given.default and self._apart and not case.told:
            return False
        replaced = self._replaced if case.told else self._stated
        if (given.default or not case.told) and replaced.get(name, set()) - {given.value}:
            return False
        if case.shown.denies(name, given.value):
            return False
        return name != "epochs" or case.shown.leaves_open(given.value)


def _files_of(scripts: tuple[TrainingScript, ...], names: RunNames) -> frozenset[str] | None:
    """Return the files of the script that a run recorded, none where it is not there."""
    if not names.programs:
        return None
    return frozenset().union(*(script.files for script in scripts))


def _consistent(values: dict[str, Cited[Scalar]], stated: set[str]) -> dict[str, Cited[Scalar]]:
    """Leave out what says one quantity twice: a batch of both kinds, steps beside epochs."""
    batches = set(BATCHES & set(values))
    aside = batches if len(batches) > 1 else set[str]()
    if "epochs" in values or {"epochs", "steps"} & stated:
        aside = aside | {"max_steps"}
    if not batches or batches <= aside:
        aside = aside | {"gradient_accumulation"}
    return {name: cited for name, cited in values.items() if name not in aside}


def _chosen(given: tuple[Given | None, ...], names: RunNames) -> list[Given] | None:
    """Return the values a script may set for a run, those told by its name where they differ."""
    known = [one for one in given if one is not None]
    if not known:
        return None
    if len(known) == len(given) and len({one.value for one in known}) == 1:
        return known
    scores = [told_by(one.words, names) for one in known]
    best = max(scores)
    told = [one for one, score in zip(known, scores, strict=True) if score == best]
    return told if best > 0 and len({one.value for one in told}) == 1 else None


def _is_configuration(fact: RunFacts) -> bool:
    return pure_path(path_of(fact)).suffix.lower() in (".yaml", ".yml", ".json", ".toml")


def _numbers(facts: Iterable[RunFacts]) -> dict[str, set[float]]:
    """Return the numbers that files state which are no code, by canonical name."""
    found: dict[str, set[float]] = defaultdict(set)
    for fact in facts:
        if fact.dialect == CODE:
            continue
        for setting in fact.settings:
            if isinstance(setting.value, (int, float)) and not isinstance(setting.value, bool):
                name = canonical_setting(setting.key, fact.dialect, value=setting.value)
                if name is not None and not is_of_rollouts(setting, fact):
                    found[name].add(float(setting.value))
    return found


def _cited(given: Given, spelled: str, name: str) -> Cited[Scalar]:
    value: float = int(given.value) if name in WHOLE else given.value
    source = Source(path=given.path, line=given.line, key=spelled)
    return Cited(value=value, source=source, confidence="likely")


__all__ = ["CodeOfRuns", "CodeSettings"]
