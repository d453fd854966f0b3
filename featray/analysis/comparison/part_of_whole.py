"""Part of the whole: one GPU against all GPUs of its host at the same time, which are measured side by side.

Flow: two units -> `beside` -> `pairs.judge`; `is_part` -> `factors`, `next_steps`. Pure.

Blocks of two targets are else not compared with each other: what changes from day to day is not the same for two
devices. But one GPU and all GPUs of its host share the GPU, the host and the day. So the blocks of one run pair them,
and no spread between sessions is allowed for.
"""

import dataclasses
from collections.abc import Iterator, Mapping

from featray.analysis import sessions
from featray.analysis.sessions import Occasion
from featray.analysis.units import Unit
from featray.core.row import Row, RowKey


def is_part(one: Unit, other: Unit) -> bool:
    """Return True if one side is a GPU, and the other all GPUs of its host at the same time."""
    alone, whole = sorted((one, other), key=lambda unit: unit.gpus)
    return alone.gpus == 1 and alone.row.gpu_uuid in (whole.row.gpus or ())


def beside(baseline: Unit, candidate: Unit) -> tuple[Unit, Unit]:
    """Give one GPU and all of its host the occasions of one target; other units stay as they are."""
    if not is_part(baseline, candidate):
        return baseline, candidate
    rows = [row for unit in (baseline, candidate) for row in _rows(unit)]
    place = baseline.target.host_id
    found = sessions.find_occasions(dataclasses.replace(row, target_id=place) for row in rows)
    occasions = {row.key(): found[_key_there(row, place)] for row in rows}
    return _with(baseline, occasions), _with(candidate, occasions)


def _key_there(row: Row, place: str) -> RowKey:
    run_id, cell_id, _, invocation, attempt = row.key()
    return run_id, cell_id, place, invocation, attempt


def _rows(unit: Unit) -> Iterator[Row]:
    yield from unit.rows
    for earlier in unit.earlier:
        yield from _rows(earlier)


def _with(unit: Unit, occasions: Mapping[RowKey, Occasion]) -> Unit:
    earlier = tuple(_with(each, occasions) for each in unit.earlier)
    return dataclasses.replace(unit, occasions=occasions, earlier=earlier)
