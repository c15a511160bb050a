"""The letter to the authors: the shortest list of evidence that would settle the unknowns."""

from __future__ import annotations

from collections import defaultdict

from netgain.report import Report


def letter_text(report: Report) -> str:
    """Return the requests, those that settle most findings first."""
    settles: dict[str, list[str]] = defaultdict(list)
    planned = 0
    for finding in report.findings:
        if not finding.is_implemented:
            planned += 1
            continue
        if finding.verdict == "unknown":
            for need in finding.needs:
                settles[need].append(finding.code)
    if not settles:
        text = "Nothing is missing for the practices this version checks.\n"
    else:
        lines = ["To settle what is open, please send:", ""]
        ordered = sorted(settles.items(), key=lambda item: (-len(item[1]), len(item[0]), item[0]))
        for number, (need, codes) in enumerate(ordered, 1):
            lines.append(f"{number}. {need}  (settles {', '.join(dict.fromkeys(codes))})")
        text = "\n".join(lines) + "\n"
    if planned:
        text += f"\n{planned} practices are not checked in this version and are not asked about.\n"
    return text
