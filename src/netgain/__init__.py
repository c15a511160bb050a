"""netgain: how much of a reported gain is the idea?

`read` turns evidence into a Study, `audit` judges it, `attribute` re-trains the comparison and splits the
gain, `record` watches a training, `lab` stages practices. Names are loaded when first used, so that
`import netgain` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_PUBLIC = {
    "read": "netgain.assemble",
    "audit": "netgain.auditor",
    "attribute": "netgain.attribution",
    "record": "netgain.recorder.flight",
    "Study": "netgain.study",
    "Report": "netgain.report",
    "Finding": "netgain.finding",
    "Plan": "netgain.plan",
    "NetgainError": "netgain.errors",
}

__all__ = ["__version__", "lab", *sorted(_PUBLIC)]  # noqa: PLE0604 - names resolved by __getattr__

if TYPE_CHECKING:
    from netgain import lab
    from netgain.assemble import read
    from netgain.attribution import attribute
    from netgain.auditor import audit
    from netgain.errors import NetgainError
    from netgain.finding import Finding
    from netgain.plan import Plan
    from netgain.recorder.flight import record
    from netgain.report import Report
    from netgain.study import Study


def __getattr__(name: str) -> Any:
    """Load a public name on first use."""
    if name == "lab":
        return import_module("netgain.lab")
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'netgain' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
