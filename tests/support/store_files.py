"""Files of a store as anybody could lay them there, and what the store makes of them."""

import dataclasses
import io
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from featray import store
from featray.core.row import Row
from featray.store import schema, small_files, stored_files
from featray.store.location import locate
from tests.support.builders import make_row


def append_invocations(results: str, count: int, **changes: Any) -> list[Row]:
    """Append rows of so many invocations, each in a file of its own."""
    rows = [make_row(**{"invocation": number, **changes}) for number in range(1, count + 1)]
    for row in rows:
        store.append(results, [row])
    return rows


def append_large(results: str, **changes: Any) -> str:
    """Append a file of a hundred rows that readers do not take for a small one; return its name."""
    texts = random.Random(1)
    rows = [make_row(invocation=number, reason=texts.randbytes(1500).hex(), **changes) for number in range(1, 101)]
    name = store.append(results, [*rows, make_row(run_id="demo-2")])
    assert len(read_bytes(results, name)) > small_files.LIMIT_B
    return name


def put_file(results: str, name: str, content: bytes) -> None:
    """Write a file into the store's folder."""
    location = locate(results)
    if location.is_local:
        Path(location.folder).mkdir(parents=True, exist_ok=True)
    with location.filesystem.open_output_stream(location.path(name)) as stream:
        stream.write(content)


def list_names(results: str) -> list[str]:
    """List the names of the store's parquet files."""
    return [file.name for file in stored_files.list_files(locate(results))[0]]


def read_bytes(results: str, name: str) -> bytes:
    """Read a file of the store."""
    location = locate(results)
    with location.filesystem.open_input_file(location.path(name)) as stream:
        return bytes(stream.read())


def read_table(results: str, name: str) -> Any:
    """Read a file of the store as a table of whatever columns it has."""
    return pq.read_table(io.BytesIO(read_bytes(results, name)))


def to_parquet(table: Any, **options: Any) -> bytes:
    """Write a table as the bytes of a parquet file."""
    stream = io.BytesIO()
    pq.write_table(table, stream, **options)
    return stream.getvalue()


def flip_bits(content: bytes, position: int, mask: int = 0xFF) -> bytes:
    """Flip the bits of `mask` in one byte."""
    damaged = bytearray(content)
    damaged[position] ^= mask
    return bytes(damaged)


def of_schema(row: Row, version: int) -> Row:
    """Make a row of another schema, as a table of it holds it."""
    return dataclasses.replace(row, schema_version=version)


def with_columns(row: Row, columns: Mapping[str, Any]) -> bytes:
    """Write a row as a featray that knows more columns would."""
    table = schema.to_table([row])
    for name, value in columns.items():
        table = table.append_column(name, pa.array([value]))
    return to_parquet(table)


def assert_keys_agree(results: str) -> None:
    """Check that `keys` gives the same rows as `read`, in the same order, and names the same files."""
    for every_attempt in (False, True):
        read = store.read(results, every_attempt=every_attempt)
        keys = store.keys(results, every_attempt=every_attempt)
        assert [unit.key() for unit in keys.units] == [row.key() for row in read.rows]
        for unit, row in zip(keys.units, read.rows, strict=True):
            assert vars(unit).items() <= vars(row).items()
        assert {problem.file for problem in keys.problems} == {problem.file for problem in read.problems}


def leave_killed_compaction(results: str) -> tuple[str, ...]:
    """Leave what a compaction leaves that is killed before it deletes: its new files, and those that it merged.

    Returns:
        Names of the new files.
    """
    before = {name: read_bytes(results, name) for name in list_names(results)}
    store.compact(results)
    new = tuple(name for name in list_names(results) if name not in before)
    for name, content in before.items():
        put_file(results, name, content)
    return new
