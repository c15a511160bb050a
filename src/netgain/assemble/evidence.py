"""What one fact is: the file it was read from, and whether it says what a training led to."""

from __future__ import annotations

import re

from netgain.readers.base import RunFacts

HOUSEKEEPING_FOLDERS = re.compile(
    r"(checkpoints?|ckpts?|weights|tensorboard|tb|tb_logs|logs?|events?|\.hydra|files|artifacts|vis_data|"
    r"metrics|models?|state|output|wandb|flight|recording|code|src|scripts?|pyt_save|tf1?_save|simple_save|"
    r"saved_models?|best_models?)",
    re.IGNORECASE,
)
"""Subfolders that hold a part of a run, not a run of their own."""
SCRIPT_SUFFIXES = frozenset({".sh", ".bash", ".slurm", ".sbatch"})
TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".json", ".jsonl"})
"""Files that can hold many runs, one a row."""
CODE = "code"
"""Dialect of defaults read from code."""
CHECKPOINT_WORDS = re.compile(
    r"[_\-. ]?(?:best|last|latest|final|weights?|checkpoint|ckpt|model|epoch)(?=$|[_\-. ])",
    re.IGNORECASE,
)
"""Words of a file name that say which weights of one run were scored."""


TEXT_SUFFIX = re.compile(
    r"(?<=.)\.(csv|tsv|jsonl?|ya?ml|toml|txt|log|out|err|stdout|stderr)$", re.IGNORECASE
)


def path_of(fact: RunFacts) -> str:
    """Return the file a fact was read from, empty where it holds nothing that is cited."""
    for part in (fact.series, fact.finals, fact.settings):
        if part:
            return part[0].source.path
    return ""


def stem_of(fact: RunFacts) -> str:
    """Return the name of the file a fact was read from, without the suffix of a text file."""
    path = path_of(fact)
    return TEXT_SUFFIX.sub("", path.rpartition("/")[2])


def has_outcome(fact: RunFacts) -> bool:
    """Tell whether a fact says what a training led to, or comes from a store of runs."""
    return bool(fact.series or fact.finals or fact.run_id)


def is_script(fact: RunFacts) -> bool:
    """Tell whether a fact was read from a shell script, which can start any number of trainings."""
    return path_of(fact).endswith(tuple(SCRIPT_SUFFIXES))


def natural(text: str) -> list[tuple[int, int, str]]:
    """Return what names are ordered by: numbers by length and digits, so that none is too long."""
    parts = (part for part in re.split(r"(\d+)", text) if part)
    return [
        (0, len(bare := part.lstrip("0")), bare) if part.isdecimal() else (1, 0, part)
        for part in parts
    ]
