"""Sentences of papers: those about other people's work are told from those about the paper's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from netgain.readers._latex_text import CITED
from netgain.readers._statements import sentence_statements
from netgain.study import Source, Statement

Arm = Literal["baseline", "proposed", "both"]
SKIPPED_SECTION = re.compile(
    r"related\s+works?|previous\s+works?|prior\s+(?:work|art)|^background|^references|bibliography|"
    r"acknowledg|literature|broader\s+impact|ethic|author\s+contribution|funding|checklist",
    re.IGNORECASE,
)
"""Sections that speak of other people's work, or of no results."""
CITATION = re.compile(
    re.escape(CITED) + r"|\bet\s+al\b|\[\d{1,3}(?:\s*[,–-]\s*\d{1,3})*\]"
    r"|\(\s*[A-Z][\w'’-]+(?:\s+(?:and|&)\s+[A-Z][\w'’-]+)?,?\s+(?:19|20)\d\d[a-z]?\s*\)"
)
MOST_SENTENCES = 50_000
"""Sentences read of one document; each takes a tenth of a millisecond."""
LONGEST = 2_000
"""Characters of the longest sentence read."""
OWN = re.compile(r"\b(?:we|our|ours|us|this (?:work|paper|study)|proposed)\b", re.IGNORECASE)


def prose_statements(text: str, *, section: Arm | None, source: Source) -> Iterator[Statement]:
    """State what a sentence says, unless it cites others and says nothing of the authors' own doing.

    Args:
        text: one sentence without markup.
        section: arm that the heading above names.
        source: where it stands.
    """
    if len(text) > LONGEST or (CITATION.search(text) and not OWN.search(text)):
        return
    bare = re.sub(r"\s{2,}", " ", CITATION.sub(" ", text)).replace(" .", ".").replace(" ,", ",")
    yield from sentence_statements(bare.strip(), section=section, source=source)
