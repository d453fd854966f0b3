"""Writing: rows and tables as parquet files of the store, one file per call.

Flow: `Appender` for the runner, and the importers -> `append` -> `stored_files.publish`; compaction and
removal -> `write`.
"""

import io
import os
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow.parquet as pq

from featray.core import row_values
from featray.core.row import Row
from featray.store import faults, footers, schema, small_files, stored_files
from featray.store.location import locate

SMALL_ROWS = (
    64  # below this, dictionaries and statistics of 90 columns cost more than they save (1.1 instead of 0.6 ms)
)
PLAIN_B = 16 * 1024  # of a table; so few texts cannot stand for more than readers take (`small_files.REPEATED_B`)
GROUP_ROWS = 2048  # a filter reads at least this many: a few sweeps of the usual size


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
    name = stored_files.make_name("rows") if archive is None else stored_files.archive_name(archive)
    table = schema.to_table(rows)
    stored_files.publish(locate(results), name, lambda stream: write(table, stream), is_unique=archive is None)
    return name


def write(table: Any, stream: Any, *, sources: Sequence[str] = ()) -> None:
    """Write a table as parquet, with checksums of every page and of the whole file so that damage is noticed.

    Every reader takes the file: what is small on disk and large in memory is written so that it is no small file.

    Args:
        table: Rows, with any columns.
        stream: Takes bytes.
        sources: Files of the store whose every row the table holds.
    """
    metadata = footers.describe_sources(sources) if sources else {}
    is_small = table.num_rows < SMALL_ROWS
    metadata |= _describe_rows(table) if is_small else {}
    metadata |= footers.place_sound_mark(
        row_values.RULES if not is_small and faults.are_none(table) else footers.NO_RULES
    )
    content = _encode(table, metadata, is_small=is_small)
    if table.nbytes > PLAIN_B and small_files.is_refused(content):
        content = _encode(table, {footers.FILLER_KEY: " " * small_files.LIMIT_B} | metadata, is_small=is_small)
    stream.write(content)


def _encode(table: Any, metadata: Mapping[str, str], *, is_small: bool) -> bytes:
    buffer = io.BytesIO()
    _write_parquet(table, buffer, {**metadata, **footers.place_checksum()}, is_small=is_small)
    return footers.add_checksum(footers.add_sound_mark(buffer.getvalue()))


def _describe_rows(table: Any) -> dict[str, str]:
    """Describe rows for the footer, if all can be used: a table of another featray may hold others."""
    known = {field.name: field.type for field in table.schema}
    if any(known.get(name) != schema.SCHEMA.field(name).type for name in (*footers.COLUMNS, *schema.CHECKED)):
        return {}
    if any(map(schema.find_fault, schema.to_records(table.select(schema.CHECKED)))):
        return {}
    return footers.describe_rows(table.select(footers.COLUMNS).to_pylist())


def _write_parquet(table: Any, stream: Any, metadata: Mapping[str, str], *, is_small: bool) -> None:
    with pq.ParquetWriter(
        stream,
        table.schema,
        compression="zstd",
        use_dictionary=not is_small,
        write_statistics=not is_small,
        store_schema=not is_small,
        write_page_checksum=True,
    ) as writer:
        writer.write_table(table, row_group_size=GROUP_ROWS)
        writer.add_key_value_metadata(metadata)
