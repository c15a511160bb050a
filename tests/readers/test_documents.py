"""READMEs: tables and statements."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from netgain.readers import markdown
from netgain.readers.base import DocumentFacts
from netgain.study import Paper, Scalar

from .conftest import ReadAll, entry_of

Write = Callable[[str, str | bytes], Path]


@pytest.fixture
def paper_of(write: Write, read_all: ReadAll) -> Callable[[str], Paper]:
    """Read one README's text."""

    def call(text: str) -> Paper:
        (fact,) = read_all(markdown.READER, write("README.md", text))
        assert isinstance(fact, DocumentFacts)
        return fact.paper

    return call


def _said(paper: Paper) -> list[tuple[str, Scalar, str | None]]:
    return [(s.quantity, s.value, s.arm) for s in paper.statements]


TABLE = """# Gate

Results on the test set:

| Method | Test acc (%) | Epochs | Batch size |
|---|---:|---|---|
| Baseline | 91.20 | 30 | 128 |
| **Ours** | **92.60 ± 0.20** | 30 | 1,024 |
"""


def test_a_table_keeps_its_cells_as_written(paper_of: Callable[[str], Paper]) -> None:
    """`91.20` keeps its precision; header, caption and line are cited."""
    (table,) = paper_of(TABLE).tables
    assert table.header == ("Method", "Test acc (%)", "Epochs", "Batch size")
    assert table.rows[0] == ("Baseline", "91.20", "30", "128")
    assert (table.caption, table.source.line) == ("Results on the test set:", 5)


def test_rows_that_name_an_arm_are_statements(paper_of: Callable[[str], Paper]) -> None:
    """Scores, spread and budget of each arm come out under canonical names."""
    paper = paper_of(TABLE)
    assert _said(paper) == [
        ("accuracy", 91.2, "baseline"),
        ("epochs", 30, "baseline"),
        ("batch_size", 128, "baseline"),
        ("accuracy", 92.6, "proposed"),
        ("accuracy_spread", 0.2, "proposed"),
        ("epochs", 30, "proposed"),
        ("batch_size", 1024, "proposed"),
    ]
    assert (paper.statements[0].source.line, paper.statements[0].source.cell) == (
        7,
        "Baseline / Test acc (%)",
    )


def test_columns_that_name_arms_are_statements(paper_of: Callable[[str], Paper]) -> None:
    """A table turned on its side says the same."""
    assert _said(
        paper_of("| metric | baseline | ours |\n|--|--|--|\n| accuracy | 91.2 | 92.6 |\n")
    ) == [
        ("accuracy", 91.2, "baseline"),
        ("accuracy", 92.6, "proposed"),
    ]


def test_a_sentence_about_both_arms_is_taken_apart(paper_of: Callable[[str], Paper]) -> None:
    """Each clause belongs to the arm it names, or to the one named before it."""
    text = "The baseline trained for 30 epochs with batch size 128, ours for 60 epochs and batch size 512."
    assert sorted(_said(paper_of(text)), key=str) == [
        ("batch_size", 128, "baseline"),
        ("batch_size", 512, "proposed"),
        ("epochs", 30, "baseline"),
        ("epochs", 60, "proposed"),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Results are the mean over 5 seeds.", ("seeds", 5, None)),
        ("We average over three random seeds.", ("seeds", 3, None)),
        ("All numbers come from a single seed.", ("seeds", 1, None)),
        ("We report the best of 20 seeds.", ("best_of_seeds", 20, None)),
        ("The gain is 1.4 (95 % CI 0.4 to 2.3).", ("interval", "0.4 to 2.3", None)),
        (
            "The gain is 1.4 (95% confidence interval [-0.1, 2.3]).",
            ("interval", "-0.1 to 2.3", None),
        ),
        ("The difference is not significant.", ("noise", "not significant", None)),
        ("The gain is within seed noise.", ("noise", "within seed noise", None)),
        ("Both arms use a learning rate of 6e-3.", ("learning_rate", 0.006, "both")),
        ("Both arms train on 4,000 training samples.", ("n_train", 4000, "both")),
        ("Ours runs for 90k steps.", ("steps", 90000, "proposed")),
        ("Our model uses EMA with decay 0.999.", ("ema_decay", 0.999, "proposed")),
        ("Our model uses EMA with decay 0.999.", ("ema", True, "proposed")),
        ("The baseline is evaluated without TTA.", ("test_time_augmentation", False, "baseline")),
        ("Our method reaches a test accuracy of 92.6 %.", ("accuracy", 92.6, "proposed")),
        ("- Accuracy: 0.9137 ± 0.002", ("accuracy_spread", 0.002, None)),
    ],
)
def test_sentences_state_quantities(
    paper_of: Callable[[str], Paper], text: str, said: tuple[str, Scalar, str | None]
) -> None:
    """Seeds, spread, budget and scores are read from ordinary sentences."""
    assert said in _said(paper_of(text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Our method improves accuracy from 76.2 to 78.9.", [76.2, 78.9]),
        ("We raise the test accuracy (%) from 76.2% to 78.9%.", [76.2, 78.9]),
        ("Ours outperforms ResNet in accuracy (97.6% vs 95.1%).", [95.1, 97.6]),
        ("The baseline outperforms ours (97.6 vs 95.1 accuracy).", []),
        ("It fails to improve accuracy from 76.2 to 78.9.", []),
    ],
)
def test_comparisons_state_both_sides(
    paper_of: Callable[[str], Paper], text: str, said: list[float]
) -> None:
    """Both scores with their arms in the order the verb says; nothing where it is denied or reversed."""
    found = {s.arm: s.value for s in paper_of(text).statements if s.quantity == "accuracy"}
    expected = dict(zip(("baseline", "proposed"), said, strict=bool(said)))
    assert {arm: found.get(arm) for arm in expected} == expected
    assert said or set(found) <= {None}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("The batch size is 64 (per gpu) * 8 (nodes) * 8 (gpus) = 4096.", ("batch_size", 4096)),
        ("We train on 8 V100 GPUs.", ("device_count", 8)),
        ("Ours outperforms ResNet by 2.3 points.", ("gain", 2.3)),
        ("The average episode reward is 5.", ("reward", 5)),
    ],
)
def test_products_and_gains_are_stated_as_meant(
    paper_of: Callable[[str], Paper], text: str, said: tuple[str, Scalar]
) -> None:
    """A product counts by its result; a gain is no score."""
    assert said in [(s.quantity, s.value) for s in paper_of(text).statements]


