"""Runner: carries out a plan on a backend and stores every row the moment it arrives.

Flow: `plan.Plan` -> `Runner` -> events of the backend -> `store.Appender`. The watcher gets every event and every row,
also the rows that the driver makes for what was lost.
The rows that come within a moment become one file. Only then are they told to the watcher, and may their hosts drop
them.
It always ends: every invocation has a deadline here, and a target that keeps failing is set aside.
"""

import collections
import dataclasses
import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence

from featray import store
from featray.backends import Backend, Event
from featray.core import wording
from featray.core.cell import Cell
from featray.core.choices import Exclusive
from featray.core.events import EventKind
from featray.core.output_table import PlainOutput
from featray.core.row import Row
from featray.core.status import RETRIED, Status
from featray.planning.inventory import Target
from featray.planning.outlook import Outlook
from featray.planning.plan import Plan
from featray.planning.planned_invocation import PlannedInvocation
from featray.planning.schedule import Schedule
from featray.running import idle_targets, kept_outputs, unmeasured
from featray.running.gauges import Gauges
from featray.running.known_failures import KnownFailures
from featray.running.progress import Progress, Watch
from featray.running.retries import moved_elsewhere, narrowed, next_attempt
from featray.running.run_outcome import RunOutcome
from featray.running.searching import Searching

STORE_S = 0.2  # rows wait so long for others, to share a file with them; until then their host keeps them
POLL_S = 0.5  # how late a passed deadline may be noticed: nothing against limits of minutes
GRACE_S = 60.0  # added to a supervisor's own limits before its host counts as gone
BUILD_S = 3600.0  # twice the limit for building an environment: the host may first wait for another builder
FORGET_ROWS = 256  # stored rows of a running invocation that its host still keeps: a message to it takes some ms
CANCELLED_ROWS = 20_000  # of one file; a million at once would take 4 GB
ASK_PAUSE = 20  # times as long as planning took, until it is asked again
FAILURES_MAX = 3  # invocations in a row that a target may lose before it is set aside: as many as a unit's attempts
CRASHES_MAX = 10  # the same of workers that died while others live, as long as something waits that was never tried


FindMore = Callable[[Collection[str]], Sequence[PlannedInvocation]]
"""From ids of idle targets to the invocations that they may go on with; those that are planned already may be among
them."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class DriverClock:
    """The driver's clock and patience; tests have their own."""

    now: Callable[[], float] = time.monotonic  # seconds from any origin
    grace_s: float = GRACE_S


REAL_TIME = DriverClock()


@dataclasses.dataclass
class _RunningInvocation:
    """An invocation that was started and has not ended."""

    planned: PlannedInvocation
    waiting: dict[str, Cell]  # by cell_id: cells that have no row yet
    deadline: float
    current: Cell | None = None  # the cell that is being measured
    has_begun: bool = False  # a child was started
    has_rows: bool = False
    spooled: list[Row] = dataclasses.field(default_factory=list)  # rows that its host keeps until `Backend.forget`
    has_ended: bool = False


