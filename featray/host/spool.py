"""Spool: rows on the host that measured them, from the moment they exist until the store has them.

A row is written to a temporary file, synced and renamed before the child may start its next cell, so whatever dies
afterwards costs no measurement. One folder per store, one file per row key; writing a row again replaces it.
"""

import contextlib
import hashlib
from collections.abc import Sequence
from pathlib import Path

from featray.core import row as rows
from featray.core.files import write_whole
from featray.core.row import Row


def folder(cache: Path, store: str) -> Path:
    """Find the spool of a store on this host."""
    return cache / "spool" / hashlib.sha256(store.encode()).hexdigest()[:16]


def write(place: Path, row: Row) -> Path:
    """Put a row on disk; when this returns it survives a power cut.

    Raises:
        OSError: the disk is full or cannot be written.
    """
    final = place / _name(row)
    write_whole(final, rows.to_json(row), durable=True)
    return final


def pending(place: Path) -> list[Row]:
    """Read every whole row that waits, oldest first.

    A file that goes meanwhile was stored; one that is damaged, or that this user may not read, stays where it is and
    keeps no other from being read.
    """
    if not place.is_dir():
        return []
    found: list[tuple[float, Row]] = []
    for path in place.glob("*.json"):
        with contextlib.suppress(OSError, ValueError):
            found.append((path.stat().st_mtime, rows.from_json(path.read_text(encoding="utf-8"))))
    return [row for _, row in sorted(found, key=lambda entry: entry[0])]


def forget(place: Path, spooled: Sequence[Row]) -> None:
    """Drop rows that the store has; what cannot be dropped is found again, and known by its key."""
    for row in spooled:
        with contextlib.suppress(OSError):
            (place / _name(row)).unlink()


def _name(row: Row) -> str:
    return hashlib.sha256(repr(row.key()).encode()).hexdigest()[:24] + ".json"
