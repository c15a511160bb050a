"""Write what the authors of a comparison would leave behind: run folders, README, netgain.toml.

The auditor reads these files by the road a user's files take. The form `flight` has recordings beside a
config and a table of metrics; the others are the habits of `netgain.lab.habits`, with a checkpoint beside
them. `spelling` varies the names of settings the way projects do.
"""

from __future__ import annotations

import csv
import json
import math
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors import safe_open

from netgain.errors import UsageError
from netgain.lab.habits import HABITS, Record, Row, table
from netgain.lab.plans import (
    ArmName,
    Trained,
    buried,
    reports_best_seed,
    searched,
    selection,
    settings_of,
)
from netgain.lab.runs import Kept
from netgain.lab.script import training_script
from netgain.lab.tune import Point
from netgain.plan import Plan, Settings
from netgain.stats.paired import mean_interval, paired_difference

Form = str
"""`flight`, or the name of a habit."""
FORMS: tuple[Form, ...] = ("flight", *HABITS)
ARMS: tuple[ArmName, ArmName] = ("baseline", "proposed")

SPELLINGS: dict[str, tuple[str, ...]] = {
    "learning_rate": ("learning_rate", "lr", "optimizer.lr", "base_lr"),
    "batch_size": ("batch_size", "bs", "train.batch_size", "train_batch_size"),
    "epochs": ("epochs", "max_epochs", "train.num_epochs", "n_epochs"),
    "steps": ("max_steps", "max_steps", "train.max_steps", "max_iters"),
    "weight_decay": ("weight_decay", "wd", "optimizer.weight_decay", "weight_decay"),
    "optimizer": ("optimizer", "opt", "optimizer.name", "optim"),
    "momentum": ("momentum", "momentum", "optimizer.momentum", "momentum"),
    "schedule": ("schedule", "scheduler", "lr_scheduler.name", "sched"),
    "warmup": ("warmup_ratio", "warmup_ratio", "lr_scheduler.warmup_ratio", "warmup_ratio"),
    "seed": ("seed", "random_seed", "seed", "manual_seed"),
    "n_train": ("n_train", "num_train", "data.n_train", "train_size"),
    "n_validation": ("n_validation", "n_val", "data.n_val", "val_size"),
    "n_test": ("n_test", "n_test", "data.n_test", "n_test"),
    "data_seed": ("data_seed", "data_seed", "data.seed", "data_seed"),
    "activation": ("activation", "act", "model.activation", "activation"),
    "ema_decay": ("ema_decay", "ema_decay", "ema.decay", "ema_decay"),
    "label_smoothing": ("label_smoothing", "label_smoothing", "loss.label_smoothing", "smoothing"),
}
"""Keys by canonical name, one column for each spelling; other settings keep their own name."""


def publish(
    trained: Trained,
    out: Path,
    *,
    form: Form = "flight",
    spelling: int = 0,
    sweeps: Mapping[ArmName, Sequence[Point]] | None = None,
) -> None:
    """Write a study's files into `out`, which is made and must be empty.

    Args:
        trained: the plan and the runs of both arms.
        out: folder of the study.
        form: `flight`, or the habit in which the runs are written.
        spelling: which spelling of the settings the configs use, modulo the number there are.
        sweeps: learning-rate sweeps by arm, for the files of `Protocol.searched`.
    """
    out.mkdir(parents=True, exist_ok=True)
    swept = [arm for arm in ARMS if searched(trained.plan, arm) and sweeps and sweeps.get(arm)]
    for arm in ARMS:
        runs = trained.baseline if arm == "baseline" else trained.proposed
        for run in runs:
            folder = out / "runs" / f"{arm}_seed{run.job.seed}"
            _write_run(run, folder, form=form, spelling=spelling, hidden=buried(trained.plan, arm))
        if sweeps and arm in swept:
            _write_sweep(sweeps[arm], out / f"sweep_{arm}.csv")
    if trained.plan.disclosure.code:

        def spell(name: str) -> str:
            return spelling_of(name, spelling)

        for arm in ARMS:
            folder = out / "code" / arm
            folder.mkdir(parents=True)
            hidden = buried(trained.plan, arm)
            script = training_script(settings_of(trained.plan, arm), hidden, spell)
            (folder / "train.py").write_text(script)
    (out / "README.md").write_text(readme(trained))
    (out / "netgain.toml").write_text(configuration(trained, swept))


