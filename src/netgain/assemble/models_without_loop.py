"""Settings of a neural trainer in the record of a model that no such trainer fits."""

from __future__ import annotations

import re
from collections.abc import Mapping

from netgain.study import Cited, Curve, Scalar

FITTED_AT_ONCE = re.compile(
    r"(?:.*[._])?(?:logistic[\s_-]?regression|linear[\s_-]?regression|ridge|lasso|elastic[\s_-]?net|"
    r"random[\s_-]?forest|extra[\s_-]?trees|decision[\s_-]?tree|gradient[\s_-]?boosting|"
    r"hist[\s_-]?gradient[\s_-]?boosting|ada[\s_-]?boost|xg[\s_-]?boost|light[\s_-]?gbm|lgbm?|cat[\s_-]?boost|"
    r"svm|svc|svr|linear[\s_-]?sv[cr]|k[\s_-]?n(?:n|earest[\s_-]?neighbou?rs)|(?:gaussian|multinomial|bernoulli)?"
    r"[\s_-]?naive[\s_-]?bayes)(?:[\s_-]?(?:classifier|regressor|model|clf))?",
    re.IGNORECASE,
)
"""Names of models that are fitted to a whole table, without epochs or batches of a trainer."""
OF_A_TRAINER = re.compile(
    r"(?:^|[./])(?:trainer|pl_trainer|data|data_?module|data_?loader|loader|training|optim|optimizer)[./]",
    re.IGNORECASE,
)
"""Sections of a configuration that a neural trainer reads."""
QUANTITIES = frozenset(
    {"epochs", "max_steps", "batch_size", "batch_size_per_device", "global_batch_size", "learning_rate",
     "gradient_accumulation", "patience"}
)  # fmt: skip


def unused_settings(
    config: Mapping[str, Cited[Scalar]], curves: tuple[Curve, ...]
) -> frozenset[str]:
    """Return what a shared configuration says of a trainer, where the run's model is fitted without one.

    Nothing is left out of a run that logged anything over epochs or steps.
    """
    model = config.get("model")
    if model is None or any(curve.unit in ("epoch", "step") for curve in curves):
        return frozenset()
    name = str(model.value).strip()
    if len(name) > 80 or not FITTED_AT_ONCE.fullmatch(name):
        return frozenset()
    return frozenset(
        quantity
        for quantity in QUANTITIES & set(config)
        if OF_A_TRAINER.search(config[quantity].source.key or "")
    )
