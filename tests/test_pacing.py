"""How often garbage is looked for while evidence is read."""

from __future__ import annotations

import gc

import pytest

from netgain.pacing import RARE, rare_collections


def test_thresholds_are_put_back_after_an_error() -> None:
    """They are high inside the block and as before behind it, whatever happens in it."""
    before = gc.get_threshold()
    with pytest.raises(ValueError, match="x"), rare_collections():
        assert gc.get_threshold() == RARE
        raise ValueError("x")
    assert gc.get_threshold() == before


def test_a_collector_switched_off_stays_so() -> None:
    """A program that set its own, rarer thresholds keeps them."""
    before = gc.get_threshold()
    gc.set_threshold(0)
    try:
        with rare_collections():
            assert gc.get_threshold()[0] == 0
    finally:
        gc.set_threshold(*before)


def test_what_was_made_in_the_block_counts_as_old() -> None:
    """The next searches of the young generations do not go through it."""
    gc.collect()
    with rare_collections():
        made = [[] for _ in range(1_000)]
    young = {id(held) for held in (*gc.get_objects(0), *gc.get_objects(1))}
    assert not young & {id(held) for held in made}
