"""Submission: one `submit`, from a sweep to stored rows.

Flow: `preparation` -> `weights_on_hosts` -> `runner`, twice where a pilot comes first -> store. A search goes on within
one run of the runner.
"""

import dataclasses
import datetime
import functools
from collections.abc import Callable, Collection, Mapping, Sequence

from featray import errors, store
from featray.backends import Backend
from featray.core import wording
from featray.core.cell import Cell
from featray.core.row import Row
from featray.planning import fleet_plan
from featray.planning.outlook import Outlook
from featray.planning.placement import Refusal
from featray.planning.plan import Plan
from featray.planning.planned_invocation import PlannedInvocation
from featray.running import claims, preparation, spooled_rows, unmeasured, weights_on_hosts
from featray.running.gauges import Gauges
from featray.running.preparation import SubmitPlan, SubmitRequest
from featray.running.progress import Progress, Watch
from featray.running.run_outcome import RunOutcome
from featray.running.runner import REAL_TIME, DriverClock, FindMore, Runner
from featray.running.searching import Searching

NOTE_FILES = 1024  # of the store, between two messages of its compaction: a few seconds

RunSubmitPlan = Callable[[SubmitRequest, SubmitPlan], RunOutcome]


def run(
    request: SubmitRequest, backend: Backend, watch: Watch, *, now: datetime.datetime, clock: DriverClock = REAL_TIME
) -> tuple[str, RunOutcome]:
    """Measure what the sweep still lacks, and store every row as it arrives.

    A pilot comes first where the number of invocations follows from the spread. That number is then fixed once, from
    the pilot's rows alone, and the rest is measured. Hosts that join during the run get their share at the end.

    Returns:
        The run's id, and its outcome.

    Raises:
        Busy: another submit of this sweep runs on this store.
        NotReady: weights are missing on every host; nothing was measured.
        Interrupted: Ctrl-C; finished rows are stored and every child is gone.
        HeadGone: the head was gone before anything could be planned; later, the outcome holds it.
    """
    with claims.claim(request.results, request.sweep.name) as sign:
        inventory = backend.inventory()
        spooled = spooled_rows.store_spooled(request.results, backend, own=request.sweep.name)
        request = dataclasses.replace(request, begun=spooled_rows.find_begun(request.results, backend))
        prepared = preparation.prepare(request, inventory, now=now)
        run_id = prepared.plan.run.run_id
        spooled_rows.announce(spooled, run_id, watch)
        _announce_texts((*prepared.problems, *prepared.notes), prepared.plan, watch)
        sign(run_id)
        ends_s = clock.now() + request.budget_s if request.budget_s is not None else None
        gauges = Gauges(clock.now())
        measure = functools.partial(_measure, backend=backend, watch=watch, ends_s=ends_s, clock=clock, gauges=gauges)
        try:
            outcome = measure(request, prepared)
            outcome.problems[:0] = prepared.problems
            _measure_newcomers(request, run_id, backend, measure, outcome)
            late = spooled_rows.store_spooled(request.results, backend, own=request.sweep.name)
            spooled_rows.announce(late, run_id, watch)
        except errors.HeadGone as gone:
            return run_id, RunOutcome(head_gone=gone)
        _compact(request.results, run_id, outcome, watch)
        outcome.vanished = _count_vanished(request.results, run_id, prepared, outcome)
    return run_id, outcome


def _count_vanished(results: str, run_id: str, prepared: SubmitPlan, outcome: RunOutcome) -> int:
    """Count the rows that the run had or got and that the store lacks: somebody removed or damaged it meanwhile."""
    stored = {hash(unit.key()) for unit in store.keys(results, run_id=run_id, every_attempt=True).units}
    return len({*map(hash, prepared.stored), *outcome.key_hashes} - stored)


def _measure_newcomers(
    request: SubmitRequest, run_id: str, backend: Backend, measure: RunSubmitPlan, outcome: RunOutcome
) -> None:
    """Measure on the hosts that joined during the run what the sweep asks of them."""
    later = _without_retries(request)
    while outcome.newcomers and not outcome.not_reached:
        outcome.newcomers.clear()
        try:
            placed = preparation.place(request.sweep, backend.inventory())
            outcome.add(measure(later, preparation.plan_run(later, placed, run_id)))
        except (errors.NothingMatches, errors.NotReady) as wrong:
            outcome.problems.append(f"nothing was measured on the hosts that joined: {wrong}")
            if isinstance(wrong, errors.NothingMatches):
                return


def _compact(results: str, run_id: str, outcome: RunOutcome, watch: Watch) -> None:
    """Merge the run's files, and say so where it takes long: a killed driver may have left thousands."""

    def note(done: int, total: int) -> None:
        if done % NOTE_FILES == 0:
            watch(Progress(text=f"merging the store's files: {done} of {total} read"))

    duplicates = outcome.duplicates + store.compact(results, run_id=run_id, note=note).duplicates
    if duplicates:
        outcome.problems.append(f"{duplicates} rows were stored twice and count once; please report how this happened")


