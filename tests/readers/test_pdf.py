"""PDF papers, written here object by object."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from netgain.errors import UnreadableFile
from netgain.readers import pdf
from netgain.readers._pdf_tables import tables
from netgain.readers.base import DocumentFacts, Limits
from netgain.study import Paper

from .conftest import ReadAll, entry_of

Write = Callable[[str, str | bytes], Path]
Text = tuple[float, float, float, str]
"""Left edge, baseline, type size and words."""


def document(*pages: list[Text], extra: str = "") -> bytes:
    """Write a PDF with the given words at the given places, in Helvetica."""
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "", font]
    kids = []
    for words in pages:
        stream = "\n".join(
            f"BT /F1 {size} Tf {x} {y} Td ({text}) Tj ET" for x, y, size, text in words
        )
        stream += extra
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
        kids.append(len(objects) + 1)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {len(objects)} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
    listed = " ".join(f"{kid} 0 R" for kid in kids)
    objects[1] = f"<< /Type /Pages /Kids [{listed}] /Count {len(kids)} >>"
    out, places = "%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n{content}\nendobj\n"
    start = len(out)
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    out += f"trailer << /Root 1 0 R /Size {len(objects) + 1} >>\nstartxref\n{start}\n%%EOF"
    return out.encode("latin-1")


CAPTION = "Table 1: Test accuracy of all methods on the two sets, mean over the seeds of each."
PROSE = [
    "We train all models for 300 epochs with batch size 1024. All of our results are aver-",
    "aged over 5 seeds. The learning rate is chosen once and then kept for every method.",
]
TABLE: list[Text] = [
    (60, 700, 10, CAPTION),
    (60, 670, 10, "Method"), (200, 670, 10, "Accuracy"), (300, 670, 10, "Epochs"),
    (60, 655, 10, "Baseline"), (205, 655, 10, "91.20"), (305, 655, 10, "30"),
    (60, 640, 10, "Ours"), (205, 640, 10, "92.60"), (305, 640, 10, "30"),
]  # fmt: skip
PARAGRAPH: list[Text] = [(60, 500 - 12 * i, 10, line) for i, line in enumerate(PROSE)]


@pytest.fixture
def paper_of(write: Write, read_all: ReadAll) -> Callable[[bytes], Paper]:
    """Read one document."""

    def call(content: bytes) -> Paper:
        (fact,) = read_all(pdf.READER, write("paper.pdf", content))
        assert isinstance(fact, DocumentFacts)
        return fact.paper

    return call


def test_a_table_that_lines_up_is_read(paper_of: Callable[[bytes], Paper]) -> None:
    """Titles, rows, caption and page; the precision stays as printed."""
    (table,) = paper_of(document([*TABLE, *PARAGRAPH])).tables
    assert table.header == ("Method", "Accuracy", "Epochs")
    assert table.rows == (("Baseline", "91.20", "30"), ("Ours", "92.60", "30"))
    assert (table.caption, table.source.key) == (CAPTION, "page 1")


def test_prose_is_read_over_line_ends(paper_of: Callable[[bytes], Paper]) -> None:
    """Hyphenated words are joined before sentences are read."""
    paper = paper_of(document(PARAGRAPH))
    said = {(s.quantity, s.value, s.source.key) for s in paper.statements}
    assert said == {
        ("epochs", 300, "page 1"),
        ("batch_size", 1024, "page 1"),
        ("seeds", 5, "page 1"),
    }


def test_the_list_of_references_is_not_read(paper_of: Callable[[bytes], Paper]) -> None:
    """What stands below its heading belongs to others."""
    below: list[Text] = [
        (60, 460, 12, "References"),
        *[(x, y - 80, s, t) for x, y, s, t in PARAGRAPH],
    ]
    assert paper_of(document([(60, 600, 10, "A paragraph of words " * 7), *below])).statements == ()


def test_a_raised_mark_is_no_digit(paper_of: Callable[[bytes], Paper]) -> None:
    """`78.9` with a small 3 beside it is never 78.93."""
    marked: list[Text] = [*TABLE[:-3], (60, 640, 10, "Ours"), (205, 640, 10, "92.6"), (223, 644, 6, "3"),
                          (305, 640, 10, "30")]  # fmt: skip
    paper = paper_of(document([*marked, *PARAGRAPH]))
    cells = [cell for table in paper.tables for row in table.rows for cell in row]
    assert not any("92.63" in cell for cell in cells)
    assert 92.63 not in {s.value for s in paper.statements}


def test_a_cell_between_two_columns_leaves_the_table_out() -> None:
    """Where numbers do not line up nothing is read, rather than something wrong."""
    words: list[list[float | str]] = [
        [60, 640, 90, 650, "Base", 10], [200, 640, 225, 650, "91.2", 10], [300, 640, 325, 650, "30", 10],
        [60, 625, 90, 635, "Ours", 10], [215, 625, 310, 635, "92.6", 10],
        [200, 655, 225, 665, "Acc", 10], [300, 655, 325, 665, "Epochs", 10],
    ]  # fmt: skip
    assert list(tables(words, [])) == []


def test_numbers_of_two_columns_of_prose_are_no_table(paper_of: Callable[[bytes], Paper]) -> None:
    """Numbers that merely stand side by side in running text are left out."""
    left = [(60, 700 - 12 * i, 10, f"the left column speaks of {i + 10} things") for i in range(5)]
    right = [(330, 700 - 12 * i, 10, f"and {i + 90} other things on the right") for i in range(5)]
    assert paper_of(document([*left, *right, *PARAGRAPH])).tables == ()


def test_rotated_text_is_left_out(paper_of: Callable[[bytes], Paper]) -> None:
    """An axis label set upright beside a figure states nothing."""
    turned = "\nBT /F1 10 Tf 0 1 -1 0 40 300 Tm (accuracy of 99.9 for ours) Tj ET"
    assert 99.9 not in {s.value for s in paper_of(document(PARAGRAPH, extra=turned)).statements}


def test_a_figure_states_nothing(write: Write, read_all: ReadAll) -> None:
    """A page of labels without a paragraph is a drawing; folders of figures are not opened at all."""
    plot = document([(60, 100, 8, "ours"), (60, 120, 8, "0.5"), (60, 140, 8, "epochs: 30")])
    assert read_all(pdf.READER, write("plot.pdf", plot)) == []
    assert not pdf.sniff(entry_of(write("figures/plot.pdf", plot)))


@pytest.mark.parametrize(
    "content",
    [
        document(PARAGRAPH)[:300],
        b"%PDF-1.4\n" + b"\xff\x00" * 500,
        b"%PDF-1.4\n1 0 obj << /Type /Catalog /Pages 1 0 R /Kids [1 0 R] >> endobj\n"
        b"trailer << /Root 1 0 R >>\n%%EOF",
        document(PARAGRAPH).replace(b"/Size", b"/Encrypt << /Filter /Standard /V 99 >> /Size"),
        b"just text, no PDF at all",
    ],
)
def test_damaged_files_give_one_line(write: Write, content: bytes) -> None:
    """Truncated, recursive, encrypted and mislabelled files are refused with what to do."""
    with pytest.raises(UnreadableFile, match="expected") as caught:
        list(pdf.read(entry_of(write("bad.pdf", content)), Limits()))
    assert "\n" not in str(caught.value)


def test_a_missing_library_is_named(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the one line says what to install."""
    monkeypatch.setattr(pdf, "find_spec", lambda _: None)
    with pytest.raises(UnreadableFile, match=r"pip install 'netgain\[papers\]'"):
        list(pdf.read(entry_of(write("paper.pdf", document(PARAGRAPH))), Limits()))


def test_nothing_of_the_working_folder_is_imported(
    write: Write, read_all: ReadAll, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `json.py` beside the evidence is never run by the process that takes the file apart."""
    trap = write("json.py", "raise SystemExit('imported from the evidence')")
    monkeypatch.chdir(trap.parent)
    (fact,) = read_all(pdf.READER, write("paper.pdf", document(PARAGRAPH)))
    assert isinstance(fact, DocumentFacts)
    assert "pdfminer" not in sys.modules


@pytest.mark.real_data
def test_real_paper_gives_its_table(real_data: Path, read_all: ReadAll) -> None:
    """The printed table says what its source says, caption and all."""
    (fact,) = read_all(pdf.READER, real_data / "latex/vocab_pruning/paper/main.pdf")
    assert isinstance(fact, DocumentFacts)
    table = next(t for t in fact.paper.tables if "AVG" in t.header)
    averages = {row[0]: row[-1] for row in table.rows}
    assert (averages["LoSparse"], averages["TF-IDF + OOV"]) == ("0.814", "0.825")
    assert (table.caption or "").startswith("Table 1: Performance on GLUE dev set.")
    assert ("score", 0.81, "baseline") in {
        (s.quantity, s.value, s.arm) for s in fact.paper.statements
    }
