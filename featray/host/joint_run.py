"""Joint run: several children of the same cells side by side, on one target or all GPUs of a host, and one row of them.

Flow: `supervisor` -> `run` -> a `child` per process -> `joint_row` -> events for the driver.

The children do the same cells in the same order. They wait for each other twice: when all are loaded, and when all are
warmed up, so that the timed calls of all begin together. Each then calls until every one has timed its calls. Where one
child fails, dies or passes a limit, all of them end, and the cell gets one row that says which it was: a row has the
figures of all processes or none.
"""

import contextlib
import dataclasses
import functools
import queue
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

from featray.core import clock, wording
from featray.core.cell import Cell, cell_id
from featray.core.choices import Exclusive
from featray.core.events import EventKind, PlainEvent
from featray.core.invocation import GO, NEXT, STOP
from featray.core.row import Row
from featray.core.status import Status
from featray.host import cgroup, child_death, child_run, cpu_shares, joint_row, mps_daemon
from featray.host.child import Child, Garbled
from featray.host.child_death import Cause
from featray.host.child_run import TICK_S, ChildProgress, PreparedChild, Shared
from featray.host.cpu_shares import CpuShare
from featray.host.joint_row import MeasuredMember
from featray.measurement.request import JointMember


@dataclasses.dataclass
class _Member:
    """One of the children, and how far it is with the present cell."""

    number: int  # from 1
    child: Child
    gpu_uuid: str | None = None  # where each GPU has its own children
    is_waiting: bool = False
    is_timed: bool = False
    is_done: bool = False  # with all cells
    measured: MeasuredMember | None = None
    output: Mapping[str, Any] | None = None

    def note(self, event: Mapping[str, Any], row: Row | None) -> None:
        """Note how far the child is by one of its events, and the row of status ok that it brings."""
        kind = event["event"]
        self.is_done = kind == EventKind.DONE
        self.is_waiting = self.is_waiting or kind == EventKind.ASSEMBLED
        self.is_timed = self.is_timed or kind == EventKind.TIMED
        if row is not None:
            spans = (event.get(name) or () for name in ("timed", "other"))
            self.measured = MeasuredMember(row, *spans)
            self.output = event.get("output")

    @property
    def is_at_work(self) -> bool:
        """Return True if the others may have to wait for it."""
        return not (self.is_waiting or self.is_done or self.measured)


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Failure:
    """Which child failed, and why; of one that sent a row, the status and reason of that row."""

    members: Sequence[_Member]
    cause: Cause | None  # None: it died, and its exit code says why
    stderr_tail: str | None = None


def run(shared: Shared, cells: dict[str, Cell]) -> Iterator[PlainEvent]:
    """Run children over cells, by cell_id; when one fails, make the row of the cell that they were measuring."""
    prepared = yield from child_run.prepare(shared, cells)
    if prepared is None:
        return
    first = next(iter(cells.values()))
    with contextlib.ExitStack() as ends:
        variables: Mapping[str, str] = {}
        if first.mps_daemon:
            try:
                variables = ends.enter_context(mps_daemon.running(_gpus(shared)))
            except (mps_daemon.CannotRun, OSError) as wrong:
                yield from child_run.unsupported_rows(shared, cells, str(wrong))
                return
        joint = _JointRun(shared, cells, first)
        try:
            yield from joint.run(prepared, variables)
        finally:
            joint.close()


def _gpus(shared: Shared) -> list[str]:
    """List the UUIDs of the GPUs that the children use."""
    one = [shared.invocation.gpu_uuid] if shared.invocation.gpu_uuid else []
    return list(shared.invocation.gpus) or one


