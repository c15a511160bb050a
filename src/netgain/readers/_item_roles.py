"""What the columns of a file of single items are: id, target, output, verdict, probabilities."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from netgain.vocabulary import canonical_metric, is_known_metric, x_axis

ITEM = re.compile(
    r"(?:(?:item|sample|example|image|img|doc|document|question|query|problem|task|test|row|instance|"
    r"data|record|sentence|utterance|patient|video|clip|pair)?_?(?:ids?|idx|index|key|guid|uid|uuid|hash)|"
    r"unnamed:_0|(?:image|img|file|audio|video)_?(?:file_?)?(?:name|path)s?|paths?|files?|image|img|qid|uttid|date|datetime|timestamp)"
)
CONTENT = re.compile(
    r"(?:input|text|sentence|question|prompt|source|src|problem|query|instruction|headline|smiles|sequence)s?"
)
TARGET = re.compile(
    r"targets?|golds?|gold_(?:label|answer|standard)s?|labels?|true|truth|ground_?truths?|gts?|"
    r"y|y_?true|y_?test|true_(?:label|class|value|y)s?|label_true|labels_true|actuals?|expected(?:_output)?|references?|"
    r"ref|class|category|correct_(?:answer|label)|answer_key|target_(?:class|label|value)|gt_(?:label|class)|real"
)
OUTPUT = re.compile(
    r"predictions?|preds?|predicted|outputs?|y_?preds?|y_?hat|predicted_(?:label|class|value|answer)s?|"
    r"pred_?(?:label|class|idx|value|answer)s?|labels?_pred(?:icted)?|prediction_(?:label|class|text)|hyp|hypothes[ei]s|"
    r"responses?|generated(?:_text|_answer)?|generations?|completions?|model_(?:output|answer|response)s?|"
    r"extracted_answer|parsed_answer|estimated?|forecast|label_?hat|top1|argmax"
)
ANSWER = re.compile(r"answers?|results?")
"""A target beside an output, an output beside a target."""
LATE_TARGET = re.compile(r"(?!pred|output)\w+_(?:labels?|true|targets?|gt|actual)")
"""A target with the task's name before it (`toxicity_label`), where nothing else is the target."""
VERDICT = re.compile(
    r"(?:is_?)?(?:correct|right|hit|match(?:ed|es)?|passed|solved|success)|correctness|acc|accuracy|"
    r"exact_match|em|top1_correct|correct_flag|(?:is_)?accurate"
)
PROBABILITY = re.compile(
    r"(?:(?:class|pred(?:icted)?)_?)?(?:probs?|probas?|probability|probabilities|p|logits?|softmax|"
    r"score|confidence)_?(?:class_?)?(.*)"
)
LISTS = re.compile(
    r"(?:class_?|pred(?:icted)?_?)?(?:probs?|probas?|probabilities|logits?|softmax|scores)"
)
NAMED_OUTPUT = re.compile(
    r"(?:y_)?pred(?:iction)?s?_(?P<a>.+)|(?P<b>.+)_(?:y_)?pred(?:iction)?s?|(?:output|response)_(?P<c>.+)|"
    r"(?P<d>.+)_(?:output|response)s?"
)
NAMED_VERDICT = re.compile(r"(?:is_)?correct_(?P<a>.+)|(?P<b>.+)_(?:is_)?correct")
MODEL = re.compile(
    r"models?|model_(?:name|id)|methods?|systems?|algorithm|arms?|variant|classifier|condition|run|run_id|experiment"
)
SEED = re.compile(r"seed|random_seed|random_state|fold|replicate|trial")
SPLIT = re.compile(r"splits?|subset|partition|data_split|set")
TASK = re.compile(r"tasks?|task_name|datasets?|dataset_name|benchmark|corpus")
FEATURES = 4
"""Columns without a meaning here beyond which a table without outputs holds features, not predictions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """One model's columns in a table of items."""

    name: str = ""
    """The model, where the column names say it."""
    output: str | None = None
    """Column of its answers."""
    verdict: str | None = None
    """Column that says whether it was right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Which column means what; None and empty where there is none."""

    item: str | None = None
    """Id of the item."""
    content: str | None = None
    """What the model was given."""
    target: str | None = None
    """The right answer."""
    heads: tuple[Head, ...] = ()
    """One for each model."""
    probabilities: tuple[tuple[str, str], ...] = ()
    """Class and column of each probability."""
    listed: str | None = None
    """Column whose cells are lists of class probabilities."""
    metrics: tuple[tuple[str, str], ...] = ()
    """Canonical metric and column of each score of an item."""
    groups: tuple[tuple[str, str], ...] = ()
    """`model`, `seed`, `split` or `task`, and the column that says it."""


