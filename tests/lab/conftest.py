"""Small settings for tests of the lab."""

import pytest

from netgain.plan import Settings


@pytest.fixture
def small():
    """Settings whose training takes a fraction of a second."""
    return Settings(n_train=256, n_validation=100, n_test=200, epochs=2.0, batch_size=64, width=8)
