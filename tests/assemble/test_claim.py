"""Which scores of a paper are the claim, and what contradicts them."""

from __future__ import annotations

from pathlib import Path

import pytest

from netgain.assemble.claim import complete_claim
from netgain.readers import read_paths
from netgain.readers.base import DocumentFacts
from netgain.study import Cited, Claim, Curve, Paper, Run, Source


def _paper(folder: Path, text: str, name: str = "README.md") -> Paper:
    (folder / name).write_text(text, encoding="utf-8")
    (fact,) = read_paths((folder / name,)).facts
    assert isinstance(fact, DocumentFacts)
    return fact.paper


def _claimed(claim: Claim) -> tuple[str | None, float | None, float | None]:
    return (
        claim.metric,
        claim.baseline.value if claim.baseline else None,
        claim.proposed.value if claim.proposed else None,
    )


def _run(metric: str) -> Run:
    source = Source(path="run/log.csv")
    return Run(
        id="run", group="run", finals={f"test/{metric}": Cited(value=1.0, source=source)}
    )  # fmt: skip


SETS = """| Method | CIFAR-10 acc | ImageNet acc |
|---|---|---|
| Baseline | 93.1 | 76.2 |
| Ours | 94.0 | 78.9 |
"""
METRICS = """| Method | Accuracy | F1 |
|---|---|---|
| Baseline | 93.1 | 0.70 |
| Ours | 94.0 | 0.74 |
"""


def test_one_column_is_the_claim(tmp_path: Path) -> None:
    """A table with one score for each arm states metric, both values and their places."""
    table = "| Method | FID ↓ |\n|---|---|\n| Baseline | 9.33 |\n| Ours | 7.27 |\n"
    claim = complete_claim(Claim(), _paper(tmp_path, table), [], [])
    assert _claimed(claim) == ("fid", 9.33, 7.27)
    assert not claim.higher_is_better
    assert claim.gain == pytest.approx(2.06)
    assert claim.proposed is not None
    assert claim.proposed.source.line == 4


def test_several_columns_leave_the_claim_open(tmp_path: Path) -> None:
    """Two data sets with different scores and nobody to choose: unknown, not the first."""
    assert _claimed(complete_claim(Claim(), _paper(tmp_path, SETS), [], [])) == (None, None, None)


@pytest.mark.parametrize(
    ("dataset", "scores"), [("imagenet/test", (76.2, 78.9)), ("CIFAR10", (93.1, 94.0))]
)
def test_the_named_data_set_chooses_the_column(
    tmp_path: Path, dataset: str, scores: tuple[float, float]
) -> None:
    """`[claim] dataset` is matched to the titles without regard to hyphens, case and split."""
    claim = complete_claim(Claim(dataset=dataset), _paper(tmp_path, SETS), [], [])
    assert _claimed(claim) == ("accuracy", *scores)


def test_a_stated_score_chooses_the_column(tmp_path: Path) -> None:
    """The column in which the configured proposed score stands gives the baseline's."""
    proposed = Cited(value=78.9, source=Source(path="netgain.toml"))
    claim = complete_claim(Claim(proposed=proposed), _paper(tmp_path, SETS), [], [])
    assert _claimed(claim) == ("accuracy", 76.2, 78.9)


def test_the_metric_of_the_runs_chooses_the_column(tmp_path: Path) -> None:
    """Runs that end with F1 make the claim one about F1."""
    paper = _paper(tmp_path, METRICS)
    assert _claimed(complete_claim(Claim(), paper, [_run("f1")], [_run("f1")])) == ("f1", 0.7, 0.74)
    assert _claimed(complete_claim(Claim(metric="accuracy"), paper, [], [])) == (
        "accuracy",
        93.1,
        94.0,
    )


def test_a_sentence_is_preferred_to_an_open_table(tmp_path: Path) -> None:
    """Where columns differ, the claim put into words is taken."""
    text = SETS + "\nOur method improves accuracy from 76.2 to 78.9 on ImageNet.\n"
    assert _claimed(complete_claim(Claim(), _paper(tmp_path, text), [], [])) == (
        "accuracy",
        76.2,
        78.9,
    )


CAPTION = r"""\begin{table}\begin{tabular}{lcc}\toprule
Method & Task A & AVG \\ \midrule
Sparse & 0.95 & %s \\
Gate + X & 0.93 & 0.825 \\ \bottomrule
\end{tabular}\caption{Gate + X outperforms Sparse (0.825 vs 0.810 average score).}\end{table}
"""


def test_a_caption_that_contradicts_its_table_is_kept_with_both_places(tmp_path: Path) -> None:
    """The cell is the value, the caption's words the disagreement."""
    claim = complete_claim(
        Claim(), _paper(tmp_path, CAPTION.replace("%s", "0.814"), "p.tex"), [], []
    )
    assert _claimed(claim) == ("score", 0.814, 0.825)
    assert claim.baseline is not None
    (other,) = claim.baseline.disagreeing
    assert (claim.baseline.source.cell, other.value, other.source.line) == (
        "Sparse / AVG",
        0.81,
        5,
    )


