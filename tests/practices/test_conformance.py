"""One suite over every built practice; a new practice joins by existing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from netgain.practice import Practice
from netgain.practices import built_practices
from netgain.testing import CHECKS, Case, load_cases

CASES = Path(__file__).parent.parent / "cases"


def _cases(practice: Practice) -> tuple[Case, ...]:
    return load_cases(CASES / f"{practice.code}_{practice.name}".lower().replace("-", "_"))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("practice", built_practices(), ids=lambda practice: practice.code)
def test_practice_conforms(practice: Practice, check: Callable[..., None]) -> None:
    """Every practice holds every demand of the conformance suite."""
    check(practice, _cases(practice))
