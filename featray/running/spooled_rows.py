"""Spooled rows: rows that reach the store without an event of this submit, from a host's disk or a job's log.

Flow: spools of a backend -> `store_spooled`; events in a log -> `store_reported`; both -> store -> `announce`.
"""

import logging
from collections.abc import Iterable, Sequence

from featray import store
from featray.backends import Backend
from featray.core.events import PlainEvent
from featray.core.row import Row
from featray.core.status import Status, precedence
from featray.core.stored_unit import BegunUnit, StoredUnit
from featray.running import claims, kept_outputs, logged_event
from featray.running.progress import Progress, Watch

_log = logging.getLogger("featray")


def announce(rows: Iterable[Row], run_id: str, watch: Watch) -> None:
    """Give rows that came without an event to the watcher, who may have a store of their own."""
    for stored in rows:
        is_own = stored.run_id == run_id
        watch(Progress(row=stored if is_own else None, other=None if is_own else stored))


def store_spooled(results: str, backend: Backend, *, own: str | None = None) -> list[Row]:
    """Store the rows that wait in the hosts' spools, such as those of a killed driver; return those that are new.

    Rows that a live driver measures now wait there too, until it has stored them. They are left to it.

    Args:
        results: Store.
        backend: Whose hosts are asked.
        own: The sweep that the caller has claimed, if any.

    Raises:
        StoreError: the store cannot be read or written.
        HeadGone: the head is gone.
    """
    if (spool := store.spool_name(results)) is None:
        return []
    collected, problems = logged_event.read_rows([{"row": vars(entry)} for entry in backend.collect(spool)], "row")
    for problem in problems:
        _log.warning("a host's spool: %s", problem)
    if not collected:
        return []
    with claims.collecting(results):
        # What a driver stored before it gave up its claim is among the keys, which are read after the claims.
        claimed = {name for name in {entry.sweep for entry in collected} - {own} if claims.is_claimed(results, name)}
        waiting = [entry for entry in collected if entry.sweep not in claimed]
        if not waiting:
            return []
        wanted = without_removed_runs(results, waiting)
        kept_outputs.keep(results, backend.collect_outputs(spool, wanted))
        fresh = new_rows(wanted, store.keys(results, every_attempt=True).units)
        if fresh:
            store.append(results, fresh)
        backend.forget(spool, waiting)
        return fresh


def find_begun(results: str, backend: Backend) -> Sequence[BegunUnit]:
    """List what hosts began for a store and whose end they did not see, as where a cell took its host down.

    Hosts may share a spool, and then give the same.

    Raises:
        HeadGone: the head is gone.
    """
    spool = store.spool_name(results)
    return () if spool is None else tuple(dict.fromkeys(backend.collect_begun(spool)))


def store_reported(results: str, events: Iterable[PlainEvent]) -> int:
    """Store the rows of a log's events that this store lacks; return their number.

    There are some where this store and the head's lie on different disks.
    """
    reported = _list_reported(events)
    if not reported:
        return 0
    runs = {reported_row.run_id for reported_row in reported}
    stored = [unit for run in runs for unit in store.keys(results, run_id=run, every_attempt=True).units]
    fresh = new_rows(without_removed_runs(results, reported), stored)
    if fresh:
        store.append(results, fresh)
    return len(fresh)


def _list_reported(events: Iterable[PlainEvent]) -> list[Row]:
    return logged_event.read_rows(events, *logged_event.ROWS)[0]  # `submit_status` tells what is set aside


def count_absent_outputs(results: str, events: Iterable[PlainEvent]) -> int:
    """Count the units of a log's events whose output the head kept and this store lacks.

    A log holds rows alone: the outputs of a run may be a hundred megabytes, and each look at a submit reads its log.
    """
    kept = store.outputs.KeptOutputs(results)
    first = [each for each in _list_reported(events) if each.invocation == 1 and each.output_sums is not None]
    absent = [each for each in without_removed_runs(results, first) if not kept.has(each)]
    return len({(each.run_id, each.cell_id, each.target_id) for each in absent if each.status == Status.OK})


def without_removed_runs(results: str, rows: Sequence[Row]) -> list[Row]:
    """Leave out the rows of runs that were removed from the store."""
    removed = {run for run in {row.run_id for row in rows} if store.is_removed(results, run)}
    return [row for row in rows if row.run_id not in removed]


def new_rows(rows: Iterable[Row], stored: Iterable[StoredUnit]) -> list[Row]:
    """Keep the rows that a store lacks, each once, and those that outrank the store's row of the same attempt.

    A host may have measured what the driver took for lost, and a cancelled attempt is made again.
    """
    ranks = {row.key(): precedence(row.status, row.attempt) for row in stored}
    latest = {row.key(): row for row in rows}
    return [row for key, row in latest.items() if key not in ranks or precedence(row.status, row.attempt) > ranks[key]]
