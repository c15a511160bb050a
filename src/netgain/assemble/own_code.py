"""One tree of code for both arms: what each arm runs of it, by the settings its runs were started with."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from netgain.analysis.configured_code import scripts_into
from netgain.analysis.idle_code import (
    models_in_use,
    trainings_in,
    without_idle_code,
    without_networks_beside,
)
from netgain.analysis.options import Options, declared_defaults, declared_names, parts_of
from netgain.analysis.per_tree import name_of
from netgain.analysis.settled_arguments import with_settled_arguments
from netgain.analysis.specialize import Specialized, specialize
from netgain.assemble.arms import NOT_SETTINGS
from netgain.pure_paths import pure_path
from netgain.study import Arm, Cited, CodeTree, Scalar
from netgain.vocabulary import is_housekeeping

NO_OPTION = frozenset({"file name"})
"""Keys under which a value was not written by anybody."""
LABELS = frozenset(
    {("name",), ("version",), ("exp_name",), ("experiment",), ("experiment_name",), ("exp",)}
)
"""Last parts of keys that label an arm, and by which its code may choose all the same."""
CONFIGURATION_FILES = frozenset({".yaml", ".yml", ".json", ".toml"})
"""Files whose keys are what code asks for, whatever a key means."""
INHERITING = frozenset(
    {"_base_", "base", "_base", "base_config", "defaults", "inherit", "extends", "parent"}
)
"""Keys by which a configuration file takes entries over from another."""
FEWEST_SHARED = 2
"""Keys that two configuration files must share before an entry that one lacks is left to the code."""
SHOWN = 3
SHOWN_LENGTH = 30


def with_own_code(baseline: Arm, proposed: Arm) -> tuple[Arm, Arm]:
    """Give each arm its own view of a tree that serves both; arms with trees of their own stay as they are.

    Copies of one tree beside each arm's runs are one tree here. No code changes where no setting in which the
    arms differ decides anything in it; what such a setting leaves open is noted all the same.
    """
    return _in_use(*_specialized(baseline, proposed))


def look_first(tree: CodeTree) -> dict[str, object]:
    """Return what has to be known of a large tree before its arm is, by name of the look."""
    looks: tuple[Callable[[CodeTree], object], ...] = (trainings_in, without_idle_code)
    return {**scripts_into(tree), **{name_of(look): look(tree) for look in looks}}


def _in_use(baseline: Arm, proposed: Arm) -> tuple[Arm, Arm]:
    """Leave of each arm's networks those that are compared and that its trainings can reach."""
    if baseline.code is None or proposed.code is None:
        return baseline, proposed
    first, second = (_of_its_own(arm, arm.code) for arm in (baseline, proposed) if arm.code)
    return (
        replace(baseline, code=without_networks_beside(first, second)),
        replace(proposed, code=without_networks_beside(second, first)),
    )


def _of_its_own(arm: Arm, tree: CodeTree) -> CodeTree:
    """Leave of a tree the networks that the arm's own training can reach, with what all calls settle."""
    stated = [cited for run in arm.runs for cited in _written(run.config, run.other_config).items()]
    programs = {
        str(cited.value)
        for run in arm.runs
        for key, cited in run.other_config.items()
        if key == "program" and cited.confidence == "sure"
    }
    keys = {
        part
        for key, cited in stated
        if pure_path(cited.source.path).suffix in CONFIGURATION_FILES
        for part in parts_of(key)[-1:]
    }
    return with_settled_arguments(models_in_use(tree, programs, keys))


def _specialized(baseline: Arm, proposed: Arm) -> tuple[Arm, Arm]:
    first, second = baseline.code, proposed.code
    if first is None or second is None or not _same_code(first, second):
        return baseline, proposed
    options = _options(baseline, proposed, first)
    views = (specialize(first, options[0]), specialize(second, options[1]))
    if not any(view.decided_by & options[0].differing for view in views):
        left = dict.fromkeys((*views[0].undecided, *views[1].undecided))
        open_places = "; ".join(list(left)[:SHOWN])
        return (
            replace(baseline, code=replace(first, undecided=open_places)),
            replace(proposed, code=replace(second, undecided=open_places)),
        )
    return (
        replace(baseline, code=_narrowed(views[0], options[0])),
        replace(proposed, code=_narrowed(views[1], options[1])),
    )


def _same_code(first: CodeTree, second: CodeTree) -> bool:
    """Tell whether two trees hold the same files by name and text, wherever they lie."""
    if first == second:
        return True

    def named(tree: CodeTree) -> list[tuple[str, str]]:
        return sorted((pure_path(file.path).name, file.text) for file in tree.files)

    return len(first.files) == len(second.files) and named(first) == named(second)


