"""Units: rows gathered by cell, target and run.

Flow: stored rows -> `gather` -> `unit.Unit` -> `comparison`, `diagnosis`, `advice`, `rendering`.
Pure. `status.precedence` chooses one attempt of each invocation. If the rows of a cell have different work or contexts,
only rows like the latest measured one give figures: two different programs or machines have no common time.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from featray.analysis import sessions
from featray.analysis.sessions import Occasion
from featray.analysis.unit import Unit, UnitKey
from featray.core import targets
from featray.core.row import NO_TARGET, Row, RowKey
from featray.core.status import Status, precedence
from featray.core.targets import NamedTarget

CONTEXT = (
    *("pyfeat", "pyfeat_commit", "pyfeat_dirty", "torch", "torchvision", "torchcodec", "cuda", "cudnn", "driver"),
    *("python", "featray", "os", "cpu_count", "omp_num_threads", "torch_threads", "exclusive", "protocol"),
)
"""Columns that may change between two submits of one run: they change the times, but not the work."""


def without_outdated_refusals(rows: Iterable[Row]) -> list[Row]:
    """Leave out refusals of cells that did run later, when a host that can run them was there."""
    rows = list(rows)
    refused = [row for row in rows if row.order_index is None and row.status in (Status.INFEASIBLE, Status.UNSUPPORTED)]
    if not refused:
        return rows
    started = [row for row in rows if row.order_index is not None]
    started_keys = {(row.run_id, row.cell_id, row.target_id) for row in started}
    started_keys |= {(row.run_id, row.cell_id, NO_TARGET) for row in started}
    outdated = {id(row) for row in refused if (row.run_id, row.cell_id, row.target_id) in started_keys}
    return [row for row in rows if id(row) not in outdated]


def gather(rows: Iterable[Row]) -> list[Unit]:
    """Gather rows into units, in the order of each unit's first row."""
    rows = list(rows)
    return _gather_named(rows, targets.name_targets(rows), sessions.find_occasions(rows))


def gather_sides(baseline: Iterable[Row], candidate: Iterable[Row]) -> tuple[list[Unit], list[Unit]]:
    """Gather the rows of two sides whose targets are named together, so that every name of a side is unique."""
    baseline, candidate = list(baseline), list(candidate)
    both = [*baseline, *candidate]
    names, occasions = targets.name_targets(both), sessions.find_occasions(both)
    sides = (_gather_named(rows, names, occasions) for rows in (baseline, candidate))
    first, second = map(_tell_runs_apart, sides)
    return first, second


def _tell_runs_apart(units: Sequence[Unit]) -> list[Unit]:
    """Let units name their run where several runs measured on one target."""
    runs: dict[str, set[str]] = {}
    for unit in units:
        runs.setdefault(unit.key[2], set()).add(unit.key[0])
    return [dataclasses.replace(unit, names_run=True) if len(runs[unit.key[2]]) > 1 else unit for unit in units]


def _gather_named(
    rows: Iterable[Row], names: Mapping[str, NamedTarget], occasions: Mapping[RowKey, Occasion]
) -> list[Unit]:
    last: dict[tuple[str, str, str, int], Row] = {}
    replaced: dict[UnitKey, list[Row]] = {}
    for row in without_outdated_refusals(rows):
        unit = (row.run_id, row.cell_id, row.target_id)
        other = last.get((*unit, row.invocation))
        is_better = other is None or precedence(row.status, row.attempt) >= precedence(other.status, other.attempt)
        if other is not None:
            replaced.setdefault(unit, []).append(other if is_better else row)
        if is_better:
            last[(*unit, row.invocation)] = row
    by_unit: dict[UnitKey, list[Row]] = {}
    for row in last.values():
        by_unit.setdefault((row.run_id, row.cell_id, row.target_id), []).append(row)
    return [
        dataclasses.replace(_unit(members, names[unit[-1]], occasions), replaced=tuple(replaced.get(unit, ())))
        for unit, members in by_unit.items()
    ]


def _unit(rows: Sequence[Row], target: NamedTarget, occasions: Mapping[RowKey, Occasion]) -> Unit:
    ordered = sorted(rows, key=lambda row: row.invocation)
    with_work = [row for row in ordered if row.work_id is not None]
    if not with_work:
        return Unit(tuple(ordered), target, occasions=occasions)
    latest = max(with_work, key=lambda row: (row.started_at, row.invocation))
    stale = tuple(row for row in with_work if is_other(row, latest))
    kept = tuple(row for row in ordered if row.work_id is None or not is_other(row, latest))
    return Unit(kept, target, stale, occasions)


def is_other(row: Row, latest: Row) -> bool:
    """Return True if a row has other work or another context than the latest; what is unknown is not different."""
    return row.work_id != latest.work_id or bool(context_changes(row, latest))


def context_changes(row: Row, latest: Row) -> list[tuple[str, Any, Any]]:
    """List the columns of the context that differ, with both values; what is unknown is not different."""
    values = ((column, getattr(row, column), getattr(latest, column)) for column in CONTEXT)
    return [(column, own, new) for column, own, new in values if None not in (own, new) and own != new]
