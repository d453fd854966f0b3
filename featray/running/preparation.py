"""Preparation: what a submit would do, from a sweep, an inventory and the store. Nothing is started or written.

Flow: `SubmitRequest`, `Inventory`, store -> `prepare` -> `SubmitPlan` -> `submission`; `featray plan` prints it.
"""

import dataclasses
import datetime
import secrets
from collections.abc import Callable, Collection, Sequence

from featray import errors, store
from featray.core import garbage, wording
from featray.core.row import Row, RowKey
from featray.core.stored_unit import BegunUnit, StoredUnit
from featray.planning import invocations_per_unit, own_classes, placement, plan, search
from featray.planning.inventory import Inventory
from featray.planning.known_times import KnownTimes
from featray.planning.placement import PlacedUnit, Placement
from featray.planning.plan import Plan
from featray.planning.planned_invocation import ExpectedTimes, RunSettings
from featray.planning.search import SearchOutlook
from featray.running import changed_packages, recorded_secrets, search_readings
from featray.running.searching import Searching
from featray.store import Continued, StoredKeys
from featray.sweep import Sweep, expand


@dataclasses.dataclass(frozen=True, kw_only=True)
class SubmitRequest:
    """What the caller wants done with a sweep."""

    sweep: Sweep
    results: str
    rerun: bool = False
    retry_failed: bool = False
    budget_s: float | None = None
    new_run_id: str | None = None  # of a run that this submit starts; None makes one
    begun: Sequence[BegunUnit] = ()  # what hosts began, and whose end they did not see
    replay: bool | None = None
    """True replays, False measures: each continues the last run of its own kind. None continues any run."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SubmitPlan:
    """What a submit would do, and what the user should know before it starts."""

    plan: Plan
    placement: Placement
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # what is done and nothing is wrong with
    stored: frozenset[RowKey] = frozenset()  # the rows that the run has
    search: SearchOutlook | None = None  # what a search may measure later


def new_run_id(sweep: str, now: datetime.datetime) -> str:
    """Name a new run: `quickstart-20260514-231532-a1b2`; the names of one sweep sort by time."""
    return f"{sweep}-{now.astimezone(datetime.UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


@garbage.paused()
def prepare(request: SubmitRequest, inventory: Inventory, *, now: datetime.datetime) -> SubmitPlan:
    """Plan what is still to be measured, in the sweep's run that is continued or in a new one.

    Raises:
        NothingMatches: the selector picks nothing, or no cell can run on any target.
        BadInput: the sweep holds the digest of a secret instead of the secret.
        StoreError: the store cannot be read.
    """
    cells = expand(request.sweep)
    recorded_secrets.check_values(cells, request.sweep.name)
    placed = place(request.sweep, inventory)
    if not placed.units:
        reasons = "; ".join(dict.fromkeys(refusal.reason for refusal in placed.refusals))
        raise errors.NothingMatches(f"{request.sweep.name}: no cell can run anywhere: {reasons}")
    continued = _find_continued(request)
    run_id = continued.run_id
    new = request.new_run_id or new_run_id(request.sweep.name, now)
    prepared = plan_run(request, placed, run_id or new)
    changed = _changed_packages(request.results, run_id, prepared) if run_id is not None else []
    problems = (*_unusable_hosts(inventory), *changed, *prepared.problems)
    notes = (
        recorded_secrets.note(cells),
        own_classes.note_unbuilt(cells, inventory.hosts),
        _note_import(continued, prepared.plan.run.run_id),
    )
    return dataclasses.replace(prepared, problems=problems, notes=tuple(filter(None, notes)))


def find_continued(request: SubmitRequest) -> str | None:
    """Name the run of the store that a submit goes on with; None where it starts one.

    Raises:
        StoreError: the store cannot be read.
    """
    return _find_continued(request).run_id


def _find_continued(request: SubmitRequest) -> Continued:
    if request.rerun:
        return Continued()
    found = store.find_continued(request.results, request.sweep.name, replayed=request.replay)
    if found.run_id is not None and store.is_removed(request.results, found.run_id):  # an archive still holds its rows
        return dataclasses.replace(found, run_id=None)
    return found


def _note_import(continued: Continued, run_id: str) -> str | None:
    """Say that a newer run of the sweep is there that this submit leaves alone."""
    if continued.newer_import is None:
        return None
    return f"{continued.newer_import} is a newer run of this sweep, but it was imported; new rows go into {run_id}"


def place(sweep: Sweep, inventory: Inventory) -> Placement:
    """Match the cells of a sweep with the targets that it selects."""
    return placement.match(expand(sweep), inventory, sweep.hosts, interchangeable=sweep.interchangeable)


def plan_run(
    request: SubmitRequest,
    placed: Placement,
    run_id: str,
    reading: StoredKeys | None = None,
    known: KnownTimes | None = None,
) -> SubmitPlan:
    """Plan what one run still lacks, given what the store has now, or what was read of it and tells of times."""
    if reading is None:
        reading = store.keys(request.results, sweep=request.sweep.name, every_attempt=True)
    stored = [unit for unit in reading.units if unit.run_id == run_id]
    placed = plan.prefer_measured_target(placed, stored)
    known = known or KnownTimes(reading.units, (unit.cell for unit in placed.units))
    needed, may_come, later = _needed(request, placed, stored, run_id, known)
    work = plan.make(
        placed,
        stored,
        _run_settings(request.sweep, run_id),
        invocations_needed=needed,
        may_come=may_come,
        retry_failed=request.retry_failed,
        known=known,
        begun=request.begun,
    )
    return SubmitPlan(
        plan=work,
        placement=placed,
        problems=tuple(map(str, reading.problems)),
        stored=frozenset(unit.key() for unit in stored),
        search=later,
    )


def _needed(
    request: SubmitRequest, placed: Placement, stored: Sequence[StoredUnit], run_id: str, known: KnownTimes
) -> tuple[Callable[[str, str], int | Collection[int]], int, SearchOutlook | None]:
    """Give the invocations of each unit, what pilots of a grid may ask for, and what a search may measure later."""
    sweep = request.sweep
    if sweep.search is None:
        per_unit = invocations_per_unit.decide(sweep.invocations, placed, stored)
        return per_unit, per_unit.may_come, None
    readings = search_readings.read(_rows(request, run_id) if stored else ())
    needed = search.decide(sweep.search, sweep.invocations, placed.units, readings)

    def unit_s(unit: PlacedUnit) -> float:
        return ExpectedTimes(sweep.rules, known).of([unit], [unit.target])[0]

    return needed, 0, search.outlook(sweep.search, sweep.invocations, placed.units, readings, unit_s)


def _rows(request: SubmitRequest, run_id: str) -> Sequence[Row]:
    return store.read(request.results, sweep=request.sweep.name, run_id=run_id, every_attempt=True).rows


def follow_search(request: SubmitRequest, prepared: SubmitPlan) -> Searching | None:
    """Make what says, row by row, what a search measures next; None for a grid."""
    if request.sweep.search is None:
        return None
    run = prepared.plan.run
    units = store.keys(request.results, sweep=run.sweep, every_attempt=True).units
    known = KnownTimes(units, (unit.cell for unit in prepared.placement.units))
    rows = _rows(request, run.run_id)
    return Searching(request.sweep, request.sweep.search, prepared.placement, run, rows, known)


def _unusable_hosts(inventory: Inventory) -> list[str]:
    by_error: dict[str, list[str]] = {}
    for host in inventory.hosts:
        if host.error is not None:
            by_error.setdefault(host.error, []).append(host.hostname)
    return [
        f"{hosts[0]} was left out: {error}"
        if len(hosts) == 1
        else f"{wording.counted(hosts, 'host')} were left out: {error}"
        for error, hosts in by_error.items()
    ]


def _changed_packages(results: str, run_id: str, prepared: SubmitPlan) -> list[str]:
    later = prepared.search.may_come if prepared.search else ()
    return changed_packages.describe(results, run_id, prepared.placement, {*prepared.plan.due_units, *later})


def _run_settings(sweep: Sweep, run_id: str) -> RunSettings:
    return RunSettings(
        sweep=sweep.name,
        run_id=run_id,
        description=sweep.description,
        baseline=sweep.baseline,
        environments=tuple(sweep.environments),
        reference=sweep.reference.text if sweep.reference else None,
        search_limits=sweep.search.limits_text if sweep.search else None,
        rules=sweep.rules,
        exclusive=sweep.exclusive,
        seed=sweep.seed,
    )
