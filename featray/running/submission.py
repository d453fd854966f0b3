"""Submission: one `submit`, from a sweep to stored rows.

Flow: sweep, inventory and store -> `prepare` (what would be done; `featray plan` prints it) -> `carry_out`.
"""

import collections
import contextlib
import dataclasses
import datetime
import functools
import secrets
import signal
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence

from featray import errors, store
from featray.analysis import units
from featray.backends import Backend
from featray.core.cell import Cell
from featray.core.row import Row
from featray.core.status import Status
from featray.measurement import weights
from featray.planning import invocations_per_unit, placement, plan
from featray.planning.inventory import Inventory, Target
from featray.planning.plan import Campaign, Plan, Stored
from featray.running import claims, spooled_rows, unmeasured
from featray.running.gauges import Gauges
from featray.running.runner import REAL_TIME, DriverClock, Progress, RunningPlan, RunOutcome, Watch
from featray.store import UnitState
from featray.sweep import Sweep, expand


@dataclasses.dataclass(frozen=True, kw_only=True)
class SubmitRequest:
    """What the caller wants done with a sweep."""

    sweep: Sweep
    results: str
    rerun: bool = False
    retry_failed: bool = False
    budget_s: float | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Prepared:
    """What a submit would do: the plan, and what to know before it starts."""

    plan: Plan
    placement: placement.Placement
    problems: tuple[str, ...] = ()


def new_run_id(sweep: str, now: datetime.datetime) -> str:
    """Name a new campaign: `quickstart-20260514-231532-a1b2`; the names of one sweep sort by time."""
    return f"{sweep}-{now.astimezone(datetime.UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def prepare(request: SubmitRequest, inventory: Inventory, *, now: datetime.datetime) -> Prepared:
    """Plan what is still to be measured; nothing is started or written.

    Raises:
        NothingMatches: the selector picks nothing, or no cell can run on any target.
        StoreError: the store cannot be read.
    """
    sweep = request.sweep
    placed = _placed(sweep, inventory)
    if not placed.units:
        raise errors.NothingMatches(_none_can_run(sweep.name, placed))
    known = None if request.rerun else store.latest_run(request.results, sweep.name)
    if known is not None and store.is_removed(request.results, known):  # what is left of it lies in an archive
        known = None
    prepared = _prepare_run(request, placed, known or new_run_id(sweep.name, now))
    older = _outdated(request.results, known, placed) if known is not None else []
    return dataclasses.replace(prepared, problems=(*_left_out(inventory), *older, *prepared.problems))


def _left_out(inventory: Inventory) -> list[str]:
    return [f"{host.hostname} was left out: {host.error}" for host in inventory.hosts if host.error is not None]


PACKAGES = (("torch", "torch"), ("pyfeat", "py-feat"))
"""Columns of rows, and the packages of a host that stand in them."""


def _outdated(results: str, run_id: str, placed: placement.Placement) -> list[str]:
    """Say what hosts have in other versions than a run was measured with, outside environments of its own."""
    hosts = {target.target_id: target.host for unit in placed.units for target in (unit.target, *unit.alternatives)}
    columns = ["target_id", "environment", "status", "source_file", *(column for column, _ in PACKAGES)]
    frame, _ = store.load(results, run_id=run_id, columns=columns)
    changed: collections.Counter[tuple[str, str, str, str]] = collections.Counter()
    for row in frame.astype(object).where(frame.notna(), None).to_dict("records"):
        host = hosts.get(row["target_id"])
        if host is None or row["status"] != Status.OK or row["environment"] or row["source_file"]:
            continue
        for column, package in PACKAGES:
            then, today = row[column], host.packages.get(package)
            if then and today and then != today:
                changed[host.hostname, package, then, today] += 1
    return [
        f"{count} rows of {run_id} were measured with {package} {then} on {hostname}, which has {today} now: what is "
        "measured beside them makes them stale; --rerun measures all anew"
        for (hostname, package, then, today), count in changed.items()
    ]


def _placed(sweep: Sweep, inventory: Inventory) -> placement.Placement:
    return placement.match(expand(sweep), inventory, sweep.hosts, interchangeable=sweep.interchangeable)


def _prepare_run(request: SubmitRequest, placed: placement.Placement, run_id: str) -> Prepared:
    """Plan what is still to be measured in one run, given what the store has now."""
    reading = store.keys(request.results, sweep=request.sweep.name, every_attempt=True)
    own = [unit for unit in reading.units if unit.run_id == run_id]
    stored = [_stored(row) for row in own]
    placed = plan.at_home(placed, stored)
    work = plan.make(
        placed,
        stored,
        _campaign(request.sweep, run_id),
        wanted=invocations_per_unit.wanted(request.sweep.invocations, placed, own),
        retry_failed=request.retry_failed,
        durations=_durations(reading.units),
    )
    return Prepared(plan=work, placement=placed, problems=tuple(map(str, reading.problems)))


