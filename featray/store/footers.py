"""Footers: the columns of a small file's rows that resume needs, read without parsing the descriptions of all columns.

Flow: `writing` -> `describe_rows`, `add_checksum` -> a file -> `read_rows` -> `resuming`.
A file of a few rows carries their keys, statuses and times as JSON in the key-value metadata of its parquet footer,
where Arrow puts its schema too. Of 2000 such files, `store.read` took 6.8 s of processor time and `store.keys` 0.2 s,
which counts when a submit has left ten thousand. Files without them are read like any other.

Every file has a checksum of all its bytes in its footer. Parquet's own checksums cover pages alone: a flipped bit in
the name of a column leaves a whole file in which that column is null. Every reader checks small files; large ones are
checked by a checkup and before a compaction.

A mark says whether all rows of a file of many were found to be without a fault, with a checksum of the footer. By it
every reader finds a large file whose footer has changed, as of one that another tool wrote again. Pages have checksums
of their own.

A compacted file names the files that were merged into it: a killed compaction may have left them behind.

When pyarrow writes a file of few rows again, it carries all of this over to other bytes. It also puts a copy into the
schema that it stores, where featray never writes any: no damage looks like that. Such a file is read like any other.
"""

import base64
import io
import json
import os
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

ROWS_KEY = "featray.units"
SOURCES_KEY = "featray.sources"
CHECKSUM_KEY = "featray.crc32"
SOUND_KEY = "featray.sound"
FILLER_KEY = "featray.filler"  # makes a file too large for a small one, where compression made it so
NO_RULES = 0  # in the mark of a file whose rows were not all found to be without a fault
NO_CHECKSUM = "0" * 8  # hex digits that hold the place while the checksum is computed
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
    "import_s",
    "load_s",
)
OLDEST = 12  # how many of `COLUMNS` every file with rows in its footer has; the others came later

_SCHEMA_KEY = "ARROW:schema"  # Arrow's own schema, with the metadata of the table; in base64
_MAGIC = b"PAR1"
_TAIL_B = 8  # behind a footer: its length and `_MAGIC`
_VALUE_FIELD = b"\x18"  # Thrift's compact protocol: the next field, of type binary

FooterRow = Mapping[str, Any]
"""`COLUMNS` of one row, or as many of the first ones as its file has."""


def describe_rows(rows: Iterable[FooterRow]) -> dict[str, str]:
    """Write rows as metadata for a footer."""
    return {ROWS_KEY: json.dumps([[row[name] for name in COLUMNS] for row in rows])}


def place_sound_mark(rules: int) -> dict[str, str]:
    """Write a mark: by these rules no row has a fault, or `NO_RULES`. `add_sound_mark` fills in its checksum."""
    return {SOUND_KEY: f"{rules}:{NO_CHECKSUM}"}


def read_footer(stream: Any) -> bytes:
    """Read a parquet file's footer, with its length and the letters at the end; less where the file is shorter."""
    size_b = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size_b - _TAIL_B))
    length = int.from_bytes(stream.read(4), "little")
    stream.seek(max(0, size_b - _TAIL_B - length))
    return bytes(stream.read())


def has_sound_mark(footer: bytes, rules: int) -> bool:
    """Return True for a footer with the mark, by these rules, that is as it was when the mark was added."""
    span = _find_value(footer, SOUND_KEY)
    if span is None:
        return False
    found_rules, _, checksum = footer[span].partition(b":")
    return (found_rules, checksum) == (str(rules).encode(), _sum_footer(footer))


def is_footer_changed(footer: bytes) -> bool:
    """Return True for a footer that is not as it was when its mark was added; False where it has no mark of its own."""
    span = _find_value(footer, SOUND_KEY)
    is_as_it_was = span is None or footer[span].rpartition(b":")[2] == _sum_footer(footer)
    return not is_as_it_was and not is_rewritten(footer)


