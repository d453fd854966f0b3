"""Prices: what a unit's work costs, where the host has a price.

Flow: prices per host of a cluster file -> `apply` -> `units.Unit.price_per_hour` -> `frame_cost`, `film_cost` ->
`advice`, `rendering`. Pure. Costs are in the currency of the prices. A host is paid for as a whole, whatever else it
does. The speed is the sustained one where it was measured, as `estimate` plans with.
"""

import dataclasses
from collections.abc import Iterable, Mapping

from featray.analysis.advice import speeds
from featray.analysis.units import Unit
from featray.core import host_names as names_of_hosts
from featray.core.quantities import FILM_HOURS, FILM_HZ

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
