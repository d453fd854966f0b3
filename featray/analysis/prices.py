"""Prices: what a unit's work costs, where the host has a price.

Flow: prices per host of a cluster file -> `apply` -> `units.Unit.price_per_hour` -> `frame_cost`, `film_cost` ->
`advice`, `rendering`. Pure. Costs are in the currency of the prices. A host is paid for as a whole, whatever else it
does.
"""

import dataclasses
from collections.abc import Iterable, Mapping

from featray.analysis.units import Unit
from featray.core import host_names as names_of_hosts

HOUR_S = 3600.0


def host_names(unit: Unit) -> set[str]:
    """List what people may call the host of a unit: its name in the report, its hostname and its id."""
    names = (unit.target.host_name, unit.target.host_id, unit.row.hostname)
    return {name for name in names if name}


def apply(units: Iterable[Unit], prices: Mapping[str, float]) -> list[Unit]:
    """Give each unit the price of its host.

    Args:
        units: Of any hosts.
        prices: Name of a host -> price per hour.
    """
    return [dataclasses.replace(unit, price_per_hour=_find(unit, prices)) for unit in units]


def _find(unit: Unit, prices: Mapping[str, float]) -> float | None:
    name = names_of_hosts.first_called(sorted(prices), host_names(unit))
    return None if name is None else prices[name]


def frame_cost(unit: Unit) -> float | None:
    """Give the cost of a frame or image; None without a price or a time."""
    if unit.price_per_hour is None or unit.frame_s is None:
        return None
    return unit.price_per_hour * unit.frame_s / HOUR_S


def film_cost(unit: Unit) -> float | None:
    """Give the cost of 1000 hours of film; None for images, and without a price, a time or a frame rate."""
    if unit.price_per_hour is None or not unit.realtime:
        return None
    return unit.price_per_hour * 1000 / unit.realtime
