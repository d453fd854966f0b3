"""Prices: what a unit's work costs, where the host has a price, and which of its GPUs may work.

Flow: hosts of a cluster file -> `apply` -> `unit.Unit.price_per_hour` -> `frame_cost`, `film_cost` -> `advice`,
`rendering`; `find_host`, `allowed` -> `advice`, `estimate`. Pure. Costs are in the currency of the prices. A host is
paid for as a whole, whatever else it does. The speed is the sustained one where it was measured, as `estimate` plans
with.
"""

import dataclasses
from collections.abc import Iterable

from featray.analysis.advice import speeds
from featray.analysis.unit import Unit
from featray.core import host_names as names_of_hosts
from featray.core.quantities import FILM_HOURS, FILM_HZ

HOUR_S = 3600.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class PricedHost:
    """A host that may work. `name` is what people call it (`core.host_names`)."""

    name: str
    price_per_hour: float | None = None  # in any currency; None: unknown
    gpus: tuple[str, ...] | None = None  # UUIDs of those that may work; None: all

    def has(self, unit: Unit) -> bool:
        """Return True if all GPUs of a unit may work."""
        row = unit.row
        used = row.gpus or ([row.gpu_uuid] if row.gpu_uuid else [])
        return self.gpus is None or all(uuid in self.gpus for uuid in used)


def host_names(unit: Unit) -> set[str]:
    """List what people may call the host of a unit: its name in the report, its hostname and its id."""
    names = (unit.target.host_name, unit.target.host_id, unit.row.hostname)
    return {name for name in names if name}


def find_host(unit: Unit, hosts: Iterable[PricedHost]) -> PricedHost | None:
    """Find the host that a unit was measured on."""
    named = {host.name: host for host in hosts}
    name = names_of_hosts.first_called(sorted(named), host_names(unit))
    return None if name is None else named[name]


def allowed(units: Iterable[Unit], hosts: Iterable[PricedHost]) -> list[Unit]:
    """Leave out units with a GPU that its host may not use; a host that is not named may use all."""
    hosts = list(hosts)
    return [unit for unit in units if (host := find_host(unit, hosts)) is None or host.has(unit)]


def apply(units: Iterable[Unit], hosts: Iterable[PricedHost]) -> list[Unit]:
    """Give each unit the price of its host.

    Args:
        units: Of any hosts.
        hosts: Of any of them; those without a price do not count.
    """
    priced = [host for host in hosts if host.price_per_hour is not None]
    return [
        dataclasses.replace(unit, price_per_hour=host.price_per_hour if (host := find_host(unit, priced)) else None)
        for unit in units
    ]


def frame_cost(unit: Unit) -> float | None:
    """Give the cost of a frame or image that is analysed; None without a price or a time."""
    if unit.price_per_hour is None or unit.frame_s is None:
        return None
    return unit.price_per_hour / speeds.of_unit(unit).hz / HOUR_S


def film_cost(unit: Unit, hz: float | None = None) -> float | None:
    """Give the cost of `FILM_HOURS` of film of `FILM_HZ`, every frame analysed; None for images.

    Args:
        unit: On a host with a price, else there is no cost.
        hz: Frames per second to plan with, where that is not the unit's own speed.
    """
    per_frame = frame_cost(unit)
    if per_frame is None or not unit.is_video:
        return None
    frames = FILM_HZ * HOUR_S * FILM_HOURS
    return (unit.price_per_hour or 0.0) * frames / hz / HOUR_S if hz else per_frame * frames
