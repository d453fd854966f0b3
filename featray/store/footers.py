"""Footers: the keys of a small file's rows, found without parsing the descriptions of its 95 columns.

A file of a few rows carries their keys as JSON in the parquet footer's own key-value metadata, where Arrow puts its
schema too. Finding it there takes a tenth of the time that opening the file as parquet takes, which counts when a
submit has left ten thousand files. Files without it are read as any other.

A compacted file names the files that it was made of, which a compaction that was killed may have left behind.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

KEY = "featray.units"
SOURCES = "featray.sources"
COLUMNS = (
    "schema_version",
    "sweep",
    "run_id",
    "cell_id",
    "target_id",
    "invocation",
    "attempt",
    "status",
    "started_at",
)
_MAGIC = b"PAR1"
_VALUE_FIELD = 0x18  # Thrift's compact protocol: the next field, of type binary

Unit = Mapping[str, Any]
"""`COLUMNS` of one row."""


def metadata(records: Iterable[Unit]) -> dict[str, str]:
    """Write the keys of a file's rows as metadata for its footer."""
    return {KEY: json.dumps([[record[name] for name in COLUMNS] for record in records])}


def units(content: bytes) -> list[Unit] | None:
    """Find the keys of a file's rows; None when it does not carry them or is damaged there.

    Args:
        content: The whole file.
    """
    start = content.rfind(KEY.encode())
    if start < 0 or not content.endswith(_MAGIC):
        return None
    text = _string(content, start + len(KEY))
    try:
        found = json.loads(text or b"null")
        return [dict(zip(COLUMNS, values, strict=True)) for values in found]
    except (ValueError, TypeError):
        return None


def sources(keys: Mapping[bytes, bytes] | None) -> list[str]:
    """Read from a footer's key-value metadata which files this one was made of; none where it does not say."""
    try:
        found = json.loads((keys or {}).get(SOURCES.encode(), b"[]"))
    except ValueError:
        return []
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []


def agrees(unit: Unit, equal: Mapping[str, Any]) -> bool:
    """Tell whether a row's keys have the values asked for."""
    return all(unit[name] == value for name, value in equal.items())


def _string(content: bytes, position: int) -> bytes | None:
    """Read the value that follows a key: a field header, the length as a varint, the bytes."""
    if content[position] != _VALUE_FIELD:
        return None
    length, shift = 0, 0
    for index, byte in enumerate(content[position + 1 : position + 6], start=position + 2):
        length |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return content[index : index + length]
    return None
