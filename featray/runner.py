"""Runner: carries a plan out on a backend and puts every row in the store the moment it arrives.

Flow: `plan.Plan` -> `run` -> backend events -> `store.append`; `watch` hears of everything that happens.
It ends by itself whatever dies: every invocation has a deadline here, and a host that keeps failing is set aside.
"""

import dataclasses
import time
from collections.abc import Callable, Collection

from featray import backends, plan, store, unmeasured
from featray import invocation as invocations
from featray.backends import Backend, Event
from featray.cell import Cell
from featray.gauges import Gauges
from featray.inventory import Target
from featray.plan import Plan, Planned
from featray.quantities import format_duration
from featray.row import Row
from featray.schedule import Schedule
from featray.status import MAX_ATTEMPTS, RETRIED, Status

POLL_S = 0.5
GRACE_S = 60.0  # what a supervisor may take beyond its own limits before its host counts as gone
BUILD_S = 3600.0  # twice what a host may take to build an environment, should it wait for another builder first
STRIKES = 3  # invocations in a row that a host lost before it is set aside: as many as a unit's attempts


@dataclasses.dataclass(frozen=True, kw_only=True)
class Progress:
    """What a watcher is told at every event."""

    event: Event | None
    done: int
    total: int
    left_s: float | None
    text: str | None = None


@dataclasses.dataclass
class _Flight:
    """An invocation under way."""

    planned: Planned
    waiting: dict[str, Cell]  # by cell_id: cells that have no row yet
    deadline: float
    current: Cell | None = None  # the cell under way
    stored: list[Row] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Outcome:
    """What a run came to."""

    rows: list[Row] = dataclasses.field(default_factory=list)
    problems: list[str] = dataclasses.field(default_factory=list)
    not_reached: int = 0  # unit-invocations that the budget left unmeasured
    newcomers: list[str] = dataclasses.field(default_factory=list)  # hosts that joined meanwhile, not planned for

    def add(self, later: "Outcome") -> None:
        """Take in what a later part of the same submit came to."""
        self.rows += later.rows
        self.problems += later.problems
        self.not_reached += later.not_reached
        self.newcomers += later.newcomers


Watch = Callable[[Progress], None]


class Run:
    """One plan being carried out."""

    def __init__(
        self, work: Plan, backend: Backend, results: str, watch: Watch, *, ends_s: float | None = None
    ) -> None:
        """Prepare; nothing starts before `finish`, and no invocation after `ends_s` of the monotonic clock."""
        self._plan, self._backend, self._results, self._watch = work, backend, results, watch
        self._schedule = Schedule(work.invocations, exclusive=work.campaign.exclusive)
        self._flights: dict[int, _Flight] = {}
        self._strikes: dict[str, int] = {}
        self._seen: set[tuple[str, str, str, int, int]] = set()
        self._total = work.remaining
        self._begun = time.monotonic()
        self._ends_s = ends_s
        self._gauges = Gauges(self._begun)
        self.outcome = Outcome()

    def finish(self) -> Outcome:
        """Run until every planned unit has a row, or the budget is spent and what had started has ended."""
        while self._flights or (self._schedule.waiting and not self._is_spent()):
            while not self._is_spent() and (planned := self._schedule.take(time.monotonic())) is not None:
                self._start(planned)
            for event in self._backend.poll(POLL_S):
                self._hear(event)
            self._check_deadlines()
            if self._gauges.is_due(time.monotonic()):
                self._publish()
                self._greet()
        self._report_budget()
        self._publish()
        return self.outcome

    def _is_spent(self) -> bool:
        return self._ends_s is not None and time.monotonic() > self._ends_s

    def _publish(self) -> None:
        self._backend.publish(self._gauges.figures(self._total, time.monotonic()))

    def _greet(self) -> None:
        for name in self._backend.newcomers():
            self.outcome.newcomers.append(name)
            self._tell(None, f"{name} joined; what the sweep asks of it is measured after the rest")

    def _report_budget(self) -> None:
        left = self._schedule.drop_all()
        self.outcome.not_reached = sum(len(planned.invocation.cells) for planned in left)
        if left:
            self.outcome.problems.append(
                f"the budget left {self.outcome.not_reached} measurements in {len(left)} invocations undone"
            )

    def cancel(self) -> None:
        """End everything under way; rows that arrived are in the store."""
        for flight in list(self._flights.values()):
            self._backend.cancel(flight.planned)
        self._flights.clear()

    def _start(self, planned: Planned) -> None:
        self._flights[id(planned)] = _Flight(planned, _by_id(planned), _deadline(planned))
        self._gauges.take(planned.target)
        self._backend.start(planned, store.full_name(self._results))

    def _hear(self, event: Event) -> None:
        flight = self._flights.get(id(event.planned))
        if flight is None:
            return
        if event.kind == backends.STARTED:
            flight.current = flight.waiting.get(event.cell_id or "")
        if event.row is not None:
            flight.current = None
            self._store(flight, event.row)
        # Every word starts the clock anew, also WAITING: another's lease is not this invocation's time.
        flight.deadline = _deadline(flight.planned, is_measuring=flight.current is not None)
        self._tell(event, event.text)
        if event.kind == backends.ENDED:
            self._strike(flight.planned.target, failed=event.status in RETRIED)
            self._end(flight, event.status or Status.CRASHED, event.text or "its supervisor ended without a row")

    def _store(self, flight: _Flight, row: Row) -> None:
        flight.waiting.pop(row.cell_id, None)
        if row.key() in self._seen:
            return
        self._keep(row, flight.planned.target)
        flight.stored.append(row)
        if Status(row.status) in RETRIED and row.attempt < MAX_ATTEMPTS:
            again = _narrowed(flight.planned, [row.cell_id], attempt=row.attempt + 1)
            again = _elsewhere(again) if row.status == Status.LOST else again
            if self._schedule.accepts(again):
                self._total += 1
                self._schedule.add(again)

    def _end(self, flight: _Flight, status: Status, reason: str) -> None:
        """Close an invocation: the cell under way gets its row here, a new process goes on with the rest.

        A process that was lost before it gave a row or began a cell is the failure of all its cells.
        """
        planned, current = flight.planned, flight.current
        begun = [current] if current else [] if flight.stored else list(flight.waiting.values())
        for cell in begun:
            self._store(flight, unmeasured.row(planned, cell, status, reason))
        if current is not None and status is Status.OOM:
            why = f"batch {current.batch_size} already ran out of memory"
            for cell in invocations.larger_batches(current, flight.waiting.values()):
                self._store(flight, unmeasured.row(planned, cell, Status.SKIPPED, why))
        if flight.waiting:
            rest = _narrowed(planned, flight.waiting)
            self._go_on(_elsewhere(rest) if status is Status.LOST else rest)
        del self._flights[id(planned)]
        self._backend.forget(store.full_name(self._results), flight.stored)
        self._gauges.release(planned.target)
        self._schedule.release(planned.target)

    def _go_on(self, rest: Planned) -> None:
        if self._schedule.accepts(rest):
            self._schedule.add(rest)
        else:
            self._give_up(rest)

    def _strike(self, target: Target, *, failed: bool) -> None:
        """Count a host's failures in a row: a worker or node that died, not a child, which costs one cell only."""
        host = target.host.host_id
        self._strikes[host] = self._strikes.get(host, 0) + 1 if failed else 0
        if self._strikes[host] != STRIKES:
            return
        reason = _set_aside(target)
        self.outcome.problems.append(reason)
        self._tell(None, reason)
        for planned in self._schedule.drop(host):
            self._give_up(planned)

    def _give_up(self, planned: Planned) -> None:
        """Write what the loss of a host leaves unmeasured; a unit that was tried before keeps that attempt's row."""
        if planned.invocation.attempt > 1:
            self._total -= len(planned.invocation.cells)
            return
        for cell in planned.invocation.cells:
            self._keep(unmeasured.row(planned, cell, Status.LOST, _set_aside(planned.target)), planned.target)

    def _keep(self, row: Row, target: Target) -> None:
        self._seen.add(row.key())
        store.append(self._results, [row])
        self.outcome.rows.append(row)
        self._gauges.add(row, target, time.monotonic())

    def _check_deadlines(self) -> None:
        now = time.monotonic()
        for flight in list(self._flights.values()):
            if now > flight.deadline:
                self._backend.cancel(flight.planned)
                limit = format_duration(GRACE_S)
                self._strike(flight.planned.target, failed=True)
                self._end(flight, Status.LOST, f"no word from its host, {limit} beyond the limit of what it was doing")

    def _tell(self, event: Event | None, text: str | None) -> None:
        done = len(self.outcome.rows)
        elapsed = time.monotonic() - self._begun
        left = elapsed / done * (self._total - done) if done else plan.estimate_s(self._plan)
        self._watch(Progress(event=event, done=done, total=self._total, left_s=max(0.0, left), text=text))


