"""A report with everything in it, hostile text included."""

import math

import pytest
from hypothesis import settings

from netgain.finding import Finding, Readings
from netgain.renderers import Waterfall
from netgain.report import Recomputed, Report
from netgain.study import Allowance, Arm, Cited, Claim, Curve, Run, Source, Study, Unread

settings.register_profile("untimed", deadline=None)  # machines of any speed, busy ones too
settings.load_profile("untimed")

HOSTILE = "<script>alert('x')</script>\x1b[31m\u202e|`**[a](javascript:1)"
"""A run name made to break terminals, pages and tables."""


def curve(name, key, values, *, split=None, unit="epoch", path="runs/base/log.csv"):
    """Return one logged quantity."""
    return Curve(
        name=name,
        key=key,
        split=split,
        unit=unit,
        steps=tuple(float(i) for i in range(len(values))),
        values=tuple(values),
        source=Source(path=path, line=2),
    )


def run(name, seed, *, epochs, peak, final):
    """Return a run with a cosine learning rate and a rising accuracy."""
    rates = [peak * (1 + math.cos(math.pi * t / epochs)) / 2 for t in range(epochs + 1)]
    scores = [
        final - 30 * math.exp(-5 * t / epochs) + 0.35 * math.sin(1.7 * t + seed) * (1 - t / epochs)
        for t in range(epochs + 1)
    ]
    return Run(
        id=f"{name}-{seed}",
        group=name,
        curves=(
            curve("learning_rate", "lr", rates),
            curve("accuracy", "test_acc", scores, split="test"),
            curve("accuracy", "train_acc", [s + 3 for s in scores], split="train"),
        ),
    )


def flagged(code, name, message, numbers, evidence, **extra):
    """Return a flagged finding with its readings."""
    return Finding(
        code=code,
        name=name,
        verdict="flagged",
        grade=extra.pop("grade", "measured"),
        disclosure=extra.pop("disclosure", "undisclosed"),
        favours="proposed",
        message=message,
        numbers=numbers,
        evidence=evidence,
        readings=extra.pop(
            "readings",
            Readings(
                innocent="the batch was raised for throughput and the step count kept by habit",
                inflating="four times the training data for the proposed arm",
            ),
        ),
        **extra,
    )


def findings():
    """Return findings of all four verdicts."""
    return (
        flagged(
            "NG101",
            "unmatched-batch-size",
            "Proposed saw 4.0× the samples in the same 2,400 steps.",
            {"samples_seen_baseline": 307200, "samples_seen_proposed": 1228800, "ratio": 4.0},
            (
                Source(path="runs/ours/args.yaml", line=12, key="batch_size"),
                Source(path="runs/base/args.yaml", line=12, key="batch_size"),
            ),
            remedy="re-run the proposed arm at 307,200 samples",
            settle="netgain attribute plan.toml",
        ),
        flagged(
            "NG205",
            "golden-seed",
            "The table shows the best of 5 proposed seeds and the mean of 5 baseline seeds.",
            {"reported_proposed": 92.6, "mean_proposed": 92.1, "best_proposed": 92.6, "seeds": 5},
            (Source(path="README.md", line=14, cell="ours / accuracy"),),
            grade="proved",
            disclosure="contradicted",
            readings=Readings(
                innocent="the table was filled from the checkpoint that was kept",
                inflating="the best of five draws is about 1.2 seed standard deviations above the mean",
            ),
            remedy="report the mean of all 5 seeds: 92.10",
        ),
        flagged(
            "NG108",
            "weight-averaging",
            f"Averaged weights in one arm only, in run {HOSTILE}.",
            {"ema_decay_proposed": 0.999},
            (Source(path=f"runs/{HOSTILE}/model.safetensors", tensor="ema.conv1.weight"),),
            grade="indicated",
            disclosure="disclosed",
            readings=Readings(
                innocent="averaging is part of the group's standard recipe",
                inflating="averaging alone buys part of the gain",
            ),
        ),
        *(
            Finding(
                code=code,
                name=name,
                verdict="clear",
                message=message,
                evidence=(Source(path="runs/base/args.yaml", line=4, key="epochs"),),
            )
            for code, name, message in (
                (
                    "NG102",
                    "unequal-training-length",
                    "Both arms trained 30 epochs, read from both logs.",
                ),
                (
                    "NG103",
                    "repeated-samples",
                    "Neither loader repeats a batch; 2 files of code searched.",
                ),
                (
                    "NG201",
                    "lr-schedule-swap",
                    "Cosine in both arms, annealed to 0 in 10 of 10 runs.",
                ),
                ("NG301", "activation-swap", "ReLU in both models, 3 of 3 places."),
            )
        ),
        *(
            Finding(
                code=code, name=name, verdict="unknown", message="No such evidence.", needs=needs
            )
            for code, name, needs in (
                (
                    "NG202",
                    "baseline-nerfing",
                    ("the learning rates tried for the baseline, with scores",),
                ),
                (
                    "NG204",
                    "unequal-tuning-budget",
                    ("number of trials in each arm", "the search space"),
                ),
                ("NG509", "test-set-leakage", ("the training and test arrays, or their digests",)),
                ("NG603", "fabricated-results", (f"predictions of {HOSTILE}",)),
            )
        ),
        Finding(
            code="NG508",
            name="prompt-hacking",
            verdict="not-applicable",
            message="No prompts in this comparison.",
        ),
        Finding(
            code="NG402",
            name="mathiness",
            verdict="not-applicable",
            message="No formulas were given.",
        ),
    )


