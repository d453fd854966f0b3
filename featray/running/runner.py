"""Runner: carries a plan out on a backend and puts every row in the store the moment it arrives.

Flow: `plan.Plan` -> `RunningPlan` -> backend events -> `store.append`; `watch` hears of everything that happens, of the rows
that the driver makes for what was lost as of those that a host sent.
It ends by itself whatever dies: every invocation has a deadline here, and a target that keeps failing is set aside.
"""

import dataclasses
import time
from collections.abc import Callable, Collection, Mapping, Sequence

from featray import store
from featray.backends import Backend, Event
from featray.core import invocation as invocations
from featray.core import wording
from featray.core.cell import Cell
from featray.core.events import EventKind
from featray.core.row import Row
from featray.core.status import MAX_ATTEMPTS, RETRIED, Status
from featray.planning import plan
from featray.planning.inventory import Target
from featray.planning.plan import Plan, Planned
from featray.planning.schedule import Schedule
from featray.running import unmeasured
from featray.running.gauges import Gauges

POLL_S = 0.5  # how late a deadline may be noticed: nothing against limits of minutes
GRACE_S = 60.0  # what a supervisor may take beyond its own limits before its host counts as gone
BUILD_S = 3600.0  # twice what a host may take to build an environment, should it wait for another builder first
STRIKES = 3  # invocations in a row that a target lost before it is set aside: as many as a unit's attempts


@dataclasses.dataclass(frozen=True, kw_only=True)
class DriverClock:
    """The time, and how patient the driver is; tests have their own."""

    now: Callable[[], float] = time.monotonic  # seconds from any origin
    grace_s: float = GRACE_S


REAL_TIME = DriverClock()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Progress:
    """What a watcher is told at every event; `done` and `total` are 0 where there are no counts."""

    event: Event | None
    done: int
    total: int
    left_s: float | None
    text: str | None = None
    row: Row | None = None  # stored without an event: it lay in a spool, or no target can run its cell
    other: Row | None = None  # the same, of another run: what a killed driver of this store left


@dataclasses.dataclass
class _Flight:
    """An invocation under way."""

    planned: Planned
    waiting: dict[str, Cell]  # by cell_id: cells that have no row yet
    deadline: float
    current: Cell | None = None  # the cell under way
    has_begun: bool = False  # a child was started
    has_rows: bool = False
    spooled: list[Row] = dataclasses.field(default_factory=list)  # came from the host, which keeps them until told


@dataclasses.dataclass
class RunOutcome:
    """What a run came to."""

    rows: list[Row] = dataclasses.field(default_factory=list)
    problems: list[str] = dataclasses.field(default_factory=list)
    not_reached: int = 0  # unit-invocations that the budget left unmeasured
    newcomers: list[str] = dataclasses.field(default_factory=list)  # hosts that joined meanwhile, not planned for
    exhausted: dict[str, list[Cell]] = dataclasses.field(default_factory=dict)
    """Target id -> cells that ran out of memory there: larger batches are not tried."""

    def add(self, later: "RunOutcome") -> None:
        """Take in what a later part of the same submit came to."""
        self.rows += later.rows
        self.problems += later.problems
        self.not_reached += later.not_reached
        self.newcomers += later.newcomers
        for target_id, cells in later.exhausted.items():
            self.exhausted.setdefault(target_id, []).extend(cells)


Watch = Callable[[Progress], None]


