"""Supervisor: runs one invocation on its own host, whatever happens to the child.

Flow: backend (a Ray task, or this process) -> `supervise` -> child processes -> events.
The host's lock is held from before the first child until after the last. A row is in the host's spool before the next
cell may start. A child that dies costs the cell it was measuring; a new child goes on with the rest.
"""

import dataclasses
import errno
import os
import signal
import time
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

from featray.core import clock, inputs, wording
from featray.core import invocation as invocations
from featray.core import row as rows
from featray.core.cell import Cell, cell_id
from featray.core.events import EventKind, PlainEvent
from featray.core.invocation import Invocation
from featray.core.row import Row
from featray.core.status import Status
from featray.host import cgroup, clips, environments, lease, spool, venvs
from featray.host.child import Child, Garbled, ParentWatch, describe_exit
from featray.measurement import ffmpeg, provenance, weights

TICK_S = 0.5  # how long one wait for the child lasts at most

SHARED_END_S = 1.5  # Ray and `ParentWatch` kill children first: this process then ends before it blames the child

_Fate = tuple[Status, str] | None
"""What ended a child that did not end well, and why."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Supervised:
    """Everything the children of one invocation share."""

    invocation: Invocation
    spool: Path
    cache: Path
    context: Mapping[str, Any]
    libraries: ffmpeg.Libraries
    held: lease.Held
    watch: ParentWatch | None


def supervise(request: Mapping[str, Any], *, watch_parent: bool = False) -> Iterator[PlainEvent]:
    """Run an invocation to its end.

    Args:
        request: `invocation` (as `invocation.to_mapping` writes it), `store` (names the spool) and `holder` (shown to
            others who wait for this host).
        watch_parent: End everything when this process's parent goes: for Ray workers.

    Yields:
        Events as plain values; the last is `ended`.
    """
    yield {"kind": EventKind.BEGUN}  # what comes next may take long: an environment is built, another holds the host
    invocation = invocations.from_mapping(request["invocation"])
    cache = weights.featray_cache()
    context = provenance.host_context()
    watch = ParentWatch() if watch_parent else None
    try:
        for state in lease.acquire(
            context["host_id"], invocation.target_id, exclusive=invocation.exclusive, holder=request["holder"]
        ):
            if isinstance(state, lease.Held):
                held = state
            else:
                yield {"kind": EventKind.WAITING, "text": state}
        try:
            job = _Supervised(
                invocation=invocation,
                spool=spool.folder(cache, request["store"]),
                cache=cache,
                context=context,
                libraries=ffmpeg.find(cache),
                held=held,
                watch=watch,
            )
            yield from _measure(job)
        finally:
            lease.release(held)
    finally:
        if watch is not None:
            watch.stop()
    yield {"kind": EventKind.ENDED}


def _measure(job: _Supervised) -> Iterator[PlainEvent]:
    """Run children until every cell has a row."""
    open_ = {cell_id(cell): cell for cell in job.invocation.cells}
    while open_:
        before = len(open_)
        for said in _run_child(job, dict(open_)):
            if said["kind"] == EventKind.ROW:
                row: Row = said["row"]
                open_.pop(row.cell_id, None)
                yield {**said, "row": rows.to_json(row)}
            else:
                yield said
        if len(open_) == before:  # cannot happen: _run_child gives a row for at least one cell
            raise RuntimeError(f"{job.invocation.name}: a child ended without a row for any of its cells")


@dataclasses.dataclass
class _ChildProgress:
    """What one child has done so far."""

    remaining: dict[str, Cell]  # by cell_id
    current: Cell | None = None
    started_at: str = ""
    deadline: float = 0.0
    rows: int = 0
    kills: int | None = None  # out-of-memory kills of this cgroup when the child was started


def _run_child(job: _Supervised, open_: dict[str, Cell]) -> Iterator[PlainEvent]:
    """Run one child over the open cells; when it dies, give the cell that it was at its row."""
    files: dict[str, list[str]] = {}
    for id_, cell in list(open_.items()):
        try:
            files[id_] = [str(path) for path in resolve(cell.input, job.cache)]
        except OSError as missing:
            del open_[id_]
            yield _row(job, cell, Status.UNSUPPORTED, str(missing), clock.utc_now())
    if not open_:
        return
    try:
        command = [
            venvs.interpreter(next(iter(open_.values())).requirements, job.cache),
            "-P",
            "-m",
            "featray.measurement",
        ]
    except OSError as missing:
        yield from _unsupported(job, open_, missing)
        return
    try:
        child = Child(command, env=_variables(job), request=_request(job, open_, files), keep=job.held.files)
    except OSError as wrong:
        if wrong.errno not in NO_PROGRAM:
            raise  # no memory, no processes, no files: another time there may be
        yield from _unsupported(job, open_, wrong)
        return
    if job.watch is not None:
        job.watch.child_pid = child.pid
    try:
        yield from _attend(job, child, _ChildProgress(open_, started_at=clock.utc_now(), deadline=0.0))
    finally:
        child.close()


NO_PROGRAM = (errno.ENOENT, errno.EACCES, errno.ENOEXEC)
"""What comes of an interpreter that is not there, or is of another architecture, as in a cache that hosts share."""


def _unsupported(job: _Supervised, open_: Mapping[str, Cell], wrong: OSError) -> Iterator[PlainEvent]:
    for cell in open_.values():
        yield _row(job, cell, Status.UNSUPPORTED, str(wrong), clock.utc_now())


def _attend(job: _Supervised, child: Child, progress: _ChildProgress) -> Iterator[PlainEvent]:
    progress.kills = cgroup.kills()
    progress.deadline = _deadline(job.invocation.rules.load_limit_s)
    fate: _Fate = None
    code = 0
    try:
        fate = yield from _follow(job, child, progress)
    finally:
        code = child.end()
        if job.watch is not None:
            job.watch.child_pid = None
    if code == -signal.SIGKILL and job.watch is not None:
        time.sleep(SHARED_END_S)
    if fate is None and progress.remaining:
        fate = _fate(code, progress)
    if fate is not None:
        yield from _dead_rows(job, progress, *fate, child.stderr_tail())


def _follow(job: _Supervised, child: Child, progress: _ChildProgress) -> Generator[PlainEvent, None, _Fate]:
    """Pass on what the child says; return its fate when a limit passed or it spoke garbage, else None."""
    while True:
        try:
            event = child.hear(min(TICK_S, progress.deadline - time.monotonic()))
            cell, row = _understood(event, progress.remaining)
        except TimeoutError:
            if time.monotonic() < progress.deadline:
                continue
            return _overdue(job.invocation, progress)
        except Garbled as wrong:
            return (Status.CRASHED, f"the child's protocol channel is garbled, {wrong}")
        if event is None or event["event"] == EventKind.DONE:
            return None
        if event["event"] == EventKind.LOADING:
            yield {"kind": EventKind.LOADING}
        elif cell is not None:
            progress.current = cell
            progress.started_at = clock.utc_now()
            progress.deadline = _deadline(job.invocation.rules.time_limit_s)
            yield {"kind": EventKind.STARTED, "cell_id": event["cell_id"]}
        elif row is not None:
            row = _explained(row, progress)
            unsafe = _keep(job, row)
            del progress.remaining[row.cell_id]
            progress.current, progress.rows = None, progress.rows + 1
            progress.deadline = _deadline(job.invocation.rules.load_limit_s)
            yield {"kind": EventKind.ROW, "row": row, "text": unsafe}
            child.say(invocations.NEXT)


def _understood(event: Mapping[str, Any] | None, remaining: Mapping[str, Cell]) -> tuple[Cell | None, Row | None]:
    """Read the cell that an event says is started, or the row that it brings.

    Raises:
        Garbled: neither is one that this child was asked for.
    """
    kind = event["event"] if event else None
    try:
        if event and kind == EventKind.STARTED:
            return remaining[event["cell_id"]], None
        if event and kind == EventKind.ROW:
            row = rows.from_mapping(event["row"])
            remaining[row.cell_id]
            return None, row
    except (KeyError, TypeError, AttributeError, ValueError) as wrong:
        raise Garbled(f"not what was asked for: {wrong}") from wrong
    return None, None


def _overdue(invocation: Invocation, progress: _ChildProgress) -> tuple[Status, str]:
    rules = invocation.rules
    if progress.current is None:
        return (Status.TIMEOUT, f"import and load took longer than {wording.duration(rules.load_limit_s)}")
    return (Status.TIMEOUT, f"took longer than its limit of {wording.duration(rules.time_limit_s)}")


def _fate(code: int, progress: _ChildProgress) -> tuple[Status, str]:
    """Say why a child died. The kernel's count is of the whole cgroup: it explains a SIGKILL, and nothing else."""
    if code == -signal.SIGKILL and _was_killed_for_memory(progress):
        return (Status.OOM, f"killed by the memory limit of its cgroup ({describe_exit(code)})")
    where = "" if progress.rows == 0 else f" after {progress.rows} cells of this process"
    return (Status.CRASHED, f"the child died{where} ({describe_exit(code)})")


