"""Kept outputs: what one call of each unit returned, as one parquet file per unit under `RESULTS/outputs/RUN_ID`.

Flow: the first invocation's last timed call -> `keep`; `find` -> `analysis.outputs` -> comparisons and reports.
A file appears whole or not at all, as the rows do, and `removal` deletes those of a run. pandas opens it:
one line per face, with `frame` and `face` (from left to right), then a column per value. The landmarks are one
column of lists, and so is the embedding; the file's metadata has the names of their members.
"""

import io
import json
import os
import urllib.parse
from array import array
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from featray.core import output_families
from featray.core.output_families import Family
from featray.core.output_table import VALUES_MAX, OutputTable
from featray.core.row import Row
from featray.store import stored_files
from featray.store.location import OUTPUTS, Location, explain_errors, locate
from featray.store.small_files import READ_ERRORS

PACKED: Mapping[Family, str] = {Family.LANDMARKS: "landmarks", Family.IDENTITY: "identity"}
"""Families with hundreds of columns -> the column that holds them as lists: a parquet column each would take 150 bytes
for a description alone."""

ROUNDING = 2**-16
"""Relative rounding of landmarks: 0.01 px at 640 px, a hundredth of what anybody could see. Their last byte is then 0,
and compresses to nothing."""

CLAIMED_MAX = 8 * VALUES_MAX
"""Values of a file that is read: thinning leaves at most `VALUES_MAX`, but for films with many faces in one frame."""

NOT_OUTPUTS = (*READ_ERRORS, KeyError, TypeError, ValueError, AttributeError, RecursionError)
"""What reading another parquet file as an output may raise."""

_NAMES = b"featray.names"
_LABELS = ("run_id", "cell_id", "target_id", "work_id", "detector", "input", "device", "batch_size", "weights")


def keep(results: str | os.PathLike[str], row: Row, table: OutputTable) -> bool:
    """Keep a unit's output; when this returns it survives a power cut.

    Args:
        results: Folder or URI.
        row: Of the invocation that gave the output.
        table: The output.

    Returns:
        False where one of the same work is there already; it stays.

    Raises:
        StoreError: the store cannot be written.
    """
    location, name = _locate(results, row.run_id), _name(row)
    if stored_files.exists(location, name):
        return False
    written = encode(row, table)
    stored_files.publish(location, name, lambda stream: stream.write(written))
    return True


def encode(row: Row, table: OutputTable) -> bytes:
    """Write the file that keeps the output of the unit that a row belongs to."""
    return _write(table, {label: str(getattr(row, label)) for label in _LABELS})


def decode(content: bytes) -> OutputTable:
    """Read an output back from `encode`.

    Raises:
        ValueError: it is no output, or was damaged.
    """
    try:
        return _read(_read_table(io.BytesIO(content)))
    except NOT_OUTPUTS as wrong:
        raise ValueError(f"not an output: {wrong}") from wrong


def find(results: str | os.PathLike[str], row: Row) -> OutputTable | None:
    """Read the output of the unit that a row belongs to; None where none was kept or it cannot be read.

    Raises:
        StoreError: the store cannot be reached.
    """
    location, name = _locate(results, row.run_id), _name(row)
    if not stored_files.exists(location, name):
        return None
    try:
        with stored_files.open_file(location, name) as stream:
            return _read(_read_table(stream))
    except (FileNotFoundError, *NOT_OUTPUTS):
        return None


class KeptOutputs:
    """The kept outputs of a store; the names of a run's files are read once."""

    def __init__(self, results: str | os.PathLike[str]) -> None:
        """Take the folder or URI; nothing is read yet."""
        self._results = results
        self._names: dict[str, frozenset[str]] = {}

    def has(self, row: Row) -> bool:
        """Return True if the output of the unit that a row belongs to was kept.

        Raises:
            StoreError: the store cannot be reached.
        """
        if row.run_id not in self._names:
            files, _ = stored_files.list_files(_locate(self._results, row.run_id))
            self._names[row.run_id] = frozenset(file.name for file in files)
        return _name(row) in self._names[row.run_id]

    def find(self, row: Row) -> OutputTable | None:
        """Read an output, as `find` does."""
        return find(self._results, row)


def delete_run(results: str | os.PathLike[str], run_id: str) -> int:
    """Delete the outputs of a run; return how many there were.

    Raises:
        StoreError: they are there and cannot be deleted.
    """
    location = _locate(results, run_id)
    files, _ = stored_files.list_files(location)
    deleted = sum(stored_files.delete(location, file.name) for file in files)
    if location.is_local and files:
        with explain_errors(location, "delete"):
            location.filesystem.delete_dir(location.folder)
    return deleted


