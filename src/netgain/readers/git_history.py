"""Git history: when a project began, and which result files it holds no more or in another state."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime

from netgain.errors import UnreadableFile
from netgain.readers._git_objects import Absent, Repository
from netgain.readers.base import Entry, HistoryFacts, Limits, Reader
from netgain.study import Cited, FormerFile, History

MOST_COMMITS = 100_000
"""Commits counted."""
MOST_COMPARED = 10_000
"""Commits whose files are compared, the latest ones where there are more."""
MOST_FILES = 5_000
"""Result files followed, and former files told."""
TEXT_BYTES = 2**20
"""Largest file whose lines are compared."""
MOST_LINES = 20_000
SHOWN = 20
LONGEST_LINE = 300
DATA = re.compile(
    r".+\.(?:csv|tsv|jsonl?|ya?ml|txt|log|out|xlsx|parquet|npz|ipynb|pkl|md|rst|tex|html)", re.I
)
RESULT = re.compile(
    r"(?:^|[/_\-.])(?:results?|metrics?|scores?|eval(?:uation)?s?|logs?|history|predictions?|preds?|outputs?|runs?|"
    r"experiments?|benchmarks?|ablations?|tables?|leaderboard|report|reports|seed_?\d*|trials?|sweeps?|mlruns|"
    r"events|progress|summary|readme)(?:[/_\-.\d]|$)",
    re.I,
)
NO_RESULT = re.compile(
    r"requirements|\.ipynb_checkpoints|(?:^|[/_\-.])(?:configs?|docs?|cmakelists|build)(?:[/_\-.]|$)|"
    r"(?:^|/)(?:node_modules|site-packages|\.github|\.vscode|tests?|third_party|vendor)/|package(-lock)?\.json|"
    r"licen[cs]e|changelog|setup\.|tsconfig|environment|vocab|tokenizer",
    re.I,
)
"""Files of software that a name like those above can have."""
DOCUMENT = re.compile(r".*\.(?:md|rst|html|tex)|(?:.*/)?readme[^/]*", re.I)
"""Files whose numbers are looked at, and whose absence says nothing of results."""
NO_SCORE = re.compile(
    r"python|version|torch|cuda|==|arxiv|@|license|copyright|updated|\b20\d\d\b|\\count", re.I
)
"""Lines whose numbers are no results."""
NUMBER = re.compile(r"\d+(?:\.\d+)?")
FOLDER = "40000"


@dataclass(slots=True)
class Trace:
    """What the compared commits did to one file, oldest first."""

    commits: list[str] = field(default_factory=list)
    """Commits that touched it."""
    times: list[int] = field(default_factory=list)
    """Their times, in seconds since 1970."""
    blobs: list[str | None] = field(default_factory=list)
    """Name of its content after each, None where it was removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit."""

    name: str
    """Its hexadecimal name."""
    tree: str
    """Tree of its files."""
    parents: tuple[str, ...]
    """Commits before it."""
    time: int
    """When it was made, in seconds since 1970."""


def sniff(entry: Entry) -> bool:
    """Recognise the HEAD of a `.git` folder; the walk offers nothing else of it."""
    return entry.name == "HEAD" and entry.path.parent.name == ".git"


def read(entry: Entry, limits: Limits) -> Iterator[HistoryFacts]:
    """Read the history from the files of `.git`; git is not run and nothing outside is looked at.

    Raises:
        UnreadableFile: no commits, damaged, or over the limits.
    """
    with closing(Repository(entry.path.parent)) as repository:
        commits, cut = _commits(repository)
        if not commits:
            raise UnreadableFile("holds no commit; expected a repository with its objects")
        head = next(iter(commits.values()))
        line = list(_first_parents(commits, head))
        traces, whole = _traces(repository, line[:MOST_COMPARED])
        former = tuple(_former(repository, traces))
        folder = str(entry.display).removesuffix("/HEAD").removesuffix("/.git") or "."
        times = [commit.time for commit in commits.values()]
        yield HistoryFacts(
            location=folder,
            history=History(
                location=folder,
                commits=Cited(value=len(commits), source=entry.source(), strength="measured"),
                first=None
                if cut
                else Cited(value=_day(min(times)), source=entry.source(), strength="logged"),
                last=Cited(
                    value=_day(head.time), source=entry.source(key=head.name), strength="logged"
                ),
                former=former[:MOST_FILES],
                complete=whole and not cut and len(line) <= MOST_COMPARED,
            ),
        )


def _commits(repository: Repository) -> tuple[dict[str, Commit], bool]:
    """Return every commit before the one checked out, it first, and whether some are absent."""
    found: dict[str, Commit] = {}
    waiting = [repository.head()]
    seen = set(waiting)
    cut = False
    while waiting:
        name = waiting.pop()
        if len(found) >= MOST_COMMITS:
            return found, True
        try:
            kind, content = repository.read(name)
        except Absent:
            cut = True
            continue
        if kind != "commit":
            raise UnreadableFile("damaged repository: a reference to something else than a commit")
        commit = _commit(name, content)
        found[name] = commit
        for parent in reversed(commit.parents):
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    return found, cut


def _commit(name: str, content: bytes) -> Commit:
    header = content.partition(b"\n\n")[0].decode("utf-8", "replace").splitlines()
    tree = next((line[5:] for line in header if line.startswith("tree ")), "")
    parents = tuple(line[7:] for line in header if line.startswith("parent "))
    when = next((line for line in header if line.startswith("committer ")), "")
    stamp = re.search(r"> (\d{1,11}) [+-]\d{4}$", when)
    hexadecimal = all(re.fullmatch(r"[0-9a-f]{40}", part) for part in (tree, *parents))
    if stamp is None or not hexadecimal:
        raise UnreadableFile(f"damaged commit {name[:12]}; expected a whole repository")
    return Commit(name=name, tree=tree, parents=parents, time=int(stamp[1]))


def _first_parents(commits: dict[str, Commit], head: Commit) -> Iterator[Commit]:
    """Yield the line of first parents, latest first: what the branch itself looked like."""
    current: Commit | None = head
    seen: set[str] = set()
    while current is not None and current.name not in seen:
        seen.add(current.name)
        yield current
        current = commits.get(current.parents[0]) if current.parents else None


def _traces(repository: Repository, line: list[Commit]) -> tuple[dict[str, Trace], bool]:
    """Follow result files from commit to commit, oldest first."""
    traces: dict[str, Trace] = {}
    whole = True
    before: str | None = None
    for commit in reversed(line):
        try:
            for path, blob in _changes(repository, before, commit.tree, ""):
                if path not in traces and len(traces) >= MOST_FILES:
                    whole = False
                    continue
                trace = traces.setdefault(path, Trace())
                trace.commits.append(commit.name)
                trace.times.append(commit.time)
                trace.blobs.append(blob)
        except Absent:
            whole = False
        before = commit.tree
    return traces, whole


def _changes(
    repository: Repository, before: str | None, after: str | None, folder: str
) -> Iterator[tuple[str, str | None]]:
    """Yield path and new content of each result file that differs between two trees."""
    if before == after or folder.count("/") > 30:
        return
    old, new = _tree(repository, before), _tree(repository, after)
    for name in sorted(old.keys() | new.keys()):
        first, second = old.get(name), new.get(name)
        if first == second:
            continue
        path = folder + name
        trees = [e[1] if e is not None and e[0] == FOLDER else None for e in (first, second)]
        if any(trees):
            yield from _changes(repository, trees[0], trees[1], path + "/")
        blobs = [
            e[1] if e is not None and e[0].startswith("100") else None for e in (first, second)
        ]
        if any(blobs) and is_result(path):
            yield path, blobs[1]


def is_result(path: str) -> bool:
    """Tell whether a path is that of a file people keep results in."""
    return (
        DATA.fullmatch(path) is not None
        and RESULT.search(path) is not None
        and NO_RESULT.search(path) is None
    )


def _tree(repository: Repository, name: str | None) -> dict[str, tuple[str, str]]:
    """Return mode and object name of each entry of a tree."""
    if name is None:
        return {}
    kind, content = repository.read(name)
    entries: dict[str, tuple[str, str]] = {}
    at = 0
    while kind == "tree" and at < len(content):
        space, end = content.find(b" ", at), content.find(b"\0", at)
        if not at < space < end or end + 21 > len(content):
            raise UnreadableFile("damaged git tree; expected a whole repository")
        mode = content[at:space].decode("ascii", "replace")
        entries[content[space + 1 : end].decode("utf-8", "replace")] = (
            mode,
            content[end + 1 : end + 21].hex(),
        )
        at = end + 21
    return entries


def _former(repository: Repository, traces: dict[str, Trace]) -> Iterator[FormerFile]:
    """Yield files that are gone, moved ones apart, and those whose numbers were replaced."""
    present = {trace.blobs[-1] for trace in traces.values() if trace.blobs[-1] is not None}
    for path, trace in sorted(traces.items()):
        kept = [blob for blob in trace.blobs if blob is not None]
        if trace.blobs[-1] is None:
            if kept and kept[-1] not in present and not DOCUMENT.fullmatch(path):
                yield _file(path, trace, "removed", len(set(kept)), ())
            continue
        if len(set(kept)) < 2 or path.lower().endswith(".ipynb"):
            continue
        try:
            pairs = _replaced(_lines(repository, kept[0]), _lines(repository, kept[-1]))
        except Absent:
            continue
        if pairs:
            yield _file(path, trace, "rewritten", len(set(kept)), pairs)


def _file(
    path: str, trace: Trace, change: str, versions: int, replaced: tuple[tuple[str, str], ...]
) -> FormerFile:
    return FormerFile(
        path=path,
        change="removed" if change == "removed" else "rewritten",
        commit=trace.commits[-1],
        date=_day(trace.times[-1]),
        versions=versions,
        replaced=replaced,
    )


def _lines(repository: Repository, blob: str) -> list[str]:
    kind, content = repository.read(blob)
    if kind != "blob" or len(content) > TEXT_BYTES or b"\0" in content[:8_000]:
        return []
    return content.decode("utf-8", "replace").splitlines()[:MOST_LINES]


def _replaced(before: list[str], after: list[str]) -> tuple[tuple[str, str], ...]:
    """Pair lines that differ in their numbers alone; lines that stayed or came later are none."""
    kept, old = set(after), set(before)
    fresh: dict[str, list[str]] = {}
    for line in after:
        if line not in old and NUMBER.search(line) and not NO_SCORE.search(line):
            fresh.setdefault(NUMBER.sub("#", line), []).append(line)
    pairs = []
    for line in before:
        candidates = fresh.get(NUMBER.sub("#", line)) if line not in kept else None
        if candidates:
            pairs.append((line.strip()[:LONGEST_LINE], candidates.pop(0).strip()[:LONGEST_LINE]))
        if len(pairs) == SHOWN:
            break
    return tuple(pairs)


def _day(seconds: int) -> str:
    """Return the day in UTC; times past the year 9999 are told as its last."""
    return datetime.fromtimestamp(min(seconds, 253_402_300_799), UTC).strftime("%Y-%m-%d")


READER = Reader(name="git history", order=5, sniff=sniff, read=read)
