"""Optuna's databases: every trial of every study, read by column name and never written to."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from netgain.errors import UnreadableFile
from netgain.readers._optuna import (
    METRIC_NAMES,
    MOST_TRIALS,
    Search,
    Trial,
    external,
    facts_of,
    names_of,
    parsed,
)
from netgain.readers.base import Entry, RunFacts


def is_storage(columns: dict[str, set[str]]) -> bool:
    """Tell whether a database is Optuna's, by the columns every schema version has."""
    return (
        {"study_id", "study_name"} <= columns.get("studies", set())
        and {"trial_id", "study_id", "state"} <= columns.get("trials", set())
        and {"trial_id", "param_name", "param_value", "distribution_json"}
        <= columns.get("trial_params", set())
    )


def trials_of(
    entry: Entry, connection: sqlite3.Connection, columns: dict[str, set[str]]
) -> Iterator[RunFacts]:
    """Yield every trial of a database.

    Args:
        entry: the database file.
        connection: open connection to it.
        columns: its tables with their columns.

    Raises:
        UnreadableFile: it holds no trial.
    """
    studies = {
        row[0]: Search(name=str(row[1]))
        for row in connection.execute("SELECT study_id, study_name FROM studies ORDER BY study_id")
    }
    trials: dict[Any, Trial] = {}
    number = "number" if "number" in columns["trials"] else "NULL"
    for trial_id, count, study_id, state in connection.execute(
        f"SELECT trial_id, {number}, study_id, state FROM trials ORDER BY trial_id"  # noqa: S608  # fixed names
    ):
        if study_id in studies and len(trials) < MOST_TRIALS:
            own = studies[study_id].trials
            number_of = count if isinstance(count, int) else len(own)
            trials[trial_id] = Trial(number=number_of, state=state)
            own.append(trials[trial_id])
    if not trials:
        raise UnreadableFile("Optuna storage without a trial; expected at least one")
    for trial_id, name, value, distribution in connection.execute(
        "SELECT trial_id, param_name, param_value, distribution_json FROM trial_params ORDER BY trial_id"
    ):
        if trial_id in trials:
            trials[trial_id].params[str(name)] = external(value, distribution)
    _values(connection, columns, trials)
    for trial_id, key, text in _rows(
        connection, columns, "trial_user_attributes", "trial_id", "key", "value_json"
    ):
        if trial_id in trials:
            trials[trial_id].attributes[str(key)] = parsed(text)
    for study_id, key, text in _rows(
        connection, columns, "study_system_attributes", "study_id", "key", "value_json"
    ):
        if key == METRIC_NAMES and study_id in studies:
            studies[study_id].metrics = names_of(parsed(text))
    yield from facts_of(entry, list(studies.values()), place="trials")


def _values(
    connection: sqlite3.Connection, columns: dict[str, set[str]], trials: dict[Any, Trial]
) -> None:
    for trial_id, objective, value in _rows(
        connection, columns, "trial_values", "trial_id", "objective", "value"
    ):
        if trial_id in trials and isinstance(value, (int, float)) and isinstance(objective, int):
            trials[trial_id].values[objective] = float(value)
    for trial_id, step, value in _rows(
        connection, columns, "trial_intermediate_values", "trial_id", "step", "intermediate_value"
    ):
        if (
            trial_id in trials
            and isinstance(value, (int, float))
            and isinstance(step, (int, float))
        ):
            trials[trial_id].steps.append((float(step), float(value)))


def _rows(
    connection: sqlite3.Connection, columns: dict[str, set[str]], table: str, *names: str
) -> Iterator[tuple[Any, ...]]:
    """Yield rows of a table that some schema versions lack; a missing objective is number 0."""
    have = columns.get(table, set())
    asked = ["0" if n == "objective" and n not in have else f'"{n}"' for n in names]
    if all(word == "0" or word.strip('"') in have for word in asked):
        yield from connection.execute(f"SELECT {', '.join(asked)} FROM {table}")  # noqa: S608  # fixed names
