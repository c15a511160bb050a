"""Count what the readers understand of a folder of evidence: `python tools/count_values.py FOLDER...`.

Prints a Markdown table with one row for each reader: files it read, files it refused, and of the settings,
curves and final scores in them how many have a canonical name. Documents count their tables and statements.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from pathlib import Path

from netgain.readers import Task, _sniffs, all_readers, read_entries
from netgain.readers import _entries as entries_of
from netgain.readers import _owned_folders as owned_folders
from netgain.readers.base import DocumentFacts, Fact, Limits, RunFacts
from netgain.study import Unread
from netgain.vocabulary import (
    canonical_metric,
    canonical_setting,
    is_housekeeping,
    is_known_metric,
)

COLUMNS = {
    "files": "files",
    "refused": "refused",
    "nothing": "nothing found",
    "settings": "settings understood",
    "settings not": "settings not",
    "scores": "curves and scores understood",
    "scores not": "not",
}
"""What is counted, and the title of its column."""


def main() -> None:
    """Read every file below the named folders by itself and print the table."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for root in map(Path, sys.argv[1:]):
        refused: list[Unread] = []
        entries = list(entries_of(root, Limits(), refused))
        owned = owned_folders(entries)
        for entry in entries:
            reader = next((r for r in all_readers() if _sniffs(r, entry)), None)
            if reader is None or entry.folder in owned:
                continue
            count = counts[reader.name]
            part = read_entries(Task((entry,), owned, Limits()))
            count["files"] += 1
            count["refused"] += bool(part.unread)
            count["nothing"] += not part.facts and not part.unread
            for fact in part.facts:
                count.update(_values(fact))
    print("| reader | " + " | ".join(COLUMNS.values()) + " |")
    print("|---" * (len(COLUMNS) + 1) + "|")
    for name, count in sorted(counts.items()):
        print(f"| {name} | " + " | ".join(f"{count[column]:,}" for column in COLUMNS) + " |")


def _values(fact: Fact) -> Counter[str]:
    """Count the values of one fact; what a log says of its own clock or machine room is left out."""
    found: Counter[str] = Counter()
    if isinstance(fact, DocumentFacts):
        found["scores"] = len(fact.paper.tables) + len(fact.paper.statements)
    if isinstance(fact, RunFacts):
        for setting in fact.settings:
            if canonical_setting(setting.key, fact.dialect, value=setting.value) is not None:
                found["settings"] += 1
            elif not is_housekeeping(setting.key):
                found["settings not"] += 1
        for key in [s.key for s in fact.series] + [f.key for f in fact.finals]:
            known = is_known_metric(canonical_metric(key, fact.dialect).name)
            found["scores" if known else "scores not"] += 1
    return found


if __name__ == "__main__":
    main()
