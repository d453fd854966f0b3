"""Fleet planning: what a sweep takes on many recorded hosts.

Nothing is started or written.

Flow: `SubmitRequest`, `Inventory`, prices, store -> `plan_fleet` -> `FleetPlan`.

A host whose targets have rows in the store is planned by itself, by what the store knows of it. Others are alike if
the same cells can run on the same devices: then they have the same plan. Interchangeable cells are planned on all hosts
together, as a submit does.
"""

import collections
import dataclasses
import datetime
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from featray import errors, store
from featray.core import garbage, host_names, wording
from featray.core.cell import Cell
from featray.core.choices import Device, Exclusive
from featray.core.stored_unit import StoredUnit
from featray.core.version import __version__
from featray.planning import fleet_plan, placement, readiness, shared_fleet, target_selection
from featray.planning.fleet_plan import FleetLack, FleetPlan, HostFigures, HostShare
from featray.planning.inventory import Host, Inventory, Target
from featray.planning.known_times import KnownTimes
from featray.planning.obstacle import Obstacle, ObstacleCause, find_obstacle
from featray.planning.placement import Placement, Refusal
from featray.planning.target_selection import Places
from featray.running import preparation, recorded_secrets
from featray.running.preparation import SubmitPlan, SubmitRequest
from featray.store import StoredKeys
from featray.sweep import expand

Prices = Mapping[str, float | None]
"""Name of a host -> price per hour."""

SAID_OF_DATA = ("input", "batch_size", "num_workers", "threads", "environment", "env", "delay_s_per_frame")
"""Fields of a cell that never decide whether a target can run it."""


@dataclasses.dataclass(frozen=True)
class _Kind:
    """Cells that can run on the same targets."""

    name: Hashable
    first: Cell
    count: int


@garbage.paused()
def plan_fleet(
    request: SubmitRequest, inventory: Inventory, prices: Prices | None = None, *, now: datetime.datetime
) -> FleetPlan:
    """Plan a sweep on every host of an inventory.

    Args:
        request: The sweep, and the store whose rows are not measured again.
        inventory: The hosts.
        prices: Of hosts; None: unknown.
        now: Time, for the name of a new run.

    Raises:
        NothingMatches: the selector picks nothing, or no cell can run on any host.
        BadInput: the sweep holds the digest of a secret instead of the secret.
        StoreError: the store cannot be read.
    """
    sweep, cells = request.sweep, expand(request.sweep)
    recorded_secrets.check_values(cells, sweep.name)
    by_host: dict[str, list[Target]] = {host.host_id: [] for host in inventory.hosts}
    for target in target_selection.select(inventory, sweep.hosts):
        by_host[target.host.host_id].append(target)
    kinds = list(_kinds(cells))
    places = {host_id: Places(targets) for host_id, targets in by_host.items()}
    refusals = list(_refusals(kinds, places.values(), interchangeable=sweep.interchangeable))
    run_id = preparation.find_continued(request) or preparation.new_run_id(sweep.name, now)
    planner = _Planner(request, cells, run_id)
    able = {host.host_id: _able(kinds, places[host.host_id]) for host in inventory.hosts}
    working = [host for host in inventory.hosts if able[host.host_id] is not None]
    if not working:
        reasons = "; ".join(dict.fromkeys(refusal.reason for refusal, _ in refusals[:3]))
        raise errors.NothingMatches(f"{sweep.name}: no cell can run on any of the hosts: {reasons or 'none is usable'}")
    figures, cells_placed = planner.plan(working, able, by_host)
    unknown = planner.count_unknown_times()
    found = [
        HostShare(
            host=host,
            devices=tuple(target.label for target in by_host[host.host_id] if _is_wanted(target, kinds)),
            figures=figures[host.host_id],
            price_per_hour=fleet_plan.find_price(host, prices or {}),
        )
        for host in working
        if host.host_id in figures
    ]
    devices = {cell.device for cell in cells}

    def why_unable(host: Host) -> str | None:
        why = _why_unable(kinds, places[host.host_id])
        return why and (f": {why}" if sweep.interchangeable else "")

    names = {name for host in inventory.hosts for name in fleet_plan.names_of(host)}
    return FleetPlan(
        sweep=sweep.name,
        run_id=run_id,
        cells=len(cells),
        shares=tuple(sorted(found, key=lambda share: (-share.figures.time_s, share.host.hostname))),
        idle=_idle(inventory, by_host, devices, figures, why_unable),
        refusals=fleet_plan.gather_refusals(refusals),
        lacks=_lacks(kinds, working, by_host),
        remarks=(*_unknown_times(unknown), *_remarks(working, prices or {})),
        unknown_prices=tuple(name for name in sorted(prices or {}) if not host_names.is_called(name, names)),
        has_prices=any(price is not None for price in (prices or {}).values()),
        is_shared_out=sweep.interchangeable,
        cells_of_unknown_time=unknown,
        cells_placed=cells_placed,
    )