class _JointRun:
    """The children, and what they have done so far. The children of one GPU have numbers in a row."""

    def __init__(self, shared: Shared, cells: dict[str, Cell], first: Cell) -> None:
        self._shared, self._mps_daemon, self._per_gpu = shared, first.mps_daemon, first.processes
        self._gpus = list(shared.invocation.gpus)  # empty on one target
        self._count = first.processes * max(1, len(self._gpus))
        self._progress = ChildProgress(cells, started_at=clock.utc_now())
        self._members: list[_Member] = []
        self._arrivals: queue.SimpleQueue[int] = queue.SimpleQueue()  # index of a member that has something to give
        self._shares: Sequence[CpuShare] | None = None

    def run(self, prepared: PreparedChild, variables: Mapping[str, str]) -> Iterator[PlainEvent]:
        """Start the children and follow them to their end; make rows for what they leave."""
        if self._shared.invocation.exclusive is Exclusive.HOST:  # else others would have the same shares
            self._shares = cpu_shares.share_out(self._count, cpu_shares.allowed_cpus())
        self._progress.oom_kills = cgroup.count_oom_kills()
        self._progress.begin(self._shared)
        try:
            self._start(prepared, variables)
        except OSError as wrong:
            yield from child_run.cannot_start(self._shared, self._progress.remaining, wrong)
            return
        yield {"kind": EventKind.LOADING}
        failure = yield from self._follow()
        if failure is not None:
            yield from self._rows_of(failure)

    def _start(self, prepared: PreparedChild, variables: Mapping[str, str]) -> None:
        for index in range(self._count):
            cpus = self._shares[index] if self._shares else ()
            member = JointMember(number=index + 1, count=self._count, cpus=cpus)
            gpu_uuid = self._gpus[index // self._per_gpu] if self._gpus else None
            arrived = functools.partial(self._arrivals.put, index)
            child = child_run.start_child(prepared, member=member, gpu_uuid=gpu_uuid, added=variables, arrived=arrived)
            self._members.append(_Member(number=index + 1, child=child, gpu_uuid=gpu_uuid))

    def close(self) -> None:
        """End every child."""
        self._end()
        for member in self._members:
            member.child.close()
        self._progress.end()

    def _end(self) -> None:
        for member in self._members:
            child_run.end_child(self._shared, member.child)

    def _follow(self) -> Generator[PlainEvent, None, _Failure | None]:
        """Pass on what the children do together; return who failed, or None when all are done."""
        while not all(member.is_done for member in self._members):
            try:
                member = self._members[self._arrivals.get(timeout=self._patience_s())]
            except queue.Empty:
                self._progress.keep_mark()
                if time.monotonic() >= self._progress.deadline:
                    return self._overdue()
                yield from self._shared.idle()
                continue
            failure = yield from self._take(member)
            if failure is not None:
                return failure
        return None

    def _patience_s(self) -> float:
        return max(0.0, min(TICK_S, self._progress.deadline - time.monotonic()))

    def _take(self, member: _Member) -> Generator[PlainEvent, None, _Failure | None]:
        """Take one event of a child; return its failure, if it is one."""
        try:
            event = member.child.receive(0.0)
            cell, row = child_run.read_event(event, self._progress.remaining)
            self._check(cell, row)
        except TimeoutError:
            return None
        except Garbled as wrong:
            cause = Cause(Status.CRASHED, f"the child's protocol channel is garbled, {wrong}")
            return _Failure(members=[member], cause=cause)
        if event is None:
            return None if member.is_done else _Failure(members=[member], cause=None)
        if row is not None and row.status != Status.OK:
            return self._failed(member, row)
        if cell is not None and self._progress.current is None:
            yield self._begin(cell, event["cell_id"])
        member.note(event, row)
        yield from self._let_go_on()
        return None

    def _check(self, cell: Cell | None, row: Row | None) -> None:
        """Check that a child is at the cell that the others are at.

        Raises:
            Garbled: it is at another one.
        """
        current = self._progress.current
        if current is None:
            return
        if cell not in (None, current) or (row is not None and row.cell_id != cell_id(current)):
            raise Garbled("it is at another cell than the others")

    def _begin(self, cell: Cell, name: str) -> PlainEvent:
        self._progress.begin(self._shared, cell)
        return {"kind": EventKind.STARTED, "cell_id": name}

    def _failed(self, member: _Member, row: Row) -> _Failure:
        row = child_death.with_memory_limit(row, self._progress.oom_kills)
        cause = Cause(Status(row.status), row.reason or f"ended with status {row.status}")
        return _Failure(members=[member], cause=cause, stderr_tail=row.stderr_tail)

    def _let_go_on(self) -> Iterator[PlainEvent]:
        """Send the children what they wait for, once none of them has to be waited for."""
        if all(member.is_timed for member in self._members):
            self._send(STOP)
            for member in self._members:
                member.is_timed = False
        if any(member.is_at_work for member in self._members):
            return
        measured = [member.measured for member in self._members if member.measured is not None]
        if len(measured) == len(self._members):
            yield self._join(measured)
            return
        for member in self._members:  # one that left a part out has sent its row already, and does not wait
            if member.is_waiting:
                member.is_waiting = False
                member.child.send(GO)

    def _send(self, line: str) -> None:
        for member in self._members:
            member.child.send(line)

    def _join(self, measured: Sequence[MeasuredMember]) -> PlainEvent:
        """Make and keep the row of all, and let them go on to the next cell."""
        rules = self._shared.invocation.rules
        row = joint_row.join(
            measured,
            pinned_cpus=cpu_shares.write(self._shares) if self._shares else None,
            mps_daemon=self._mps_daemon,
            spread_max=rules.spread_max,
        )
        output = self._members[0].output if row.status == Status.OK else None
        problem = child_run.keep(self._shared, row, output)
        self._progress.finish(row.cell_id, rules)
        for member in self._members:
            member.measured = member.output = None
        self._send(NEXT)
        return {"kind": EventKind.ROW, "row": row, "output": output, "text": problem}

    def _overdue(self) -> _Failure:
        cause = child_death.overdue(self._shared.invocation.rules, is_loading=self._progress.current is None)
        at_work = [member for member in self._members if member.is_at_work]
        late = [member for member in at_work if not member.is_timed]  # the others only keep these company
        return _Failure(members=late or at_work, cause=cause)

    def _rows_of(self, failure: _Failure) -> Iterator[PlainEvent]:
        """End the children, and make the row of the cell that they were measuring; before any cell, of every one."""
        first = failure.members[0].child if failure.members else self._members[0].child
        code = child_run.end_child(self._shared, first)
        if failure.cause is None:
            child_run.wait_for_shared_end(self._shared, code)
        cause = failure.cause or child_death.find_cause(
            code, finished=self._progress.finished, oom_kills_before=self._progress.oom_kills
        )
        tail = failure.stderr_tail or first.stderr_tail()
        self._end()
        named = Cause(cause.status, f"{self._name(failure.members)}: {cause.reason}")
        yield from child_run.rows_of_dead_child(self._shared, self._progress, named, tail)

    def _name(self, members: Sequence[_Member]) -> str:
        if len(members) in (0, self._count):
            return f"all {self._count} processes"
        numbers = wording.listed(member.number for member in members)
        name = f"{'process' if len(members) == 1 else 'processes'} {numbers} of {self._count}"
        uuids = dict.fromkeys(member.gpu_uuid for member in members if member.gpu_uuid)
        models = self._shared.invocation.gpus
        return f"{name} on {wording.listed(f'{models[uuid]} ({uuid})' for uuid in uuids)}" if uuids else name
