"""Columns of Parquet files through pyarrow, where it is installed; bounded before anything is unpacked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from netgain.errors import UnreadableFile
from netgain.readers._digests import Values
from netgain.readers.base import Entry, Limits, open_regular

ROWS = 65_536
STRING_BYTES = 16 * 2**20
CONTAINER = 1_000_000
"""Most bytes of one text, and most entries of one list, in the file's own description of itself."""
MISSING = "Parquet needs pyarrow; run `pip install netgain[fast]`, or export the table to CSV"


def available() -> bool:
    """Tell whether pyarrow is installed, without loading it."""
    from importlib.util import find_spec

    try:
        return find_spec("pyarrow") is not None
    except ValueError:
        return False


def columns(entry: Entry) -> list[str]:
    """Return the names of the top-level columns.

    Raises:
        UnreadableFile: pyarrow is missing, or the file is damaged.
    """
    with open_regular(entry.path) as stream:
        return list(_open(stream).schema_arrow.names)


def chunks(
    entry: Entry, wanted: Sequence[str], limits: Limits
) -> Iterator[tuple[dict[str, Values], int]]:
    """Yield the wanted columns as lists of Python values, some thousand rows at a time.

    Raises:
        UnreadableFile: damaged, or unpacks to more than the limit.
    """
    import pyarrow as arrow

    with open_regular(entry.path) as stream:
        file = _open(stream)
        meta = file.metadata
        size = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
        if not 0 <= size <= limits.unpacked_bytes:
            raise UnreadableFile(f"unpacks to {size:,} bytes, over the limit; name an extract")
        taken = 0
        try:
            for batch in file.iter_batches(ROWS, columns=list(wanted), use_threads=False):
                taken += batch.nbytes
                if taken > limits.unpacked_bytes:
                    raise UnreadableFile("unpacks to more than it says; expected an honest table")
                yield {name: _values(batch.column(name)) for name in wanted}, batch.num_rows
        except (arrow.ArrowException, OSError, ValueError) as error:
            raise UnreadableFile(
                f"damaged Parquet file ({type(error).__name__}); expected a whole one"
            ) from error


def _values(column: Any) -> Values:
    """Return a column as an array of numbers where it is one without gaps, else as Python values."""
    import pyarrow as arrow

    kind = column.type
    plain = arrow.types.is_integer(kind) or arrow.types.is_floating(kind)
    if plain and not column.null_count:
        numbers: Values = column.to_numpy(zero_copy_only=False)
        return numbers
    values: Values = column.to_pylist()
    return values


def _open(stream: Any) -> Any:
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError as error:
        raise UnreadableFile(MISSING) from error
    try:
        return parquet.ParquetFile(
            stream,
            thrift_string_size_limit=STRING_BYTES,
            thrift_container_size_limit=CONTAINER,
        )
    except (arrow.ArrowException, OSError, ValueError) as error:
        raise UnreadableFile(
            f"damaged Parquet file ({type(error).__name__}); expected a whole one"
        ) from error