def _announce_texts(texts: Sequence[str], work: Plan, watch: Watch) -> None:
    for text in texts:
        watch(Progress(total=work.remaining, text=text))


def _without_retries(request: SubmitRequest) -> SubmitRequest:
    """Leave alone in later parts of a submit what has failed in this one."""
    return dataclasses.replace(request, retry_failed=False)


def _measure(
    request: SubmitRequest,
    prepared: SubmitPlan,
    *,
    backend: Backend,
    watch: Watch,
    ends_s: float | None,
    clock: DriverClock,
    gauges: Gauges,
) -> RunOutcome:
    """Run a pilot where the sweep wants one, then the rest.

    A target goes on with the rest when its own pilot has ended. What that leaves, such as what moved to another target
    in the pilot, comes at the end. A search says row by row what is measured next, and is one part.
    """
    prepared = weights_on_hosts.fetch(request, prepared, backend)
    run_id = prepared.plan.run.run_id
    spooled_rows.announce(_store_refusals(request, prepared.plan), run_id, watch)
    _announce_texts(_refusal_texts(prepared.plan), prepared.plan, watch)

    invocations = request.sweep.invocations

    def find_rest(idle: Collection[str]) -> Sequence[PlannedInvocation]:
        rest = preparation.plan_run(_without_retries(request), prepared.placement.on(idle), run_id).plan
        return [planned for planned in rest.invocations if planned.invocation.invocation > invocations.pilot]

    def run_part(
        work: Plan,
        exhausted: Mapping[str, Sequence[Cell]],
        find_more: FindMore | None = None,
        outlook: Outlook | None = None,
        search: Searching | None = None,
    ) -> RunOutcome:
        runner = Runner(
            work,
            backend,
            request.results,
            watch,
            ends_s=ends_s,
            exhausted=exhausted,
            clock=clock,
            gauges=gauges,
            find_more=find_more,
            outlook=outlook,
            search=search,
        )
        return _run_or_cancel(runner)

    if (search := preparation.follow_search(request, prepared)) is not None:
        return run_part(prepared.plan, {}, search=search)
    has_pilot = invocations.max > invocations.pilot
    outlook = Outlook(prepared.plan.invocations, pilot=invocations.pilot, most=invocations.max)
    outcome = run_part(prepared.plan, {}, find_rest if has_pilot else None, outlook)
    if has_pilot and not outcome.not_reached:
        rest = preparation.plan_run(_without_retries(request), prepared.placement, run_id).plan
        outcome.add(run_part(rest, outcome.exhausted))
    return outcome


def _run_or_cancel(runner: Runner) -> RunOutcome:
    """Run to the end, or until Ctrl-C.

    Raises:
        Interrupted: it was stopped.
    """
    try:
        return runner.run()
    except KeyboardInterrupt:
        runner.cancel()
        done = wording.count(runner.outcome.stored, "row is", "rows are")
        raise errors.Interrupted(f"stopped; {done} stored, the next submit goes on from there") from None


def _store_refusals(request: SubmitRequest, work: Plan) -> list[Row]:
    """Store a row for each cell that cannot run, once; return the new ones."""
    run_id = work.run.run_id
    stored = store.keys(request.results, sweep=request.sweep.name, run_id=run_id, every_attempt=True).units
    stored_refusals = [(unit.cell_id, unit.target_id) for unit in stored if unit.order_index is None]
    refusals = unmeasured.make_refusals(work, stored_refusals)
    if refusals:
        store.append(request.results, refusals)
    return refusals


def _refusal_texts(work: Plan) -> list[str]:
    """Say which cells cannot run, one line for each reason, whatever the number of hosts."""
    by_reason: dict[str, list[Refusal]] = {}
    for refusal in work.refusals:
        hostname = refusal.target.host.hostname if refusal.target else None
        by_reason.setdefault(fleet_plan.without_name(refusal.reason, hostname), []).append(refusal)
    return [_refusal_text(reason, refusals) for reason, refusals in by_reason.items()]


def _refusal_text(reason: str, refusals: Sequence[Refusal]) -> str:
    hosts = {refusal.target.host.host_id: refusal.target.host.hostname for refusal in refusals if refusal.target}
    labels = list(dict.fromkeys(refusal.cell.label for refusal in refusals))
    cells = f"{labels[0]}{f' and {len(labels) - 1} more' if len(labels) > 1 else ''}"
    if len(hosts) <= 1:
        return f"cannot run: {cells}: {refusals[0].reason}"
    return f"cannot run: {cells} on {wording.counted(list(hosts.values()), 'host')}: {reason}"
