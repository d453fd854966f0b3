"""One run of a child over some cells: started, followed to its end, with rows for the cells that it could not measure.

Flow: `supervisor` -> `run` -> `child` -> `python -m featray.measurement` -> events for the driver.
`joint_run` does the same with several children side by side, by the steps of this module.
"""

import dataclasses
import errno
import os
import signal
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from featray.core import clock, gpus
from featray.core.cell import Cell, cell_id
from featray.core.events import EventKind, PlainEvent
from featray.core.invocation import NEXT, Invocation, larger_batches, record, to_mapping, why_skipped
from featray.core.output_table import PlainOutput
from featray.core.row import Row, from_mapping
from featray.core.rules import Rules
from featray.core.status import Status
from featray.core.stored_unit import BegunUnit
from featray.host import cgroup, child_death, environments, input_files, spool, venvs
from featray.host.child import Child, Garbled, ParentWatch
from featray.host.child_death import Cause
from featray.host.input_files import Found
from featray.host.lease import Lease
from featray.measurement import ffmpeg, outcome
from featray.measurement.outcome import Failure
from featray.measurement.request import JointMember

TICK_S = 0.5  # the longest single wait for the child

SHARED_END_S = 1.5  # Ray and `ParentWatch` kill children first: this process then ends before it blames the child

NO_PROGRAM = (errno.ENOENT, errno.EACCES, errno.ENOEXEC)
"""The interpreter is missing or of another architecture, as in a cache that hosts share."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shared:
    """What all children of one invocation share."""

    invocation: Invocation
    spool: Path
    cache: Path
    host: Mapping[str, Any]  # columns of every row
    libraries: ffmpeg.Libraries
    lease: Lease
    watch: ParentWatch | None
    tells_idle: bool = False

    def idle(self) -> Iterator[PlainEvent]:
        """Tell a driver that waits in this process that nothing happens."""
        if self.tells_idle:
            yield {"kind": EventKind.IDLE}


@dataclasses.dataclass
class ChildProgress:
    """What one child has done so far, or several side by side together."""

    remaining: dict[str, Cell]  # by cell_id
    started_at: str
    current: Cell | None = None
    deadline: float = 0.0
    finished: int = 0  # cells
    oom_kills: int | None = None  # count of this cgroup when the child started
    mark: spool.Mark | None = None  # of what is begun

    def begin(self, shared: Shared, cell: Cell | None = None) -> None:
        """Note that a cell begins, or the loading for all cells that are left, and mark it in the spool."""
        self.current, self.started_at = cell, clock.utc_now()
        rules, invocation = shared.invocation.rules, shared.invocation
        self.deadline = deadline(rules.load_limit_s if cell is None else rules.cell_limit_s)
        units = [
            BegunUnit(
                run_id=invocation.run_id,
                cell_id=id_,
                target_id=invocation.target_id,
                invocation=invocation.invocation,
                begun_at=self.started_at,
            )
            for id_ in ([cell_id(cell)] if cell is not None else self.remaining)
        ]
        self.mark = self.mark or spool.Mark(shared.spool)
        self.mark.write(units)

    def keep_mark(self) -> None:
        """See to it that a power cut leaves the mark of what has run for a while."""
        if self.mark is not None:
            self.mark.sync()

    def end(self) -> None:
        """Take the mark away, if there is one."""
        if self.mark is not None:
            self.mark.remove()
            self.mark = None

    def finish(self, cell_id: str, rules: Rules) -> None:
        """Note that a cell has its row."""
        del self.remaining[cell_id]
        self.current, self.finished = None, self.finished + 1
        self.deadline = deadline(rules.load_limit_s)


def run(shared: Shared, cells: dict[str, Cell]) -> Iterator[PlainEvent]:
    """Run one child over cells, by cell_id; when it dies, make the row of the cell that it was measuring."""
    prepared = yield from prepare(shared, cells)
    if prepared is None:
        return
    try:
        child = start_child(prepared)
    except OSError as wrong:
        yield from cannot_start(shared, cells, wrong)
        return
    progress = ChildProgress(cells, started_at=clock.utc_now())
    try:
        yield from _attend(shared, child, progress)
    finally:
        child.close()
        progress.end()


@dataclasses.dataclass(frozen=True, kw_only=True)
class PreparedChild:
    """What a child is started with."""

    shared: Shared  # with the FFmpeg for its interpreter
    python: str
    request: Mapping[str, Any]


def prepare(shared: Shared, cells: dict[str, Cell]) -> Generator[PlainEvent, None, PreparedChild | None]:
    """Find the inputs and the interpreter; cells that cannot be measured here get their rows and leave `cells`.

    Returns:
        What to start a child with; None where no cell is left.
    """
    found: dict[str, Found] = {}
    for id_, cell in list(cells.items()):
        files = _find_files(shared, cell)
        if isinstance(files, Found):
            found[id_] = files
        else:
            cause = Cause(files.status, files.reason)
            yield make_row(shared, cells.pop(id_), cause, clock.utc_now(), files.trace)
    if not cells:
        return None
    try:
        python = venvs.interpreter(next(iter(cells.values())).requirements, shared.cache)
    except OSError as wrong:
        yield from unsupported_rows(shared, cells, str(wrong))
        return None
    libraries = _find_libraries(shared, python)
    if libraries.lack is not None and next(iter(cells.values())).detector.is_pyfeat:
        yield from unsupported_rows(shared, cells, _explain_libraries(libraries, python))
        return None
    shared = dataclasses.replace(shared, libraries=libraries)
    return PreparedChild(shared=shared, python=python, request=_request(shared, cells, found))


def cannot_start(shared: Shared, cells: Mapping[str, Cell], wrong: OSError) -> Iterator[PlainEvent]:
    """Make the rows of cells whose interpreter cannot run here.

    Raises:
        OSError: no memory, processes or files are left: a later try may succeed.
    """
    if wrong.errno not in NO_PROGRAM:
        raise wrong
    yield from unsupported_rows(shared, cells, str(wrong))


def _find_files(shared: Shared, cell: Cell) -> Found | Failure:
    """Find and prepare a cell's input; whatever goes wrong there costs the cells of this input alone."""

    def find() -> Found | Failure:
        try:
            return input_files.find(cell.input, shared.cache)
        except OSError as wrong:
            return Failure(status=Status.UNSUPPORTED, reason=str(wrong))

    found = outcome.attempt(find)
    if isinstance(found, Failure) and found.status is not Status.UNSUPPORTED:
        return dataclasses.replace(found, reason=f"input {cell.input.name} cannot be prepared: {found.reason}")
    return found


