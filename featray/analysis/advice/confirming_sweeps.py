"""Confirming sweeps: both versions around a suspected step of a history, measured side by side.

Flow: `history.HistoryChange` -> `propose` -> `Followup` -> `followup_file.to_yaml`. Pure.

Side by side, both versions share the machine, its state and the day. What differs then is the version.
"""

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence

from featray import stats
from featray.analysis import unit_cell, unit_wording, units
from featray.analysis.advice.followups import Followup
from featray.analysis.comparison import separation
from featray.analysis.history import ChangeState, HistoryChange, Software
from featray.core import identity, wording
from featray.core.cell import Cell, cell_id
from featray.core.choices import Device
from featray.core.row import Row
from featray.core.rules import Rules
from featray.planning import process_names, time_estimate

BEFORE, AFTER = "before", "after"
"""Names of the two environments in each sweep."""

INVOCATIONS_MAX = 4 * stats.INVOCATIONS_MAX
"""Of each version, where fewer were measured side by side and did not decide: the interval is then half as wide."""

NAME_LENGTH = 6  # hex digits of a sweep's name: a store has a handful of them, and one name is one pair of versions

PREFIX = "confirm-"
"""Begins the name of each sweep."""

REASON_LENGTH = 300  # characters of why a version has no time

BUILD_TAG = "torch is pinned without its build tag, which names a wheel index and not a version"


def propose(changes: Iterable[HistoryChange]) -> list[Followup]:
    """Write a sweep for each pair of versions on each machine, with every setting that is suspected there.

    What is confirmed or refuted needs none. What has the same software on both sides can have none, and neither can
    what was measured with local changes.
    """
    groups: dict[str, list[HistoryChange]] = {}
    for change in changes:
        if _is_proposed(change):
            groups.setdefault(_name(change), []).append(change)
    return [_followup(members, name) for name, members in groups.items()]


def group_rows(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Give the rows of proposed sweeps, by the sweep's name."""
    by_sweep: dict[str, list[Row]] = {}
    for row in rows:
        if row.sweep is not None and row.sweep.startswith(PREFIX):
            by_sweep.setdefault(row.sweep, []).append(row)
    return by_sweep


def note_failures(changes: Iterable[HistoryChange], by_sweep: Mapping[str, Sequence[Row]]) -> list[HistoryChange]:
    """Add to each suspected step why a version has no time in its sweep, if it was measured and has none.

    Args:
        changes: Steps of a store.
        by_sweep: As `group_rows` gives them, of all rows of the store.
    """
    return [
        dataclasses.replace(change, failures=_failures(change, by_sweep.get(_name(change), ())))
        if _is_proposed(change) and by_sweep
        else change
        for change in changes
    ]


def _failures(change: HistoryChange, rows: Sequence[Row]) -> tuple[str, ...]:
    wanted = {cell_id(cell): cell.environment for cell in _cells(change)}
    found = [unit for unit in units.gather(rows) if unit.row.cell_id in wanted]
    measured = {unit.row.cell_id for unit in found if unit.logs}
    last = {unit.row.cell_id: unit.failed[-1] for unit in found if unit.failed}
    return tuple(
        f"{environment}: {unit_wording.status(last[one], REASON_LENGTH)}"
        for one, environment in wanted.items()
        if one in last and one not in measured
    )


def _name(change: HistoryChange) -> str:
    return f"{PREFIX}{_group(change)[:NAME_LENGTH]}"


def _is_proposed(change: HistoryChange) -> bool:
    return change.state is ChangeState.SUSPECTED and change.can_be_confirmed and bool(_cells(change))


def _group(change: HistoryChange) -> str:
    """Identify what the cells of one sweep have in common."""
    first = _cells(change)[0]
    return identity.digest(
        {
            "target": change.series.machine.target_id,
            "software": [dataclasses.astuple(side.software) for side in (change.before, change.after)],
            "requirements": [list(cell.requirements) for cell in _cells(change)],
            "weights": first.weights,
            "env": dict(first.env),
        }
    )


def _cells(change: HistoryChange) -> list[Cell]:
    """Give the cell with the software of either side; empty if the cell is unknown or both would install the same.

    A side has the requirements of its sweep. If these are the same on both sides, as with a branch that has moved on,
    the versions that were measured are written instead.
    """
    asked = [unit_cell.of_unit(point.units[-1]) for point in (change.before, change.after)]
    cells = [cell for cell in asked if cell is not None]
    if len(cells) < len(asked):
        return []
    installed = [cell.requirements for cell in cells]
    if not all(installed) or installed[0] == installed[1]:
        rows = [point.rows[-1] for point in (change.before, change.after)]
        installed = [separation.requirements(row, row) for row in rows]
    if installed[0] == installed[1]:
        return []
    return [
        dataclasses.replace(cell, environment=name, requirements=requirements)
        for cell, name, requirements in zip(cells, (BEFORE, AFTER), installed, strict=True)
    ]


def _followup(members: Sequence[HistoryChange], name: str) -> Followup:
    first = members[0]
    cells = {(change.series.name, cell.environment): cell for change in members for cell in _cells(change)}
    row = first.after.rows[-1]
    invocations = max(map(_invocations, members))
    is_tagged = any("+" in (point.software.torch or "") for point in (first.before, first.after))
    return Followup(
        name=name,
        cells=tuple(cells.values()),
        target=first.series.machine,
        host=row.hostname,
        device=row.device,
        gpu=row.gpu_name if row.device == Device.CUDA and not row.gpus else None,
        invocations=invocations,
        baseline=None,
        reasons=(
            _versions(first.before.software, first.after.software),
            *(_reason(change) for change in members),
        ),
        remarks=(
            "then run featray history again; featray history --confirm does both",
            *([BUILD_TAG] if is_tagged else []),
        ),
        expected_s=invocations * _invocation_s(cells.values(), first.series.machine.target_id),
    )


def _invocation_s(cells: Collection[Cell], target_id: str) -> float:
    """Estimate the seconds of one invocation of every cell as `featray plan` will estimate it for the file."""
    processes = {process_names.process_key(cell, target_id) for cell in cells}
    return sum(time_estimate.guess_s(cell, Rules()) for cell in cells) + len(processes) * time_estimate.LOAD_S


def _invocations(change: HistoryChange) -> int:
    """Count the processes of each version: more than at first where these did not decide, and more would."""
    decision = change.pair.decision if change.pair else None
    needed = (decision.needed or 0) if decision else 0
    return min(max(stats.INVOCATIONS_MAX, needed), INVOCATIONS_MAX)


def _versions(before: Software, after: Software) -> str:
    return f"before: {before.text}; after: {after.text}"


def _reason(change: HistoryChange) -> str:
    step = change.step
    interval = f"{wording.ratio(step.low)} to {wording.ratio(step.high)}"
    return wording.plain(
        f"{change.series.name}: suspected step of the time by {wording.ratio(step.ratio)} ({interval})"
    )
