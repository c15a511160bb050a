"""Values to JSON and back, and their JSON Schemas; the only user of msgspec for our own values."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def to_builtins(value: Any) -> Any:
    """Return plain dicts, lists and scalars for any of netgain's values."""
    return msgspec.to_builtins(value)


def from_builtins(value: Any, kind: type[T]) -> T:
    """Build a value of `kind` from plain dicts, lists and scalars.

    Raises:
        msgspec.ValidationError: a field is missing, unknown to its type, or of the wrong type; the
            message names its path.
    """
    return msgspec.convert(value, kind)


def encode(value: Any, *, indent: int = 2) -> str:
    """Return JSON text, keys in field order."""
    return msgspec.json.format(msgspec.json.encode(value), indent=indent).decode()


def decode(text: str | bytes, kind: type[T]) -> T:
    """Read JSON text written by `encode`.

    Raises:
        msgspec.DecodeError: the text is not JSON, or not a `kind`.
    """
    return msgspec.json.decode(text, type=kind)


def schema(kind: Any) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a value type."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(kind)}