@pytest.mark.parametrize(
    "text",
    [
        "The rate is halved every 30 epochs.",
        "We use a batch size of 64 per GPU.",
        "The F1 value is F1 = 2 * P * R / (P + R).",
        "Each action returns a reward of 5.",
        "The 26-period exponential moving average is subtracted.",
        "Smith et al. train for 300 epochs.",
        "ResNets are trained for 90 epochs [12].",
    ],
)
def test_parts_formulas_and_other_peoples_work_state_nothing(
    paper_of: Callable[[str], Paper], text: str
) -> None:
    """Numbers that only look like the paper's own budget or score are left alone."""
    assert paper_of(text).statements == ()


def test_what_is_compared_with_is_not_about_the_arm_before_it(
    paper_of: Callable[[str], Paper],
) -> None:
    """`the baseline is worse than ... with FID of 2.47` gives the baseline no score."""
    text = "The baseline is worse than using random images with FID of 2.47."
    assert ("fid", 2.47, "baseline") not in _said(paper_of(text))


def test_a_heading_names_the_arm_of_its_section(paper_of: Callable[[str], Paper]) -> None:
    """List items below `## Baseline` are about the baseline."""
    said = _said(paper_of("## Baseline\n\n- Epochs: 30\n\n## Other\n\n- Epochs: 40\n"))
    assert said == [("epochs", 30, "baseline"), ("epochs", 40, None)]


def test_code_blocks_state_nothing(paper_of: Callable[[str], Paper]) -> None:
    """Commands and examples inside fences are neither tables nor statements."""
    paper = paper_of(
        "```\n| Method | acc |\n|---|---|\n| Ours | 99 |\ntrain for 30 epochs\n```\nEnd.\n"
    )
    assert (paper.tables, paper.statements) == ((), ())


def test_licences_and_changelogs_are_not_results(write: Write) -> None:
    """Markdown that never holds results is left alone."""
    assert not markdown.sniff(entry_of(write("CHANGELOG.md", "text")))


@pytest.mark.real_data
def test_real_readme_states_two_batches_and_four_scores_each(
    real_data: Path, read_all: ReadAll
) -> None:
    """The SOCAL README says batch 4 and 16, and mAP50-95 .4643 and .5476."""
    (fact,) = read_all(markdown.READER, real_data / "ultralytics/README.md")
    assert isinstance(fact, DocumentFacts)
    values: dict[str, set[Scalar]] = {}
    for statement in fact.paper.statements:
        values.setdefault(statement.quantity, set()).add(statement.value)
    assert values["batch_size"] == {4, 16}
    assert values["map50_95"] == {0.4643, 0.5476}
    assert values["epochs"] == {50}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Ours uses the SiLU activation.", [("activation", "silu", "proposed")]),
        ("The baseline has no squeeze-and-excitation.", [("attention", False, "baseline")]),
        ("Both arms are trained with RandAugment.", [("augmentation", "randaugment", "both")]),
        ("We anneal with a cosine schedule.", [("schedule", "cosine", None)]),
        ("Our model adds skip connections.", [("skip", "skip connections", "proposed")]),
        ("The baseline was tuned with 40 trials.", [("n_trials", 40, "baseline")]),
        ("A step was taken towards the linear model.", []),
        ("The attention of reviewers is drawn to Table 2.", []),
    ],
)
def test_named_parts_of_a_recipe_are_statements(
    paper_of: Callable[[str], Paper], text: str, said: list[tuple[str, Scalar, str | None]]
) -> None:
    """Activation, attention, schedule, augmentation and tuning effort are read from sentences."""
    assert _said(paper_of(f"# Gate\n\n{text}\n")) == said