def _was_killed_for_memory(progress: _ChildProgress) -> bool:
    kills = cgroup.kills()
    return kills is not None and progress.kills is not None and kills > progress.kills


KILLED = "Killed"  # signal 9, as PyTorch's DataLoader names it of a worker


def _explained(row: Row, progress: _ChildProgress) -> Row:
    """Name the memory limit where it took a worker of the child, of which the child knows only that it was killed."""
    if row.status != Status.FAILED or KILLED not in (row.reason or "") or not _was_killed_for_memory(progress):
        return row
    reason = f"a worker was killed by the memory limit of its cgroup: {row.reason}"
    return dataclasses.replace(row, status=Status.OOM.value, reason=reason)


def _dead_rows(
    job: _Supervised, progress: _ChildProgress, status: Status, reason: str, tail: str | None
) -> Iterator[PlainEvent]:
    """Give the cell that the child died in its row; a death while loading is every open cell's."""
    if progress.current is None and progress.rows > 0:
        return  # died between two cells: nothing was under way, and the next child goes on
    dead = [progress.current] if progress.current else list(progress.remaining.values())
    for cell in dead:
        yield _row(job, cell, status, reason, progress.started_at, tail)
    if status is Status.OOM and progress.current is not None:
        for cell in invocations.larger_batches(progress.current, progress.remaining.values()):
            yield _row(job, cell, Status.SKIPPED, invocations.why_skipped(progress.current), clock.utc_now())


