"""Gathering: rows that come another way than by an event of this submit, out of the hosts' spools or a job's log.

Flow: a backend's spools -> `gather` -> store -> `tell`; `detached` uses the same rules for what a job has said.
"""

from collections.abc import Iterable, Sequence

from featray import store
from featray.backends import Backend
from featray.core.row import Row
from featray.core.status import precedence
from featray.running.runner import Progress, Watch
from featray.store import UnitState


def tell(found: Iterable[Row], run_id: str, watch: Watch) -> None:
    """Give rows that came without an event to those who watch, who may keep a store of their own."""
    for row in found:
        own, other = (row, None) if row.run_id == run_id else (None, row)
        watch(Progress(event=None, done=0, total=0, left_s=None, row=own, other=other))


def gather(results: str, backend: Backend) -> list[Row]:
    """Put in the store what waits in the hosts' spools, such as the rows of a driver that was killed; return them."""
    if (spool := store.spool_name(results)) is None:
        return []
    waiting = backend.collect(spool)
    found = news(kept(results, waiting), store.keys(results, every_attempt=True).units if waiting else ())
    if found:
        store.append(results, found)
    if waiting:
        backend.forget(spool, waiting)
    return found


def kept(results: str, rows: Sequence[Row]) -> list[Row]:
    """Leave out rows of runs that were removed from the store."""
    gone = {run for run in {row.run_id for row in rows} if store.is_removed(results, run)}
    return [row for row in rows if row.run_id not in gone]


def news(rows: Iterable[Row], stored: Iterable[UnitState]) -> list[Row]:
    """Keep the rows that a store lacks, each once, and those that say more than what it has in their place.

    A row that was thought lost with its host may have been measured after all, and a cancelled attempt was made again.
    """
    known = {row.key(): precedence(row.status, row.attempt) for row in stored}
    latest = {row.key(): row for row in rows}
    return [row for key, row in latest.items() if key not in known or precedence(row.status, row.attempt) > known[key]]
