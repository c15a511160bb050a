"""Files a stranger could send: each plant writes one hostile file and says what must become of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Plant:
    """One hostile file."""

    name: str
    """File name inside the run folder; empty where the plant is no single file."""
    write: Callable[[Path], None]
    """Write it at this path; code in it would leave a file named `executed` two folders up."""
    refused: bool
    """Whether it must be listed under `unread`; else it holds something that is rightly read."""


PLANTS: dict[str, Plant] = {}
"""Every plant by the name of its function."""


def plant(
    name: str, *, refused: bool = True
) -> Callable[[Callable[[Path], None]], Callable[[Path], None]]:
    """Register a function that writes a hostile file."""

    def register(write: Callable[[Path], None]) -> Callable[[Path], None]:
        assert write.__name__ not in PLANTS
        PLANTS[write.__name__] = Plant(name=name, write=write, refused=refused)
        return write

    return register


def marker(path: Path) -> Path:
    """Return the file that code inside a planted file would create."""
    return path.parent.parent / "executed"


from tests.hostile import bombs, headers, pickles, places, texts  # noqa: E402, F401 - they register
