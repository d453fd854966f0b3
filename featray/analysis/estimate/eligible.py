"""Eligible: which measured targets an estimate may use, what each does, and why the others are left out.

Flow: units, `Terms` -> `select` -> `of_hosts` -> `forecast_each` -> `archive`. Pure.
"""

import dataclasses
from collections.abc import Callable, Container, Iterable, Iterator, Sequence

from featray.analysis import prices
from featray.analysis.advice import candidates, constraints
from featray.analysis.estimate.forecast import Forecast
from featray.analysis.estimate.terms import Terms
from featray.analysis.unit import Unit
from featray.core import host_names, wording
from featray.core.argument_names import argument
from featray.core.row import Row
from featray.errors import BadInput, NothingMatches


def select(units: Sequence[Unit], terms: Terms) -> list[Unit]:
    """Select what the constraints allow, of one detector."""
    everything = [candidate for candidate in candidates.gather(units) if candidate.is_timed]
    if not everything:
        raise NothingMatches("nothing was measured yet. Submit a sweep first: `featray submit quickstart`")
    chosen = constraints.select(everything, dataclasses.replace(terms.constraints, memory_limit_b=None))
    names = list(dict.fromkeys(candidate.unit.row.detector for candidate in chosen))
    if len(names) > 1:
        raise BadInput(
            f"{len(names)} detectors were measured, which compute different things ({wording.listed(names)}); "
            f"name one with {argument('detector')}"
        )
    kept = {(candidate.unit.row.detector, candidate.unit.row.target_id) for candidate in chosen}
    return [unit for unit in units if (unit.row.detector, unit.row.target_id) in kept]  # also those that failed


def describe_failed(units: Iterable[Unit], used: Container[str], detectors: Container[str]) -> Iterator[str]:
    """Name targets on which the detector never had a number, with the last failure."""
    last: dict[str, Row] = {}
    for unit in units:
        if unit.row.detector in detectors and unit.target.target_id not in used and unit.gpus == 1 and unit.failed:
            last[unit.target.place] = max([last.get(unit.target.place, unit.failed[-1]), *unit.failed], key=_begun)
    for place, row in last.items():
        reason = f": {wording.shortened(wording.plain(row.reason))}" if row.reason else ""
        yield f"{place}: nothing was measured there, the last attempt is {row.status}{reason}"


def _begun(row: Row) -> str:
    return row.started_at


def of_hosts(units: Sequence[Unit], terms: Terms) -> tuple[list[Unit], tuple[str, ...]]:
    """Select the units of the named hosts; list the hosts that have none."""
    if terms.hosts is None:
        return list(units), ()
    of_named = [unit for unit in units if terms.find_host(unit) is not None]
    chosen = prices.allowed(of_named, terms.hosts)
    measured = {name for unit in chosen for name in prices.host_names(unit)}
    unmeasured = tuple(host.name for host in terms.hosts if not host_names.is_called(host.name, measured))
    if of_named and not chosen:
        places = dict.fromkeys(unit.target.place for unit in of_named)
        raise NothingMatches(
            f"{wording.listed(places)}: measured, but not listed under `gpus` of the host in the cluster file; "
            "name there what may be used, or leave out the file"
        )
    if not chosen:
        raise NothingMatches(
            f"no host of {wording.listed(unmeasured)} has measured rows of this detector. Submit a sweep there first, "
            f"with {argument('address')} and the cluster file"
        )
    return chosen, unmeasured


def forecast_each(
    targets: Iterable[Sequence[Unit]], make_one: Callable[[Sequence[Unit]], Forecast]
) -> tuple[list[Forecast], list[str]]:
    """Forecast every target on which something is within the limits; say of the others why nothing is.

    Args:
        targets: The units of each.
        make_one: Makes the forecast of some units.

    Raises:
        NothingMatches: nothing fits on any; the message names what needs the least of all.
    """
    made: list[Forecast] = []
    unfit: list[str] = []
    by_target = list(targets)
    for units in by_target:
        try:
            made.append(make_one(units))
        except NothingMatches as wrong:
            unfit.append(f"{units[0].target.place}: {wrong}")
    if not made:
        make_one([unit for units in by_target for unit in units])
        raise NothingMatches("; ".join(unfit))
    return made, unfit
