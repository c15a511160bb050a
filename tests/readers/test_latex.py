"""LaTeX sources: tables spread to full grids, captions, macros, prose."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from netgain.errors import UnreadableFile
from netgain.readers import latex, read_paths
from netgain.readers._latex_text import Words, macros_of, without_comments
from netgain.readers.base import DocumentFacts, Limits
from netgain.study import Paper, Scalar

from .conftest import ReadAll, entry_of

Write = Callable[[str, str | bytes], Path]
PaperOf = Callable[[str], Paper]


@pytest.fixture
def paper_of(write: Write, read_all: ReadAll) -> PaperOf:
    """Read one source's text."""

    def call(text: str) -> Paper:
        (fact,) = read_all(latex.READER, write("paper.tex", text))
        assert isinstance(fact, DocumentFacts)
        return fact.paper

    return call


def _plain(text: str, preamble: str = "") -> str:
    return Words(macros_of(preamble)).plain(text)


def _said(paper: Paper) -> list[tuple[str, Scalar, str | None]]:
    return [(s.quantity, s.value, s.arm) for s in paper.statements]


TABLE = r"""
\begin{table}[t]
\centering
\caption{Top-1 accuracy on two sets. % old: 70.0
}
\label{tab:main}
\begin{tabular}{l@{\hspace{25pt}}cc|cc}
\toprule
\multirow{2}{*}{\textbf{Method}} & \multicolumn{2}{c}{CIFAR-10} & \multicolumn{2}{c}{ImageNet} \\
\cmidrule(lr){2-3} \cmidrule(lr){4-5}
 & Acc. (\%) & FLOPs & Acc. (\%) & \rotatebox{90}{FLOPs} \\
\midrule
\multicolumn{5}{l}{\textit{Trained by us}} \\
Baseline~\cite{he2016} & 93.10 $\pm$ 0.20 & 1.2G & 76.20 & -- \\
% Ours (old) & 99.00 & 1.2G & 79.00 & -- \\
\\ [-6pt]
\hdashline
\rowcolor{gray!20}
\name{} (Ours) & \textbf{94.00}$_{\pm 0.10}$ & 1.3G & \underline{78.90} \up{2.70} & -- \\
\bottomrule
\end{tabular}
\end{table}
"""


def test_a_table_is_spread_to_a_full_grid(paper_of: PaperOf) -> None:
    """Spanning titles repeat, rules, colours and commented rows vanish, precision and ± stay."""
    (table,) = paper_of(r"\newcommand{\name}{GateNet}\newcommand{\up}[1]{(+#1)}" + TABLE).tables
    assert table.header == (
        "Method",
        "CIFAR-10 / Acc. (%)",
        "CIFAR-10 / FLOPs",
        "ImageNet / Acc. (%)",
        "ImageNet / FLOPs",
    )
    assert table.rows == (
        ("Trained by us",) * 5,
        ("Baseline [cite]", "93.10 ± 0.20", "1.2G", "76.20", "--"),
        ("GateNet (Ours)", "94.00 ± 0.10", "1.3G", "78.90 (+2.70)", "--"),
    )
    assert table.caption == "Top-1 accuracy on two sets."


def test_rows_state_the_scores_of_their_arms(paper_of: PaperOf) -> None:
    """Each cell is cited with its own line; the change in parentheses is no part of the number."""
    paper = paper_of(r"\newcommand{\up}[1]{(+#1)}" + TABLE)
    scores = [s for s in paper.statements if s.quantity == "accuracy"]
    assert [(s.value, s.arm, s.source.line) for s in scores] == [
        (93.1, "baseline", 14),
        (76.2, "baseline", 14),
        (94.0, "proposed", 19),
        (78.9, "proposed", 19),
    ]
    assert ("accuracy_spread", 0.1, "proposed") in _said(paper)


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        (r"81.4$_{(+1.2)}$", "81.4 (+1.2)"),
        (r"81.4$_{+1.2}$", "81.4 (+1.2)"),
        (r"78.9\textsuperscript{3}", "78.9"),
        (r"78.9$^{\dagger}$", "78.9"),
        (r"78.9$^3$", "78.9^3"),
        (r"50\,000", "50,000"),
        (r"1{,}024", "1,024"),
        (r"$3\times 10^{-4}$", "3e-4"),
        (r"$10^{-4}$", "1e-4"),
        (r"97.6\% {\bf bold} \emph{it}", "97.6% bold it"),
        (r"\makecell[l]{two\\lines}", "two lines"),
        (r"\parbox{2cm}{text} \SI{5}{\percent}", "text 5 %"),
        (r"\textcolor{red}{9.1} \scalebox{0.8}{$>$}97", "9.1 >97"),
        (r"Acc $\uparrow$, FID$\downarrow$", "Acc ↑, FID↓"),
        (r"a\vspace{2mm}\label{x}~b", "a b"),
    ],
)
def test_markup_leaves_the_words_and_numbers(raw: str, plain: str) -> None:
    """No raised or lowered mark ever becomes a digit of the number before it."""
    assert _plain(raw) == plain


