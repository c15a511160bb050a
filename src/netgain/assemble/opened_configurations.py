"""Settings files that lie apart from the runs: which of them a run was started with."""

from __future__ import annotations

import ast
import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from netgain.analysis.configured_code import TrainingScript
from netgain.analysis.syntax import dotted, nodes_of, parse
from netgain.assemble.evidence import CODE, has_outcome, is_script, path_of
from netgain.assemble.files_of_one_name import level
from netgain.assemble.scripts_of_runs import RunNames, tells_apart
from netgain.pure_paths import pure_path
from netgain.readers.base import RunFacts, Setting
from netgain.study import CodeTree
from netgain.vocabulary import canonical_setting

FILES_OF_SETTINGS = (".yaml", ".yml", ".json", ".toml")
HINT = re.compile(r"\.ya?ml\b|\.json\b|\.toml\b|config_name|config_path")
FILE = re.compile(r"[\w./\\~-]{1,200}\.(?:ya?ml|json|toml)", re.IGNORECASE)
WRITING = re.compile(r"[wax]b?\+?")
"""Modes in which `open` writes."""
LISTED = re.compile(r"defaults\.\d+(?:\.(.+))?")
"""Key of one entry of Hydra's list of defaults."""
RECORD = frozenset(
    {"batch_size", "batch_size_per_device", "learning_rate", "epochs", "max_steps", "seed", "optimizer",
     "weight_decay"}
)  # fmt: skip
FEWEST = 3
"""Settings of these that make a record of its own: a run that states them needs no file of settings."""
TELLING = 2
"""Settings of these by which a file bears the settings of a training."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """Settings files that one file of code opens."""

    paths: frozenset[str]
    """Files, by path."""
    composed: bool
    """Whether Hydra puts them together from groups."""


class OpenedConfigurations:
    """The settings files beside the runs of one arm that no run holds itself."""

    def __init__(
        self,
        facts: Iterable[RunFacts],
        grouped: Mapping[str, Sequence[RunFacts]],
        trees: Iterable[CodeTree | None],
    ) -> None:
        """Look for settings files that were read as a plan, or lie in places without any result."""
        alone = [
            fact
            for fact in facts
            if fact.status == "planned" and fact.dialect != "mmengine" and not fact.name
        ]
        for bundle in grouped.values():
            if not any(has_outcome(fact) or fact.model for fact in bundle):
                alone += [fact for fact in bundle if fact.dialect != CODE]
        self._held = {
            posixpath.normpath(path): fact
            for fact in alone
            if (path := path_of(fact)).lower().endswith(FILES_OF_SETTINGS)
        }
        self._by_last: dict[str, list[str]] = defaultdict(list)
        self._by_stem: dict[str, list[str]] = defaultdict(list)
        for path in self._held:
            self._by_last[pure_path(path).name].append(path)
            if tells_apart(stem := pure_path(path).stem):
                self._by_stem[level(stem)].append(path)
        files = [file for tree in trees if tree is not None for file in tree.files]
        self._texts = {file.path: file.text for file in files} if self._held else {}
        self._programs: dict[str, list[str]] = defaultdict(list)
        for path in self._texts:
            self._programs[pure_path(path).name].append(path)
        self._by_file: dict[str, _Opened] = {}

    def of(
        self, bundle: Sequence[RunFacts], names: RunNames, scripts: Sequence[TrainingScript]
    ) -> list[RunFacts]:
        """Return the settings of the one file that a run was started with, as likely ones.

        It is the file that the run states, the one it is called like, or the one that its script opens.
        """
        if not self._held:
            return []
        chosen, composed = self._stated(bundle) or self._of_its_name(names), False
        if not chosen:
            chosen, composed = self._opened_by(names, scripts)
        if len(chosen) != 1:
            return []
        path = next(iter(chosen))
        fact = self._held[path]
        settings = (*fact.settings, *(self._groups(path, fact) if composed else ()))
        return [
            replace(
                fact,
                settings=tuple(replace(one, confidence="likely") for one in settings),
                status="unknown",
            )
        ]

    def _stated(self, bundle: Sequence[RunFacts]) -> frozenset[str]:
        """Return the files that settings of a run name."""
        named = {
            str(setting.value).replace("\\", "/")
            for fact in bundle
            if fact.dialect != CODE
            for setting in fact.settings
            if isinstance(setting.value, str) and FILE.fullmatch(setting.value)
        }
        return frozenset(
            path
            for name in named
            for path in self._by_last.get(pure_path(name).name, ())
            if _ends_with(path, posixpath.normpath(name)) and self._trains(path)
        )

    def _of_its_name(self, names: RunNames) -> frozenset[str]:
        """Return the files that bear a run's own name, where it tells runs apart."""
        return frozenset(
            path
            for name in (*names.files, *names.folders[:2])
            for path in self._by_stem.get(level(name), ())
            if self._trains(path)
        )

    def _opened_by(
        self, names: RunNames, scripts: Sequence[TrainingScript]
    ) -> tuple[frozenset[str], bool]:
        """Return the files that all scripts which may be a run's open, and whether Hydra composes them."""
        ways = [(script.path, sorted(script.files - {script.path})) for script in scripts]
        if not ways:
            started = {pure_path(program).name for program in names.programs}
            ways = [(path, []) for name in started for path in self._programs.get(name, ())]
        found: list[_Opened] = []
        for path, imported in ways:
            own = self._opened(path)
            if not own.paths:
                each = [self._opened(other) for other in imported]
                own = _Opened(
                    paths=frozenset().union(*(one.paths for one in each)),
                    composed=any(one.composed for one in each),
                )
            found.append(own)
        if len({one.paths for one in found}) != 1:
            return frozenset(), False
        return found[0].paths, found[0].composed

    def _opened(self, path: str) -> _Opened:
        if path not in self._by_file:
            self._by_file[path] = self._look(path)
        return self._by_file[path]

    def _look(self, path: str) -> _Opened:
        text = self._texts.get(path, "")
        module = parse(text) if HINT.search(text) else None
        if module is None:
            return _Opened(paths=frozenset(), composed=False)
        composed = {
            found
            for call in nodes_of(module, ast.Call)
            if (word := _of_hydra(call)) is not None
            if (found := self._place(word, path, from_file=True)) is not None
        }
        if composed:
            return _Opened(paths=frozenset(composed), composed=True)
        aside = _not_read(module)
        words = {
            node.value
            for node in nodes_of(module, ast.Constant)
            if isinstance(node.value, str) and id(node) not in aside and FILE.fullmatch(node.value)
        }
        found_paths = {found for word in words if (found := self._place(word, path)) is not None}
        return _Opened(
            paths=frozenset(one for one in found_paths if self._trains(one)), composed=False
        )

    def _place(self, word: str, script: str, *, from_file: bool = False) -> str | None:
        """Return the settings file that a path in code means, seen from the script or a folder above."""
        plain = word.replace("\\", "/")
        home = pure_path(script).parent
        for folder in (home,) if from_file else (home, *home.parents):
            for suffix in ("", ".yaml", ".yml") if from_file else ("",):
                path = posixpath.normpath(posixpath.join(str(folder), plain + suffix))
                if path in self._held:
                    return path
        return None

    def _groups(self, path: str, fact: RunFacts) -> Iterable[Setting]:
        """Yield the settings of groups that a Hydra configuration lists, without what it states itself."""
        own = {setting.key for setting in fact.settings}
        for group, name in _entries(fact.settings):
            for suffix in (".yaml", ".yml"):
                inner = self._held.get(
                    posixpath.normpath(
                        posixpath.join(posixpath.dirname(path), group, name + suffix)
                    )
                )
                for setting in inner.settings if inner is not None else ():
                    key = f"{group.replace('/', '.')}.{setting.key}" if group else setting.key
                    if key not in own:
                        yield replace(setting, key=key)

    def _trains(self, path: str) -> bool:
        return _known([self._held[path]]) >= TELLING


