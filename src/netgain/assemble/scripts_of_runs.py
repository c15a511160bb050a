"""Which script trained a run: by what the run recorded, by names both share, by the folder they lie in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from netgain.analysis.configured_code import TrainingScript
from netgain.assemble.bundles import CODE, has_outcome, is_script, path_of
from netgain.pure_paths import pure_path
from netgain.readers.base import RunFacts

PROGRAM_KEYS = re.compile(
    r"(?:^|[./_])(?:program|code_?path(?:local)?|script(?:_name|_path)?|main_file|entry_?point|argv|"
    r"command|cmd|cmdline|run_command)$",
    re.IGNORECASE,
)
"""Keys under which a run records what started it."""
PROGRAM = re.compile(r"[\w./\\-]+\.(?:py|ipynb)\b")
STARTERS = re.compile(
    r"(?:.*/)?(?:pydev\w*|ipykernel_launcher|colab_kernel_launcher|kernel_launcher|launch|launcher|run_module|"
    r"__main__|debugpy|torchrun|accelerate)\.py",
    re.IGNORECASE,
)
"""Programs that start other programs: consoles of editors, kernels of notebooks, launchers."""
CODE_FOLDERS = frozenset(
    {"src", "code", "scripts", "script", "notebooks", "notebook", "train", "training", "experiments", "tools",
     "bin", "main", "python"}
)  # fmt: skip
"""Folders of code whose runs lie beside them."""
GENERIC = frozenset(
    {"train", "training", "trained", "trainer", "run", "runs", "log", "logs", "result", "results",
     "output", "outputs", "out", "test", "tests", "val", "eval", "history", "metrics", "metric",
     "model", "models", "best", "last", "final", "checkpoint", "checkpoints", "ckpt", "save",
     "saved", "save_dir", "exp", "experiment", "experiments", "data", "files", "main", "fit", "acc",
     "accuracy", "loss", "scores", "score", "report", "summary", "csv", "json", "txt", "config",
     "args", "weights", "version", "default", "events", "tensorboard", "tb", "wandb", "lightning",
     "logger", "epoch", "step", "steps", "fold", "seed", "state", "stdout", "stderr", "err",
     "debug", "log0", "predictions", "preds", "py", "pth", "pt", "h5", "keras", "npy", "pkl",
     "hparams", "info", "params", "settings", "options", "opt", "hydra", "cfg", "parameters",
     "local", "latest", "tmp", "temp", "new", "old", "the", "and", "with", "for", "performance",
     "progress", "monitor", "evaluation", "evaluations", "stats", "all", "self", "cuda", "cpu", "batch",
     "none", "true", "false", "name", "adam", "sgd"}
)  # fmt: skip
"""Words of names and strings that tell no training from another."""
AWAY = frozenset(
    {"third_party", "thirdparty", "3rdparty", "vendor", "vendored", "external", "externals", "extern",
     "submodules", "baselines", "baseline", "comparison", "examples", "example", "demo", "demos", "tutorials",
     "tests", "test", "docs", "legacy", "deprecated", "old", "backup", "archive", "site-packages"}
)  # fmt: skip
"""Folders of code that is not known to be the project's own."""
OF_RESULTS = re.compile(
    r"(?:^|[_\-.\s])(?:plots?|plotting|plotter|figs?|figures?|visuali[sz]\w*|viz|draw\w*|analy[sz]e\w*|tables?|"
    r"infer|inference|predict|prediction|evaluate|convert|export)(?:$|[_\-.\s\d])",
    re.IGNORECASE,
)
"""Names of scripts that show or use what others trained."""
CALLED_TRAINING = re.compile(r"(?:^|[_\W])(?:train|training|trainer|main)(?:[_\W]|$)")
HOLE = re.compile(r"\{[^{}]{0,40}\}|%[-+0-9.]{0,6}[sdfrgi]|\*")
"""Places of a string that values fill."""
FEWEST_LETTERS = 3
"""Letters of a file name that must be fixed."""
WORD = re.compile(r"[A-Za-z]+\d*[A-Za-z]*|\d+(?:\.\d+)?")
VERSION = re.compile(r"v\d+|\d+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunNames:
    """What a run is called."""

    files: tuple[str, ...]
    """Stems of its files of results, lower case."""
    folders: tuple[str, ...]
    """Names of its folders, the innermost first."""
    paths: tuple[str, ...]
    """Folders its files lie in."""
    programs: tuple[str, ...]
    """Scripts that it recorded as started."""
    logs: tuple[str, ...]
    """Files it was read from."""


def names_of(run_id: str, bundle: list[RunFacts]) -> RunNames:
    """Return what a run is called by its id, files and folders."""
    own = [
        fact for fact in bundle if fact.dialect != CODE and not is_script(fact) and path_of(fact)
    ]
    measured = [fact for fact in own if has_outcome(fact)] or own
    logs = tuple(dict.fromkeys(map(path_of, measured)))
    base, _, inner = run_id.partition("#")
    parts = [*reversed(pure_path(base).parts)]
    if inner:
        parts.insert(0, inner)
    folders = tuple(dict.fromkeys(part.lower() for part in parts if part not in ("/", ".")))
    programs = [
        named
        for fact in own
        for setting in fact.settings
        if PROGRAM_KEYS.search(setting.key) and isinstance(setting.value, str)
        for named in _started(setting.value)[:1]
    ]
    return RunNames(
        files=tuple(dict.fromkeys(_stem(path) for path in logs)),
        folders=folders,
        paths=tuple(dict.fromkeys(str(pure_path(path).parent) for path in logs)),
        programs=tuple(dict.fromkeys(programs)),
        logs=logs,
    )


def _started(command: str) -> list[str]:
    """Return the programs in a command line, without those that only start the next one."""
    found = [program.replace("\\", "/") for program in PROGRAM.findall(command)]
    return [program for program in found if not STARTERS.fullmatch(program)]


def scripts_of(
    scripts: Iterable[TrainingScript], names: RunNames, *, apart: bool = False
) -> tuple[list[TrainingScript], bool]:
    """Return the scripts any of which may have trained a run, and whether more than their folder says so.

    There is none where the run recorded one that is not among them. Of scripts that lie apart from the runs
    no folder tells: all of them may be meant.
    """
    found = list(scripts)
    if names.programs:
        started = [s for s in found if any(_ends_alike(s.path, p) for p in names.programs)]
        return _longest_shared(started, names.programs), True
    itself = [script for script in found if script.path in names.logs]
    if itself and _started_another(itself, found, names):
        found = [script for script in found if script not in itself]
        itself = []
    if itself:  # a log that prints its own source, a notebook beside one that only evaluates
        return [script for script in itself if script.quantities] or itself, True
    found = [script for script in found if not script.path.endswith((".log", ".txt", ".out"))]
    found = [s for s in found if OF_RESULTS.search(pure_path(s.path).stem) is None] or found
    if any(log.endswith(".ipynb") for log in names.logs):
        found = [script for script in found if not script.path.endswith(".ipynb")]
    for own_names in (names.files, *((folder,) for folder in names.folders[:3])):
        telling = [name for name in own_names if _core(name) and ".tfevents." not in name]
        named = [s for s in found if any(_bears(s, name) for name in telling)]
        if own_names is not names.files:
            named = [s for s in named if any(_is_called(s, name) for name in telling)] or named
        if named:
            return _called_training(_with_peers(_nearest(named, names), named) or named), True
        if own_names is names.files and (writing := _writing(found, names)):
            return _with_peers(_nearest(writing, names), writing) or writing, True
    if apart:
        return found, False
    near = _nearest(found, names)
    return _with_peers(near, found) or _in_package(found, names), False


def _with_peers(near: list[TrainingScript], scripts: list[TrainingScript]) -> list[TrainingScript]:
    """Return scripts in folders of code above a run with those in folders beside them, called anything.

    Of `notebooks/` and `autodl/` next to `results/` neither is nearer to a run.
    """
    homes = {_home(script.path) for script in near}
    if len(homes) != 1 or any(str(pure_path(s.path).parent) in homes for s in near):
        return near
    (home,) = homes
    beside = [
        script
        for script in scripts
        if script not in near
        and (folder := pure_path(script.path).parent) == pure_path(_home(script.path))
        and str(folder.parent) == home
        and folder.name.lower() not in AWAY
    ]
    return [*near, *beside]


def _started_another(
    itself: list[TrainingScript], scripts: list[TrainingScript], names: RunNames
) -> bool:
    """Tell whether notebooks apart from a run only show what a script called like its folder trained."""
    home = names.folders[0] if names.folders else ""
    apart = all(
        script.path.endswith(".ipynb") and home not in script.path.lower().split("/")
        for script in itself
    )
    return (
        apart
        and bool(_core(home))
        and any(_is_called(script, home) for script in scripts if script not in itself)
    )


def _called_training(scripts: list[TrainingScript]) -> list[TrainingScript]:
    """Return those of several scripts of one name that are called a training: `dqn_training`."""
    cores = {_core(_stem(script.path)) for script in scripts}
    if len(scripts) < 2 or len(cores) != 1 or not cores.pop():
        return scripts
    return [s for s in scripts if CALLED_TRAINING.search(_stem(s.path))] or scripts


def _writing(scripts: list[TrainingScript], names: RunNames) -> list[TrainingScript]:
    """Return those of several scripts that alone write files of the run's name, holes filled in.

    `'{}_history.csv'` names `conv1d_history.csv`. A file called as any other (`progress.csv`) says less than
    a script called like the folder it lies in.
    """
    if len(scripts) < 2:
        return []
    home = _core(names.folders[0]) if names.folders else frozenset[str]()
    called = bool(home) and any(_core(_stem(script.path)) == home for script in scripts)
    logs = [
        log
        for log in names.logs
        if pure_path(log).suffix and not (called and _is_plain(pure_path(log).name))
    ]
    named = [s for s in scripts if any(_names_file(s, log) for log in logs)]
    return named if len(named) < len(scripts) else []


def _names_file(script: TrainingScript, log: str) -> bool:
    file = pure_path(log).name.lower()
    folders = frozenset(part.lower() for part in pure_path(log).parts[:-1])
    plain = _is_plain(file)
    return any(
        written.fullmatch(file) is not None
        for word in script.words
        if pure_path(file).suffix in word.lower()
        if not (plain and _is_elsewhere(word, folders))
        if (written := _file_pattern(word)) is not None
    )


def _is_plain(file: str) -> bool:
    """Tell whether a file is called as those of any training are."""
    return ".tfevents." in file or not _core(_stem(file))


def _is_elsewhere(word: str, folders: frozenset[str]) -> bool:
    """Tell whether a string names the folder of the file it writes, and a log lies in none of that name."""
    parts = [part for part in re.split(r"[/\\]", word.strip().lower()) if part]
    return len(parts) > 1 and HOLE.search(parts[-2]) is None and parts[-2] not in folders


@lru_cache(maxsize=65536)
def _file_pattern(word: str) -> re.Pattern[str] | None:
    """Return the file names that a string with holes for values can become; None where nearly all can.

    The last piece of an f-string (`_history.csv`) begins with a hole.
    """
    last = re.split(r"[/\\]", word.strip().lower())[-1]
    if not last or len(last) > 100 or " " in last:
        return None
    pieces = HOLE.split(last)
    letters = sum(char.isalpha() for char in "".join(pieces).rpartition(".")[0])
    if letters < FEWEST_LETTERS:
        return None
    front = ".{0,100}" if last[0] in "_-." else ""
    return re.compile(front + ".{0,100}".join(map(re.escape, pieces)))


def _in_package(scripts: list[TrainingScript], names: RunNames) -> list[TrainingScript]:
    """Return the only training script of all where it lies in a package beside the folder of the run.

    A project's own folder of code is called anything (`pygcn/train.py` beside `log`).
    """
    if len(scripts) != 1:
        return []
    above = pure_path(_home(scripts[0].path)).parent
    inside = pure_path(scripts[0].path).parts[len(above.parts) :]
    if AWAY & {part.lower() for part in inside[:-1]}:
        return []
    beside = any(
        above == pure_path(path) or above in pure_path(path).parents for path in names.paths
    )
    return scripts if beside else []


def is_called(name: str, names: RunNames) -> bool:
    """Tell whether a run bears a name itself, capitals and separators levelled."""
    wanted = _levelled(name)
    return bool(wanted) and any(
        _levelled(own) == wanted for own in (*names.files, *names.folders[:2])
    )


def tells_apart(name: str) -> bool:
    """Tell whether a name holds a word that other trainings do not bear."""
    return bool(_core(name))


def told_by(words: Iterable[str], names: RunNames) -> int:
    """Return how plainly words of a place in code name a run: 0 not at all, a shared file name most."""
    best = 0
    own = [name for name in (*names.files, *names.folders[:2]) if _core(name)]
    cores = [_core(name) for name in own]
    everything = frozenset().union(*cores) if cores else frozenset[str]()
    for word in words:
        parts = _components(word)
        if any(name in parts for name in own):
            return 100
        core = _core(word)
        if core and core in cores:
            best = max(best, 50)
        elif core and len(word) <= 60 and core <= everything:
            best = max(best, len(core))
    return best


def _nearest(scripts: list[TrainingScript], names: RunNames) -> list[TrainingScript]:
    """Return the scripts whose folder is the closest one above the run."""
    depth: dict[int, list[TrainingScript]] = {}
    for script in scripts:
        home = _home(script.path)
        if home in ("", ".") or any(p == home or p.startswith(home + "/") for p in names.paths):
            depth.setdefault(len(pure_path(home).parts), []).append(script)
    return depth[max(depth)] if depth else []


@lru_cache(maxsize=4096)
def _home(path: str) -> str:
    folder = pure_path(path).parent
    while folder.name.lower() in CODE_FOLDERS and folder.parent != folder:
        folder = folder.parent
    return str(folder)


def _ends_alike(path: str, program: str) -> bool:
    return pure_path(path).name == pure_path(program).name


def _longest_shared(
    scripts: list[TrainingScript], programs: tuple[str, ...]
) -> list[TrainingScript]:
    """Return the scripts that share most of their path with what a run recorded."""

    def shared(script: TrainingScript) -> int:
        best = 0
        for program in programs:
            count = 0
            mine, theirs = pure_path(script.path).parts[::-1], pure_path(program).parts[::-1]
            for one, other in zip(mine, theirs, strict=False):
                if one != other:
                    break
                count += 1
            best = max(best, count)
        return best

    most = max(map(shared, scripts), default=0)
    return [script for script in scripts if shared(script) == most]


def _bears(script: TrainingScript, name: str) -> bool:
    """Tell whether a script is called like a run, or says its name in a string."""
    return _is_called(script, name) or any(name in _components(word) for word in script.words)


def _is_called(script: TrainingScript, name: str) -> bool:
    stem = _stem(script.path)
    return stem == name or bool(_core(stem) and _core(stem) == _core(name))


@lru_cache(maxsize=65536)
def _components(word: str) -> frozenset[str]:
    """Return the parts of a path in a string, with and without their suffix, lower case."""
    parts = [part for part in re.split(r"[/\\]", word.strip().lower()) if part]
    return frozenset(parts) | frozenset(pure_path(part).stem for part in parts)


@lru_cache(maxsize=65536)
def _core(name: str) -> frozenset[str]:
    """Return the words of a name that tell it from others."""
    words = {word.lower() for word in WORD.findall(re.sub(r"[_\W]+", " ", name))}
    return frozenset(
        w for w in words if w not in GENERIC and not VERSION.fullmatch(w) and len(w) > 1
    )


@lru_cache(maxsize=65536)
def _levelled(name: str) -> str:
    return re.sub(r"[\W_]+", "-", name.lower()).strip("-")


@lru_cache(maxsize=65536)
def _stem(path: str) -> str:
    return pure_path(path).stem.lower()
