"""Spool: rows on the host that measured them, from the moment they exist until the store has them.

Flow: `supervisor` -> `write`; a backend's `collect` -> `pending`; a backend's `forget` -> `forget`.
A row is on disk before the child may start its next cell, so a later crash costs no measurement. One folder per store,
one file per row key; a row that is written again replaces the first.
"""

import contextlib
import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

from featray.core.files import why_unwritable, write_whole
from featray.core.row import Row, from_json, to_json
from featray.errors import BackendError

ABANDONED_S = 3600.0  # a row is written within seconds; an hour also allows for the clock of a file server


def folder(cache: Path, store: str) -> Path:
    """Return the spool of a store on this host."""
    return cache / "spool" / hashlib.sha256(store.encode()).hexdigest()[:16]


def check_folder(cache: Path) -> None:
    """Check featray's folder on this host, before anything starts.

    Raises:
        BackendError: nothing can be written there.
    """
    if reason := why_unwritable(cache):
        raise BackendError(f"{cache} cannot be written ({reason}): name another folder in FEATRAY_CACHE")


def write(place: Path, row: Row) -> Path:
    """Put a row on disk; once this returns, the row survives a power cut.

    Raises:
        OSError: the disk is full or cannot be written.
    """
    file = place / _name(row)
    write_whole(file, to_json(row), durable=True)
    return file


def pending(place: Path) -> list[Row]:
    """Read every whole row that waits, oldest first; remove what writers that were killed have left half-written.

    A file that disappears meanwhile was stored. A damaged file, or one that this user may not read, stays where it is
    and does not keep the others from being read.
    """
    if not place.is_dir():
        return []
    _remove_abandoned(place)
    dated: list[tuple[float, Row]] = []
    for path in place.glob("*.json"):
        with contextlib.suppress(OSError, ValueError):
            dated.append((path.stat().st_mtime, from_json(path.read_text(encoding="utf-8"))))
    return [row for _, row in sorted(dated, key=lambda entry: entry[0])]


def _remove_abandoned(place: Path) -> None:
    for path in place.glob(".*.tmp"):  # as `files.write_whole` names them
        with contextlib.suppress(OSError):  # finished meanwhile, or of another user
            if time.time() - path.stat().st_mtime > ABANDONED_S:
                path.unlink()


def forget(place: Path, stored: Sequence[Row]) -> None:
    """Drop rows that the store has. A row that cannot be dropped is collected again; the store knows its key."""
    for row in stored:
        with contextlib.suppress(OSError):
            (place / _name(row)).unlink()


def _name(row: Row) -> str:
    return hashlib.sha256(repr(row.key()).encode()).hexdigest()[:24] + ".json"
