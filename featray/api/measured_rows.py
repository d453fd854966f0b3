"""Measured rows: all rows of a store that were measured, and what of it could not be read.

Flow: store -> `read` -> `recommend`, `estimate`, which name the problems also where they find nothing (`naming`).
"""

import contextlib
from collections.abc import Iterable, Iterator

from featray import store
from featray.errors import NothingMatches
from featray.store import Reading


def read(results: str) -> Reading:
    """Read every attempt that was measured, none that was replayed.

    Raises:
        NothingMatches: there are no rows, or all are replayed.
        StoreError: the store, or everything in it, cannot be read.
    """
    reading = store.read(results, every_attempt=True, one_summary=True)
    if not reading.rows:
        raise store.explain_no_rows(results, reading.problems)
    rows = tuple(row for row in reading.rows if not row.is_replayed)
    if reading.rows and not rows:
        raise NothingMatches(f"{store.display_name(results)}: all rows are replayed, so nothing was measured")
    return Reading(rows, reading.problems)


@contextlib.contextmanager
def naming(left_out: Iterable[str]) -> Iterator[None]:
    """Name what was left out, such as rows that cannot be read, where nothing is found: it may be what was meant."""
    try:
        yield
    except NothingMatches as wrong:
        lines = "".join(f"\n  left out: {each}" for each in dict.fromkeys(left_out))
        raise NothingMatches(f"{wrong}{lines}") from None
