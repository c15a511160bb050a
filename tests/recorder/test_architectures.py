"""Operations of twelve public architectures against their published figures."""

import pytest

torch = pytest.importorskip("torch")

from netgain.recorder.trace import trace  # noqa: E402
from tests.recorder.architectures import ARCHITECTURES  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_operations_are_the_published_ones_within_one_percent(name):
    """Twice the multiply-accumulates, attention included, nothing uncovered; shapes alone are computed."""
    build, batch, published = ARCHITECTURES[name]
    with torch.device("meta"):
        traced = trace(build(), (batch.to("meta"),))
    assert traced.uncovered == ()
    assert traced.flops / 2 == pytest.approx(published, rel=0.01)