@pytest.mark.parametrize(
    ("preamble", "raw", "plain"),
    [
        (r"\newcommand{\name}{FooNet\xspace}", r"\name is", "FooNet is"),
        (r"\newcommand{\ours}{FooNet\xspace}", r"\ours is", "FooNet (ours) is"),
        (r"\newcommand{\ours}{FooNet}", r"\ours{} (Ours)", "FooNet (Ours)"),
        (r"\def\score#1#2{#1 $\pm$ #2}", r"\score{81.4}{0.3}", "81.4 ± 0.3"),
        (r"\newcommand\best[2][!]{#2#1}", r"\best{9} \best[?]{8}", "9! 8?"),
        (r"\newcommand{\a}{\b}\newcommand{\b}{\textbf{7.25}}", r"\a", "7.25"),
        ("", r"\fid", "fid"),
    ],
)
def test_macros_are_expanded(preamble: str, raw: str, plain: str) -> None:
    """Arguments, defaults and nesting; a macro of another file shows its name, never a number."""
    assert _plain(raw, preamble) == plain


def test_macros_of_the_projects_other_files_are_expanded(write: Write) -> None:
    """A table reads the preamble above it, inside the named folder and never outside."""
    outside = write("defs.tex", r"\newcommand{\fid}{99.99}\newcommand{\name}{Wrong}")
    write("paper/main.tex", r"\newcommand{\fid}{7.23}\newcommand{\pz}{\phantom{0}}")
    write("paper/tables/other.tex", r"\newcommand{\fid}{1.00}")
    write(
        "paper/tables/main.tex",
        r"\begin{tabular}{lc}\toprule Method & FID \\\midrule Baseline & \pz9.33 \\ "
        r"\name{} ours & \textbf{\fid} \\\end{tabular}",
    )
    reading = read_paths((outside.parent / "paper",))
    papers = [fact.paper for fact in reading.facts if isinstance(fact, DocumentFacts)]
    (table,) = [table for paper in papers for table in paper.tables]
    assert table.rows == (("Baseline", "9.33"), ("name ours", "7.23"))


def test_macros_without_end_are_refused(write: Write) -> None:
    """Doubling macros cannot multiply; the file gives one line."""
    names = "abcdefgh"
    doubling = "".join(rf"\def\{a}{{{(chr(92) + b) * 40}}}" for a, b in pairwise(names))
    rows = r"\a & \a & \a & 1 \\" * 2000
    path = write("bomb.tex", doubling + r"\begin{tabular}{l}" + rows + r"\end{tabular}")
    with pytest.raises(UnreadableFile, match="macros expand"):
        list(latex.read(entry_of(path), Limits()))


def test_disabled_text_keeps_the_lines_of_the_rest() -> None:
    """Comments, iffalse and listings are blanked character by character; an escaped percent stays."""
    text = "a % b\n5\\% c\n\\iffalse\nx\n\\fi\n\\begin{verbatim}\ny\n\\end{verbatim}\nz"
    bare = without_comments(text)
    assert (len(bare), bare.count("\n")) == (len(text), text.count("\n"))
    assert bare.split() == ["a", "5\\%", "c", "z"]