def carry_out(
    request: SubmitRequest, backend: Backend, watch: Watch, *, now: datetime.datetime, clock: DriverClock = REAL_TIME
) -> tuple[str, RunOutcome]:
    """Measure what the sweep still lacks, row by row into the store.

    A pilot comes first where the sweep lets the number of invocations follow from the spread; then that number is fixed
    once, from the pilot's rows alone, and the rest is measured. Hosts that join meanwhile get their share at the end.

    Raises:
        Busy: another submit of this sweep runs on this store.
        NotReady: weights are missing on a host; nothing was measured.
        Interrupted: Ctrl-C; finished rows are stored and every child is gone.
    """
    with claims.claim(request.results, request.sweep.name) as sign:
        inventory = backend.inventory()
        found = spooled_rows.gather(request.results, backend)
        prepared = prepare(request, inventory, now=now)
        run_id = prepared.plan.campaign.run_id
        spooled_rows.tell(found, run_id, watch)
        for text in prepared.problems:
            watch(Progress(event=None, done=0, total=prepared.plan.remaining, left_s=None, text=text))
        sign(run_id)
        ends_s = clock.now() + request.budget_s if request.budget_s is not None else None
        gauges = Gauges(clock.now())
        measure = functools.partial(_measure, backend=backend, watch=watch, ends_s=ends_s, clock=clock, gauges=gauges)
        outcome = measure(request, prepared)
        outcome.problems[:0] = prepared.problems
        while outcome.newcomers and not outcome.not_reached:
            outcome.newcomers.clear()
            again = _once_retried(request)
            try:
                placed = _placed(request.sweep, backend.inventory())
            except errors.NothingMatches as gone:
                outcome.problems.append(f"nothing was measured on the hosts that joined: {gone}")
                break
            try:
                outcome.add(measure(again, _prepare_run(again, placed, run_id)))
            except errors.NotReady as lacking:
                outcome.problems.append(f"nothing was measured on the hosts that joined: {lacking}")
        spooled_rows.tell(spooled_rows.gather(request.results, backend), run_id, watch)
        doubled = store.compact(request.results, run_id=run_id).duplicates
        if doubled:
            outcome.problems.append(
                f"{doubled} rows were stored twice and count once; please report how that came about"
            )
    return run_id, outcome


def _once_retried(request: SubmitRequest) -> SubmitRequest:
    """Leave alone what has failed again in this submit."""
    return dataclasses.replace(request, retry_failed=False)


def _measure(
    request: SubmitRequest,
    prepared: Prepared,
    *,
    backend: Backend,
    watch: Watch,
    ends_s: float | None,
    clock: DriverClock,
    gauges: Gauges,
) -> RunOutcome:
    """RunningPlan a pilot where the sweep wants one, then the rest."""
    prepared = _with_weights(request, prepared, backend)
    spooled_rows.tell(_keep_refusals(request, prepared.plan), prepared.plan.campaign.run_id, watch)
    for text in _refused(prepared.plan):
        watch(Progress(event=None, done=0, total=prepared.plan.remaining, left_s=None, text=text))

    def run(work: Plan, exhausted: Mapping[str, Sequence[Cell]]) -> RunOutcome:
        part = RunningPlan(
            work, backend, request.results, watch, ends_s=ends_s, exhausted=exhausted, clock=clock, gauges=gauges
        )
        return _finish(part)

    outcome = run(prepared.plan, {})
    if request.sweep.invocations.max > request.sweep.invocations.pilot and not outcome.not_reached:
        rest = _prepare_run(_once_retried(request), prepared.placement, prepared.plan.campaign.run_id).plan
        outcome.add(run(rest, outcome.exhausted))
    return outcome


def _finish(run: RunningPlan) -> RunOutcome:
    """Run to the end, or to Ctrl-C.

    Raises:
        Interrupted: it was stopped.
    """
    try:
        with _terminated_is_interrupted():
            return run.finish()
    except KeyboardInterrupt:
        run.cancel()
        done = len(run.outcome.rows)
        raise errors.Interrupted(f"stopped; {done} rows are stored, the next submit goes on from there") from None


