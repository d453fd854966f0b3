"""Fleet plan: what a sweep takes on many recorded hosts: time and cost of each, and what cannot run where, and why.

Flow: `running.fleet_planning` -> `FleetPlan` -> `rendering.fleet_text`, `featray plan --fleet`. Pure.

Hosts that are alike for a sweep have the same plan. So a plan is made once for each kind of host, and a million units
need no million objects.
"""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence

from featray.core import host_names
from featray.planning.inventory import Host
from featray.planning.placement import Refusal


@dataclasses.dataclass(frozen=True, kw_only=True)
class HostFigures:
    """What one host measures. Times are seconds from its start to its end."""

    units: int
    done: int  # measurements that the store has
    left: int  # measurements that are planned now
    invocations: int
    time_s: float
    time_max_s: float  # if every unit takes as many invocations as the sweep allows, or a search all that may come


@dataclasses.dataclass(frozen=True, kw_only=True)
class HostShare:
    """One host of a fleet and what it measures."""

    host: Host
    devices: tuple[str, ...]  # names of the devices that measure
    figures: HostFigures
    price_per_hour: float | None  # None: unknown

    @property
    def cost(self) -> float | None:
        """Give the price until it ends; None if its price is unknown."""
        return None if self.price_per_hour is None else self.price_per_hour * self.figures.time_s / 3600

    @property
    def cost_max(self) -> float | None:
        """Give the price of its longest time; None if its price is unknown."""
        return None if self.price_per_hour is None else self.price_per_hour * self.figures.time_max_s / 3600


@dataclasses.dataclass(frozen=True, kw_only=True)
class FleetLack:
    """Something that stands in the way on some hosts."""

    reason: str  # without the name of a host
    hosts: tuple[str, ...]
    units: int | None = None  # that cannot run for it; None: what runs needs it, or no unit was placed there
    remedy: str | None = None  # command that helps on such a host


@dataclasses.dataclass(frozen=True, kw_only=True)
class FleetPlan:
    """What a sweep takes on a fleet."""

    sweep: str
    run_id: str
    cells: int
    shares: tuple[HostShare, ...]  # of hosts that measure, the one that ends last first
    idle: tuple[FleetLack, ...]  # hosts that measure nothing, by reason
    refusals: tuple[FleetLack, ...]  # units that cannot run, by reason
    lacks: tuple[FleetLack, ...]  # what hosts of the sweep lack, by what is missing
    remarks: tuple[str, ...]  # sentences on what is unknown of the hosts
    unknown_prices: tuple[str, ...]  # names of prices that belong to no host
    has_prices: bool
    is_shared_out: bool  # cells run on any host; the time of each host is then a share of the whole
    cells_of_unknown_time: int = 0  # of these only the start of each process counts in the times
    cells_placed: int | None = None  # of those that run on any host; None: each runs on every host that can

    @property
    def units(self) -> int:
        """Count the units; a cell that runs on any host is one, wherever its invocations run."""
        if self.cells_placed is not None:
            return self.cells_placed
        return sum(share.figures.units for share in self.shares)

    @property
    def left(self) -> int:
        """Count the measurements that are planned now."""
        return sum(share.figures.left for share in self.shares)

    @property
    def time_s(self) -> float:
        """Give the seconds until the last host ends."""
        return max((share.figures.time_s for share in self.shares), default=0.0)

    @property
    def time_max_s(self) -> float:
        """Give the longest time."""
        return max((share.figures.time_max_s for share in self.shares), default=0.0)

    @property
    def cost(self) -> float:
        """Give the price of the hosts whose price is known, each until it ends."""
        return math.fsum(share.cost or 0.0 for share in self.shares)

    @property
    def cost_max(self) -> float:
        """Give the price of the longest times."""
        return math.fsum(share.cost_max or 0.0 for share in self.shares)

    @property
    def unpriced(self) -> tuple[str, ...]:
        """Name the hosts that measure and whose price is unknown."""
        return tuple(share.host.hostname for share in self.shares if share.price_per_hour is None)


def names_of(host: Host) -> set[str]:
    """List what people may call a host: its name, its id, and its name in a cluster file."""
    return {host.hostname, host.host_id, *filter(None, [host.labels.get(HOST_LABEL)])}


HOST_LABEL = "featray.host"
"""Label of a host that a cluster file named."""


def find_price(host: Host, prices: Mapping[str, float | None]) -> float | None:
    """Find the price of a host, given under any of its names."""
    name = host_names.first_called([name for name in sorted(prices) if prices[name] is not None], names_of(host))
    return None if name is None else prices[name]


def gather_refusals(refusals: Iterable[tuple[Refusal, int]]) -> tuple[FleetLack, ...]:
    """Sum up refusals by reason.

    Args:
        refusals: Each with the number of cells that it stands for.
    """
    counts: dict[str, int] = {}
    hosts: dict[str, dict[str, None]] = {}
    for refusal, number in refusals:
        hostname = refusal.target.host.hostname if refusal.target else None
        reason = without_name(refusal.reason, hostname)
        counts[reason] = counts.get(reason, 0) + number
        hosts.setdefault(reason, {}).update({hostname: None} if hostname else {})
    ordered = sorted(counts, key=lambda reason: -counts[reason])
    return tuple(FleetLack(reason=reason, hosts=tuple(hosts[reason]), units=counts[reason]) for reason in ordered)


def gather_lacks(lacks: Iterable[tuple[str, str, str | None]]) -> tuple[FleetLack, ...]:
    """Sum up what hosts lack: host, what it lacks and the remedy, where there is one."""
    found: dict[str, tuple[list[str], str | None]] = {}
    for hostname, what, remedy in lacks:
        hosts, _ = found.setdefault(without_name(what, hostname), ([], remedy))
        hosts.append(hostname)
    ordered: Sequence[str] = sorted(found, key=lambda reason: -len(found[reason][0]))
    return tuple(FleetLack(reason=reason, hosts=tuple(found[reason][0]), remedy=found[reason][1]) for reason in ordered)


def without_name(reason: str, hostname: str | None) -> str:
    """Leave the name of its host out of a reason, so that it is the same for all hosts."""
    return reason if hostname is None else reason.replace(f" on {hostname}", "").replace(f" of {hostname}", "")
