"""Everything the checks look for in a tree of code, at one go."""

from __future__ import annotations

from netgain.analysis.code_components import code_census, model_places
from netgain.analysis.code_deployment import deployment_switches
from netgain.analysis.code_gates import zero_gates
from netgain.analysis.code_idioms import (
    repeated_passes,
    test_time_passes,
    unscored_averages,
    weight_averaging,
)
from netgain.analysis.code_norm_blocks import norm_blocks
from netgain.analysis.code_norm_scales import zeroed_scales
from netgain.analysis.code_parting import network_strides
from netgain.analysis.code_schedules import schedule_in
from netgain.analysis.code_seeds import seed_loops
from netgain.analysis.code_selection import selection_on_test
from netgain.analysis.code_transforms import pipelines
from netgain.analysis.code_variants import decides_one_model, unmade_network
from netgain.analysis.default_arguments import default_arguments
from netgain.analysis.early_stops import early_stop_in
from netgain.analysis.idle_code import idle_places
from netgain.analysis.library_models import leaves_networks_open
from netgain.analysis.literals import trains, written_numbers
from netgain.analysis.named_networks import named_by_options
from netgain.analysis.option_readings import option_readings
from netgain.analysis.per_tree import name_of
from netgain.analysis.trained_networks import trained_network
from netgain.analysis.training_loops import epoch_loops, loops_left_by_epoch
from netgain.analysis.warm_starts import stored_weights
from netgain.study import CodeTree

LOOKS = (
    code_census,
    model_places,
    norm_blocks,
    network_strides,
    decides_one_model,
    repeated_passes,
    weight_averaging,
    unscored_averages,
    schedule_in,
    early_stop_in,
    stored_weights,
    epoch_loops,
    loops_left_by_epoch,
    test_time_passes,
    selection_on_test,
    seed_loops,
    zero_gates,
    zeroed_scales,
    pipelines,
    deployment_switches,
    written_numbers,
    trains,
    leaves_networks_open,
    named_by_options,
    trained_network,
    unmade_network,
    option_readings,
    default_arguments,
    idle_places,
)


def look_into(tree: CodeTree) -> dict[str, object]:
    """Return the answer of each look by its name; one that fails is left out and fails again in its check."""
    found: dict[str, object] = {}
    for look in LOOKS:
        try:
            found[name_of(look)] = look(tree)
        except Exception:  # noqa: BLE001, S112 - the check itself reports the error
            continue
    return found
