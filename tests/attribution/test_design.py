"""Designs: sizes, balance and what they keep apart."""

import itertools

import numpy as np
import pytest

from netgain.attribution.design import (
    choose_design,
    foldover_block,
    full_factorial,
    hadamard,
    half_fraction,
)
from netgain.errors import UsageError


def signs(rows):
    """Return a design as a matrix of -1 and 1."""
    return np.where(np.array(rows), 1, -1)


@pytest.mark.parametrize(
    ("k", "name", "rows"),
    [(1, "full", 2), (4, "full", 16), (5, "half", 17), (6, "half", 32), (7, "foldover", 26)],
)
def test_the_number_of_factors_decides(k, name, rows):
    """Full factorial to 4, half fraction to 6 (all-off added to the odd one), fold-over beyond."""
    design = choose_design(tuple(f"f{i}" for i in range(k)))
    assert design.name == name
    assert len(design.rows(0)) == rows
    assert design.rows(0)[0] == (False,) * k
    assert design.rows(0)[-1] == (True,) * k


@pytest.mark.parametrize("k", [5, 6])
def test_the_half_fraction_keeps_mains_and_pairs_apart(k):
    """Resolution V: columns of main effects and pairs are orthogonal."""
    matrix = signs(half_fraction(k))
    columns = [matrix[:, i] for i in range(k)]
    columns += [matrix[:, i] * matrix[:, j] for i, j in itertools.combinations(range(k), 2)]
    gram = np.array(columns) @ np.array(columns).T
    assert np.array_equal(gram, np.eye(len(columns), dtype=int) * 2 ** (k - 1))


@pytest.mark.parametrize("order", [8, 12, 16, 20, 24])
def test_hadamard_matrices_are_orthogonal(order):
    """H times its transpose is the order times the identity, all entries -1 or 1."""
    matrix = hadamard(order)
    assert np.array_equal(matrix @ matrix.T, order * np.eye(order, dtype=int))
    assert set(np.unique(matrix)) == {-1, 1}


@pytest.mark.parametrize("k", [7, 12, 22])
def test_foldover_blocks_keep_mains_clear_of_pairs(k):
    """Main effect columns are orthogonal to each other and to every pair."""
    matrix = signs(foldover_block(k, block=3))
    n = len(matrix)
    assert np.array_equal(matrix.T @ matrix, n * np.eye(k, dtype=int))
    for i, j in itertools.combinations(range(k), 2):
        assert not (matrix.T @ (matrix[:, i] * matrix[:, j])).any()


def test_foldover_blocks_differ_and_repeat():
    """Each block draws anew, and the same block is the same on every machine."""
    assert foldover_block(9, 0) != foldover_block(9, 1)
    assert foldover_block(9, 1) == foldover_block(9, 1)


def test_full_factorial_has_every_row_once():
    """All 2^k settings occur."""
    assert len(set(full_factorial(5))) == 32


@pytest.mark.parametrize(
    ("k", "name", "words"),
    [
        (11, "full", "holds 1 to 10 factors, the plan has 11; group settings"),
        (2, "half", "use design full"),
        (2, "foldover", "use design full"),
        (23, None, "holds 3 to 22 factors"),
        (3, "latin", "expected one of full, half, foldover"),
    ],
)
def test_what_a_design_cannot_hold_is_refused(k, name, words):
    """The message says how many factors the design holds and what to do."""
    with pytest.raises(UsageError, match=words):
        choose_design(tuple(f"f{i}" for i in range(k)), name)