def _find_libraries(shared: Shared, python: str) -> ffmpeg.Libraries:
    """Find the FFmpeg for a child's interpreter: an environment's torchcodec may need another than this one's."""
    packages = None if python == sys.executable else venvs.packages(python)
    return shared.libraries if packages is None else ffmpeg.find(shared.cache, packages=packages)


def _explain_libraries(libraries: ffmpeg.Libraries, python: str) -> str:
    where = "" if python == sys.executable else "in the environment: "
    return f"{where}{libraries.lack}; {libraries.remedy}"


def start_child(
    prepared: PreparedChild,
    *,
    member: JointMember | None = None,
    gpu_uuid: str | None = None,
    added: Mapping[str, str] = MappingProxyType({}),
    arrived: Callable[[], object] = lambda: None,
) -> Child:
    """Start a child.

    Args:
        prepared: What it is started with.
        member: Which of several children side by side it is; None: it is alone.
        gpu_uuid: The only GPU that it may see, where its invocation has several.
        added: Variables beside the usual ones.
        arrived: As for `Child`.

    Raises:
        OSError: it cannot be started.
    """
    shared, python = prepared.shared, prepared.python
    request, files = {**prepared.request, "lease": shared.lease.files}, shared.lease.files
    invocation = shared.invocation
    if member is not None:
        request["member"] = member.to_mapping()
    if gpu_uuid is not None:
        invocation = dataclasses.replace(invocation, gpu_uuid=gpu_uuid)
        request["invocation"] = {**request["invocation"], "gpu_uuid": gpu_uuid}
    variables = environments.build_variables(
        invocation, inherited=os.environ, cache=shared.cache, libraries=shared.libraries
    )
    command = [python, "-P", "-m", "featray.measurement"]
    child = Child(command, env={**variables, **added}, request=request, open_files=files, arrived=arrived)
    if shared.watch is not None:
        shared.watch.child_pids.add(child.pid)
    return child


def end_child(shared: Shared, child: Child) -> int:
    """End a child and return its exit code, as `Child.end` does."""
    code = child.end()
    if shared.watch is not None:
        shared.watch.child_pids.discard(child.pid)
    return code


def wait_for_shared_end(shared: Shared, code: int) -> None:
    """After a child was killed, wait until this process is killed too, if it is to be."""
    if code == -signal.SIGKILL and shared.watch is not None:
        time.sleep(SHARED_END_S)


def _attend(shared: Shared, child: Child, progress: ChildProgress) -> Iterator[PlainEvent]:
    """Follow a child to its end; make rows for what a dead one leaves."""
    progress.oom_kills = cgroup.count_oom_kills()
    progress.begin(shared)
    cause: Cause | None = None
    code = 0
    try:
        cause = yield from _follow(shared, child, progress)
    finally:
        code = end_child(shared, child)
    if cause is not None or progress.remaining:
        wait_for_shared_end(shared, code)
    if cause is None and progress.remaining:
        cause = child_death.find_cause(code, finished=progress.finished, oom_kills_before=progress.oom_kills)
    if cause is not None:
        yield from rows_of_dead_child(shared, progress, cause, child.stderr_tail())