def _locate(results: str | os.PathLike[str], run_id: str) -> Location:
    return locate(results, f"{OUTPUTS}/{_quoted(run_id)}")


def _name(row: Row) -> str:
    parts = row.cell_id, row.target_id, row.work_id or "unknown"
    return "-".join(map(_quoted, parts)) + stored_files.SUFFIX


def _quoted(text: str) -> str:
    """Write a name so that any filesystem takes it, and so that it is not hidden."""
    quoted = urllib.parse.quote(text, safe="@+=")
    return quoted if not quoted.startswith(stored_files.HIDDEN) else f"%{ord(quoted[0]):02X}{quoted[1:]}"


def _write(table: OutputTable, labels: Mapping[str, str]) -> bytes:
    groups = output_families.group(table.columns)
    packed = {PACKED[family]: names for family, names in groups.items() if family in PACKED}
    columns: dict[str, Any] = {
        "frame": pa.array(table.frames, pa.int64()),
        "face": pa.array(table.faces, pa.int32()),
    }
    own = [name for family, names in groups.items() if family not in PACKED for name in names]
    columns |= {name: pa.array(table.columns[name], pa.float32()) for name in own}
    for family, column in PACKED.items():
        if names := groups.get(family):
            columns[column] = _lists([table.columns[name] for name in names], family, len(table))
    buffer = io.BytesIO()
    whole = pa.table(columns).replace_schema_metadata({_NAMES: json.dumps(packed), "featray.unit": json.dumps(labels)})
    pq.write_table(
        whole,
        buffer,
        compression="zstd",
        use_dictionary=False,
        write_statistics=False,
        write_page_checksum=True,
        column_encoding=dict.fromkeys([*own, *(f"{name}.list.element" for name in packed)], "BYTE_STREAM_SPLIT"),
    )
    return buffer.getvalue()


def _lists(columns: Iterable["array[float]"], family: Family, count: int) -> Any:
    """Pack columns as one column of lists: landmarks rounded, embeddings as 16-bit floats."""
    import numpy as np

    matrix = np.array([np.frombuffer(column, dtype=np.float32) for column in columns]).T.reshape(count, -1)
    width = matrix.shape[1]
    if family is Family.IDENTITY:
        values = pa.array(matrix.astype(np.float16).ravel())
    else:
        bits = np.ascontiguousarray(matrix).view(np.uint32)
        is_number = np.isfinite(matrix)
        rounded = np.where(is_number, (bits + np.uint32(0x80)) & np.uint32(0xFFFFFF00), bits)
        values = pa.array(rounded.astype(np.uint32).view(np.float32).ravel())
    return pa.FixedSizeListArray.from_arrays(values, width)


def _read_table(stream: Any) -> Any:
    """Read a file whole, unless it claims more values than any output has: kilobytes can decode to gigabytes."""
    with pq.ParquetFile(stream, page_checksum_verification=True) as parquet:
        groups = [parquet.metadata.row_group(index) for index in range(parquet.metadata.num_row_groups)]
        count = sum(group.column(index).num_values for group in groups for index in range(group.num_columns))
        if count > CLAIMED_MAX:
            raise ValueError(f"it claims {count} values")
        return parquet.read()


def _read(stored: Any) -> OutputTable:
    packed: Mapping[str, list[str]] = json.loads(stored.schema.metadata[_NAMES])
    columns: dict[str, array[float]] = {}
    for name in stored.column_names:
        if name in packed:
            columns |= _unpacked(stored.column(name), packed[name], stored.num_rows)
        elif name not in ("frame", "face"):
            columns[name] = _floats(stored.column(name).to_numpy())
    return OutputTable(
        frames=stored.column("frame").to_pylist(), faces=stored.column("face").to_pylist(), columns=columns
    )


def _unpacked(column: Any, names: list[str], count: int) -> "dict[str, array[float]]":
    import numpy as np

    flat = column.combine_chunks().flatten().to_numpy(zero_copy_only=False).astype(np.float32)
    matrix = flat.reshape(count, len(names))
    return {name: _floats(matrix[:, index]) for index, name in enumerate(names)}


def _floats(values: Any) -> "array[float]":
    numbers = array("f")
    numbers.frombytes(values.astype("float32").tobytes())
    return numbers
