"""The claim: what netgain.toml says, filled in from the paper, with the metric the runs can answer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from netgain.assemble.claim_rows import pair_by_scores
from netgain.assemble.paper_scores import Pair, choose, score_pairs, with_disagreements
from netgain.study import Cited, Claim, Paper, Run, Statement
from netgain.vocabulary import QUALIFIERS, is_known_metric, lower_is_better

NOISE = re.compile(
    r"±|\\pm|\+/-|\bs\.?d\.?\b|std|standard (deviation|error)|confidence interval|\b9\d ?% ?(ci|interval)|"
    r"\bCI\b|within (seed )?noise|not (statistically )?significant|unresolved|inconclusive|interval",
    re.IGNORECASE,
)
"""Words by which a text states the spread of its scores or calls a gain unresolved."""

HEADLINES = (
    "accuracy", "map50_95", "map", "iou", "f1", "auc", "exact_match", "bleu", "rougel", "rouge1", "psnr",
    "rmse", "perplexity", "error", "map50", "rank_1",
    "dice", "mae", "mse", "precision", "recall", "top5_accuracy",
)  # fmt: skip
"""Metrics people put in a title, most usual first; taken when nobody says what is claimed."""

DETECTION = ("map", "map50_95")
"""What papers call the score of detectors, and what their logs do."""
NO_SCORES = frozenset(
    {"learning_rate", "gradient_norm", "epoch", "throughput", "memory", "nll", "kl"}
)
"""Known metrics of the training itself."""
BUDGET_QUANTITIES = frozenset(
    {"epochs", "steps", "max_steps", "batch_size", "learning_rate", "seeds", "n_train", "n_test",
     "weight_decay", "ema_decay", "ema", "parameters", "forward_flops", "image_size", "schedule",
     "optimizer", "activation", "interval", "standard_deviation", "noise", "warmup_steps", "device",
     "warmup_epochs", "latency", "throughput", "wall_seconds", "attention", "repeats", "selection", "gain",
     "device_count", "best_of_seeds", "seed", "samples_seen", "ensemble"}
)  # fmt: skip
"""Quantities of statements that are no score."""


def complete_claim(
    claim: Claim,
    paper: Paper,
    baseline: Iterable[Run],
    proposed: Iterable[Run],
    *,
    reported: tuple[tuple[Run, ...], tuple[Run, ...]] = ((), ()),
) -> Claim:
    """Fill the open fields of a claim from the paper, then choose a metric the runs carry.

    Where no text states a score, what the arms' own summaries report stands for it.

    Args:
        claim: what netgain.toml says.
        paper: what the authors say.
        baseline: runs of the baseline.
        proposed: runs of the proposed arm.
        reported: summaries above the runs of each arm, baseline first.
    """
    first, second = list(baseline), list(proposed)
    metric = _common_metric(first, second)
    if metric == DETECTION[1]:
        claim, paper = _of_detection(claim, paper)
    claim = _from_paper(claim, paper, metric)
    if claim.metric is None and metric is not None:
        claim = replace(claim, metric=metric, higher_is_better=not lower_is_better(metric))
    if claim.baseline is None and claim.proposed is None:
        pair = pair_by_scores(paper.tables, claim, first, second)
        if pair is not None:
            claim = replace(claim, baseline=pair.baseline, proposed=pair.proposed)
    if claim.baseline is None and claim.proposed is None:
        first_said, second_said = (_reported(summaries, claim) for summaries in reported)
        claim = replace(claim, baseline=first_said, proposed=second_said)
    return claim


def _of_detection(claim: Claim, paper: Paper) -> tuple[Claim, Paper]:
    """Return a claim and a paper that say `mAP` of detectors, whose logs name the thresholds."""
    bare, full = DETECTION
    said = tuple(
        replace(one, quantity=full) if one.quantity == bare else one for one in paper.statements
    )
    named = replace(claim, metric=full) if claim.metric == bare else claim
    return named, replace(paper, statements=said)


def _reported(summaries: tuple[Run, ...], claim: Claim) -> Cited[float] | None:
    """Return the one score that an arm's summaries report under the claim's metric."""
    names = (f"test/{claim.metric}", claim.metric or "")
    found = [run.finals[name] for run in summaries for name in names if name in run.finals]
    return found[0] if len({score.value for score in found}) == 1 else None


def _from_paper(claim: Claim, paper: Paper, metric_of_runs: str | None) -> Claim:
    scores = tuple(s for s in paper.statements if _is_score(s))
    pair = choose(score_pairs(scores, paper.tables), claim, metric_of_runs, HEADLINES)
    if pair is not None:
        claim = _with_pair(claim, with_disagreements(pair, paper.tables))
    if claim.states_noise is None:
        noisy = next((s for s in paper.statements if _states_noise(s)), None)
        if noisy is not None:
            claim = replace(
                claim,
                states_noise=Cited(value=noisy.text[:200], source=noisy.source, strength="stated"),
            )
    if claim.seeds_stated is None:
        seeds = [s for s in paper.statements if s.quantity == "seeds" and isinstance(s.value, int)]
        if seeds:
            stated = Cited(
                value=int(seeds[0].value or 0), source=seeds[0].source, strength="stated"
            )
            claim = replace(claim, seeds_stated=stated)
    return claim


def _states_noise(statement: Statement) -> bool:
    if statement.quantity in ("interval", "standard_deviation", "noise"):
        return True
    return statement.quantity not in BUDGET_QUANTITIES and bool(NOISE.search(statement.text))


def _is_score(statement: Statement) -> bool:
    value = statement.value
    return (
        statement.quantity not in BUDGET_QUANTITIES
        and not statement.quantity.endswith("_spread")
        and isinstance(value, (int, float))
        and not isinstance(value, bool)
    )


def _with_pair(claim: Claim, pair: Pair) -> Claim:
    metric = claim.metric or pair.metric
    lower = pair.lower_is_better if lower_is_better(metric) is None else lower_is_better(metric)
    return replace(
        claim,
        metric=metric,
        higher_is_better=claim.higher_is_better if claim.metric else not lower,
        baseline=claim.baseline or pair.baseline,
        proposed=claim.proposed or pair.proposed,
    )


def _scores_without_split(run: Run) -> set[tuple[str | None, str]]:
    """Return the scores a run logs under bare names, where it logs nothing else that could be reported."""
    names = {c.name for c in run.curves if c.split is None and is_known_metric(c.name)}
    scores = {name for name in names if not name.endswith("loss") and name not in NO_SCORES}
    return {(None, name) for name in scores}


def _common_metric(baseline: list[Run], proposed: list[Run]) -> str | None:
    """Return the metric most runs of both arms end with: test before validation, score before loss.

    A score on training data is the last to be taken: what an evaluation gave is the result, be it a loss.
    """

    def names(runs: list[Run]) -> Counter[tuple[str | None, str]]:
        found: Counter[tuple[str | None, str]] = Counter()
        for run in runs:
            own: set[tuple[str | None, str]] = {
                (c.split, c.name)
                for c in run.curves
                if c.split in ("test", "validation") or (c.split is None and c.name in HEADLINES)
            }
            for name in run.finals:
                split, _, metric = name.rpartition("/")
                own.add((split or None, metric))
            found.update(own or _scores_without_split(run))
        return found

    first, second = names(baseline), names(proposed)
    common = [key for key in first if key in second and lower_is_better(key[1]) is not None]
    if not common:
        return None

    def rank(key: tuple[str | None, str]) -> tuple[bool, bool, bool, int, int, int, str]:
        split_rank = {"test": 0, None: 1, "validation": 2, "train": 3}.get(key[0], 3)
        is_loss = key[1].endswith("loss") or key[1] == "nll"
        headline = HEADLINES.index(key[1]) if key[1] in HEADLINES else len(HEADLINES)
        chosen_among = key[1].partition("_")[0] in QUALIFIERS
        return (
            key[0] == "train",
            is_loss,
            chosen_among,
            split_rank,
            headline,
            -(first[key] + second[key]),
            key[1],
        )

    return min(common, key=rank)[1]
