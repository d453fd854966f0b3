"""Joint speeds: the speed of all GPUs of a host at the same time, where it was measured, in place of each one's alone.

Flow: forecasts of all targets -> `replace` -> `archive`; `describe` says which speeds were measured. Pure.

What the GPUs do together counts if each one's own setting was measured on all of them too, or if they are faster
together than the sum of them alone. Else only another setting was measured together, which says nothing of the best.
"""

import json
from collections.abc import Iterator, Mapping, Sequence

from featray.analysis import scaling
from featray.analysis.estimate.forecast import Forecast
from featray.analysis.units import Unit
from featray.core import wording


def replace(forecasts: Sequence[Forecast], by_target: Mapping[str, Sequence[Unit]]) -> list[Forecast]:
    """Keep, for each host, either all its GPUs at the same time or each of them alone.

    Args:
        forecasts: One for each target.
        by_target: Target id -> its units.
    """
    kept = list(forecasts)
    for whole in sorted((each for each in forecasts if each.unit.gpus > 1), key=_extent, reverse=True):
        if whole not in kept:
            continue
        alone = [each for each in kept if each.unit.gpus == 1 and each.unit.row.gpu_uuid in _uuids(whole)]
        smaller = [each for each in kept if each is not whole and each.unit.gpus > 1 and _uuids(each) & _uuids(whole)]
        left_out = [*alone, *smaller] if _counts(whole, alone, by_target) else [whole]
        kept = [each for each in kept if each not in left_out]
    return kept


def _extent(forecast: Forecast) -> tuple[int, str]:
    """Order sets of GPUs of a host, which may have changed: the largest counts, of equal ones the last measured."""
    return forecast.unit.gpus, forecast.unit.row.started_at


def _uuids(forecast: Forecast) -> set[str]:
    return set(forecast.unit.row.gpus or ())


def _counts(whole: Forecast, alone: Sequence[Forecast], by_target: Mapping[str, Sequence[Unit]]) -> bool:
    measured = {_setting(unit) for unit in by_target[whole.unit.target.target_id] if unit.logs}
    return all(_setting(each.unit) in measured for each in alone) or whole.hz >= sum(each.hz for each in alone)


def _setting(unit: Unit) -> str:
    return json.dumps(
        {name: part for name, part in unit.asked.items() if name not in ("targets", "input")}, sort_keys=True
    )


def describe(used: Sequence[Forecast], units: Sequence[Unit]) -> Iterator[str]:
    """Say of which GPUs the speed at the same time was measured, and what it is.

    Args:
        used: Forecasts of several GPUs.
        units: What was measured, for the speed of one GPU alone.
    """
    for each in used:
        known = scaling.of_setting(each.unit, units)
        gist = scaling.gist(known) if known else None
        text = f"the speed of {wording.plain(each.unit.target.place)} at the same time"
        yield f"{text} ({gist})" if gist else text