def test_a_caption_that_agrees_with_its_table_has_no_disagreement(tmp_path: Path) -> None:
    """Equal numbers with another precision agree."""
    claim = complete_claim(
        Claim(), _paper(tmp_path, CAPTION.replace("%s", "0.81"), "p.tex"), [], []
    )
    assert claim.baseline is not None
    assert (claim.baseline.value, claim.baseline.disagreeing) == (0.81, ())


@pytest.mark.real_data
def test_the_real_caption_contradicts_its_table(real_data: Path) -> None:
    """Vocabulary pruning: the caption says .810 for LoSparse, its own table .814."""
    (fact,) = read_paths((real_data / "latex/vocab_pruning/paper/tables/results.tex",)).facts
    assert isinstance(fact, DocumentFacts)
    claim = complete_claim(Claim(), fact.paper, [], [])
    assert _claimed(claim) == ("score", 0.814, 0.825)
    assert claim.baseline is not None
    assert [(c.value, c.source.line) for c in claim.baseline.disagreeing] == [(0.81, 37)]


def test_scores_without_a_split_serve_where_nothing_else_is_logged() -> None:
    """Bare `miou`-like curves are what the runs can answer; training losses and rates never are."""
    source = Source(path="run/log.txt")

    def run(*names: str) -> Run:
        curves = tuple(
            Curve(
                name=n, key=n, split=None, unit="epoch", steps=(1.0,), values=(1.0,), source=source
            )
            for n in names
        )
        return Run(id="run", group="run", curves=curves)

    logged = run("fg_ari", "loss", "learning_rate")
    assert complete_claim(Claim(), Paper(), [logged], [logged]).metric == "fg_ari"
    bare = run("loss", "learning_rate")
    assert complete_claim(Claim(), Paper(), [bare], [bare]).metric is None


ROWS = """| CIFAR-10 | Top-1 acc. |
|---|---|
| WRN-16-4 | 93.12 |
| + RingFeat | **94.87** |
"""


def _scored(*values: float, metric: str = "accuracy") -> list[Run]:
    """Return runs that end with some test scores."""
    source = Source(path="run/log.csv")
    return [
        Run(id=f"r{i}", group="r", finals={f"test/{metric}": Cited(value=v, source=source)})
        for i, v in enumerate(values)
    ]


@pytest.mark.parametrize(
    ("baseline", "proposed"),
    [((93.12,), (94.1, 94.87, 94.3)), ((0.93121,), (0.94866, 0.9481)), ((93.0, 93.24), (94.87,))],
)
def test_rows_that_name_no_arm_are_told_by_the_runs_scores(
    tmp_path: Path, baseline: tuple[float, ...], proposed: tuple[float, ...]
) -> None:
    """The best of several runs, a fraction for a percentage, the mean of two runs."""
    claim = complete_claim(Claim(), _paper(tmp_path, ROWS), _scored(*baseline), _scored(*proposed))
    assert _claimed(claim) == ("accuracy", 93.12, 94.87)


@pytest.mark.parametrize(
    ("baseline", "proposed"),
    [((93.12,), (91.0,)), ((94.87,), (93.12,)), ((93.12, 94.87), (93.12, 94.87))],
)
def test_rows_that_fit_no_arm_both_arms_or_the_wrong_one_are_no_claim(
    tmp_path: Path, baseline: tuple[float, ...], proposed: tuple[float, ...]
) -> None:
    """A score that no run has, an addition that holds the baseline's score, scores of both arms."""
    claim = complete_claim(Claim(), _paper(tmp_path, ROWS), _scored(*baseline), _scored(*proposed))
    assert _claimed(claim) == ("accuracy", None, None)


BY_COLUMNS = """| Metric | Baseline (R50) | Optimized (R101) | Improvement |
|---|---|---|---|
| mAP_50 | 58.1 | 62.8 | +4.7 |
| mAP | 37.4 | 42.1 | +4.7 |
"""
BY_ROWS = """| Model | Accuracy |
|---|---|
| Baseline CNN | 71.2 |
| Wide CNN | 73.9 |
| Improvement | 2.7 |
"""
THREE = "| Model | Accuracy |\n|---|---|\n| Baseline | 71.2 |\n| Wide | 73.9 |\n| Deep | 74.2 |\n"


@pytest.mark.parametrize(
    ("table", "claimed"),
    [
        (BY_COLUMNS, ("map", 37.4, 42.1)),
        (BY_ROWS, ("accuracy", 71.2, 73.9)),
        (METRICS, ("accuracy", 93.1, 94.0)),
        (THREE, (None, None, None)),
    ],
)
def test_the_only_other_arm_beside_a_baseline_is_the_proposed(
    tmp_path: Path, table: str, claimed: tuple[str | None, float | None, float | None]
) -> None:
    """One column or row beside the baseline's is the proposed arm, whatever its name; of two, none is.

    Of several metrics in one table the one that titles name most is claimed.
    """
    assert _claimed(complete_claim(Claim(), _paper(tmp_path, table), [], [])) == claimed