@contextlib.contextmanager
def _terminated_is_interrupted() -> Iterator[None]:
    """Take SIGTERM for Ctrl-C, so that a service manager's stop also keeps every finished row.

    Only the main thread may set signal handlers; elsewhere (a notebook's executor) SIGTERM keeps its meaning.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def without_number(rows: Iterable[Row], *, interchangeable: bool) -> int:
    """Count the units that have none, among the last attempts of a run.

    Where targets are interchangeable, a unit that was lost on one and measured on another has its number.
    """
    is_ok: dict[tuple[str, ...], bool] = {}
    for row in units.standing(rows):
        unit = (row.cell_id, str(row.invocation), "" if interchangeable else row.target_id)
        is_ok[unit] = is_ok.get(unit, False) or row.status == Status.OK
    return sum(not ok for ok in is_ok.values())


def _with_weights(request: SubmitRequest, prepared: Prepared, backend: Backend) -> Prepared:
    """Fetch pretrained weights on every host that will need them, before anything is measured.

    Hosts that cannot have them are refused the cells that need them; the others measure.

    Raises:
        NotReady: no host is left for any cell; the message names files, repositories and hosts.
    """
    missing = backend.fetch(needs) if (needs := _weights_needed(prepared.plan)) else {}
    if not missing:
        return prepared

    def lacks(each: Cell, target: Target) -> str | None:
        found = missing.get(target.host.host_id) if _is_pretrained(each) else None
        return f"weights are missing: {found[0].splitlines()[0]}" if found else None

    left = placement.without(prepared.placement, lacks)
    again = _prepare_run(request, left, prepared.plan.campaign.run_id)
    if not again.plan.invocations:
        names = {target.host.host_id: target.host.hostname for target in _targets(prepared.plan)}
        told = [f"{names[host]}: {text}" for host in sorted(missing) for text in missing[host]]
        raise errors.NotReady("weights are missing, and nothing was measured:\n  " + "\n  ".join(told))
    return dataclasses.replace(again, problems=prepared.problems)


def _is_pretrained(each: Cell) -> bool:
    return each.weights == weights.PRETRAINED and each.detector.is_pyfeat


def _targets(work: Plan) -> Iterator[Target]:
    for planned in work.invocations:
        yield from (planned.target, *planned.alternatives)


def _weights_needed(work: Plan) -> dict[str, set[weights.HubFile]]:
    """List the hub files that each host will load, by host id."""
    needs: dict[str, set[weights.HubFile]] = {}
    for planned in work.invocations:
        hosts = {target.host.host_id for target in (planned.target, *planned.alternatives)}
        for each in planned.invocation.cells:
            if _is_pretrained(each):
                for host in hosts:
                    needs.setdefault(host, set()).update(weights.required(each.detector))
    return needs


def _keep_refusals(request: SubmitRequest, work: Plan) -> list[Row]:
    """Store a row for each cell that cannot run, once; return those that are new."""
    run_id = work.campaign.run_id
    stored = store.keys(request.results, sweep=request.sweep.name, run_id=run_id, every_attempt=True).units
    known = [(row.cell_id, row.target_id) for row in stored if row.order_index is None]
    refused = unmeasured.refusals(work, known)
    if refused:
        store.append(request.results, refused)
    return refused


def _refused(work: Plan) -> list[str]:
    """Say which cells cannot run, a line for each reason."""
    by_reason: dict[str, list[str]] = {}
    for refusal in work.refusals:
        by_reason.setdefault(refusal.reason, []).append(refusal.cell.label)
    return [
        f"cannot run: {labels[0]}{f' and {len(labels) - 1} more' if len(labels) > 1 else ''}: {reason}"
        for reason, labels in by_reason.items()
    ]


def _stored(row: UnitState) -> Stored:
    return Stored(
        cell_id=row.cell_id,
        target_id=row.target_id,
        invocation=row.invocation,
        attempt=row.attempt,
        status=Status(row.status),
        measured=row.order_index is not None,
    )


def _durations(rows_: Iterable[UnitState]) -> dict[tuple[str, str], float]:
    """Learn each unit's seconds from the last row that has them."""
    return {
        (row.cell_id, row.target_id): sum(row.warmup_s or ()) + sum(row.timed_s)
        for row in rows_
        if row.timed_s is not None
    }


def _campaign(sweep: Sweep, run_id: str) -> Campaign:
    return Campaign(
        sweep=sweep.name,
        run_id=run_id,
        description=sweep.description,
        baseline=sweep.baseline,
        rules=sweep.rules,
        exclusive=sweep.exclusive,
        seed=sweep.seed,
    )


def _none_can_run(name: str, placed: placement.Placement) -> str:
    reasons = list(dict.fromkeys(refusal.reason for refusal in placed.refusals))
    return f"{name}: no cell can run anywhere: " + "; ".join(reasons)
