"""The name that `netgain read` offers for a key it does not know."""

from __future__ import annotations

import pytest

from netgain.vocabulary.resemblance import resembled


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("labeled_batch_size", "batch_size"),
        ("model.lerning_rate", "learning_rate"),
        ("lr_weight_decay", "weight_decay"),
        ("data.download", None),
        ("dist_eval", None),
        ("CHECKPOINT_PERIOD", None),
        ("val_batch_size", None),
        ("", None),
    ],
)
def test_a_name_is_offered_only_where_the_key_resembles_it(key: str, expected: str | None) -> None:
    """Advice that is copied as it stands must not teach nonsense."""
    assert resembled(key) == expected
