"""Split a gain between practices and the idea by matched re-runs."""

from netgain.attribution.document import attribution_schema
from netgain.attribution.plan_file import AttributionPlan, load_plan
from netgain.attribution.plan_writer import write_plan
from netgain.attribution.run import (
    AttributionStoppedError,
    FailedRunsError,
    attribute,
    planned_runs,
)
from netgain.attribution.split import Interaction, Share, Split, describe

__all__ = [
    "AttributionPlan",
    "AttributionStoppedError",
    "FailedRunsError",
    "Interaction",
    "Share",
    "Split",
    "attribute",
    "attribution_schema",
    "describe",
    "load_plan",
    "planned_runs",
    "write_plan",
]