def roles_of(names: Iterable[str]) -> Roles | None:
    """Assign roles to columns, or return None where they do not describe predictions of items.

    A table with an axis (step, epoch) is a log. A table is one of predictions if it has a target or an item
    beside an output, a verdict beside an item or a target, or probabilities beside a target.
    """
    columns = [(name, _plain(name)) for name in names]
    if any(x_axis(plain) in ("step", "epoch") for _, plain in columns):
        return None
    used: set[str] = set()

    def take(pattern: re.Pattern[str]) -> str | None:
        found = next(
            (name for name, plain in columns if name not in used and pattern.fullmatch(plain)), None
        )
        if found is not None:
            used.add(found)
        return found

    verdict = take(VERDICT)
    output = take(OUTPUT)
    target = take(TARGET)
    if output is not None and target is None:
        target = take(ANSWER)
    elif output is None and target is not None:
        output = take(ANSWER)
    if output is not None and target is None:
        target = take(LATE_TARGET)
    groups = tuple(
        (kind, found)
        for kind, pattern in (("model", MODEL), ("seed", SEED), ("split", SPLIT), ("task", TASK))
        if (found := take(pattern)) is not None
    )
    item = take(ITEM)
    content = take(CONTENT)
    heads = _heads(columns, used, output, verdict)
    listed = take(LISTS)
    probabilities = tuple(_probabilities(columns, used))
    metrics = tuple(_metrics(columns, used))
    rest = [name for name, _ in columns if name not in used]
    answered = any(head.output for head in heads)
    judged = any(head.verdict for head in heads)
    likely = listed is not None or len(probabilities) > 1
    described = (
        (answered and (target is not None or item is not None or content is not None))
        or (judged and (item is not None or target is not None or content is not None))
        or (likely and target is not None and len(rest) <= FEATURES)
        or (bool(metrics) and item is not None and content is not None)
    )
    if not described:
        return None
    return Roles(
        item=item,
        content=content,
        target=target,
        heads=heads or (Head(),),
        probabilities=probabilities,
        listed=listed,
        metrics=metrics,
        groups=groups,
    )


def _plain(name: str) -> str:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[\s\-./]+", "_", spaced).lower().strip("_") or "unnamed:_0"


def _heads(
    columns: list[tuple[str, str]], used: set[str], output: str | None, verdict: str | None
) -> tuple[Head, ...]:
    """Return the plain columns as one model, else each model that column names tell apart."""
    if output is not None:
        return (Head(output=output, verdict=verdict),)
    outputs, verdicts = (
        _named(columns, used, pattern) for pattern in (NAMED_OUTPUT, NAMED_VERDICT)
    )
    models = list(dict.fromkeys((*outputs, *verdicts)))
    if not models:
        return () if verdict is None else (Head(verdict=verdict),)
    used.update((*outputs.values(), *verdicts.values()))
    return tuple(
        Head(name=model, output=outputs.get(model), verdict=verdicts.get(model)) for model in models
    )


def _named(
    columns: list[tuple[str, str]], used: set[str], pattern: re.Pattern[str]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, plain in columns:
        match = pattern.fullmatch(plain) if name not in used else None
        if match:
            found.setdefault(next(part for part in match.groups() if part), name)
    return found


def _probabilities(columns: list[tuple[str, str]], used: set[str]) -> Iterable[tuple[str, str]]:
    for name, plain in columns:
        match = PROBABILITY.fullmatch(plain) if name not in used else None
        if match and not is_known_metric(canonical_metric(plain).name):
            used.add(name)
            yield match.group(1) or plain, name


def _metrics(columns: list[tuple[str, str]], used: set[str]) -> Iterable[tuple[str, str]]:
    for name, plain in columns:
        metric = canonical_metric(plain).name
        if name not in used and is_known_metric(metric) and metric != "learning_rate":
            used.add(name)
            yield metric, name
