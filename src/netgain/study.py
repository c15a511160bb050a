"""What was observed: the Study and its parts.

Readers produce facts, `netgain.assemble` turns facts into one `Study`, and checks read nothing else.
Every value read from evidence is `Cited`: the value, where it stands, and how strong that kind of
evidence is. Unknown is `None`, never zero and never a default that looks measured.
"""

from __future__ import annotations

import math
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


Confidence = Literal["sure", "likely"]
"""How sure it is that a value means what its name says: `likely` where a file follows no known format."""


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
    confidence: Confidence = "sure"
    """How sure the meaning is; the strength says how the number came about."""


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
    diverged_at: float | None = None
    """x position from which on the log shows nan or inf; None where it ends with a finite value."""


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
class InputDistance:
    """How well a run's training inputs, as the model saw them, can be told from the inputs of a split."""

    split: str
    """The split, as the loop calls it: `test`, `validation`."""
    auc: float
    """Area under the curve of a classifier on held-out samples; 0.5: they cannot be told apart."""
    standard_error: float
    """Of `auc`."""
    n_train: int
    """Training inputs compared."""
    n_split: int
    """Inputs of the split compared."""
    source: Source
    """The recorded inputs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One training (or one evaluation) of an arm."""

    id: str
    """Stable within the study: path of the run's folder, plus the run id inside a shared store."""
    group: str
    """Name shared by runs that differ in the seed alone."""
    seed: Cited[int] | None = None
    """Random seed of the run."""
    status: Literal["finished", "failed", "running", "planned", "unknown"] = "unknown"
    """Only finished and unknown runs count as evidence for a claim; a planned one is what an arm's code
    describes, and has no results."""
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
    inputs: tuple[InputDistance, ...] = ()
    """Distance of the training inputs from each scored split, where inputs were recorded."""
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
    module_costs: tuple[ModuleCost, ...] = ()
    """Parameters and operations by module, where a recorded graph shows them."""
    fusable_parameters: Cited[int] | None = None
    """Weights in parallel linear branches that fuse away when the model is deployed; 0: there are none."""
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
class ModuleCost:
    """What one module of a model costs by itself, its children apart."""

    module: str
    """Dotted path; empty for the model itself."""
    parameters: int
    """Elements of its own parameters."""
    flops: float
    """Operations of one forward pass of one sample, multiply and add counted apart."""


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
    cells: tuple[tuple[int, int], ...] = ()
    """Of a notebook: number (from 1, all kinds counted) and first line in `text` of each code cell."""

    def place(self, line: int) -> str:
        """Say where a line stands for a person: `line 12`, or `cell 7, line 3` in a notebook."""
        before = [cell for cell in self.cells if cell[1] <= line]
        if not before:
            return f"line {line}"
        number, first = before[-1]
        return f"cell {number}, line {line - first + 1}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeTree:
    """A tree of Python code."""

    root: str
    """The folder the paths start from."""
    files: tuple[SourceFile, ...] = ()
    """Python files, by path."""
    settings: str = ""
    """Settings of the arm's runs by which code that serves both arms was narrowed to what this arm runs, as
    `method=ours`; empty for code as it was found. What they rule out is blanked, and lines stay in place."""
    undecided: str = ""
    """First places that choose by a setting in which the arms differ and that it did not decide: what stands
    there may be another thing in each arm."""


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
class Column:
    """One number for each item of an evaluation, packed."""

    name: str
    """`correct` (1 or 0), `probability CLASS`, or a metric by its canonical name, else the raw one."""
    key: str
    """The name as the file spells it."""
    data: bytes
    """Float64 in little-endian order, one for each item; NaN marks an item without a value."""

    @property
    def values(self) -> tuple[float | None, ...]:
        """Return the numbers in file order, None where the file has none."""
        numbers = memoryview(self.data).cast("d")
        return tuple(None if math.isnan(number) else number for number in numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """What one model said of each item of one evaluation.

    Items, targets and outputs are 64-bit digests, so that two arms join by item whatever their file formats:
    whole numbers by SplitMix64, any other text by BLAKE2b of its UTF-8.
    """

    location: str
    """Display path of the folder the file lies in; that of its run where it belongs to one."""
    name: str = ""
    """What tells several of one folder apart: the task, model or file stem."""
    task: str | None = None
    """Task or data set, as the file or its name says."""
    split: Literal["train", "validation", "test"] | None = None
    """Which data; None where nothing says."""
    n: int
    """Items."""
    item_kind: Literal["id", "content", "row"]
    """What `items` identifies: a column of ids, the content of the item, or the bare row number."""
    items: bytes
    """Digest of each item as uint64, little-endian, in file order."""
    targets: bytes = b""
    """Digest of what each item's right answer is, same order; empty where the file has none."""
    outputs: bytes = b""
    """Digest of what the model answered, same order; empty where the file has none."""
    prompts: bytes = b""
    """Digest of what the model was asked, shots and hints included; empty where the file has none."""
    example_prompts: tuple[str, ...] = ()
    """What the model was asked, in full, for the first three items."""
    columns: tuple[Column, ...] = ()
    """Numbers for each item: whether it was right, scores, probabilities, `prompt length` in characters."""
    scores: dict[str, Cited[float]] = field(default_factory=dict)
    """Metrics recomputed from the items, by canonical name; accuracy as a share. Where target and output
    disagree with the file's own verdicts, that of the verdicts is kept as disagreeing."""
    source: Source
    """The file."""

    @property
    def item_digests(self) -> tuple[int, ...]:
        """Return the digest of each item in file order."""
        return tuple(memoryview(self.items).cast("Q"))

    def column(self, name: str) -> Column | None:
        """Return the first column of a name, None where there is none."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One verdict of one rater on one item."""

    item: str
    """Item id as the file spells it, or its row number."""
    rater: str | None
    """Who judged; None where the file does not say."""
    first: str
    """The system judged; of a pair, the one shown first where `Ratings.order_known`, else named first."""
    second: str | None = None
    """The other system of a pair; None where one system is judged at a time."""
    value: float
    """Of a pair: 1 where `first` won, 0 where it lost, 0.5 for a tie, or a share between; else the score."""
    criterion: str | None = None
    """What was asked (`fluency`, `overall`, turn 2); None where the file asks one thing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratings:
    """Verdicts of people or of judging models on outputs of systems."""

    location: str
    """Display path of the folder the file lies in."""
    form: Literal["pairs", "scores"]
    """Whether two systems are compared at a time, or one is given a score."""
    judge: Literal["human", "model"] | None
    """Who judged; None where neither file nor name says."""
    order_known: bool
    """Whether `Vote.first` was shown first; False where the file only names the systems."""
    votes: tuple[Vote, ...]
    """Verdicts in file order."""
    unusable: int = 0
    """Rows without a verdict (errors of a judging model, empty cells)."""
    source: Source
    """The file."""

    @property
    def systems(self) -> tuple[str, ...]:
        """Return the systems judged, by name."""
        found = {vote.first for vote in self.votes} | {v.second for v in self.votes if v.second}
        return tuple(sorted(found))

    @property
    def raters(self) -> tuple[str, ...]:
        """Return the raters that the file names, by name."""
        return tuple(sorted({vote.rater for vote in self.votes if vote.rater is not None}))

    @property
    def items(self) -> tuple[str, ...]:
        """Return the items judged, in file order."""
        return tuple(dict.fromkeys(vote.item for vote in self.votes))


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerFile:
    """A file of results that the history holds in another state than the folder."""

    path: str
    """Path from the root of the repository."""
    change: Literal["removed", "rewritten"]
    """Gone by now, or changed after it was first committed."""
    commit: str
    """Commit that removed it, or that changed it last."""
    date: str
    """Day of that commit, as YYYY-MM-DD."""
    versions: int
    """Different contents the history holds of it."""
    replaced: tuple[tuple[str, str], ...] = ()
    """Lines with numbers, before and after, where they were replaced one for one; the first twenty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What a git repository remembers of a folder."""

    location: str
    """Display path of the folder that holds `.git`."""
    commits: Cited[int]
    """Commits reachable from the one checked out."""
    first: Cited[str] | None
    """Day of the earliest commit, as YYYY-MM-DD; None where the clone is cut short."""
    last: Cited[str]
    """Day of the commit checked out."""
    former: tuple[FormerFile, ...] = ()
    """Result files that are gone or were rewritten."""
    complete: bool = True
    """Whether every commit's files could be compared."""


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


UNSORTED = "all runs"
"""Name of both arms of a study whose runs were not sorted; the baseline arm then holds every run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """Everything observed of one side of the comparison."""

    name: str
    """Name the evidence uses (`ours`, `resnet50`)."""
    runs: tuple[Run, ...] = ()
    """Runs that count for the claim."""
    other_runs: tuple[Run, ...] = ()
    """Finished runs of other configurations: ablations and sweeps; they can isolate a factor."""
    trials: tuple[Trials, ...] = ()
    """Hyperparameter sweeps found for this arm."""
    model: ModelProfile | None = None
    """Arm-level artifact (checkpoint, graph) that belongs to no single run."""
    code: CodeTree | None = None
    """Code of this arm. Where one code base serves both, each arm has its own view of it, narrowed by the
    settings in which the arms differ; the same tree in both arms where the code asks for none of them."""
    samples: tuple[SampleSet, ...] = ()
    """Fingerprints of given train and test arrays."""
    predictions: tuple[Predictions, ...] = ()
    """What this arm's model said of each item, one value for each file and task."""
    histories: tuple[History, ...] = ()
    """Git histories of this arm's folders, and of those that serve both arms."""


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
    ratings: tuple[Ratings, ...] = ()
    """Verdicts on outputs; they compare systems, so they belong to the comparison and to no arm."""
    allowances: tuple[Allowance, ...] = ()
    """Accepted findings."""
    unread: tuple[Unread, ...] = ()
    """Files that could not be read, each with its reason."""
    unknown_keys: tuple[UnknownKey, ...] = ()
    """Keys not understood, most frequent first."""
    excluded_runs: tuple[Unread, ...] = ()
    """Runs that do not count (failed, deleted, duplicates of one record), each with its reason."""
    unfinished_runs: tuple[Run, ...] = ()
    """Those of them that failed or broke off, with what they logged; no evidence for or against a claim."""
