"""Searches of which only the definition is among the files, beside a baseline of settings written once."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from netgain.practices._compare import sources_of, statements
from netgain.study import Arm, Run, Source, Study
from netgain.vocabulary import canonical_setting

TUNED = frozenset(
    {"learning_rate", "weight_decay", "batch_size", "momentum", "dropout", "drop_path",
     "label_smoothing", "warmup_steps", "warmup_epochs", "warmup_ratio", "min_learning_rate",
     "gradient_clipping", "temperature", "optimizer", "mixup", "cutmix", "ema_decay"}
)  # fmt: skip
"""Settings whose sweep is a search; one over size, data or the method's own knob may be an ablation."""
SEARCHES = re.compile(
    r"\b(?:optuna|hyperopt|keras_tuner|kerastuner|skopt|nevergrad|ray\.tune|ParameterGrid|ParameterSampler|"
    r"GridSearchCV|RandomizedSearchCV|BayesSearchCV|hyperparameter_search|lr_find|ax_client|AxClient)\b"
    r"|\bwandb\.(?:sweep|agent)\b|\btune\.(?:run|Tuner|grid_search|choice|loguniform)\b"
    r"|\bfrom\s+ray\s+import\s+(?:\w+\s*,\s*)*tune\b|\bitertools\.product\b|\bgrid_?search\b",
    re.IGNORECASE,
)
"""Words by which code searches settings."""
SEED = re.compile(r"(?:^|[._])(?:\w*seed|fold|split)s?$", re.IGNORECASE)
FEWEST = 2
"""Settings that a search must vary to be told from an ablation over one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinedSearch:
    """A search of the proposed arm, as its files define it."""

    method: str
    """How it draws, as in `random search`."""
    settings: tuple[str, ...]
    """Settings it varies, as its file spells them; seeds are none of them."""
    sources: tuple[Source, ...]
    """Where it stands, and where the baseline states the same settings."""


def search_beside_plain_settings(study: Study) -> DefinedSearch | None:
    """Return the proposed arm's search, where the baseline states the same settings once, else None.

    None too where the baseline may have been searched as well: by its files, by code that searches, or by
    what the authors say of trials.
    """
    spaces = [_space(run) for run in study.proposed.runs]
    known = [space for space in spaces if space is not None]
    if not known or len(known) < len(spaces) or _may_be_searched(study, study.baseline):
        return None
    searched = {canonical_setting(name) for name in known[0]} & TUNED
    stated = [
        run.config[name]
        for run in study.baseline.runs
        for name in sorted(searched & set(run.config), key=str)
        if name is not None
    ]
    if len({cited.source.key for cited in stated}) < FEWEST:
        return None
    run = study.proposed.runs[0]
    method = run.config.get("tuner")
    places = [run.config["tuned_settings"].source]
    return DefinedSearch(
        method=f"{method.value} search" if method is not None else "a search",
        settings=known[0],
        sources=sources_of(
            [method.source] if method else [], places, [cited.source for cited in stated]
        )[:6],
    )


def _space(run: Run) -> tuple[str, ...] | None:
    """Return the settings that the search of a run varies, seeds left out; None where it has none."""
    cited = run.config.get("tuned_settings")
    if cited is None or not isinstance(cited.value, str):
        return None
    try:
        names = json.loads(cited.value)
    except ValueError:
        return None
    if not isinstance(names, list):
        return None
    return tuple(str(name) for name in names if not SEED.search(str(name))) or None


def _may_be_searched(study: Study, arm: Arm) -> bool:
    """Tell whether anything speaks of a search of an arm."""
    if arm.trials or arm.other_runs or not arm.runs:
        return True
    if any({"tuner", "tuned_settings", "sweep", "n_trials"} & set(run.config) for run in arm.runs):
        return True
    if any(said.arm in ("baseline", "both", None) for said in statements(study, "n_trials")):
        return True
    return arm.code is not None and any(SEARCHES.search(file.text) for file in arm.code.files)