def _deadline(planned: Planned, *, is_measuring: bool = False) -> float:
    """Say when the next word of an invocation is overdue: a supervisor speaks at every load, start and row."""
    rules, cells = planned.invocation.rules, planned.invocation.cells
    limit = rules.time_limit_s if is_measuring else rules.load_limit_s
    if cells[0].requirements and not is_measuring:
        limit += BUILD_S
    return time.monotonic() + limit + GRACE_S


def _by_id(planned: Planned) -> dict[str, Cell]:
    return dict(zip(planned.cell_ids, planned.invocation.cells, strict=True))


def _narrowed(planned: Planned, cell_ids: Collection[str], *, attempt: int | None = None) -> Planned:
    """Keep some of an invocation's cells."""
    whole = planned.invocation
    everything = zip(planned.cell_ids, whole.cells, whole.order, strict=True)
    kept = [each for each in everything if each[0] in cell_ids]
    cells, order = tuple(cell for _, cell, _ in kept), tuple(index for _, _, index in kept)
    share = len(cells) / len(whole.cells)
    invocation = dataclasses.replace(whole, cells=cells, order=order, attempt=attempt or whole.attempt)
    elsewhere_s = tuple(seconds * share for seconds in planned.elsewhere_s)
    return dataclasses.replace(
        planned,
        invocation=invocation,
        cell_ids=tuple(id_ for id_, _, _ in kept),
        expected_s=planned.expected_s * share,
        elsewhere_s=elsewhere_s,
    )


def _elsewhere(planned: Planned) -> Planned:
    """Keep an invocation from the host that was just lost under it, where it may run on another."""
    lost = planned.target.host.host_id
    others = [each for each in planned.alternatives if each.host.host_id != lost]
    if not others:
        return planned
    moved = plan.moved(planned, others[0])
    kept = [pair for pair in zip(moved.alternatives, moved.elsewhere_s, strict=True) if pair[0].host.host_id != lost]
    alternatives, elsewhere_s = tuple(target for target, _ in kept), tuple(seconds for _, seconds in kept)
    return dataclasses.replace(moved, alternatives=alternatives, elsewhere_s=elsewhere_s)


def _set_aside(target: Target) -> str:
    return f"{target.host.hostname} was set aside after {STRIKES} invocations in a row were lost with their process"
