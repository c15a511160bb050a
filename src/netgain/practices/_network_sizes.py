"""Whether both arms train one network, or one of a known size, by its name, its settings or its code."""

from __future__ import annotations

import re

from netgain.analysis.architecture_costs import is_no_smaller, operations_ratio
from netgain.analysis.code_components import model_places, network_texts
from netgain.analysis.default_arguments import default_arguments
from netgain.analysis.trained_networks import trained_network
from netgain.practices._cost import NOT_OF_THE_MODEL
from netgain.study import Arm, Cited, Scalar, Source, Study

SIZE_KEY = re.compile(
    r"(?:^|[._])(?:model|net|network|arch\w*|backbone|encoder|decoder|neck|head)[._]|"
    r"dim|hidden|layer|depth|width|channel|heads|block|stage|filter|units|image_size|sequence_length|backbone",
    re.IGNORECASE,
)
"""Keys that say how large a model is, or what it is made of."""
PART = re.compile(r"(?:^|[._])(?:backbone|encoder|stem|neck)(?:[._]\w+)?$", re.IGNORECASE)
"""Keys that name a part of a model, beside which the rest may cost more."""
FREEZES = re.compile(
    r"requires_grad\s*=\s*False|requires_grad_\(\s*False|\.trainable\s*=\s*False|stop_gradient|\bfreeze\w*\("
)
"""What code says that trains a part of a model only."""
STARTING_WEIGHTS = re.compile(
    r"pretrain|weights|checkpoint|init_cfg|ckpt|frozen|dropout|(?:^|[._])loss(?:_\w+)?\.|(?:^|[._])test_cfg\.",
    re.IGNORECASE,
)
"""Keys of models that leave the size alone."""
WHOLE = re.compile(r"^(?:configs?|cfg|args|hparams|settings)\.")
"""What stands in front of keys where a run saved its whole configuration among its results."""
FILE = re.compile(r"[/\\]|\.(?:pt|pth|npy|npz|bin|ckpt|h5|pkl)$")
"""Values that are places of files."""
OF_THE_TRAINING = frozenset(
    {"epochs", "max_epochs", "max_steps", "steps", "batch_size", "learning_rate", "seed", "weight_decay",
     "momentum", "dropout", "label_smoothing", "warmup_steps", "warmup_epochs", "samples_seen",
     "wall_seconds", "train_flops", "global_batch_size", "batch_size_per_device", "min_learning_rate",
     "samples_unique", "best_epoch", "threads", "devices", "gradient_accumulation_steps"}
)  # fmt: skip
"""Canonical settings that do not change the size of a model."""


def same_networks(study: Study) -> tuple[Source, Source] | None:
    """Return where both arms' networks stand that are the same by code and by every number set, else None.

    Code that leaves open what an arm runs, and settings of unknown meaning that differ, may hide a network of
    another size.
    """
    trees = (study.baseline.code, study.proposed.code)
    if trees[0] is None or trees[1] is None or trees[0].undecided or trees[1].undecided:
        return None
    texts = [network_texts(tree) for tree in trees if tree is not None]
    if not texts[0] or texts[0] != texts[1] or _sized_apart(study):
        return None
    return model_places(trees[0])[0], model_places(trees[1])[0]


def same_library_networks(study: Study) -> tuple[Source, Source, str] | None:
    """Return where both arms make one network of a package by equal arguments, and its name, else None."""
    trees = (study.baseline.code, study.proposed.code)
    if trees[0] is None or trees[1] is None or trees[0].undecided or trees[1].undecided:
        return None
    first, second = trained_network(trees[0]), trained_network(trees[1])
    if first is None or second is None or _numbers_apart(study):
        return None
    same = (first.name, first.arguments) == (second.name, second.arguments)
    return (first.source, second.source, first.name.rpartition(".")[2]) if same else None


def no_smaller_by_settings(study: Study) -> tuple[Source, Source] | None:
    """Return where both arms name one model that no setting makes smaller in the proposed arm, else None.

    A part of the model that the arms name differently leaves its size open, unless the proposed arm's name is
    known to be the larger of a family.
    """
    named = _named_models(study)
    if named is None or not _grows(named[0].value, named[1].value) or _shrinks(study):
        return None
    return named[0].source, named[1].source


