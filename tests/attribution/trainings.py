"""Trainings that workers import by name."""

import os
import pathlib
import time


def add(settings, seed):
    """Return a score made of the settings."""
    time.sleep(0.01)
    return {"score": settings["x"] * 10 + seed, "pid": os.getpid()}


def threads(settings, seed):
    """Return the number of threads a numeric library is allowed."""
    return float(os.environ["OMP_NUM_THREADS"])


def fail_first(settings, seed):
    """Fail twice and then succeed, counting the attempts in a file."""
    log = pathlib.Path(settings["log"])
    with log.open("a") as stream:
        stream.write("x")
    if len(log.read_text()) <= 2:
        raise RuntimeError("cold start")
    return 5.0


def die(settings, seed):
    """End the process without a word, as the kernel does when memory runs out."""
    os._exit(9)


def nan(settings, seed):
    """Return a score that is none."""
    return float("nan")


def wrong_key(settings, seed):
    """Return a result without the metric."""
    return {"loss": 1.0}


def model(settings, seed):
    """Return an artifact, and count the trainings."""
    with pathlib.Path(settings["log"]).open("a") as stream:
        stream.write("t")
    return {"weights": settings["x"], "seed": seed}


def accuracy(artifact, settings):
    """Score an artifact under evaluation settings."""
    return artifact["weights"] + (0.5 if settings["ema"] else 0.0) + 0.01 * artifact["seed"]
