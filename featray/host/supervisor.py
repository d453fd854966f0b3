"""Supervisor: runs one invocation on its own host to the end, also when the child dies or hangs.

Flow: backend (a Ray task, or this process) -> `supervise` -> `child_run`, or `joint_run` for several processes side by
side -> events for the driver.
The host's lease is held from before the first child until after the last. A row is in the host's spool before the next
cell may start. A child that dies costs the cell that it was measuring; a new child measures the rest.
"""

from collections.abc import Generator, Iterator, Mapping
from typing import Any

from featray.core.cell import cell_id
from featray.core.events import EventKind, PlainEvent
from featray.core.invocation import Invocation, from_mapping
from featray.core.row import Row, to_json
from featray.host import child_run, joint_run, lease, spool
from featray.host.child import ParentWatch
from featray.host.child_run import Shared
from featray.measurement import ffmpeg, provenance, weights


def supervise(
    request: Mapping[str, Any], *, watch_parent: bool = False, tells_idle: bool = False
) -> Iterator[PlainEvent]:
    """Run an invocation to its end.

    Args:
        request: `invocation` (as `invocation.to_mapping` writes it), `store` (names the spool) and `holder` (shown to
            others who wait for this host).
        watch_parent: End everything when this process's parent ends: for Ray workers.
        tells_idle: Yield an event also while nothing happens, for a driver that has other work in this process.

    Yields:
        Events as plain values; the last is `ended`.
    """
    yield {"kind": EventKind.BEGUN}  # the next step may take long: another process has the host
    invocation = from_mapping(request["invocation"])
    cache = weights.featray_cache()
    host = provenance.describe_host()
    watch = ParentWatch() if watch_parent else None
    try:
        held = yield from _wait_for_lease(invocation, host["host_id"], request["holder"])
        try:
            yield from _measure(
                Shared(
                    invocation=invocation,
                    spool=spool.folder(cache, request["store"]),
                    cache=cache,
                    host=host,
                    libraries=ffmpeg.find(cache),
                    lease=held,
                    watch=watch,
                    tells_idle=tells_idle,
                )
            )
        finally:
            lease.release(held)
    finally:
        if watch is not None:
            watch.stop()
    yield {"kind": EventKind.ENDED}


def _wait_for_lease(invocation: Invocation, host_id: str, holder: str) -> Generator[PlainEvent, None, lease.Lease]:
    for state in lease.acquire(host_id, invocation.target_id, exclusive=invocation.exclusive, holder=holder):
        if isinstance(state, lease.Lease):
            return state
        yield {"kind": EventKind.WAITING, "text": state}
    raise AssertionError("acquire ends with a lease")


def _measure(shared: Shared) -> Iterator[PlainEvent]:
    """Run children until every cell has a row."""
    unfinished = {cell_id(cell): cell for cell in shared.invocation.cells}
    is_joint = shared.invocation.cells[0].processes > 1 or bool(shared.invocation.gpus)
    run = joint_run.run if is_joint else child_run.run
    while unfinished:
        count_before = len(unfinished)
        for event in run(shared, dict(unfinished)):
            if event["kind"] == EventKind.ROW:
                row: Row = event["row"]
                unfinished.pop(row.cell_id, None)
                yield {**event, "row": to_json(row)}
            else:
                yield event
        if len(unfinished) == count_before:  # cannot happen: `run` gives a row for at least one cell
            raise RuntimeError(f"{shared.invocation.name}: a child ended without a row for any of its cells")