class Runner:
    """Carries out one plan."""

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
        find_more: FindMore | None = None,
        outlook: Outlook | None = None,
        search: Searching | None = None,
    ) -> None:
        """Prepare; nothing starts before `run`.

        Args:
            work: The plan.
            backend: Where it runs.
            results: Store.
            watch: Called with every event.
            ends_s: No invocation and no cell starts after this time of the clock.
            exhausted: As in `RunOutcome`, from an earlier part of the same submit.
            clock: The time.
            gauges: The counts of an earlier part of the same submit.
            find_more: Asked while targets are idle and others still measure: what may the idle ones go on with?
            outlook: What is expected of `find_more`; it is told what came.
            search: Says what is measured next, where that follows from what was measured.
        """
        self._plan, self._backend, self._results, self._watch = work, backend, results, watch
        self._files = store.Appender(results)
        self._spool = store.create_spool_name(results)
        self._now, self._grace_s = clock.now, clock.grace_s
        exclusive = Exclusive.HOST if backend.runs_one_at_a_time else work.run.exclusive
        self._schedule = Schedule(work.invocations, exclusive=exclusive, outlook=outlook)
        self._running: dict[int, _RunningInvocation] = {}
        self._failures_in_a_row: dict[str, int] = {}
        self._fresh: list[Row] = []  # rows that are not in the store yet
        self._is_storing = False
        self._stored_s = -math.inf  # when rows were stored last
        self._outputs: list[tuple[Row, PlainOutput]] = []  # the same, of outputs
        self._untold: collections.deque[tuple[Event | None, str | None]] = (
            collections.deque()
        )  # for the watcher, once `_fresh` is stored
        self._spooling: dict[int, _RunningInvocation] = {}  # whose hosts may drop rows, once `_fresh` is stored
        self._total = work.remaining
        self._given_up = 0  # of them, those that get no row
        self._begun = self._now()
        self._ends_s = ends_s
        self._gauges = gauges or Gauges(self._begun)
        self._done_before = self._gauges.done
        self._search = search
        self.outcome = RunOutcome()
        self._known = KnownFailures(exhausted or {})
        self._find_more, self._outlook = find_more, outlook
        self._asks_again_s = self._begun  # not before this time is `find_more` asked
        self._has_ended = False  # an invocation, since `find_more` was asked

    def run(self) -> RunOutcome:
        """Run until every planned unit has a row, or the budget is spent and every cell that had begun has its row."""
        while self._running or (self._schedule.waiting and not self._is_spent()):
            while not self._is_spent() and (planned := self._schedule.take(self._now())) is not None:
                self._start(planned)
            events = self._backend.poll(POLL_S)
            for event in events:
                self._handle(event)
            self._end_between_cells()
            self._check_deadlines()
            if self._is_time_to_store(events):
                self._store_and_tell()
            self._give_idle_targets_more()
            self._search_on()
            if self._gauges.is_due(self._now()):
                self._publish()
                self._note_newcomers()
        self._report_budget()
        self._store_and_tell()
        self._publish()
        self.outcome.duplicates = self._files.duplicates
        return self.outcome

    def _search_on(self) -> None:
        """Add what a search measures next, given the rows that are stored."""
        for step in self._search.due() if self._search is not None else ():
            self._report(None, step.text)
            for planned in step.invocations:
                self._total += len(planned.invocation.cells)
                self._plan_again(planned)

    def _is_spent(self) -> bool:
        return self._ends_s is not None and self._now() > self._ends_s

    def _end_between_cells(self) -> None:
        """End the processes that are at no cell, once the budget is spent; the next submit measures their other cells.

        A row that was on its way is in its host's spool, and a cell that began this moment is measured anew.
        """
        if not self._is_spent():
            return
        for invocation in list(self._running.values()):
            if invocation.current is None and invocation.waiting:
                self._backend.cancel(invocation.planned)
                self._plan_again(narrowed(invocation.planned, invocation.waiting))
                self._let_go(invocation)

    def _give_idle_targets_more(self) -> None:
        """Let a target whose pilot has ended go on while others are still at theirs.

        Planning reads the store, so it is asked for only a twentieth of the time.
        """
        asked_s = self._now()
        if self._find_more is None or not self._has_ended or asked_s < self._asks_again_s or self._is_spent():
            return
        idle = {target.target_id for target in self._schedule.idle_targets()}
        if not idle or not self._running:
            return
        self._has_ended = False
        running = (invocation.planned for invocation in self._running.values())
        known = idle_targets.on_their_way((*self._schedule.queued(), *running))
        found = self._find_more(idle)
        if self._outlook is not None:
            self._outlook.finish_all(known, collections.Counter(id_ for planned in found for id_ in planned.cell_ids))
        for planned in found:
            new = idle_targets.only_new(planned, known)
            if new is not None and self._schedule.accepts(new):
                self._schedule.add(new)
                self._total += len(new.cell_ids)
        self._asks_again_s = self._now() + ASK_PAUSE * (self._now() - asked_s)

    def _publish(self) -> None:
        self._backend.publish(self._gauges.figures(self._done_before + self._total, self._now()))

    def _note_newcomers(self) -> None:
        for name in self._backend.newcomers():
            self.outcome.newcomers.append(name)
            self._report(None, f"{name} joined; its share of the sweep is measured after the rest")

    def _report_budget(self) -> None:
        left = self._schedule.drop_all()
        self.outcome.not_reached = sum(len(planned.invocation.cells) for planned in left)
        if left:
            measurements = wording.count(self.outcome.not_reached, "measurement")
            invocations = wording.count(len(left), "invocation")
            hint = "" if self._gauges.done else "; it was over before the first was measured, so give it more minutes"
            self.outcome.problems.append(f"the budget left {measurements} in {invocations} undone{hint}")

    def cancel(self) -> None:
        """End every running invocation; every planned unit without a row gets one of status cancelled.

        Rows whose storing was interrupted stay on their hosts: the next submit stores them, if the store lacks them.
        """
        if not self._is_storing:
            self._store_and_tell()
        running = list(self._running.values())
        self._running.clear()
        unstored = {row.key() for row in self._fresh}
        for invocation in running:
            self._backend.cancel(invocation.planned)
            self._backend.forget(self._spool, [row for row in invocation.spooled if row.key() not in unstored])
        unfinished = [(invocation.planned, cell) for invocation in running for cell in invocation.waiting.values()]
        unfinished += [(planned, cell) for planned in self._schedule.drop_all() for cell in planned.invocation.cells]
        for first in range(0, len(unfinished), CANCELLED_ROWS):
            part = unfinished[first : first + CANCELLED_ROWS]
            rows = [unmeasured.make_row(*each, Status.CANCELLED, "the sweep was stopped") for each in part]
            store.append(self._results, rows)
        if not self._fresh:  # stored, and the watcher was interrupted
            self._tell_all()

    def _start(self, planned: PlannedInvocation) -> None:
        remaining, left_out = self._known.leave_out(planned)
        for cell, status, reason in left_out:
            self._store(unmeasured.make_row(planned, cell, status, reason), planned)
        if remaining is None:
            self._schedule.release(planned.target)
            return
        self._running[id(remaining)] = _RunningInvocation(remaining, _by_id(remaining), self._deadline(remaining))
        self._gauges.mark_busy(remaining.target)
        self._backend.start(remaining, self._spool)

    def _handle(self, event: Event) -> None:
        invocation = self._running.get(id(event.planned))
        if invocation is None:
            return
        invocation.has_begun = invocation.has_begun or event.kind in (EventKind.LOADING, EventKind.STARTED)
        if event.kind == EventKind.STARTED:
            invocation.current = invocation.waiting.get(event.cell_id or "")
        if event.row is not None and event.row.cell_id in invocation.waiting:
            invocation.current = None
        self._gauges.mark_waiting(event.planned.target, waits=event.kind in (EventKind.QUEUED, EventKind.WAITING))
        if event.kind != EventKind.QUEUED:
            # Also WAITING: the time for which another process holds the host does not count against this invocation.
            invocation.deadline = self._deadline(invocation.planned, is_measuring=invocation.current is not None)
        if event.row is not None:
            self._take_row(invocation, event.row, event.text)
            if event.output is not None and event.row.status == Status.OK:
                self._outputs.append((event.row, event.output))
            invocation.spooled.append(event.row)
            self._spooling[id(invocation)] = invocation
            return
        if event.kind == EventKind.ENDED:
            self._count_failures(invocation.planned.target, event.status)
            self._close(invocation, event.status or Status.CRASHED, event.text or "its supervisor ended without a row")
        self._report(event, event.text)

    def _take_row(self, invocation: _RunningInvocation, row: Row, text: str | None = None) -> None:
        """Store a row of an invocation, and plan another attempt where its status asks for one."""
        cell = invocation.waiting.pop(row.cell_id, None)
        if cell is None:
            return  # it came before
        invocation.has_rows = True
        if row.status == Status.OOM:
            self.outcome.exhausted.setdefault(row.target_id, []).append(cell)
        self._known.note(invocation.planned.target, cell, row)
        retry = next_attempt(invocation.planned, row)
        if retry is not None and self._schedule.accepts(retry):
            self._total += 1
            self._schedule.add(retry)
        self._store(row, invocation.planned, text)

    def _close(self, invocation: _RunningInvocation, status: Status, reason: str) -> None:
        """End an invocation: the cell that was being measured gets its row here, a new process measures the rest.

        Where the process was lost before it gave a row or began a cell, all its cells get that row.
        """
        planned, current = invocation.planned, invocation.current
        if status is Status.OOM and not invocation.has_begun:
            status, reason = Status.CRASHED, f"{reason}, before it loaded anything"
        failed = [current] if current else [] if invocation.has_rows else list(invocation.waiting.values())
        for cell in failed:
            self._take_row(invocation, unmeasured.make_row(planned, cell, status, reason))
        if invocation.waiting:
            remaining = narrowed(planned, invocation.waiting)
            if status is Status.CRASHED:  # what its worker died of may be in all its cells
                remaining = dataclasses.replace(remaining, interruptions=planned.interruptions + 1)
            self._plan_again(moved_elsewhere(remaining) if status is Status.LOST else remaining)
        self._let_go(invocation)

    def _let_go(self, invocation: _RunningInvocation) -> None:
        """Note that an invocation has ended, and that its target is free."""
        del self._running[id(invocation.planned)]
        invocation.has_ended = self._has_ended = True
        self._gauges.mark_free(invocation.planned.target)
        self._schedule.release(invocation.planned.target)

    def _plan_again(self, remaining: PlannedInvocation) -> None:
        if self._schedule.accepts(remaining):
            self._schedule.add(remaining)
        else:
            self._give_up(remaining)

    def _count_failures(self, target: Target, status: Status | None) -> None:
        """Set a target aside after FAILURES_MAX lost invocations in a row.

        Only the loss of a worker or node counts: the death of a child costs one cell. A host may have a node for each
        GPU, so each target is counted by itself; where the whole host is gone, all its targets are soon set aside.
        Workers also die of what they measure: where the host lives, all that was never tried has its turn first.
        """
        target_id = target.target_id
        count = self._failures_in_a_row.get(target_id, 0) + 1 if status in RETRIED else 0
        self._failures_in_a_row[target_id] = count
        goes_on = status is Status.CRASHED and count < CRASHES_MAX and self._schedule.has_untried(target)
        if count < FAILURES_MAX or goes_on:
            return
        reason = set_aside_reason(target, count)
        self.outcome.problems.append(reason)
        self._report(None, reason)
        for planned in self._schedule.drop(target_id):
            self._give_up(planned)

    def _give_up(self, planned: PlannedInvocation) -> None:
        """Store a lost row for every cell of an invocation; a unit that was tried before keeps that attempt's row.

        Such a unit stays among those to measure, unless it counts with its row of this submit.
        """
        if planned.is_retry:
            self._total -= len(planned.invocation.cells)
            return
        if planned.invocation.attempt > 1:
            self._given_up += len(planned.invocation.cells)
            return
        reason = set_aside_reason(planned.target, self._failures_in_a_row.get(planned.target.target_id, 0))
        for cell in planned.invocation.cells:
            self._store(unmeasured.make_row(planned, cell, Status.LOST, reason), planned)

    def _store(self, row: Row, planned: PlannedInvocation, text: str | None = None) -> None:
        """Have a row stored and told, with the others of this poll."""
        self._fresh.append(row)
        if self._search is not None:
            self._search.note(row)
        self._gauges.add(row, planned.target, self._now())
        self._report(Event(planned=planned, kind=EventKind.ROW, row=row, text=text), text)

    def _is_time_to_store(self, events: Sequence[Event]) -> bool:
        """Return True unless rows may wait for others: more are on their way, and no invocation has ended."""
        is_over = not events or any(event.kind == EventKind.ENDED for event in events)
        return is_over or not self._fresh or self._now() >= self._stored_s + STORE_S

    def _store_and_tell(self) -> None:
        """Store the rows that are waiting as one file; then tell the watcher, and let their hosts drop them.

        Outputs come first: whoever finds a row in the store asks no host for its output again.
        """
        self.outcome.problems += kept_outputs.keep(self._results, self._outputs)
        self._outputs = []
        if self._fresh:
            self._is_storing = True
            self._files.append(self._fresh)
            self._fresh, self._is_storing, self._stored_s = [], False, self._now()
        self._tell_all()
        for key, invocation in list(self._spooling.items()):
            if invocation.has_ended or len(invocation.spooled) >= FORGET_ROWS:
                spooled, invocation.spooled = invocation.spooled, []
                self._backend.forget(self._spool, spooled)
                del self._spooling[key]
        self._files.tidy()

    def _tell_all(self) -> None:
        while self._untold:
            event, text = self._untold.popleft()
            if event is not None and event.row is not None:
                self.outcome.note(event.row)
            self._tell(event, text)

    def _deadline(self, planned: PlannedInvocation, *, is_measuring: bool = False) -> float:
        """Compute when the next event is overdue: a supervisor sends one at every load, start and row."""
        rules, cells = planned.invocation.rules, planned.invocation.cells
        limit_s = rules.cell_limit_s if is_measuring else rules.load_limit_s
        if cells[0].requirements and not is_measuring:
            limit_s += BUILD_S
        return self._now() + limit_s + self._grace_s

    def _check_deadlines(self) -> None:
        now = self._now()
        for invocation in list(self._running.values()):
            if now > invocation.deadline:
                self._backend.cancel(invocation.planned)
                self._count_failures(invocation.planned.target, Status.LOST)
                grace = wording.duration(self._grace_s)
                self._close(invocation, Status.LOST, f"its host sent nothing for {grace} beyond its time limit")

    def _report(self, event: Event | None, text: str | None) -> None:
        """Have the watcher told, in order, once the rows that came before are stored."""
        self._untold.append((event, text))

    def _tell(self, event: Event | None, text: str | None) -> None:
        done = self.outcome.stored
        elapsed_s = self._now() - self._begun
        left = self._total - self._given_up - done
        left_s = elapsed_s / done * left if done else self._plan.expected_s
        before = self._done_before  # in earlier parts of the submit
        self._watch(
            Progress(
                event=event,
                done=before + done,
                total=before + self._total,
                left_s=max(0.0, left_s),
                text=text,
                targets=self._plan.bound_targets,
                has_many_targets=self._plan.has_many_targets,
            )
        )


def _by_id(planned: PlannedInvocation) -> dict[str, Cell]:
    return dict(zip(planned.cell_ids, planned.invocation.cells, strict=True))


def set_aside_reason(target: Target, count: int = FAILURES_MAX) -> str:
    """Say why nothing more runs on a target, after so many losses in a row."""
    verb = "were" if target.is_whole else "was"
    return f"{target.label} {verb} set aside after {count} invocations in a row were lost with their process"