# --- Runs -----------------------------------------------------------------------------------------


def _write_run(
    run: Kept, folder: Path, *, form: Form, spelling: int, hidden: Collection[str]
) -> None:
    """Write one run's folder; hidden settings are left out of its config."""
    folder.mkdir(parents=True)
    if form not in FORMS:
        raise UsageError(f"no such form: {form!r}; forms are {', '.join(FORMS)}")
    record = Record(
        config=spelled(run.job.settings, run.job.seed, spelling, hidden),
        epochs=f"{run.outcome.epochs[-1].epoch:g}",
        rows=_rows(run),
    )
    HABITS.get(form, table)(record, folder)
    if form == "flight":
        shutil.copytree(run.folder / "flight", folder / "flight")
    else:
        shutil.copyfile(run.folder / "model.safetensors", folder / "model.safetensors")


def spelled(
    settings: Settings, seed: int, spelling: int, hidden: Collection[str] = ()
) -> dict[str, Any]:
    """Return the settings under one spelling, nested where its keys have dots, but unset and hidden ones."""
    nested: dict[str, Any] = {}
    for name, value in {**asdict(settings), "seed": seed}.items():
        if value is None or name in hidden:
            continue
        *parents, last = spelling_of(name, spelling).split(".")
        place = nested
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return nested


def spelling_of(name: str, spelling: int) -> str:
    """Return the key of a setting under one spelling, dotted where it is nested."""
    names = SPELLINGS.get(name, (name,))
    return names[spelling % len(names)]


def _rows(run: Kept) -> tuple[Row, ...]:
    """Return the log; the test column is filled where the test set was scored."""
    entries = run.outcome.epochs
    tests = [entry.test_accuracy for entry in entries[:-1]] + [run.outcome.test_accuracy]
    return tuple(
        Row(
            epoch=f"{entry.epoch:g}",
            step=str(entry.step),
            lr=f"{entry.learning_rate:.6g}",
            train_loss=f"{entry.train_loss:.5f}",
            val_accuracy=f"{entry.validation_accuracy:.2f}",
            test_accuracy="" if test is None else f"{test:.2f}",
        )
        for entry, test in zip(entries, tests, strict=True)
    )


def _write_sweep(points: Sequence[Point], path: Path) -> None:
    """Write a learning-rate sweep."""
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["learning_rate", "validation_accuracy"])
        for point in points:
            writer.writerow([f"{point.learning_rate:g}", f"{point.validation_accuracy:.2f}"])


# --- Documents ------------------------------------------------------------------------------------


def readme(trained: Trained) -> str:
    """Return the README: results, and what the plan's disclosure lets it say of budget and differences."""
    plan = trained.plan
    title = plan.claimed_idea.partition(",")[0] or "the proposed method"
    parts = [
        f"# {title}",
        f"We compare a convolutional baseline on {plan.recipe.task} with the same network and "
        f"{plan.claimed_idea or 'our changes'}.",
        "## Results",
        _table(trained),
        _gain(trained),
    ]
    if plan.disclosure.budget:
        parts += ["## Setup", *(_budget(trained, arm) for arm in ARMS)]
    if plan.disclosure.differences:
        parts += ["## Differences between the arms", _differences(plan)]
    return "\n\n".join(parts) + "\n"


def _table(trained: Trained) -> str:
    """Return the table of results."""
    honest = trained.plan.disclosure.interval
    rows = ["| method | test accuracy (%) |" + (" seeds |" if honest else "")]
    rows.append("|---|---|" + ("---|" if honest else ""))
    for arm in ARMS:
        cell = f"{trained.reported(arm):.2f}"
        if honest and not reports_best_seed(trained.plan, arm):
            mean = mean_interval(trained.scores(arm))
            if mean.high is not None:
                cell += f" ± {mean.high - mean.estimate:.2f}"
        rows.append(f"| {arm} | {cell} |" + (f" {len(trained.seeds)} |" if honest else ""))
    return "\n".join(rows)