def _sum_footer(footer: bytes) -> bytes:
    """Give the checksum of a footer without those that it holds."""
    for key in (SOUND_KEY, CHECKSUM_KEY):
        span = _find_value(footer, key)
        if span is not None:
            footer = footer[: span.stop - len(NO_CHECKSUM)] + NO_CHECKSUM.encode() + footer[span.stop :]
    return f"{zlib.crc32(footer):08x}".encode()


def add_sound_mark(content: bytes) -> bytes:
    """Write the checksum of a file's footer into its mark, where it has one; before `add_checksum`."""
    footer = read_footer(io.BytesIO(content))
    span = _find_value(footer, SOUND_KEY)
    if span is None:
        return content
    stop = len(content) - len(footer) + span.stop
    return content[: stop - len(NO_CHECKSUM)] + _sum_footer(footer) + content[stop:]


def place_checksum() -> dict[str, str]:
    """Write metadata with a place for the checksum that `add_checksum` fills; it must be the footer's last."""
    return {CHECKSUM_KEY: NO_CHECKSUM}


def add_checksum(content: bytes) -> bytes:
    """Write a file's checksum into its footer, where the footer has an empty place for it."""
    span = _find_value(content, CHECKSUM_KEY)
    if span is None or content[span] != NO_CHECKSUM.encode():
        return content
    return content[: span.start] + f"{zlib.crc32(content):08x}".encode() + content[span.stop :]


def is_whole(content: bytes) -> bool:
    """Return True for a file that is, byte for byte, as it was when its checksum was added."""
    span = _find_value(content, CHECKSUM_KEY)
    if span is None or not content.endswith(_MAGIC):
        return False
    return content == add_checksum(content[: span.start] + NO_CHECKSUM.encode() + content[span.stop :])


def is_changed(content: bytes) -> bool:
    """Return True for a file that has changed since its checksum was added; False where it has none of its own."""
    return _find_value(content, CHECKSUM_KEY) is not None and not is_whole(content) and not is_rewritten(content)


def is_rewritten(content: bytes) -> bool:
    """Return True for a file, or a footer, that another tool wrote with the metadata of one of featray's."""
    span = _find_value(content, _SCHEMA_KEY)
    return span is not None and content.endswith(_MAGIC) and _has_metadata(content[span])


def _has_metadata(arrow_schema: bytes) -> bool:
    """Return True for a schema, in base64, of a table that was read from a file of featray."""
    try:
        return CHECKSUM_KEY.encode() in base64.b64decode(arrow_schema, validate=True)
    except ValueError:
        return False


def read_rows(content: bytes) -> list[FooterRow] | None:
    """Read the rows that a file's footer describes; None when it describes none or the file has changed.

    Args:
        content: The whole file.
    """
    span = _find_value(content, ROWS_KEY)
    if span is None or not is_whole(content):
        return None
    try:
        return [_name(values) for values in json.loads(content[span])]
    except (ValueError, TypeError):
        return None


def _name(values: Sequence[Any]) -> FooterRow:
    if not OLDEST <= len(values) <= len(COLUMNS):
        raise ValueError(f"{len(values)} values of {len(COLUMNS)} columns")
    return dict(zip(COLUMNS, values, strict=False))


def describe_sources(names: Iterable[str]) -> dict[str, str]:
    """Write the names of the files that were merged into a file as metadata for its footer."""
    return {SOURCES_KEY: json.dumps(list(names))}


def read_sources(metadata: Mapping[bytes, bytes] | None) -> list[str]:
    """Read the names of the files that were merged into a file from its footer's metadata.

    Returns:
        Empty where it has none, and of a file that another tool wrote: it may have left rows out.
    """
    found = metadata or {}
    if _has_metadata(found.get(_SCHEMA_KEY.encode(), b"")):
        return []
    try:
        names = json.loads(found.get(SOURCES_KEY.encode(), b"[]"))
    except ValueError:
        return []
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def has_values(row: FooterRow, key_values: Mapping[str, Any]) -> bool:
    """Return True for a row with these values in these columns."""
    return all(row[name] == value for name, value in key_values.items())


def _find_value(content: bytes, key: str) -> slice | None:
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