def _row(
    job: _Supervised, cell: Cell, status: Status, reason: str, started_at: str, tail: str | None = None
) -> PlainEvent:
    """Make, and spool, the row of a cell that no child could answer for."""
    row = invocations.record(
        job.invocation,
        cell,
        status=status.value,
        reason=reason,
        stderr_tail=tail,
        started_at=started_at,
        ended_at=clock.utc_now(),
        **job.context,
    )
    return {"kind": EventKind.ROW, "row": row, "text": _keep(job, row)}


def _keep(job: _Supervised, row: Row) -> str | None:
    """Spool a row; where that cannot be, say why: the row still goes to the driver, which stores it."""
    try:
        spool.write(job.spool, row)
    except OSError as wrong:
        return f"{job.context['hostname']} cannot keep rows until they are stored: {job.spool}: {wrong.strerror}"
    return None


def _request(job: _Supervised, open_: Mapping[str, Cell], files: Mapping[str, list[str]]) -> dict[str, Any]:
    cells = list(open_.values())
    kept = [pair for pair in zip(job.invocation.cells, job.invocation.order, strict=True) if pair[0] in cells]
    rest = dataclasses.replace(
        job.invocation, cells=tuple(cell for cell, _ in kept), order=tuple(index for _, index in kept)
    )
    return {
        "invocation": invocations.to_mapping(rest),
        "files": files,
        "host": dict(job.context),
        "ffmpeg": ffmpeg.describe(job.libraries),
        "cache": str(job.cache),
    }


def _variables(job: _Supervised) -> dict[str, str]:
    return environments.variables(job.invocation, inherited=os.environ, cache=job.cache, libraries=job.libraries)


def resolve(clip: inputs.Input, cache: Path) -> list[Path]:
    """Find an input's files on this host, cut to its frame limit.

    Raises:
        FileNotFoundError: a file is not on this host.
    """
    if clip.packaged is not None:
        paths = [environments.packaged_file(clip.packaged)]
    else:
        paths = [Path(path) for path in clip.paths]
        for path in paths:
            if not path.is_file():
                raise FileNotFoundError(f"input {clip.name}: {path} is not on this host; copy it there")
    if clip.frame_limit is not None and clip.kind == inputs.VIDEO:
        paths = [clips.cut(path, clip.frame_limit, cache) for path in paths]
    return paths


def _deadline(limit_s: float) -> float:
    return time.monotonic() + limit_s