def _kinds(cells: Iterable[Cell]) -> Iterator[_Kind]:
    """Group cells by what decides where they can run."""
    names = [field.name for field in dataclasses.fields(Cell) if field.name not in (*SAID_OF_DATA, "requirements")]
    counts: collections.Counter[Hashable] = collections.Counter()
    first: dict[Hashable, Cell] = {}
    for cell in cells:
        values = (cell.detector.class_name if name == "detector" else getattr(cell, name) for name in names)
        key = (bool(cell.requirements), *values)
        counts[key] += 1
        first.setdefault(key, cell)
    yield from (_Kind(key, cell, counts[key]) for key, cell in first.items())


def _able(kinds: Sequence[_Kind], places: Places) -> Hashable:
    """Name what a host's devices can run: hosts of one name have the same plan. None: they can run nothing."""
    able: dict[str, tuple[Device, int, list[Hashable]]] = {}
    for kind in kinds:
        for target in places.of(kind.first):
            if find_obstacle(kind.first, target) is None:
                able.setdefault(target.target_id, (target.device, len(target.gpus), []))[2].append(kind.name)
    return tuple((device, gpus, tuple(names)) for device, gpus, names in able.values()) or None


def _why_unable(kinds: Sequence[_Kind], places: Places) -> str | None:
    """Say why a host's devices can run nothing; None if they can run something, or it has none for the sweep."""
    obstacles = [find_obstacle(kind.first, target) for kind in kinds for target in places.of(kind.first)]
    return None if None in obstacles else next((obstacle.reason for obstacle in obstacles if obstacle), None)


def _is_wanted(target: Target, kinds: Sequence[_Kind]) -> bool:
    return any((kind.first.device, kind.first.is_whole) == (target.device, target.is_whole) for kind in kinds)


def _refusals(
    kinds: Sequence[_Kind], by_host: Collection[Places], *, interchangeable: bool
) -> Iterator[tuple[Refusal, int]]:
    """List what cannot run, each with the number of cells that it stands for; one place of any is enough for a cell."""
    for kind in kinds:
        targets = [target for places in by_host for target in places.of(kind.first)]
        if interchangeable and any(find_obstacle(kind.first, target) is None for target in targets):
            continue
        if not targets:
            nowhere = Obstacle(cause=ObstacleCause.NO_DEVICE, reason=f"no host has a {kind.first.device} device")
            yield placement.refuse(kind.first, None, nowhere), kind.count
        for target in targets:
            if (obstacle := find_obstacle(kind.first, target)) is not None:
                yield placement.refuse(kind.first, target, obstacle), kind.count


