"""Lines that say how many parameters a model has: `params: 7,763,041`, `Model has 1.62M parameters`."""

from __future__ import annotations

import re

COUNTED = (
    r"(?P<count>\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?(?:[eE]\+?\d{1,2})?)"
    r"\s?(?P<scale>[KkMB]|[Mm]illion|[Bb]illion)?"
)
NAME_FIRST = re.compile(
    r"#?\bparam(?:eter)?s?\b(?: (?:count|number|num|size))?(?:\s?[\[(](?P<unit>[KMB]|[Mm]illion)[\])])?"
    rf"\s*(?:[:=]|\bis\b|\bare\b)\s*{COUNTED}(?![\w.])",
    re.IGNORECASE,
)
"""`Total params: 7.76M`, `number of params (M): 5.3`."""
NUMBER_FIRST = re.compile(
    rf"(?:^|\b(?:has|have|with|of|is)\b|[:=])\s*{COUNTED}\s+(?:(?:total|trainable|learnable|model)\s+){{0,2}}"
    r"param(?:eter)?s\b(?!\s+groups?\b)",
    re.IGNORECASE,
)
"""`The model has 13,899,013 trainable parameters`."""
OF_A_PART = re.compile(
    r"encoder|decoder|generator|discriminator|teacher|student|critic|actor|head|embedding|backbone|layer|"
    r"non[-_ ]?train|frozen|freez|decay|group|tensor|load|missing|match|lora|adapter|prompt|search|"
    r"optimi[sz]er|hyper|epoch|iter",
    re.IGNORECASE,
)
"""Words of lines that count something else, or a part of the model."""
SCALES = {"k": 1e3, "m": 1e6, "b": 1e9}
FEWEST = 100
"""Parameters of the smallest model; a smaller number counts tensors or settings."""
LONGEST = 200


def parameters_in(text: str) -> tuple[str, int] | None:
    """Return the number of parameters that a line states of the whole model, else None."""
    if len(text) > LONGEST or "param" not in text.lower() or OF_A_PART.search(text):
        return None
    found = NAME_FIRST.search(text) or NUMBER_FIRST.search(text)
    if found is None:
        return None
    unit = found["scale"] or found.groupdict().get("unit") or ""
    count = float(found["count"].replace(",", "")) * SCALES.get(unit[:1].lower(), 1.0)
    whole = round(count)
    if whole < FEWEST or whole > 10**14 or (not unit and whole != count):
        return None
    return ("trainable_parameters" if "trainable" in text.lower() else "parameters"), whole