def _follow(shared: Shared, child: Child, progress: ChildProgress) -> Generator[PlainEvent, None, Cause | None]:
    """Pass on a child's events; return why it must end when it passed a limit or broke the protocol, else None."""
    rules = shared.invocation.rules
    while True:
        try:
            event = child.receive(min(TICK_S, progress.deadline - time.monotonic()))
            cell, row = read_event(event, progress.remaining)
        except TimeoutError:
            progress.keep_mark()
            if time.monotonic() < progress.deadline:
                yield from shared.idle()
                continue
            return child_death.overdue(rules, is_loading=progress.current is None)
        except Garbled as wrong:
            return Cause(Status.CRASHED, f"the child's protocol channel is garbled, {wrong}")
        if event is None or event["event"] == EventKind.DONE:
            return None
        if event["event"] == EventKind.LOADING:
            yield {"kind": EventKind.LOADING}
        elif cell is not None:
            progress.begin(shared, cell)
            yield {"kind": EventKind.STARTED, "cell_id": event["cell_id"]}
        elif row is not None:
            row = child_death.with_memory_limit(row, progress.oom_kills)
            output = event.get("output") if event else None
            problem = keep(shared, row, output)
            progress.finish(row.cell_id, rules)
            yield {"kind": EventKind.ROW, "row": row, "output": output, "text": problem}
            child.send(NEXT)


def read_event(event: Mapping[str, Any] | None, remaining: Mapping[str, Cell]) -> tuple[Cell | None, Row | None]:
    """Read the cell that a `started` event names, or the row that a `row` event brings.

    Raises:
        Garbled: the cell or row is not one that this child was asked for.
    """
    kind = event["event"] if event else None
    try:
        if event and kind == EventKind.STARTED:
            return remaining[event["cell_id"]], None
        if event and kind == EventKind.ROW:
            row = from_mapping(event["row"], is_of_child=True)
            remaining[row.cell_id]
            return None, row
    except (KeyError, TypeError, AttributeError, ValueError) as wrong:
        raise Garbled(f"not what was asked for: {wrong}") from wrong
    return None, None


def rows_of_dead_child(
    shared: Shared, progress: ChildProgress, cause: Cause, stderr_tail: str | None
) -> Iterator[PlainEvent]:
    """Make the row of the cell that a child died at; if it died while loading, the row of every cell left."""
    if progress.current is None and progress.finished > 0:
        return  # it died between two cells: no measurement was lost, and the next child goes on
    cells = [progress.current] if progress.current else list(progress.remaining.values())
    for cell in cells:
        yield make_row(shared, cell, cause, progress.started_at, stderr_tail)
    if cause.status is Status.OOM and progress.current is not None:
        skipped = Cause(Status.SKIPPED, why_skipped(progress.current))
        for cell in larger_batches(progress.current, progress.remaining.values()):
            yield make_row(shared, cell, skipped, clock.utc_now())


def unsupported_rows(shared: Shared, cells: Mapping[str, Cell], reason: str) -> Iterator[PlainEvent]:
    """Make the rows of cells that cannot be measured here."""
    for cell in cells.values():
        yield make_row(shared, cell, Cause(Status.UNSUPPORTED, reason), clock.utc_now())


def make_row(shared: Shared, cell: Cell, cause: Cause, started_at: str, stderr_tail: str | None = None) -> PlainEvent:
    """Make and spool the row of a cell that no child could measure."""
    row = record(
        shared.invocation,
        cell,
        status=cause.status.value,
        reason=cause.reason,
        stderr_tail=stderr_tail,
        started_at=started_at,
        ended_at=clock.utc_now(),
        gpu_name=gpus.joined_name(shared.invocation.gpus.values()),
        **shared.host,
    )
    return {"kind": EventKind.ROW, "row": row, "text": keep(shared, row)}


def keep(shared: Shared, row: Row, output: PlainOutput | None = None) -> str | None:
    """Spool a row with its output; if that fails, return why: the row still goes to the driver, which stores it."""
    try:
        spool.write(shared.spool, row, output)
    except OSError as wrong:
        return f"{shared.host['hostname']} cannot keep rows until they are stored: {shared.spool}: {wrong.strerror}"
    return None


def _request(shared: Shared, cells: Mapping[str, Cell], found: Mapping[str, Found]) -> dict[str, Any]:
    """Write what the child needs to know: the invocation with the cells that are left, in their order."""
    whole = shared.invocation
    left = [pair for pair in zip(whole.cells, whole.order, strict=True) if cell_id(pair[0]) in cells]
    rest = dataclasses.replace(whole, cells=tuple(cell for cell, _ in left), order=tuple(index for _, index in left))
    return {
        "invocation": to_mapping(rest),
        "files": {id_: [str(path) for path in found[id_].files] for id_ in cells},
        "sources": {id_: str(source) for id_ in cells if (source := found[id_].source) is not None},
        "host": dict(shared.host),
        "ffmpeg": ffmpeg.describe(shared.libraries),
        "cache": str(shared.cache),
    }


def deadline(limit_s: float) -> float:
    """Give the moment at which a limit is passed, by the monotonic clock."""
    return time.monotonic() + limit_s
