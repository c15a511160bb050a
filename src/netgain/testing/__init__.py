"""What every practice is held to: cases as small studies, and the conformance suite."""

from netgain.testing.cases import Case, build_study, load_cases
from netgain.testing.conformance import CHECKS, knock_outs

__all__ = ["CHECKS", "Case", "build_study", "knock_outs", "load_cases"]