class RunningPlan:
    """One plan being carried out."""

    def __init__(
        self,
        work: Plan,
        backend: Backend,
        results: str,
        watch: Watch,
        *,
        ends_s: float | None = None,
        exhausted: Mapping[str, Sequence[Cell]] | None = None,
        clock: DriverClock = REAL_TIME,
        gauges: Gauges | None = None,
    ) -> None:
        """Prepare; nothing starts before `finish`.

        Args:
            work: What to do.
            backend: Where.
            results: Store.
            watch: Told of everything.
            ends_s: No invocation starts after this time of the clock.
            exhausted: What an earlier part of the same submit found, as in `RunOutcome`.
            clock: The time.
            gauges: What an earlier part of the same submit has counted.
        """
        self._plan, self._backend, self._results, self._watch = work, backend, results, watch
        self._spool = store.make_spool(results)
        self._now, self._grace_s = clock.now, clock.grace_s
        self._schedule = Schedule(work.invocations, exclusive=work.campaign.exclusive)
        self._flights: dict[int, _Flight] = {}
        self._strikes: dict[str, int] = {}
        self._seen: set[tuple[str, str, str, int, int]] = set()
        self._total = work.remaining
        self._begun = self._now()
        self._ends_s = ends_s
        self._gauges = gauges or Gauges(self._begun)
        self._counted = self._gauges.done
        self.outcome = RunOutcome()
        self._exhausted = {target_id: list(cells) for target_id, cells in (exhausted or {}).items()}

    def finish(self) -> RunOutcome:
        """RunningPlan until every planned unit has a row, or the budget is spent and what had started has ended."""
        while self._flights or (self._schedule.waiting and not self._is_spent()):
            while not self._is_spent() and (planned := self._schedule.take(self._now())) is not None:
                self._start(planned)
            for event in self._backend.poll(POLL_S):
                self._hear(event)
            self._check_deadlines()
            if self._gauges.is_due(self._now()):
                self._publish()
                self._greet()
        self._report_budget()
        self._publish()
        return self.outcome

    def _is_spent(self) -> bool:
        return self._ends_s is not None and self._now() > self._ends_s

    def _publish(self) -> None:
        self._backend.publish(self._gauges.figures(self._counted + self._total, self._now()))

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
        """End everything under way; whatever was planned and has no row gets one that says so, in one file."""
        flights = list(self._flights.values())
        self._flights.clear()
        for flight in flights:
            self._backend.cancel(flight.planned)
            self._backend.forget(self._spool, flight.spooled)
        open_ = [(flight.planned, cell) for flight in flights for cell in flight.waiting.values()]
        open_ += [(planned, cell) for planned in self._schedule.drop_all() for cell in planned.invocation.cells]
        rows = [unmeasured.row(planned, cell, Status.CANCELLED, "the sweep was stopped") for planned, cell in open_]
        if rows:
            store.append(self._results, rows)

    def _start(self, planned: Planned) -> None:
        rest = self._tried(planned)
        if rest is None:
            self._schedule.release(planned.target)
            return
        self._flights[id(rest)] = _Flight(rest, _by_id(rest), self._deadline(rest))
        self._gauges.take(rest.target)
        self._backend.start(rest, self._spool)

    def _tried(self, planned: Planned) -> Planned | None:
        """Leave out larger batches than one that ran out of memory on this target; None when nothing is left."""
        cells = planned.invocation.cells
        small: dict[int, Cell] = {}  # by index: the smaller batch that ran out
        for cell in self._exhausted.get(planned.target.target_id, ()):
            for larger in invocations.larger_batches(cell, cells):
                small.setdefault(cells.index(larger), cell)
        for index, cell in small.items():
            why = invocations.why_skipped(cell)
            self._keep(unmeasured.row(planned, cells[index], Status.SKIPPED, why), planned)
        kept = [name for index, name in enumerate(planned.cell_ids) if index not in small]
        return None if not kept else _narrowed(planned, kept) if small else planned

    def _hear(self, event: Event) -> None:
        flight = self._flights.get(id(event.planned))
        if flight is None:
            return
        flight.has_begun = flight.has_begun or event.kind in (EventKind.LOADING, EventKind.STARTED)
        if event.kind == EventKind.STARTED:
            flight.current = flight.waiting.get(event.cell_id or "")
        if event.row is not None:
            flight.current = None
        if event.kind != EventKind.QUEUED:
            # Every other word starts the clock anew, also WAITING: another's lease is not this invocation's time.
            flight.deadline = self._deadline(flight.planned, is_measuring=flight.current is not None)
        if event.row is not None:
            self._store(flight, event.row, event.text)
            flight.spooled.append(event.row)  # not before: what is stopped while it is stored stays on its host
            return
        if event.kind == EventKind.ENDED:
            self._strike(flight.planned.target, failed=event.status in RETRIED)
            self._end(flight, event.status or Status.CRASHED, event.text or "its supervisor ended without a row")
        self._tell(event, event.text)

    def _store(self, flight: _Flight, row: Row, text: str | None = None) -> None:
        cell = flight.waiting.pop(row.cell_id, None)
        if row.key() in self._seen:
            return
        flight.has_rows = True
        if cell is not None and row.status == Status.OOM:
            for exhausted in (self._exhausted, self.outcome.exhausted):
                exhausted.setdefault(row.target_id, []).append(cell)
        if Status(row.status) in RETRIED and row.attempt < MAX_ATTEMPTS:
            again = _narrowed(flight.planned, [row.cell_id], attempt=row.attempt + 1)
            again = _elsewhere(again) if row.status == Status.LOST else again
            if self._schedule.accepts(again):
                self._total += 1
                self._schedule.add(again)
        self._keep(row, flight.planned, text)

    def _end(self, flight: _Flight, status: Status, reason: str) -> None:
        """Close an invocation: the cell under way gets its row here, a new process goes on with the rest.

        A process that was lost before it gave a row or began a cell is the failure of all its cells.
        """
        planned, current = flight.planned, flight.current
        if status is Status.OOM and not flight.has_begun:
            status, reason = Status.CRASHED, f"{reason}, before it loaded anything"
        begun = [current] if current else [] if flight.has_rows else list(flight.waiting.values())
        for cell in begun:
            self._store(flight, unmeasured.row(planned, cell, status, reason))
        if flight.waiting:
            rest = _narrowed(planned, flight.waiting)
            self._go_on(_elsewhere(rest) if status is Status.LOST else rest)
        del self._flights[id(planned)]
        self._backend.forget(self._spool, flight.spooled)
        self._gauges.release(planned.target)
        self._schedule.release(planned.target)

    def _go_on(self, rest: Planned) -> None:
        if self._schedule.accepts(rest):
            self._schedule.add(rest)
        else:
            self._give_up(rest)

    def _strike(self, target: Target, *, failed: bool) -> None:
        """Count a target's failures in a row: a worker or node that died, not a child, which costs one cell only.

        A host may have a node for each GPU: one that keeps dying says nothing about the others, and a host that is gone
        as a whole soon has all its targets set aside.
        """
        key = target.target_id
        self._strikes[key] = self._strikes.get(key, 0) + 1 if failed else 0
        if self._strikes[key] != STRIKES:
            return
        reason = _set_aside(target)
        self.outcome.problems.append(reason)
        self._tell(None, reason)
        for planned in self._schedule.drop(key):
            self._give_up(planned)

    def _give_up(self, planned: Planned) -> None:
        """Write what the loss of a host leaves unmeasured; a unit that was tried before keeps that attempt's row."""
        if planned.invocation.attempt > 1:
            self._total -= len(planned.invocation.cells)
            return
        for cell in planned.invocation.cells:
            self._keep(unmeasured.row(planned, cell, Status.LOST, _set_aside(planned.target)), planned)

    def _keep(self, row: Row, planned: Planned, text: str | None = None) -> None:
        """Store a row and tell of it."""
        self._seen.add(row.key())
        store.append(self._results, [row])
        self.outcome.rows.append(row)
        self._gauges.add(row, planned.target, self._now())
        self._tell(Event(planned=planned, kind=EventKind.ROW, row=row, text=text), text)

    def _deadline(self, planned: Planned, *, is_measuring: bool = False) -> float:
        """Say when the next word of an invocation is overdue: a supervisor speaks at every load, start and row."""
        rules, cells = planned.invocation.rules, planned.invocation.cells
        limit = rules.time_limit_s if is_measuring else rules.load_limit_s
        if cells[0].requirements and not is_measuring:
            limit += BUILD_S
        return self._now() + limit + self._grace_s

    def _check_deadlines(self) -> None:
        now = self._now()
        for flight in list(self._flights.values()):
            if now > flight.deadline:
                self._backend.cancel(flight.planned)
                limit = wording.duration(self._grace_s)
                self._strike(flight.planned.target, failed=True)
                self._end(flight, Status.LOST, f"no word from its host, {limit} beyond the limit of what it was doing")

    def _tell(self, event: Event | None, text: str | None) -> None:
        done = len(self.outcome.rows)
        elapsed = self._now() - self._begun
        left = elapsed / done * (self._total - done) if done else plan.estimate_s(self._plan)
        self._watch(Progress(event=event, done=done, total=self._total, left_s=max(0.0, left), text=text))


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
    """Keep an invocation from the host that was just lost under it, or at least from the target, where it may."""
    lost = planned.target
    others = [each for each in planned.alternatives if each.host.host_id != lost.host.host_id]
    others = others or list(planned.alternatives)
    if not others:
        return planned
    moved = plan.moved(planned, others[0])
    kept = [pair for pair in zip(moved.alternatives, moved.elsewhere_s, strict=True) if pair[0] in others]
    alternatives, elsewhere_s = tuple(target for target, _ in kept), tuple(seconds for _, seconds in kept)
    return dataclasses.replace(moved, alternatives=alternatives, elsewhere_s=elsewhere_s)


def _set_aside(target: Target) -> str:
    return f"{target.label} was set aside after {STRIKES} invocations in a row were lost with their process"