def test_multirow_may_point_upward(paper_of: PaperOf) -> None:
    """`multirow{-2}` in the last row names both rows, as coloured tables write it."""
    (table,) = paper_of(
        r"\begin{tabular}{lll}\hline Set & Method & Acc \\ \hline"
        "\n"
        r" & A & 1.0 \\ \multirow{-2}{*}{X} & B & 2.0 \\ \hline\end{tabular}"
    ).tables
    assert table.rows == (("X", "A", "1.0"), ("X", "B", "2.0"))


def test_a_second_line_of_titles_starts_a_second_table(paper_of: PaperOf) -> None:
    """Numbers below `ATE` are never read under the FID of the panel above."""
    first, second = paper_of(
        r"""\begin{tabular}{lcc}\toprule
Method & FID & LPIPS \\ \midrule
Baseline & 52.9 & 0.341 \\
Ours & 50.1 & 0.300 \\ \midrule
\multicolumn{3}{l}{Navigation} \\
Method & RMSE & MAE \\ \midrule
Baseline & 1.13 & 0.35 \\
Ours & 1.01 & 0.31 \\ \bottomrule\end{tabular}"""
    ).tables
    assert (first.header, len(first.rows)) == (("Method", "FID", "LPIPS"), 2)
    assert (second.header, second.rows[1]) == (("Method", "RMSE", "MAE"), ("Ours", "1.01", "0.31"))


def test_the_caption_on_its_side_of_the_float_is_taken(paper_of: PaperOf) -> None:
    """Captions above and below tables, two tables in one float."""
    above = r"\begin{table}\caption{A}\begin{tabular}{l}x & 1\\y & 2\\\end{tabular}"
    second = r"\caption{B}\begin{tabular}{l}x & 3\\y & 4\\\end{tabular}\end{table}"
    below = r"\begin{table}\begin{tabular}{l}x & 1\\y & 2\\\end{tabular}\caption{C}\end{table}"
    assert [t.caption for t in paper_of(above + second + below).tables] == ["A", "B", "C"]


@pytest.mark.parametrize(
    ("title", "row", "said"),
    [
        ("SEED", "Ours & 76.95", None),  # a benchmark of that name
        ("Depth", "Ours & 79.03", None),
        ("Epochs", "Ours & 300", ("epochs", 300, "proposed")),
        ("ImageNet top-1", "Ours & 78.90", ("accuracy", 78.9, "proposed")),
        ("Acc. drop", "Ours & 0.5", None),
        ("FID $\\downarrow$", "Ours & 7.27", ("fid", 7.27, "proposed")),
    ],
)
def test_columns_state_only_what_their_title_means(
    paper_of: PaperOf, title: str, row: str, said: tuple[str, Scalar, str] | None
) -> None:
    """A data set called like a setting is not that setting."""
    head = rf"\begin{{tabular}}{{ll}}\toprule Method & {title} \\\midrule "
    table = head + rf"Base & 1 \\ {row} \\\end{{tabular}}"
    assert _said(paper_of(table)) == ([] if said is None else [said])


def test_ablated_rows_are_not_the_method(paper_of: PaperOf) -> None:
    """`ours w/o aug` is set against ours as its baseline; with several such rows none is."""
    head = r"\begin{tabular}{ll}\toprule Method & Acc \\\midrule Ours & 88.5 \\"
    one = paper_of(head + r" Ours w/o aug & 88.0 \\\end{tabular}")
    assert _said(one) == [("accuracy", 88.5, "proposed"), ("accuracy", 88.0, "baseline")]
    named = paper_of(head + r" Ours-noaug & 88.0 \\ Ours (ours)-nogate & 87.0 \\\end{tabular}")
    assert _said(named) == [("accuracy", 88.5, "proposed")]
    two = paper_of(head + r" w/o aug & 88.0 \\ w/o gate & 87.0 \\\end{tabular}")
    assert _said(two) == [("accuracy", 88.5, "proposed")]