@pytest.fixture
def report():
    """Return a full report."""
    return make_report()


def make_report():
    """Return a full report, outside of pytest as well."""
    baseline = (91.02, 91.31, 91.10, 91.25, 91.22)
    proposed = (91.6, 92.45, 92.05, 91.8, 92.6)
    claim = Claim(
        metric="accuracy",
        dataset="fashion-mnist/test",
        baseline=Cited(value=91.2, source=Source(path="README.md", line=14)),
        proposed=Cited(value=92.6, source=Source(path="README.md", line=14)),
    )
    study = Study(
        claim=claim,
        baseline=Arm(
            name="baseline",
            runs=tuple(
                run("base", s, epochs=30, peak=0.006, final=v) for s, v in enumerate(baseline)
            ),
        ),
        proposed=Arm(
            name="ours",
            runs=tuple(
                run("ours", s, epochs=30, peak=0.009, final=v) for s, v in enumerate(proposed)
            ),
        ),
    )
    return Report(
        version="0.1.0",
        claim=claim,
        recomputed=Recomputed(
            metric="test/accuracy",
            baseline=91.18,
            proposed=92.1,
            gain=0.92,
            low=0.4,
            high=1.44,
            n_baseline=5,
            n_proposed=5,
            paired=True,
            baseline_scores=baseline,
            proposed_scores=proposed,
        ),
        findings=tuple(sorted(findings(), key=lambda f: f.code)),
        study=study,
        allowed=(Allowance(code="NG108", reason="EMA is disclosed in section 4"),),
        unread=(
            Unread(
                path="runs/ours/events.out",
                why="truncated record at byte 4,096; ask for the original",
            ),
            Unread(path=HOSTILE, why="binary content; expected a text file"),
        ),
    )


@pytest.fixture
def waterfall():
    """Return the way from claimed to net gain."""
    return make_waterfall()


def make_waterfall():
    """Return a waterfall with a part of each sign, outside of pytest as well."""
    return Waterfall(
        claimed=1.4,
        parts={
            "NG101 unmatched-batch-size": (0.62, 0.41, 0.83),
            "NG108 weight-averaging": (-0.08, -0.21, 0.05),
        },
        net=(0.31, 0.09, 0.53),
        note="40 runs, 5 seeds; full factorial, 2^3, 8 settings in each seed block.",
    )


@pytest.fixture
def bare_report():
    """Return a report of a study nobody knows anything about."""
    claim = Claim()
    study = Study(claim=claim, baseline=Arm(name="a"), proposed=Arm(name="b"))
    finding = Finding(
        code="NG101",
        name="unmatched-batch-size",
        verdict="unknown",
        message="Neither arm shows a batch size.",
        needs=("the training configuration of both arms",),
    )
    return Report(version="0.1.0", claim=claim, recomputed=None, findings=(finding,), study=study)
