"""Footers: what resume needs of a small file's rows, found without parsing the descriptions of its 95 columns.

A file of a few rows carries their keys, statuses and times as JSON in the parquet footer's own key-value metadata,
where Arrow puts its schema too. Of 2000 such files, `read` took 6.8 s of processor time and `keys` 0.2 s, which counts
when a submit has left ten thousand. A checksum over the whole file stands beside it: a row that damage has made
unreadable is not told of as if it were there. Files without both are read as any other.

A compacted file names the files that it was made of, which a compaction that was killed may have left behind.
"""

import json
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

KEY = "featray.units"
SOURCES = "featray.sources"
SEAL = "featray.crc32"
UNSEALED = "0" * 8  # hex digits; what stands there while the checksum is computed
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
    "order_index",
    "warmup_s",
    "timed_s",
)
_MAGIC = b"PAR1"
_VALUE_FIELD = b"\x18"  # Thrift's compact protocol: the next field, of type binary

FooterUnit = Mapping[str, Any]
"""`COLUMNS` of one row."""


def metadata(records: Iterable[FooterUnit]) -> dict[str, str]:
    """Write what is told of a file's rows as metadata for its footer; the file is then to be `sealed`."""
    return {KEY: json.dumps([[record[name] for name in COLUMNS] for record in records]), SEAL: UNSEALED}


def sealed(content: bytes) -> bytes:
    """Write a file's checksum into its footer, where the file has a place for it."""
    found = _value(content, SEAL)
    if found is None or content[found] != UNSEALED.encode():
        return content
    return content[: found.start] + f"{zlib.crc32(content):08x}".encode() + content[found.stop :]


def is_whole(content: bytes) -> bool:
    """Tell whether a file is, byte for byte, as it was sealed."""
    found = _value(content, SEAL)
    if found is None or not content.endswith(_MAGIC):
        return False
    return content == sealed(content[: found.start] + UNSEALED.encode() + content[found.stop :])


def units(content: bytes) -> list[FooterUnit] | None:
    """Find what a file tells of its rows; None when it does not, or is not as it was written.

    Args:
        content: The whole file.
    """
    found = _value(content, KEY)
    if found is None or not is_whole(content):
        return None
    try:
        return [dict(zip(COLUMNS, values, strict=True)) for values in json.loads(content[found])]
    except (ValueError, TypeError):
        return None


def sources(keys: Mapping[bytes, bytes] | None) -> list[str]:
    """Read from a footer's key-value metadata which files this one was made of; none where it does not say."""
    try:
        found = json.loads((keys or {}).get(SOURCES.encode(), b"[]"))
    except ValueError:
        return []
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []


def agrees(unit: FooterUnit, equal: Mapping[str, Any]) -> bool:
    """Tell whether a row's keys have the values asked for."""
    return all(unit[name] == value for name, value in equal.items())


def _value(content: bytes, key: str) -> slice | None:
    """Find the value that follows a key: after a field header and the length as a varint."""
    position = content.rfind(key.encode()) + len(key)
    if position < len(key) or content[position : position + 1] != _VALUE_FIELD:
        return None
    length, shift = 0, 0
    for index, byte in enumerate(content[position + 1 : position + 6], start=position + 2):
        length |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return slice(index, index + length)
    return None
