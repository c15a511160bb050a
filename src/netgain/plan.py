"""What will be run: the Plan, edited by practices and executed by the lab.

A practice stages itself as a data edit on a Plan and names the knobs it turned; taking it out again is
`plan.reset(knobs)`, which puts each knob back to the recipe. Resets are idempotent and commute.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from netgain.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting of one training. The trainer reads nothing else."""

    task: str = "mnist1d"
    """Task name, see `netgain.lab.tasks`."""
    n_train: int = 4096
    """Training samples drawn from the task."""
    n_validation: int = 2000
    """Validation samples, disjoint from train and test."""
    n_test: int = 10000
    """Test samples."""
    data_seed: int = 0
    """Seed of the generated data set; the same in every run of a plan."""
    test_overlap: float = 0.0
    """Share of the test set copied into the training set (NG509)."""

    epochs: float = 8.0
    """Passes over the training set as the loop counts them."""
    batch_size: int = 128
    """Samples for each optimizer step."""
    steps: int | None = None
    """Optimizer steps; when set it ends training instead of `epochs`."""
    repeats: int = 1
    """Forward-backward passes and optimizer steps for each drawn batch (NG103)."""

    optimizer: str = "adamw"
    """`adamw` or `sgd`."""
    momentum: float = 0.9
    """Nesterov momentum of `sgd`."""
    learning_rate: float = 4e-2
    """Peak learning rate."""
    weight_decay: float = 0.3
    """Decoupled weight decay."""
    schedule: str = "cosine"
    """`cosine`, `constant`, `linear` or `step`."""
    warmup: float = 0.15
    """Share of all steps spent in linear warm-up."""
    label_smoothing: float = 0.0
    """Label smoothing of the cross-entropy."""

    width: int = 16
    """Channels of every block."""
    depth: int = 3
    """Convolution blocks."""
    kernel_size: int = 5
    """Kernel of the convolutions."""
    strided_blocks: int = 3
    """Blocks, counted from the input, that halve the resolution (NG104)."""
    resampling: str = "strided-convolution"
    """How they halve it: `strided-convolution`, `max-pool` or `average-pool` (NG303)."""
    branches: int = 1
    """Parallel linear convolutions summed in each block; they fuse into one when deployed (NG107)."""
    activation: str = "relu"
    """`relu`, `silu`, `gelu`, `leaky_relu`, `prelu` or `tanh-silu`, SiLU in disguise (NG301, NG402)."""
    attention: str = "none"
    """`none`, `squeeze-excite` or `efficient-channel` in each block (NG302)."""
    normalization: str = "batch"
    """`batch`, `group`, `layer`, `instance` or `none` (NG305)."""
    skips: str = "none"
    """`none`, `residual` or `dense`: edges around each block after the first (NG304)."""
    gates: int = 0
    """Branches added through a scalar that starts at 0, spread over the blocks (NG403, NG404)."""
    idea: str = "none"
    """The method the claim is about, see `netgain.lab.blocks`."""
    augmentation: str = "none"
    """`none`, `shift` (random circular shift of each sample) or `noise` (white noise) (NG306, NG510)."""
    augmentation_strength: float = 0.1
    """Largest shift as a share of the length, or standard deviation of the noise."""
    auxiliary_loss: str = "none"
    """`none` or `logit-penalty`, the mean squared logit (NG401)."""
    auxiliary_weight: float = 1e-4
    """Weight of the auxiliary loss."""
    pretraining_samples: int = 0
    """Further samples on which the model is trained first, by the same recipe (NG406)."""
    test_noise: float = 0.0
    """Standard deviation of white noise added to the test inputs (NG510)."""
    test_scale: float = 1.0
    """Factor applied to the test inputs and not to the training inputs (NG503)."""

    ema_decay: float = 0.0
    """Decay of the averaged weights that are evaluated instead of the live ones; 0 for none (NG108)."""
    ensemble: int = 1
    """Independently initialised models whose predictions are averaged (NG108)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """How scores are selected and reported. The defaults are the honest ones."""

    seeds: int = 5
    """Seeds of each arm, paired."""
    baseline_seeds_reported: Literal["mean", "best"] = "mean"
    """What the table shows for the baseline."""
    proposed_seeds_reported: Literal["mean", "best"] = "mean"
    """What the table shows for the proposed arm (NG205)."""
    checkpoint: Literal["last", "best-on-validation", "best-on-test"] = "last"
    """Which epoch's test score is reported, in both arms (NG509)."""
    proposed_checkpoint: Literal["as-protocol", "best-on-test"] = "as-protocol"
    """Which epoch's test score is reported for the proposed arm (NG509)."""
    searched: Literal["both", "proposed", "neither"] = "both"
    """Which arms have a learning-rate sweep of their own, published with the runs (NG204)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """What the published README says. The defaults are the honest ones."""

    budget: bool = True
    """State batch size, epochs and steps of both arms."""
    interval: bool = True
    """State the gain with its interval and the number of seeds."""
    differences: bool = True
    """List every setting in which the arms differ."""
    code: bool = False
    """Publish each arm's training script."""
    buried: tuple[str, ...] = ()
    """Settings of the proposed arm that stand in its script as numbers, in no config and no table (NG203)."""
    parameters: Literal["unstated", "whole", "without-gates"] = "unstated"
    """Which parameters of both models the README counts, if any (NG106)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One comparison to run: two arms, how they are scored, and what is said of them."""

    recipe: Settings
    """The tuned base recipe both arms start from; what a reset goes back to."""
    baseline: Settings
    """Settings of the baseline arm."""
    proposed: Settings
    """Settings of the proposed arm."""
    protocol: Protocol = Protocol()
    """Selection and reporting."""
    disclosure: Disclosure = Disclosure()
    """What the README says."""
    idea: tuple[str, ...] = ("idea",)
    """Settings that make up the method itself; never reset."""
    claimed_idea: str = ""
    """The idea in the words of the README and of netgain.toml's `idea`."""

    def edit(self, arm: Literal["baseline", "proposed"], **changes: Any) -> Plan:
        """Return the plan with settings of one arm changed."""
        return replace(self, **{arm: replace(getattr(self, arm), **changes)})

    def reset(self, knobs: tuple[str, ...]) -> Plan:
        """Return the plan with each knob back at its honest value.

        A knob is `baseline.FIELD`, `proposed.FIELD`, `protocol.FIELD` or `disclosure.FIELD`. Settings go
        back to the recipe's value, protocol and disclosure to their defaults.

        Raises:
            UsageError: a knob does not exist, or belongs to the idea.
        """
        plan = self
        for knob in knobs:
            part, _, name = knob.partition(".")
            sources: dict[str, Settings | Protocol | Disclosure] = {
                "baseline": self.recipe,
                "proposed": self.recipe,
                "protocol": Protocol(),
                "disclosure": Disclosure(),
            }
            honest = sources.get(part)
            if honest is None or name not in {f.name for f in fields(honest)}:
                raise UsageError(
                    f"no such knob: {knob!r}; expected baseline|proposed|protocol|disclosure.FIELD"
                )
            if part in ("baseline", "proposed") and name in self.idea:
                raise UsageError(f"{knob!r} belongs to the idea of this plan and is never reset")
            plan = replace(
                plan, **{part: replace(getattr(plan, part), **{name: getattr(honest, name)})}
            )
        return plan

    def differing(self) -> tuple[str, ...]:
        """Return the names of the settings in which the two arms differ, in field order."""
        return tuple(
            f.name
            for f in fields(Settings)
            if getattr(self.baseline, f.name) != getattr(self.proposed, f.name)
        )