class _Planner:
    """Plans hosts one by one, alike ones once."""

    def __init__(self, request: SubmitRequest, cells: Sequence[Cell], run_id: str) -> None:
        self._request, self._cells, self._run_id = request, cells, run_id
        self._reading = store.keys(request.results, sweep=request.sweep.name, every_attempt=True)
        self._stored: dict[str, list[StoredUnit]] = collections.defaultdict(list)  # by target
        for unit in self._reading.units:
            self._stored[unit.target_id].append(unit)
        self._times = KnownTimes(self._reading.units, cells)
        self._figures_of: dict[Hashable, HostFigures] = {}  # kind of host, or id of a host with rows

    def plan(
        self, hosts: Sequence[Host], able: Mapping[str, Hashable], by_host: Mapping[str, Sequence[Target]]
    ) -> tuple[dict[str, HostFigures], int | None]:
        """Plan hosts that can run something.

        Args:
            hosts: The hosts.
            able: Id of each -> what names its plan.
            by_host: Id of each -> its targets that the sweep picks.

        Returns:
            Id of each host that measures -> its figures, and how many cells run somewhere if any host is good enough.
        """
        if self._request.sweep.interchangeable:
            return self._plan_shared(hosts)
        return {host.host_id: self._plan_own(host, able[host.host_id], by_host[host.host_id]) for host in hosts}, None

    def _plan_own(self, host: Host, able: Hashable, targets: Sequence[Target]) -> HostFigures:
        key = host.host_id if self._is_touched(targets) else able
        if key not in self._figures_of:
            self._figures_of[key] = self._figures(self._place(Inventory(hosts=(host,))))
        return self._figures_of[key]

    def _plan_shared(self, hosts: Sequence[Host]) -> tuple[dict[str, HostFigures], int]:
        """Plan all hosts together."""
        placed = self._place(Inventory(hosts=tuple(hosts)))
        planned = preparation.plan_run(self._request, placed, self._run_id, self._reading, self._times)
        return shared_fleet.share_out(planned.plan, planned.placement), len(placed.units)

    def count_unknown_times(self) -> int:
        """Count the cells of which nobody knows how long a call takes: not py-feat's, and never measured."""
        return sum(map(self._times.is_unknown, self._cells))

    def _is_touched(self, targets: Iterable[Target]) -> bool:
        return any(target.target_id in self._stored for target in targets)

    def _place(self, inventory: Inventory) -> Placement:
        """Match the cells with the targets of some hosts."""
        sweep = self._request.sweep
        return placement.match(self._cells, inventory, sweep.hosts, interchangeable=sweep.interchangeable)

    def _submit_plan(self, placed: Placement) -> SubmitPlan:
        """Plan what the run lacks there."""
        targets = placed.targets.keys()
        stored = [unit for target_id in targets & self._stored.keys() for unit in self._stored[target_id]]
        return preparation.plan_run(self._request, placed, self._run_id, StoredKeys(tuple(stored)), self._times)

    def _figures(self, placed: Placement) -> HostFigures:
        planned = self._submit_plan(placed)
        work = planned.plan
        time_s, time_max_s = work.expected_s, work.expected_max_s
        if planned.search is not None:
            is_in_turn = self._request.sweep.exclusive is Exclusive.HOST
            time_max_s = time_s + (sum(planned.search.expected_s.values()) if is_in_turn else planned.search.total_s)
        return HostFigures(
            units=len(placed.units),
            done=work.done,
            left=work.remaining,
            invocations=len(work.invocations),
            time_s=time_s,
            time_max_s=time_max_s,
        )


def _lacks(
    kinds: Sequence[_Kind], hosts: Iterable[Host], by_host: Mapping[str, Sequence[Target]]
) -> tuple[FleetLack, ...]:
    """List what the hosts that measure lack of software, disk and processors."""
    cells = [kind.first for kind in kinds]
    return fleet_plan.gather_lacks(
        (lack.host, lack.what, lack.remedy)
        for host in hosts
        for lack in (
            *readiness.check_software(host, cells, __version__),
            *readiness.check_processors(host, cells, by_host[host.host_id]),
        )
    )


def _unknown_times(cells: int) -> Iterator[str]:
    """Say of how many cells nobody knows how long a call takes."""
    if cells:
        yield (
            f"the time of a call is unknown for {wording.count(cells, 'cell')}: no row of this sweep tells it, so only "
            "the start of each process counts; measure them on one host first"
        )


def _remarks(hosts: Sequence[Host], prices: Prices) -> Iterator[str]:
    """Say what the inventory leaves unknown of the hosts that measure."""
    if unknown := [host.hostname for host in hosts if not host.packages]:
        yield (
            f"packages not recorded: {wording.count(len(unknown), 'host')} ({wording.listed(unknown)}); what is not "
            "installed there is unknown"
        )
    names = collections.Counter(host.hostname for host in hosts)
    for name, count in names.items():
        if count > 1 and prices.get(name) is not None:
            yield f"{count} hosts are called {name}: the price of {name} counts for each; name them by host_id"


def _idle(
    inventory: Inventory,
    by_host: Mapping[str, Sequence[Target]],
    devices: AbstractSet[Device],
    figures: Mapping[str, HostFigures],
    why_unable: Callable[[Host], str | None],
) -> tuple[FleetLack, ...]:
    """Say why hosts measure nothing."""

    def reason(host: Host) -> str:
        if host.error is not None:
            return f"not probed: {host.error}"
        targets = by_host[host.host_id]
        if not targets:
            return "not picked by `hosts` of the sweep"
        if not devices & {target.device for target in targets}:
            return f"no {' or '.join(sorted(devices))} device"
        if (why := why_unable(host)) is not None:
            return f"no cell of the sweep can run there{why}"
        return "what it could measure is measured, or ends earlier on other hosts"

    idle = [host for host in inventory.hosts if host.host_id not in figures]
    return fleet_plan.gather_lacks((host.hostname, reason(host), None) for host in idle)
