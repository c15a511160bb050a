"""Jupyter notebooks: code as one file, what cells printed as a log, Markdown cells as a document.

Lines are those of the `.ipynb` file as Jupyter writes it, one line of the file for each line of a cell, so
that `train.ipynb:118` opens at the right place; `SourceFile.place` says the cell and the line in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from netgain.analysis.syntax import parse as parse_code
from netgain.errors import UnreadableFile
from netgain.readers import code_defaults, markdown, text_log
from netgain.readers._columns import table_of_records
from netgain.readers._notebook_file import Cell, parse, parsing_lines, python_lines
from netgain.readers._notebook_scores import evaluations_in, finals_shown, with_split
from netgain.readers._printed_history import History, history_in
from netgain.readers._table import facts_of_table
from netgain.readers.base import (
    CodeFacts,
    DocumentFacts,
    Entry,
    Fact,
    Limits,
    Reader,
    RunFacts,
    Setting,
)
from netgain.study import CodeTree, SourceFile


def sniff(entry: Entry) -> bool:
    """Recognise a notebook by its suffix."""
    return entry.suffix == ".ipynb"


def read(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Read one notebook.

    Raises:
        UnreadableFile: damaged, no notebook, or over the limits.
    """
    notebook = parse(entry.text(limits.text_bytes), limits.depth)
    code = [cell for cell in notebook.cells if cell.kind == "code"]
    settings: tuple[Setting, ...] = ()
    if code and notebook.language.startswith("python"):
        cells = [list(python_lines(cell)) for cell in code]
        text = _laid_out([line for lines in cells for line in lines])
        if parse_code(text) is None:
            mended = [line for lines in cells for line in parsing_lines(lines)]
            text = _laid_out(mended)
        file = SourceFile(
            path=entry.display,
            text=text,
            cells=tuple((cell.number, cell.source[0][0]) for cell in code if cell.source),
        )
        yield CodeFacts(location=entry.display, tree=CodeTree(root=entry.folder, files=(file,)))
        settings = code_defaults.settings_in(file.text, entry)
        if settings:
            yield RunFacts(location=entry.folder, dialect="code", settings=settings)
    yield from _runs(entry, code, limits, settings=bool(settings))
    yield from _document(entry, notebook.cells, limits)


def _runs(
    entry: Entry, code: Sequence[Cell], limits: Limits, *, settings: bool
) -> Iterator[RunFacts]:
    """Read what cells printed as one text log."""
    scored = evaluations_in(code)
    finals = finals_shown(entry, code)
    if finals:
        yield RunFacts(location=entry.folder, dialect="keras", finals=finals)
    lines = [line for cell in code for line in with_split(cell, scored.get(cell.number))]
    if not any(text.strip() for _, text in lines):
        return
    with TemporaryDirectory() as folder:
        beside = _as_file(entry, Path(folder) / f"{entry.path.stem}.log", _kept_apart(lines))
        read = text_log.read(beside, limits, fewest_scores=1 if settings else 2)
        facts = [fact for fact in read if isinstance(fact, RunFacts)]
    yield from facts
    history = history_in(code)
    if history is not None and not any(fact.series for fact in facts):
        table = table_of_records(history.rows, [history.line] * len(history.rows))
        for fact in facts_of_table(entry, table, "keras" if _of_keras(history) else "generic"):
            if isinstance(fact, RunFacts):
                yield fact


def _of_keras(history: History) -> bool:
    """Tell whether a history names both splits as Keras does: `loss` and `val_loss`."""
    return any(f"val_{name}" in history.rows[0] for name in history.rows[0])


def _document(entry: Entry, cells: Sequence[Cell], limits: Limits) -> Iterator[DocumentFacts]:
    """Read the Markdown cells as one document; a notebook without tables and statements is none."""
    lines: list[tuple[int, str]] = []
    for cell in cells:
        if cell.kind == "markdown":
            lines += cell.source
    if not lines:
        return
    with TemporaryDirectory() as folder:
        beside = _as_file(entry, Path(folder) / f"{entry.path.stem}.md", _laid_out(lines))
        try:
            facts = [
                fact for fact in markdown.read(beside, limits) if isinstance(fact, DocumentFacts)
            ]
        except UnreadableFile:
            return  # blank cells
        yield from (fact for fact in facts if fact.paper.tables or fact.paper.statements)


def _as_file(entry: Entry, path: Path, text: str) -> Entry:
    """Write text for another reader, which cites it as the notebook."""
    path.write_text(text, encoding="utf-8", errors="replace")
    return Entry(path=path, display=entry.display, size=path.stat().st_size)


def _laid_out(lines: Sequence[tuple[int, str]]) -> str:
    """Return text with each line at its number and blank lines between."""
    found: list[str] = []
    for number, text in lines:
        found += [""] * (number - 1 - len(found))
        found.append(text)
    return "\n".join(found) + "\n"


def _kept_apart(lines: Sequence[tuple[int, str]]) -> str:
    """Lay out printed lines; those that share a line of the file follow one another."""
    return _laid_out(sorted(lines, key=lambda line: line[0]))


READER = Reader(name="Jupyter notebook", order=40, sniff=sniff, read=read)
