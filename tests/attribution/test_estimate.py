"""Shares: Shapley's axioms, known examples, interval coverage."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netgain.attribution.design import Design, choose_design, full_factorial
from netgain.attribution.estimate import estimate, shapley_weights

NAMES = ("idea", "NG101", "NG108", "NG205", "NG304", "NG305", "NG307", "NG401")


def design_of(k: int, name: str | None = None) -> Design:
    """Return the design for the first k names."""
    return choose_design(NAMES[:k], name)


def game(k: int) -> st.SearchStrategy:
    """Return arbitrary scores for all rows of k factors."""
    values = st.floats(-100, 100, allow_nan=False)
    return st.lists(values, min_size=2**k, max_size=2**k).map(
        lambda scores: dict(zip(full_factorial(k), scores, strict=True))
    )


@given(scores=game(3))
def test_shares_add_up_to_the_total(scores):
    """Efficiency: the total is the sum of parts, method and residual, and nothing is left over."""
    split = estimate(design_of(3), [scores])
    added = math.fsum(part.value for part in split.parts.values())
    added += split.method.value + split.residual.value
    assert split.total.value == pytest.approx(added, abs=1e-9)
    assert split.residual.value == pytest.approx(0, abs=1e-9)
    assert split.total.value == scores[True, True, True] - scores[False, False, False]


@given(scores=game(3))
def test_a_factor_without_effect_has_no_share(scores):
    """Null player: a factor that changes no score gets exactly nothing."""
    flat = {row: scores[row[0], False, row[2]] for row in scores}
    assert estimate(design_of(3), [flat]).parts["NG101"].value == pytest.approx(0, abs=1e-9)


@given(scores=game(3))
def test_interchangeable_factors_share_alike(scores):
    """Symmetry: two factors that enter in the same way get the same."""
    symmetric = {row: scores[row[0], min(row[1:]), max(row[1:])] for row in scores}
    parts = estimate(design_of(3), [symmetric]).parts
    assert parts["NG101"].value == pytest.approx(parts["NG108"].value, abs=1e-9)


@given(first=game(3), second=game(3), scale=st.floats(-3, 3))
def test_shares_are_linear_in_the_scores(first, second, scale):
    """Linearity: the share of a combined score is the combination of the shares."""
    mixed = {row: first[row] + scale * second[row] for row in first}
    one, two, both = (estimate(design_of(3), [scores]).shares for scores in (first, second, mixed))
    for name in both:
        expected = one[name].value + scale * two[name].value
        assert both[name].value == pytest.approx(expected, abs=1e-8)


def test_a_game_with_a_known_answer():
    """The glove game (one left, two right gloves): 2/3, 1/6, 1/6 (Shapley 1953)."""
    scores = {row: float(row[0] and (row[1] or row[2])) for row in full_factorial(3)}
    split = estimate(design_of(3), [scores])
    assert split.method.value == pytest.approx(2 / 3)
    assert split.parts["NG101"].value == pytest.approx(1 / 6)
    assert split.parts["NG108"].value == pytest.approx(1 / 6)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_weights_are_the_mean_over_all_orders(k):
    """The contrast equals brute force over every order of switching."""
    rng = np.random.default_rng(k)
    scores = {row: rng.normal() for row in full_factorial(k)}
    for i in range(k):
        gains = []
        for order in itertools.permutations(range(k)):
            before = set(order[: order.index(i)])
            off = tuple(j in before for j in range(k))
            on = tuple(j in before or j == i for j in range(k))
            gains.append(scores[on] - scores[off])
        weighted = sum(w * scores[row] for row, w in shapley_weights(k, i).items())
        assert weighted == pytest.approx(np.mean(gains))


def two_way_game(k, seed):
    """Return a function of rows with main and pair effects, and its Shapley values."""
    rng = np.random.default_rng(seed)
    main, pair = rng.normal(size=k), np.triu(rng.normal(size=(k, k)), 1)

    def score(row):
        on = np.array(row, dtype=float)
        return float(main @ on + on @ pair @ on)

    return score, main + (pair.sum(axis=0) + pair.sum(axis=1)) / 2, pair


@pytest.mark.parametrize(("k", "name"), [(5, "half"), (6, "half"), (4, "half"), (7, "foldover")])
def test_fractions_recover_two_way_models_exactly(k, name):
    """Without joint effects of three, a fraction gives the Shapley values and no residual."""
    design = design_of(k, name)
    score, shapley, _ = two_way_game(k, seed=1)
    split = estimate(design, [{row: score(row) for row in design.rows(b)} for b in range(2)])
    values = [split.shares[factor].value for factor in design.factors]
    assert values == pytest.approx(shapley.tolist())
    assert split.residual.value == pytest.approx(0, abs=1e-9)


def test_a_joint_effect_of_three_shows_as_residual():
    """The half fraction shows what three factors do jointly apart from the shares."""
    design = design_of(5)
    scores = {row: 8.0 * (row[0] and row[1] and row[2]) for row in design.rows(0)}
    split = estimate(design, [scores, scores])
    assert split.total.value == 8.0
    assert split.residual.value == pytest.approx(2.0)
    added = math.fsum(share.value for share in split.shares.values()) + split.residual.value
    assert added == pytest.approx(8.0)


def noisy_blocks(design, score, seeds, rng, *, noise=0.25, by_factor=0.0):
    """Return scores with shared and independent seed noise, and factors that vary by seed."""
    blocks = []
    for block in range(seeds):
        shared, vary = rng.normal(0, 0.25), rng.normal(0, by_factor, len(design.factors))
        blocks.append(
            {
                row: score(row) + shared + float(vary @ np.array(row)) + rng.normal(0, noise)
                for row in design.rows(block)
            }
        )
    return blocks


@pytest.mark.parametrize(
    ("k", "name", "seeds", "by_factor", "repeats"),
    [
        (3, None, 3, 0.0, 400),
        (3, None, 5, 0.15, 400),
        (3, None, 3, 0.35, 400),
        (1, None, 4, 0.0, 400),
        (7, None, 4, 0.0, 100),
    ],
)
def test_intervals_cover(k, name, seeds, by_factor, repeats):
    """Nominal 95 % intervals hold the true share in 92 to 99.5 % of simulated attributions."""
    design = design_of(k, name)
    score, shapley, _ = two_way_game(k, seed=5)
    rng = np.random.default_rng(11)
    hits = []
    for _ in range(repeats):
        split = estimate(design, noisy_blocks(design, score, seeds, rng, by_factor=by_factor))
        hits += [
            split.shares[factor].low <= true <= split.shares[factor].high
            for factor, true in zip(design.factors, shapley, strict=True)
        ]
    assert 0.92 <= np.mean(hits) <= 0.995


def test_pooling_narrows_the_intervals():
    """Rows of equal noise are pooled, with (s - 1)(N - 1) degrees of freedom."""
    design = design_of(4)
    score, _, _ = two_way_game(4, seed=2)
    split = estimate(design, noisy_blocks(design, score, 3, np.random.default_rng(3)))
    pooled = [share for share in split.shares.values() if share.spread == "pooled"]
    assert pooled
    assert all(share.df == 2 * 15 for share in pooled)


def test_unequal_noise_is_not_pooled():
    """Where one factor makes training far noisier, each share stands on its own seed blocks."""
    design, rng = design_of(4), np.random.default_rng(4)
    blocks = [
        {row: rng.normal(0, 5.0 if row[0] else 0.01) for row in design.rows(0)} for _ in range(6)
    ]
    split = estimate(design, blocks)
    assert {share.spread for share in split.shares.values()} == {"blocks"}
    assert split.total.df == 5


def test_a_pair_that_acts_jointly_is_reported():
    """A clear interaction is printed with its size; pairs within the noise are not."""
    design, rng = design_of(3), np.random.default_rng(0)
    blocks = [
        {row: 3.0 * (row[0] and row[2]) + rng.normal(0, 0.05) for row in design.rows(0)}
        for _ in range(4)
    ]
    pairs = estimate(design, blocks).interactions
    assert pairs[0].factors == ("idea", "NG108")
    assert pairs[0].share.value == pytest.approx(3.0, abs=0.2)


def test_one_seed_leaves_every_interval_unknown():
    """Without a second seed there is no interval, and no pair is called significant."""
    scores = {row: float(sum(row)) for row in full_factorial(3)}
    split = estimate(design_of(3), [scores])
    assert (split.total.low, split.parts["NG101"].high, split.method.low) == (None, None, None)
    assert split.interactions == ()
    assert split.unresolved == ("NG101", "NG108", "idea")


def test_no_idea_means_no_method_share():
    """Without an idea, the method's share is unknown rather than zero."""
    design = choose_design(("NG101", "NG108"))
    split = estimate(design, [{row: float(sum(row)) for row in design.rows(0)}])
    assert split.method is None
    assert set(split.parts) == {"NG101", "NG108"}


def test_a_loss_turns_the_sign():
    """Where lower is better a falling score is a gain, and arm scores keep their scale."""
    design = choose_design(("idea",))
    split = estimate(design, [{(False,): 2.5, (True,): 2.0}], higher_is_better=False)
    assert split.method.value == 0.5
    assert (split.baseline_score, split.proposed_score) == (2.5, 2.0)


def test_deterministic_training_has_points_for_intervals():
    """Seeds that change nothing give intervals of no width, and every effect is resolved."""
    design = design_of(2)
    scores = {row: float(row[0]) + 2.0 * row[1] for row in design.rows(0)}
    split = estimate(design, [scores] * 3)
    assert (split.method.low, split.method.high) == (1.0, 1.0)
    assert split.unresolved == ()


def test_no_blocks_is_an_error():
    """Nothing cannot be split."""
    with pytest.raises(ValueError, match="no seed blocks"):
        estimate(design_of(2), [])