def records_itself(bundle: Iterable[RunFacts]) -> bool:
    """Tell whether the files of a run state several of the settings it was trained with."""
    return _known(bundle) >= FEWEST


def _known(facts: Iterable[RunFacts]) -> int:
    """Count the settings of a training that files of a run state, shell scripts apart."""
    return len(
        {
            name
            for fact in facts
            if fact.dialect != CODE and not is_script(fact)
            for setting in fact.settings
            if setting.value is not None
            if (name := canonical_setting(setting.key, fact.dialect, value=setting.value)) in RECORD
        }
    )


def _ends_with(path: str, name: str) -> bool:
    return path == name or path.endswith("/" + name.lstrip("./"))


def _of_hydra(call: ast.Call) -> str | None:
    """Return the file that `@hydra.main(config_path=..., config_name=...)` composes, from the script on."""
    if not dotted(call.func).endswith(("hydra.main", "hydra_main")):
        return None
    given = {
        keyword.arg: keyword.value.value
        for keyword in call.keywords
        if keyword.arg and isinstance(keyword.value, ast.Constant)
    }
    folder, name = given.get("config_path"), given.get("config_name")
    if isinstance(folder, str) and folder.endswith(FILES_OF_SETTINGS) and name is None:
        return folder  # before 1.0
    if not isinstance(name, str) or not isinstance(folder, str):
        return None
    return posixpath.join(folder, name)


def _not_read(module: ast.Module) -> set[int]:
    """Return the strings that are pieces of an f-string, or name a file that is written."""
    aside = {id(value) for joined in nodes_of(module, ast.JoinedStr) for value in joined.values}
    for call in nodes_of(module, ast.Call):
        last = dotted(call.func).rpartition(".")[2]
        modes = [*call.args[1:2], *(k.value for k in call.keywords if k.arg == "mode")]
        written = last == "open" and any(
            isinstance(mode, ast.Constant) and WRITING.fullmatch(str(mode.value)) for mode in modes
        )
        if written or last in ("dump", "save", "write_text"):
            aside |= {id(node) for node in nodes_of(call, ast.Constant)}
    return aside


def _entries(settings: Iterable[Setting]) -> list[tuple[str, str]]:
    """Return the groups of Hydra's list of defaults, each with the name it is set to."""
    found: list[tuple[str, str]] = []
    for setting in settings:
        listed = LISTED.fullmatch(setting.key)
        if listed is None or not isinstance(setting.value, str) or setting.value == "_self_":
            continue
        group = (listed[1] or "").removeprefix("override ").removeprefix("optional ").strip(" /")
        if not group.startswith("hydra"):
            found.append((group.partition("@")[0], setting.value))
    return found
