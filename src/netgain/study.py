"""What was observed: the Study and its parts.

Readers produce facts, `netgain.assemble` turns facts into one `Study`, and checks read nothing else.
Every value read from evidence is `Cited`: the value, where it stands, and how strong that kind of
evidence is. Unknown is `None`, never zero and never a default that looks measured.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

T = TypeVar("T")
Scalar = int | float | str | bool | None
"""A setting as it was written down."""

Strength = Literal["measured", "logged", "configured", "stated"]
"""How a value came to be known, strongest first.

`measured`: counted by a recorder or read from a trained artifact (optimizer step in a checkpoint).
`logged`: written by the training as it ran (metric log, learning-rate trace, final epoch number).
`configured`: a setting somebody asked for (config file, command line, default in code).
`stated`: prose or a table in a README or paper, or a number in a file name.
"""
STRENGTHS: tuple[Strength, ...] = ("measured", "logged", "configured", "stated")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a value stands, precise enough for a reader to open it there."""

    path: str
    """File, relative to the folder the audit was started in where that is possible."""
    line: int | None = None
    """1-based line in a text file."""
    key: str | None = None
    """Dotted key, column name, metric name or table column."""
    step: float | None = None
    """Position on the curve's own x axis."""
    tensor: str | None = None
    """Tensor name inside a checkpoint."""
    cell: str | None = None
    """Row and column of a table, as `row / column`."""

    def __str__(self) -> str:
        """Return `path:line key`, leaving out what is unknown."""
        place = self.path if self.line is None else f"{self.path}:{self.line}"
        detail = self.tensor or self.cell or self.key
        return place if detail is None else f"{place} {detail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited(Generic[T]):
    """A value with its place; where sources disagree the strongest wins and the rest is kept."""

    value: T
    """The value itself, in the unit its field names."""
    source: Source
    """Where it was read."""
    strength: Strength = "configured"
    """How it came to be known."""
    disagreeing: tuple[Cited[T], ...] = ()
    """Weaker or equally strong readings of the same quantity that say something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One quantity logged over training."""

    name: str
    """Canonical name where the vocabulary knows it (`accuracy`, `loss`, `learning_rate`), else raw."""
    key: str
    """The name as the log spells it."""
    split: Literal["train", "validation", "test"] | None
    """Which data it was computed on; None where the log does not say."""
    unit: Literal["step", "epoch", "sample", "row"]
    """What `steps` counts; `row` is the bare order of the log."""
    steps: tuple[float, ...]
    """x positions, ascending, same length as `values`."""
    values: tuple[float, ...]
    """Finite values in the log's own scale."""
    source: Source
    """The log; `line` is that of the first value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What one run spent. Derived fields carry the source of the weakest number they stand on."""

    steps: Cited[float] | None = None
    """Optimizer updates."""
    batch_size: Cited[float] | None = None
    """Global batch: per device x devices x gradient accumulation, in samples."""
    epochs: Cited[float] | None = None
    """Passes over the training set as the loop counts them."""
    n_train: Cited[float] | None = None
    """Training set size in samples."""
    samples_seen: Cited[float] | None = None
    """Samples drawn from the loader in all, `steps x batch_size` unless counted."""
    passes_per_sample: Cited[float] | None = None
    """Forward-backward passes for each drawn sample; 1 in an ordinary loop."""
    train_flops: Cited[float] | None = None
    """Floating-point operations of the whole training, forward and backward."""
    wall_seconds: Cited[float] | None = None
    """Wall-clock training time in seconds."""
    resumed_from: Cited[str] | None = None
    """Checkpoint this run continued from; its parent's steps are not in `steps`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One training (or one evaluation) of an arm."""

    id: str
    """Stable within the study: path of the run's folder, plus the run id inside a shared store."""
    group: str
    """Name shared by runs that differ in the seed alone."""
    seed: Cited[int] | None = None
    """Random seed of the run."""
    status: Literal["finished", "failed", "running", "unknown"] = "unknown"
    """Only finished and unknown runs count as evidence for a claim."""
    config: dict[str, Cited[Scalar]] = field(default_factory=dict)
    """Settings by canonical name (see `netgain.vocabulary`), e.g. `learning_rate`, `ema_decay`."""
    other_config: dict[str, Cited[Scalar]] = field(default_factory=dict)
    """Settings whose key the vocabulary does not know, by raw dotted key."""
    budget: Budget = Budget()
    """What the run spent."""
    curves: tuple[Curve, ...] = ()
    """Everything logged over training."""
    finals: dict[str, Cited[float]] = field(default_factory=dict)
    """Final scores by `split/metric` (`test/accuracy`) or bare raw name where the split is unsaid."""
    model: ModelProfile | None = None
    """The model this run trained, as far as the run's own files show it."""
    environment: dict[str, Cited[Scalar]] = field(default_factory=dict)
    """Hardware and library versions: `device`, `device_count`, `torch`, `python`, ..."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One kind of building block, with its places."""

    kind: Literal["activation", "attention", "normalization", "resampling", "skip", "gate", "other"]
    """Family of the block, decided by structure where structure is known."""
    name: str
    """Canonical name: `relu`, `silu`, `squeeze-excite`, `batch-norm`, ..."""
    where: tuple[str, ...]
    """Module paths, tensor names or `file:line` places, one for each occurrence."""
    source: Source
    """The graph, checkpoint or code it was read from."""
    strength: Strength
    """`measured` from a recorded graph or checkpoint, `configured` from code or config."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelProfile:
    """What is known of a model without running it."""

    parameters: Cited[int] | None = None
    """Trainable parameters."""
    forward_flops: Cited[float] | None = None
    """Operations of one forward pass of one sample, multiply and add counted apart."""
    uncovered_operators: tuple[str, ...] = ()
    """Operators whose cost could not be counted."""
    components: tuple[Component, ...] = ()
    """Census of building blocks."""
    observed_kinds: tuple[str, ...] = ()
    """Component kinds whose absence from `components` means absence from the model."""
    averaged_weights: Cited[str] | None = None
    """Sign of averaged weights in the artifact: the tensor, key or counter that shows it."""
    evaluated_weights: Cited[str] | None = None
    """Which weights were scored: `live`, `averaged` or `ensemble`."""
    tensors: tuple[Tensor, ...] = ()
    """Names and shapes of a checkpoint, in file order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """One entry of a checkpoint."""

    name: str
    """Name as stored."""
    shape: tuple[int, ...]
    """Sizes by dimension."""
    dtype: str
    """Element type as the file spells it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One file of code, as text; nothing is imported or run."""

    path: str
    """As in `Source.path`."""
    text: str
    """Whole file, decoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeTree:
    """A tree of Python code."""

    root: str
    """The folder the paths start from."""
    files: tuple[SourceFile, ...] = ()
    """Python files, by path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSet:
    """The samples of one split, as fingerprints, for duplicate search."""

    split: Literal["train", "validation", "test"]
    """Which split the file holds."""
    n: int
    """Samples in the file."""
    digests: tuple[int, ...]
    """64-bit BLAKE2b of each sample's decoded bytes, in file order; equal means byte-identical."""
    source: Source
    """The array file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One sentence or table cell of a document that says something about an arm."""

    quantity: str
    """Canonical name of the quantity: `epochs`, `batch_size`, `seeds`, `accuracy`, ..."""
    value: Scalar
    """As written, numbers parsed."""
    arm: Literal["baseline", "proposed", "both"] | None
    """Whom it is about; None where the text does not say."""
    text: str
    """The words themselves."""
    source: Source
    """Where they stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultTable:
    """One table of results as an author published it."""

    header: tuple[str, ...]
    """Column titles."""
    rows: tuple[tuple[str, ...], ...]
    """Cells as written, so that `5.00` keeps its precision."""
    caption: str | None
    """Text that goes with it."""
    source: Source
    """`line` is that of the header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What the authors say, in README, paper or slides."""

    tables: tuple[ResultTable, ...] = ()
    """Result tables in reading order."""
    statements: tuple[Statement, ...] = ()
    """Sentences that state a budget, setting, seed count or score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """Tuning effort seen for one arm."""

    parameter: str
    """Canonical name of the setting that was varied."""
    values: tuple[float, ...]
    """Value of each trial."""
    scores: tuple[float, ...]
    """Score of each trial, same order, in the metric of `metric`."""
    metric: str
    """What the trials were ranked by."""
    source: Source
    """Where the sweep stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """Everything observed of one side of the comparison."""

    name: str
    """Name the evidence uses (`ours`, `resnet50`)."""
    runs: tuple[Run, ...] = ()
    """Runs that count for the claim."""
    trials: tuple[Trials, ...] = ()
    """Hyperparameter sweeps found for this arm."""
    model: ModelProfile | None = None
    """Arm-level artifact (checkpoint, graph) that belongs to no single run."""
    code: CodeTree | None = None
    """Code of this arm; the same tree in both arms where one code base serves both."""
    samples: tuple[SampleSet, ...] = ()
    """Fingerprints of given train and test arrays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The sentence under audit: proposed beats baseline by `gain` points of `metric`."""

    metric: str | None = None
    """Canonical metric name, e.g. `accuracy`."""
    dataset: str | None = None
    """Data set and split, e.g. `fashion-mnist/test`."""
    baseline: Cited[float] | None = None
    """Score claimed for the baseline, in points as written."""
    proposed: Cited[float] | None = None
    """Score claimed for the proposed method."""
    interval: tuple[float, float] | None = None
    """Interval of the gain that the claim itself states, in points."""
    states_noise: Cited[str] | None = None
    """Words or cells in which the claim states its spread over seeds, or calls the gain unresolved."""
    seeds_stated: Cited[int] | None = None
    """Number of seeds the claim says it averages."""
    idea: tuple[str, ...] = ()
    """What the claim is about, exempt from chapters 3 and 4: module names, settings, components."""
    higher_is_better: bool = True
    """Direction of the metric."""

    @property
    def gain(self) -> float | None:
        """Claimed gain, positive when the proposed is better; None unless both scores are stated."""
        if self.baseline is None or self.proposed is None:
            return None
        difference = self.proposed.value - self.baseline.value
        return difference if self.higher_is_better else -difference


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """A finding that the configuration accepts, with the reason printed in every report."""

    code: str
    """Practice code."""
    reason: str
    """Why it is accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A file that was not understood; the audit went on without it."""

    path: str
    """The file."""
    why: str
    """One line: what is wrong, what was expected, what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownKey:
    """A key no vocabulary knows, offered for `[vocabulary]` in netgain.toml."""

    key: str
    """Raw dotted key."""
    example: Scalar
    """One of its values."""
    count: int
    """In how many runs it occurs."""
    source: Source
    """One place where it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One comparison with all its evidence."""

    claim: Claim
    """What is claimed; empty where nobody says."""
    baseline: Arm
    """The arm the claim says is worse."""
    proposed: Arm
    """The arm the claim says is better."""
    paper: Paper = Paper()
    """What the authors say."""
    allowances: tuple[Allowance, ...] = ()
    """Accepted findings."""
    unread: tuple[Unread, ...] = ()
    """Files that could not be read, each with its reason."""
    unknown_keys: tuple[UnknownKey, ...] = ()
    """Keys not understood, most frequent first."""
    excluded_runs: tuple[Unread, ...] = ()
    """Runs that do not count (failed, deleted, duplicates of one record), each with its reason."""
