"""Command lines that runs state, and the code they start: its options in full, and their defaults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from netgain.analysis.configured_code import training_scripts
from netgain.analysis.options import declared_defaults
from netgain.assemble.evidence import CODE, is_script, path_of
from netgain.pure_paths import pure_path
from netgain.readers.base import RunFacts, Setting
from netgain.study import CodeTree
from netgain.vocabulary import canonical_setting

PROGRAM = "program"
"""Key under which a log or script states what it started."""
SHORTEST = 3
"""Letters of an option that is taken for the beginning of a longer one."""


def with_code_started(
    grouped: Mapping[str, list[RunFacts]],
    own: CodeTree | None,
    given: CodeTree | None,
    defaults: Iterable[RunFacts],
) -> dict[str, list[RunFacts]]:
    """Return runs with what the program they started adds to their command lines.

    Options that a command line cuts short get their full names, as argparse reads them. Defaults of code that
    lies apart from a run count only where the run states that it started a program of that code.

    Args:
        grouped: the facts of each run.
        own: code beside the runs.
        given: code that serves the arm and lies apart.
        defaults: what the code that lies apart states by default.
    """
    stated = list(defaults)
    trees = [tree for tree in (own, given) if tree is not None]
    programs = {run_id: _program(bundle) for run_id, bundle in grouped.items()} if trees else {}
    if not any(programs.values()):
        return dict(grouped)
    names = frozenset(name for tree in trees for name in declared_defaults(tree))
    found: dict[str, list[RunFacts]] = {}
    for run_id, bundle in grouped.items():
        program = programs[run_id]
        if program is None:
            found[run_id] = bundle
            continue
        written_out = [_written_out(fact, names) for fact in bundle]
        found[run_id] = [*written_out, *_defaults_of(program, given, stated)]
    return found


def _program(bundle: Sequence[RunFacts]) -> str | None:
    """Return the one program that the files of a run say was started."""
    programs = {
        pure_path(str(setting.value).replace("\\", "/")).name
        for fact in bundle
        if fact.dialect != CODE
        for setting in fact.settings
        if setting.key == PROGRAM and isinstance(setting.value, str)
    }
    return programs.pop() if len(programs) == 1 else None


def _defaults_of(
    program: str, given: CodeTree | None, stated: Sequence[RunFacts]
) -> list[RunFacts]:
    """Return the defaults that a program of code lying apart reaches; none where two files bear its name."""
    if given is None or not stated:
        return []
    started = [file.path for file in given.files if pure_path(file.path).name == program]
    if len(started) != 1:
        return []
    scripts = [script for script in training_scripts(given) if script.path == started[0]]
    files = scripts[0].files if scripts else frozenset(started)
    return [fact for fact in stated if path_of(fact) in files]


def _written_out(fact: RunFacts, names: frozenset[str]) -> RunFacts:
    """Return a fact whose options bear their full names, where each is the beginning of one name alone."""
    lines = {setting.source.line for setting in fact.settings if setting.key == PROGRAM}
    if not lines:
        return fact
    changed = tuple(
        replace(setting, key=_full_name(setting, names))
        if is_script(fact) or setting.source.line in lines
        else setting
        for setting in fact.settings
    )
    return replace(fact, settings=changed)


def _full_name(setting: Setting, names: frozenset[str]) -> str:
    key = setting.key.replace("-", "_")
    if len(key) < SHORTEST or key in names or canonical_setting(setting.key) is not None:
        return setting.key
    longer = [name for name in names if name.startswith(key)]
    return longer[0] if len(longer) == 1 else setting.key