PROSE = r"""\documentclass{article}
\newcommand{\ours}{GateNet}
\begin{document}
\section{Related Work}
ResNets are trained for 90 epochs with batch size 256.
\section{Experiments}
We train all models for 300 epochs with a batch size of 1{,}024 on 8 V100 GPUs, % not 100 epochs
using EMA with decay 0.9999. Results are averaged over 5 seeds.
Touvron et al.~\cite{deit} train for 1000 epochs.
Our method improves accuracy from 76.2 to 78.9\%.
It does not improve accuracy from 50.0 to 60.0.
The backbone is pre-trained on ImageNet-21k.
\begin{thebibliography}{9}\bibitem{x} A. Author. Accuracy of 99.9, 2019.\end{thebibliography}
\end{document}
"""


def test_prose_states_budgets_and_claims_of_its_own(paper_of: PaperOf) -> None:
    """Related work, cited work, negations, comments and the bibliography state nothing."""
    paper = paper_of(PROSE)
    assert sorted(_said(paper), key=str) == sorted(
        [
            ("epochs", 300, "both"),
            ("batch_size", 1024, "both"),
            ("device_count", 8, "both"),
            ("ema_decay", 0.9999, "both"),
            ("ema", True, "both"),
            ("seeds", 5, None),
            ("accuracy", 76.2, "baseline"),
            ("accuracy", 78.9, "proposed"),
            ("pretrained", True, None),
        ],
        key=str,
    )
    lines = {s.quantity: s.source.line for s in paper.statements}
    assert (lines["epochs"], lines["seeds"], lines["accuracy"]) == (7, 8, 10)


def test_a_caption_states_both_sides_of_a_comparison(paper_of: PaperOf) -> None:
    """`outperforms X (a vs b metric)` gives the two scores in the order of the sentence."""
    caption = r"\caption{At 20\% TF-IDF outperforms LoSparse (0.825 vs 0.810 average score).}"
    assert _said(paper_of(caption)) == [("score", 0.825, "proposed"), ("score", 0.81, "baseline")]


def test_bibliographies_are_no_evidence(write: Write) -> None:
    """Years and page numbers of `.bib` and `.bbl` files are not read."""
    assert not latex.sniff(entry_of(write("refs.bib", "@article{x, year=2019}")))
    assert not latex.sniff(entry_of(write("main.bbl", r"\bibitem{x} 2019")))


@pytest.mark.parametrize(
    "text",
    [
        r"\begin{tabular}{l" * 3000,
        "{" * 20000,
        r"\caption{" * 3000,
        "\\newcommand\\x" + " " * 20000,
        r"\begin{tabular}{l}" + "&" * 20000 + r"\end{tabular}",
        r"\multirow{999}{*}{\multicolumn{999}{c}{x}}\\" * 200,
    ],
)
def test_damaged_sources_end(paper_of: PaperOf, text: str) -> None:
    """Unclosed and oversized constructs are read in bounded time."""
    paper = paper_of(text)
    assert len(paper.statements) == 0


@pytest.mark.real_data
def test_real_results_table_is_whole(real_data: Path, read_all: ReadAll) -> None:
    """Ten columns, eighteen lines; LoSparse's average is .814 in the table and .810 in its caption."""
    path = real_data / "latex/vocab_pruning/paper/tables/results.tex"
    (fact,) = read_all(latex.READER, path)
    assert isinstance(fact, DocumentFacts)
    (table,) = fact.paper.tables
    averages = {row[0]: row[-1] for row in table.rows}
    assert table.header[1] == "Single Sentence / SST-2"
    assert table.header[-1] == "AVG"
    assert (averages["LoSparse"], averages["TF-IDF + OOV"]) == ("0.814", "0.825")
    assert averages["ModernBERT (Full)"] == "0.846"
    assert _said(fact.paper) == [("score", 0.825, "proposed"), ("score", 0.81, "baseline")]


@pytest.mark.real_data
def test_a_method_of_the_real_table_has_no_record(real_data: Path, read_all: ReadAll) -> None:
    """No result file carries LoSparse's name, though the table has its row."""
    folder = real_data / "latex/vocab_pruning"
    (fact,) = read_all(latex.READER, folder / "paper/tables/results.tex")
    assert isinstance(fact, DocumentFacts)
    assert "LoSparse" in {row[0] for row in fact.paper.tables[0].rows}
    records = list((folder / "results").rglob("*.csv"))
    assert records
    assert not any("losparse" in path.read_text(errors="replace").lower() for path in records)
