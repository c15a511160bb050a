"""The code of one arm: its own files, and what they share with the other arm."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from netgain.analysis.script_files import TRAINING_WORDS, Files, files_of
from netgain.pure_paths import pure_path
from netgain.study import CodeTree, SourceFile


def joined_code(
    own: CodeTree | None, shared: CodeTree | None, others: CodeTree | None
) -> CodeTree | None:
    """Return an arm's own files with those shared files that belong to its program.

    Those are the files that its own import, directly or through others, and the shared files that import
    one of its own, with all they import. An arm whose files train nothing and have no such tie, a
    configuration module say, runs all of the shared code. An own file takes the place of a shared one of
    the same name and place, as the changed copy of a script does.

    Args:
        own: the code under the arm's own paths.
        shared: code named for both arms, which may hold the folders of the arms.
        others: the code under the other arm's paths.
    """
    if own is None or shared is None:
        return own or shared
    rest = _not_replaced(own, shared, others)
    if not rest:
        return own
    whole = CodeTree(root=own.root, files=(*own.files, *rest))
    files = files_of(whole)
    mine = {file.path for file in own.files}
    tied = _reached(files, mine)
    for file in rest:
        if file.path not in tied and file.path in files.program.roots:
            reached = files.reached(file.path)
            if reached & mine:
                tied |= reached
    if tied <= mine and not any(TRAINING_WORDS.search(file.text) for file in own.files):
        return whole
    return replace(own, files=(*own.files, *(f for f in rest if f.path in tied)))


def _reached(files: Files, paths: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for path in paths:
        if path in files.program.roots:
            found |= files.reached(path)
    return found


def _not_replaced(
    own: CodeTree, shared: CodeTree, others: CodeTree | None
) -> tuple[SourceFile, ...]:
    """Return the shared files that are no arm's own, and of which the arm has no copy at the same place."""
    placed = {_place(file, own) for file in own.files}
    texts = {(pure_path(file.path).name, file.text) for file in own.files}
    taken = {
        Path(file.path).resolve()
        for tree in (own, others)
        if tree is not None
        for file in tree.files
    }
    return tuple(
        file
        for file in shared.files
        if Path(file.path).resolve() not in taken
        and _place(file, shared) not in placed
        and (pure_path(file.path).name, file.text) not in texts
    )


def _place(file: SourceFile, tree: CodeTree) -> str:
    """Return where a file lies below its tree's root."""
    path, root = pure_path(file.path), pure_path(tree.root)
    return str(path.relative_to(root)) if path.is_relative_to(root) else path.name