def _gain(trained: Trained) -> str:
    """Return the sentence of the claim."""
    gain = trained.reported("proposed") - trained.reported("baseline")
    verb = "improves on" if gain >= 0 else "falls short of"
    text = f"The proposed method {verb} the baseline by {abs(gain):.2f} points"
    if not trained.plan.disclosure.interval:
        return text + "."
    found = paired_difference(trained.scores("baseline"), trained.scores("proposed"))
    if found.low is None or found.high is None:
        return text + ", one seed."
    return (
        f"{text}, 95% interval {found.low:.2f} to {found.high:.2f}, over {len(trained.seeds)} paired "
        "seeds; ± is half of a 95% t-interval over seeds."
    )


def _budget(trained: Trained, arm: ArmName) -> str:
    """Return the sentence on what an arm spent."""
    settings = settings_of(trained.plan, arm)
    runs = trained.baseline if arm == "baseline" else trained.proposed
    outcome = runs[0].outcome
    text = _parameters(runs[0], arm, trained.plan.disclosure.parameters) + (
        f"The {arm} trains for {outcome.epochs[-1].epoch:g} epochs at batch size "
        f"{settings.batch_size}, {outcome.steps} optimizer steps."
    )
    if settings.repeats > 1:
        text += f" Each batch of the {arm} is used for {settings.repeats} passes."
    if selection(trained.plan, arm) != "last":
        text += f" The checkpoint of the {arm} is {selection(trained.plan, arm).replace('-', ' ')}."
    return text


def _parameters(run: Kept, arm: ArmName, counted: str) -> str:
    """Return the sentence on the size of an arm's model, empty where the README is silent on it."""
    if counted == "unstated":
        return ""
    n = run.outcome.parameters
    if counted == "without-gates":
        with safe_open(run.folder / "model.safetensors", framework="numpy") as stored:
            names = [name for name in stored.keys() if ".gates." in name]  # noqa: SIM118 - no mapping
            n -= sum(math.prod(stored.get_slice(name).get_shape()) for name in names)
    return f"The {arm} model has {n:,} parameters. "


def _differences(plan: Plan) -> str:
    """Return every setting in which the arms differ, as a table."""
    names = [name for name in plan.differing() if name not in plan.disclosure.buried]
    if not names:
        return "None."
    rows = ["| setting | baseline | proposed |", "|---|---|---|"]
    rows += [
        f"| {name} | {getattr(plan.baseline, name)} | {getattr(plan.proposed, name)} |"
        for name in names
    ]
    return "\n".join(rows)


def configuration(trained: Trained, swept: Collection[ArmName] = ()) -> str:
    """Return netgain.toml: the claim as reported, and where the files are.

    Args:
        trained: the plan and its runs.
        swept: arms whose learning-rate sweep is among the files.
    """
    plan = trained.plan
    named = [plan.claimed_idea] if plan.claimed_idea else []
    quoted = ", ".join(json.dumps(word) for word in named)
    lines = [
        "[claim]",
        'metric = "accuracy"',
        f'dataset = "{plan.recipe.task}/test"',
        f"baseline = {trained.reported('baseline'):.2f}",
        f"proposed = {trained.reported('proposed'):.2f}",
        f"idea = [{quoted}]",
    ]
    for arm in ARMS:
        runs = [f"runs/{arm}_seed*", *([f"sweep_{arm}.csv"] if arm in swept else [])]
        lines += ["", f"[{arm}]", f"runs = {json.dumps(runs)}"]
        if plan.disclosure.code:
            lines.append(f'code = "code/{arm}"')
    return "\n".join([*lines, "", "[paper]", 'files = ["README.md"]']) + "\n"
