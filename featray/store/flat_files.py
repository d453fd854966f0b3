"""Flat files: rows as a parquet file without maps, for tools that have none.

Flow: rows -> `encode` -> `api.export_dataset`. Maps become JSON texts; all else is as in the store.
"""

import io
import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from featray.core.row import Row
from featray.store import schema

FLAT = pa.schema([(field.name, pa.string() if pa.types.is_map(field.type) else field.type) for field in schema.SCHEMA])


def encode(rows: Sequence[Row]) -> bytes:
    """Write rows as a parquet file; the same rows give the same bytes."""
    records = [{name: _flat(value) for name, value in vars(row).items()} for row in rows]
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(records, schema=FLAT), stream, compression="zstd")
    return stream.getvalue()


def _flat(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
