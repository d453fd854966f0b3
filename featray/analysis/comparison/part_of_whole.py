"""Part of the whole: one GPU against all GPUs of its host at the same time, which are measured side by side.

Flow: two units -> `beside` -> `pairs.judge`; several -> `at_one_place` -> `pooling`; `is_part` -> `factors`,
`next_steps`. Pure.

Blocks of two targets are else not compared with each other: what changes from day to day is not the same for two
devices. But one GPU and all GPUs of its host share the GPU, the host and the day. So the blocks of one run pair them,
and no spread between sessions is allowed for.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from featray.analysis import sessions
from featray.analysis.sessions import Occasion
from featray.analysis.unit import Unit
from featray.core.row import Row, RowKey


def is_part(one: Unit, other: Unit) -> bool:
    """Return True if one side is a GPU, and the other all GPUs of its host at the same time."""
    alone, whole = sorted((one, other), key=lambda unit: unit.gpus)
    return alone.gpus == 1 and alone.row.gpu_uuid in (whole.row.gpus or ())


def beside(baseline: Unit, candidate: Unit) -> tuple[Unit, Unit]:
    """Give one GPU and all of its host the occasions of one target; other units stay as they are."""
    if not is_part(baseline, candidate):
        return baseline, candidate
    before, after = at_one_place([baseline, candidate])
    return before, after


def at_one_place(units: Sequence[Unit]) -> list[Unit]:
    """Give units of one host, each of another target, the occasions of one target."""
    place = units[0].target.host_id
    there = [(row, _there(row, place)) for unit in units for row in _rows(unit)]
    found = sessions.find_occasions(moved for _, moved in there)
    occasions = {row.key(): found[moved.key()] for row, moved in there}
    return [_with(unit, occasions) for unit in units]


def _there(row: Row, place: str) -> Row:
    """Move a row to a place; one cell on two targets stays two."""
    return dataclasses.replace(row, target_id=place, cell_id=f"{row.cell_id} {row.target_id}")


def _rows(unit: Unit) -> Iterator[Row]:
    yield from unit.rows
    for earlier in unit.earlier:
        yield from _rows(earlier)


def _with(unit: Unit, occasions: Mapping[RowKey, Occasion]) -> Unit:
    earlier = tuple(_with(each, occasions) for each in unit.earlier)
    return dataclasses.replace(unit, occasions=occasions, earlier=earlier)
