"""Spool: rows on the host that measured them, from the moment they exist until the store has them.

Flow: `child_run.keep` -> `write`; a backend's `collect` -> `pending`; a backend's `forget` -> `forget`;
`ChildProgress` -> `Mark`; a backend's `collect_begun` -> `begun`.
A row is on disk before the child may start its next cell, so a later crash costs no measurement. One folder per store,
one file per row key; a row that is written again replaces the first.
What a child begins has a mark here until it ends. A mark is left where this host or its driver went down; a later row
of its unit makes it void (`planning.plan`).
"""

import contextlib
import hashlib
import json
import os
import secrets
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from featray.core.files import why_unwritable, write_whole
from featray.core.output_table import PlainOutput
from featray.core.row import Row, from_json, to_json
from featray.core.stored_unit import BegunUnit
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


MARK = ".begun"  # end of a mark's name
MARK_KEPT_S = 30 * 86400.0  # a sweep that was not continued for a month

KEPT_OUTPUT = "output"
"""Key of the output in a spooled row's JSON; `row.from_json` passes over it."""


def write(place: Path, row: Row, output: PlainOutput | None = None) -> Path:
    """Put a row on disk, with the output to keep; once this returns, both survive a power cut.

    Raises:
        OSError: the disk is full or cannot be written.
    """
    file = place / _name(row)
    kept = "" if output is None else f', "{KEPT_OUTPUT}": {json.dumps(output)}}}'
    write_whole(file, to_json(row) if output is None else to_json(row)[:-1] + kept, durable=True)
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


def pending_outputs(place: Path, rows: Sequence[Row]) -> list[tuple[Row, PlainOutput]]:
    """Read the outputs of rows that wait; rows without one, or that are gone, are left out."""
    found = []
    for row in rows:
        with contextlib.suppress(OSError, ValueError):
            output = json.loads((place / _name(row)).read_text(encoding="utf-8")).get(KEPT_OUTPUT)
            if output is not None:
                found.append((row, output))
    return found


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


class Mark:
    """What one child is at, in a file of its own; a file that cannot be written is no fault."""

    def __init__(self, place: Path) -> None:
        """Make the file, which is empty."""
        self._path = place / f"{os.getpid()}-{secrets.token_hex(4)}{MARK}"
        self._file: int | None = None
        self._is_on_disk = True
        with contextlib.suppress(OSError):
            place.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)

    def write(self, units: Sequence[BegunUnit]) -> None:
        """Write what begins now, in place of what began before. It takes some microseconds."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.write(self._file, f"{json.dumps([vars(unit) for unit in units])}\n".encode())
                self._is_on_disk = False

    def sync(self) -> None:
        """Wait until it survives a power cut. That may take longer than a short cell, so it is for long ones."""
        if self._file is not None and not self._is_on_disk:
            self._is_on_disk = True
            with contextlib.suppress(OSError):
                os.fsync(self._file)

    def remove(self) -> None:
        """Take it away: what began has ended, whatever came of it."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
            with contextlib.suppress(OSError):
                self._path.unlink()


def begun(place: Path) -> list[BegunUnit]:
    """List what has a mark, once for each time it began; also what runs just now. Old marks are removed."""
    found: list[BegunUnit] = []
    for path in place.glob(f"*{MARK}"):
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, IndexError):
            if time.time() - path.stat().st_mtime > MARK_KEPT_S:
                path.unlink()
            found += map(_read_begun, json.loads(path.read_text(encoding="utf-8").splitlines()[-1]))
    return found


def _read_begun(record: Mapping[str, Any]) -> BegunUnit:
    texts = {name: str(record[name]) for name in ("run_id", "cell_id", "target_id", "begun_at")}
    return BegunUnit(**texts, invocation=int(record["invocation"]))


def _name(row: Row) -> str:
    return hashlib.sha256(repr(row.key()).encode()).hexdigest()[:24] + ".json"