def _options(baseline: Arm, proposed: Arm, tree: CodeTree) -> tuple[Options, Options]:
    """Return both arms' options; what one arm alone states has the default the code declares in the other."""
    stated = (_stated(baseline), _stated(proposed))
    defaults = {parts_of(name): value for name, value in declared_defaults(tree).items()}
    first = _by_default(baseline, stated[1], defaults) | stated[0]
    second = _by_default(proposed, stated[0], defaults) | stated[1]
    lacking = _absent(baseline, stated[1], tree), _absent(proposed, stated[0], tree)
    return (
        Options(values=first, others=second, absent=lacking[0] - first.keys()),
        Options(values=second, others=first, absent=lacking[1] - second.keys()),
    )


def _absent(arm: Arm, others: Mapping[str, Scalar], tree: CodeTree) -> frozenset[str]:
    """Return the keys of the other arm that no configuration file of this arm has."""
    own = {
        parts_of(key)
        for run in arm.runs
        for key, cited in _written(run.config, run.other_config).items()
        if pure_path(cited.source.path).suffix in CONFIGURATION_FILES
    }
    shared = {key for key in others if parts_of(key) in own}
    if len(shared) < FEWEST_SHARED or any(INHERITING & set(parts) for parts in own):
        return frozenset()
    declared = declared_names(tree)
    named = {parts_of(key) for key in _named(arm)}
    return frozenset(
        key for key in others if parts_of(key) not in named and parts_of(key)[-1:] not in declared
    )


def _by_default(
    arm: Arm, others: Mapping[str, Scalar], defaults: Mapping[tuple[str, ...], Scalar]
) -> dict[str, Scalar]:
    """Return the defaults of what the other arm alone states; an arm that states no option has none."""
    named = {parts_of(key)[-1:] for key in _named(arm)}
    if not named & set(defaults):
        return {}
    asked = {key: parts_of(key)[-1:] for key in others}
    given = {parts_of(key)[-1:] for key in _named(arm, by_default=False)}
    return {key: defaults[n] for key, n in asked.items() if n in defaults and n not in given}


def _stated(arm: Arm) -> dict[str, Scalar]:
    """Return the settings on which all runs of an arm agree, by key as their files spell it."""
    each = [_written(run.config, run.other_config) for run in arm.runs]
    if not each:
        return {}
    return {
        key: cited.value
        for key, cited in each[0].items()
        if not cited.disagreeing
        and (cited.confidence == "sure" or _is_spelled_out(cited))
        and cited.value is not None
        and all(
            key in other and not other[key].disagreeing and _equal(other[key].value, cited.value)
            for other in each[1:]
        )
    }


def _is_spelled_out(cited: Cited[Scalar]) -> bool:
    """Tell whether a file of settings states a value under a key, whose meaning alone may be in doubt."""
    in_file = pure_path(cited.source.path).suffix in CONFIGURATION_FILES
    return in_file and cited.strength == "configured" and bool(cited.source.key)


def _named(arm: Arm, *, by_default: bool = True) -> set[str]:
    """Return every key that some run of an arm states, whatever its value.

    Args:
        arm: the arm.
        by_default: whether those count of which only the code says what they are where none is given.
    """
    return {
        key
        for run in arm.runs
        for key, cited in _written(run.config, run.other_config).items()
        if by_default or pure_path(cited.source.path).suffix != ".py" or cited.confidence == "sure"
    }


def _written(
    config: Mapping[str, Cited[Scalar]], other: Mapping[str, Cited[Scalar]]
) -> dict[str, Cited[Scalar]]:
    """Return settings by the key their file spells, without those that choose nothing in code."""
    found: dict[str, Cited[Scalar]] = {}
    for name, cited in {**other, **config}.items():
        key = cited.source.key or name
        label = parts_of(key)[-1:] in LABELS
        aside = name in NOT_SETTINGS or key in NO_OPTION or is_housekeeping(key)
        if cited.strength == "measured" or (aside and not label):
            continue
        if re.fullmatch(r"[\w./-]+", key):
            found[key] = cited
    return found


def _equal(first: Scalar, second: Scalar) -> bool:
    return first == second and isinstance(first, bool) == isinstance(second, bool)


def _narrowed(view: Specialized, options: Options) -> CodeTree:
    """Return the view with the settings that made it and what they left open, in words."""
    keys = sorted(view.decided_by & options.differing)
    shown = [f"{key}={str(options.values.get(key))[:SHOWN_LENGTH]}" for key in keys[:SHOWN]]
    more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
    return replace(
        view.tree, settings=", ".join(shown) + more, undecided="; ".join(view.undecided[:SHOWN])
    )