def published_operations(study: Study) -> tuple[Cited[str], Cited[str], float] | None:
    """Return the networks that both arms name, with the ratio of their published operations, else None.

    Names stand in settings, else in the code that makes a network of torchvision and trains it.
    """
    named = _named_models(study)
    if named is not None and (
        _shrinks(study) or any(PART.search(c.source.key or "") for c in named)
    ):
        return None
    first, second = named or (_made_in_code(study.baseline), _made_in_code(study.proposed))
    if first is None or second is None:
        return None
    ratio = operations_ratio(str(first.value), str(second.value))
    if ratio is None:
        return None
    shown = [
        Cited(value=str(c.value), source=c.source, strength=c.strength) for c in (first, second)
    ]
    return shown[0], shown[1], ratio


def freezes_more(study: Study) -> bool:
    """Tell whether the proposed arm's code trains a part of its model only, and the baseline's all."""
    first, second = (
        any(FREEZES.search(file.text) for file in arm.code.files) if arm.code else False
        for arm in (study.baseline, study.proposed)
    )
    return second and not first


def _made_in_code(arm: Arm) -> Cited[Scalar] | None:
    """Return the network of torchvision that an arm's code makes and trains."""
    made = trained_network(arm.code) if arm.code and not arm.code.undecided else None
    if made is None or made.arguments or not made.name.startswith("torchvision.models."):
        return None
    return Cited(value=made.name.rpartition(".")[2], source=made.source, strength="configured")


def _named_models(study: Study) -> tuple[Cited[Scalar], Cited[Scalar]] | None:
    """Return the model that all runs of each arm name."""
    found: list[Cited[Scalar]] = []
    for arm in (study.baseline, study.proposed):
        names = [run.config.get("model") for run in arm.runs]
        known = [one for one in names if one is not None]
        if not known or len(known) < len(names) or len({str(one.value) for one in known}) != 1:
            return None
        found.append(known[0])
    return found[0], found[1]


def _shrinks(study: Study) -> bool:
    """Tell whether a setting may make the proposed model smaller than the baseline."""
    first, second = (_sizes_stated(arm) for arm in (study.baseline, study.proposed))
    for arm, mine, theirs in ((study.baseline, first, second), (study.proposed, second, first)):
        for key in theirs.keys() - mine.keys():
            mine[key] = _default_of(arm, key)
    return not all(_grows(first.get(key), second.get(key)) for key in first.keys() | second.keys())


def _default_of(arm: Arm, key: str) -> Scalar:
    """Return the number that an argument has by itself in an arm's code, where its configuration lacks it."""
    name = key.rpartition(".")[2]
    return default_arguments(arm.code).get(name) if arm.code is not None else None


def _grows(mine: Scalar, theirs: Scalar) -> bool:
    """Tell whether a value that decides the size of a model is the same, or one that makes it no smaller."""
    if mine == theirs:
        return True
    if isinstance(mine, str) and isinstance(theirs, str):
        return is_no_smaller(mine, theirs)
    return isinstance(mine, (int, float)) and isinstance(theirs, (int, float)) and theirs >= mine


def _sizes_stated(arm: Arm) -> dict[str, Scalar]:
    """Return what the first run of an arm states of its model; repeats of a configuration state the same."""
    run = arm.runs[0]
    return {
        WHOLE.sub("", key): cited.value
        for key, cited in {**run.other_config, **run.config}.items()
        if SIZE_KEY.search(key)
        and key not in OF_THE_TRAINING | {"model"}
        and not NOT_OF_THE_MODEL.search(key)
        and not STARTING_WEIGHTS.search(key)
        and not (isinstance(cited.value, str) and FILE.search(cited.value))
    }


def _sized_apart(study: Study) -> bool:
    """Tell whether the arms differ in a setting that may be the size of a model, or in its name."""
    names = [
        {run.config["model"].value for run in arm.runs if "model" in run.config}
        for arm in (study.baseline, study.proposed)
    ]
    return names[0] != names[1] or _numbers_apart(study)


def _numbers_apart(study: Study) -> bool:
    """Tell whether the arms differ in a number that may be the size of a model."""
    stated = [
        {
            key: {cited.value}
            for run in arm.runs
            for key, cited in {**run.other_config, **run.config}.items()
            if key not in OF_THE_TRAINING and not isinstance(cited.value, str)
        }
        for arm in (study.baseline, study.proposed)
    ]
    return any(stated[0][key] != stated[1][key] for key in stated[0].keys() & stated[1].keys())
