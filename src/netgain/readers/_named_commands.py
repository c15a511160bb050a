"""Commands that start a training and say where its results go: each is that run's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from netgain.readers._dialect import dialect_of
from netgain.readers._documents import SECRET, typed_text
from netgain.readers.base import Entry, RunFacts, Setting

PLACES = frozenset(
    {"out", "out_dir", "outdir", "output", "output_dir", "output_path", "output_folder", "save",
     "save_dir", "savedir", "save_path", "save_folder", "save_name", "saved_dir", "log", "log_dir",
     "logdir", "log_path", "log_file", "logfile", "log_name", "logger", "exp_dir", "exp_name",
     "expname", "exp_id", "exp", "experiment", "experiment_name", "experiment_id", "run_name", "run_id",
     "name", "result_dir", "results_dir", "result_path", "res_dir", "checkpoint_dir", "checkpoint_path",
     "ckpt_dir", "ckpt_path", "model_dir", "work_dir", "workdir", "tag", "job_name", "jobname",
     "train_dir", "default_root_dir", "store", "store_dir", "hydra.run.dir"}
)  # fmt: skip
"""Options that name the folder or file of a run, dashes written as underscores."""
REDIRECTED = re.compile(
    r"(?:>{1,2}|\btee(?:\s+-a)?)\s*['\"]?([\w./~=+-]{1,200}\.(?:log|txt|out))\b"
)
"""Where what a command prints goes."""
MOST_COMMANDS = 500


def named_commands(
    entry: Entry, commands: Iterable[tuple[int, str, Mapping[str, str | bool | None]]]
) -> Iterator[RunFacts]:
    """Yield a plan, named after its place, for each command that says where its results go.

    Args:
        entry: the file the commands stand in.
        commands: line, text and options of each.
    """
    for count, (line, text, options) in enumerate(commands):
        if count == MOST_COMMANDS:
            return
        places = [
            value
            for key, value in options.items()
            if key.replace("-", "_").lower() in PLACES and isinstance(value, str)
        ]
        settings = tuple(
            Setting(
                key=key,
                value=typed_text(value) if isinstance(value, str) else value,
                source=entry.source(line=line, key=key),
            )
            for key, value in options.items()
            if value is not None and not SECRET.search(key)
        )
        for place in dict.fromkeys((*places, *REDIRECTED.findall(text))):
            yield RunFacts(
                location=entry.folder,
                dialect=dialect_of(key.replace("-", "_") for key in options),
                name=place,
                settings=settings,
                status="planned",
            )
