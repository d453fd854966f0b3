"""Appending rows: one file per call, whole or not at all."""

import io
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow.parquet as pq

from featray.core.row import Row
from featray.store import footers, schema
from featray.store import stored_files as places

SMALL_ROWS = 64  # below this, dictionaries and statistics of 90 columns cost more than they save (0.6 against 1.1 ms)

GROUP_ROWS = 2048  # what a filter reads at least: a few sweeps of the usual size


def append(results: str | os.PathLike[str], rows: Sequence[Row], *, archive: str | None = None) -> str:
    """Store rows; when this returns they survive a power cut.

    Args:
        results: Folder or URI.
        rows: At least one.
        archive: Name for a file that compaction and rm leave alone; letters, digits, dot, dash.

    Returns:
        The new file's name within the store.

    Raises:
        StoreError: the store cannot be written, or the archive exists; nothing stored has changed.
    """
    if not rows:
        raise ValueError("no rows to append")
    place = places.at(results)
    name = places.new_name("rows") if archive is None else f"{places.ARCHIVE_PREFIX}{archive}{places.SUFFIX}"
    found = schema.table(rows)
    places.publish(place, name, lambda stream: write(found, stream))
    return name


def write(found: Any, stream: Any, *, sources: Sequence[str] = ()) -> None:
    """Write a table as parquet, with a checksum on every page so that damage is seen, not read.

    Args:
        found: The table.
        stream: Takes bytes.
        sources: Files of the store whose every row the table holds.
    """
    if found.num_rows >= SMALL_ROWS:
        _write(found, stream, _sources(sources), is_small=False)
        return
    buffer = io.BytesIO()
    _write(found, buffer, _sources(sources) | _units(found), is_small=True)
    stream.write(footers.sealed(buffer.getvalue()))


def _sources(names: Sequence[str]) -> dict[str, str]:
    return {footers.SOURCES: json.dumps(list(names))} if names else {}


def _units(found: Any) -> dict[str, str]:
    """Tell of rows in the footer, if each of them can be read: other featrays' files may lack something."""
    if not set(footers.COLUMNS) <= set(found.schema.names):
        return {}
    if any(name not in found.schema.names or found.column(name).null_count for name in schema.REQUIRED):
        return {}
    return footers.metadata(found.select(footers.COLUMNS).to_pylist())


def _write(found: Any, stream: Any, keys: Mapping[str, str], *, is_small: bool) -> None:
    with pq.ParquetWriter(
        stream,
        found.schema,
        compression="zstd",
        use_dictionary=not is_small,
        write_statistics=not is_small,
        store_schema=not is_small,
        write_page_checksum=True,
    ) as writer:
        writer.write_table(found, row_group_size=GROUP_ROWS)
        writer.add_key_value_metadata(keys)
