"""Units without a number: one rule for the rows of a store and for those in the log of a detached submit. Pure."""

import json
from collections.abc import Iterable, Sequence

from featray.analysis import units
from featray.core.row import Row
from featray.core.status import Precedence, Status, precedence


def count(rows: Iterable[Row], *, interchangeable: bool, searched: str | None = None) -> int:
    """Count the units of one run that have no number; the arguments are those of `find`."""
    return len(find(rows, interchangeable=interchangeable, searched=searched))


def find(rows: Iterable[Row], *, interchangeable: bool, searched: str | None = None) -> list[Row]:
    """Find the units of one run that have no number.

    Args:
        rows: Every attempt, or only the last ones; a refusal does not count once its cell could run.
        interchangeable: The sweep's: a unit that was lost on one target and measured on another has its number.
        searched: Axis that the sweep searches: a value that ran out of memory is its end, not a lack, if a smaller
            value has a number.

    Returns:
        A row of each, which counts among its attempts on one target.
    """
    if searched is not None:
        rows = _without_ends(list(rows), searched)
    last: dict[tuple[str, int, str], tuple[Precedence, Row]] = {}
    for row in units.without_outdated_refusals(rows):
        unit, rank = (row.cell_id, row.invocation, row.target_id), precedence(row.status, row.attempt)
        if unit not in last or rank >= last[unit][0]:
            last[unit] = rank, row
    best: dict[tuple[str, int, str], tuple[Precedence, Row]] = {}
    for (cell_id, invocation, target_id), ranked in last.items():
        place = (cell_id, invocation, "" if interchangeable else target_id)
        if place not in best or ranked[0] > best[place][0]:
            best[place] = ranked
    return [row for _, row in best.values() if row.status != Status.OK]


def _without_ends(rows: Sequence[Row], axis: str) -> list[Row]:
    """Leave out the rows of values that ran out of memory above a value that has a number."""
    least: dict[str, int] = {}
    places = {row.asked: _place(row.asked or "{}", axis) for row in rows}
    for row in rows:
        if row.status == Status.OK:
            ladder, value = places[row.asked]
            least[row.target_id + ladder] = min(value, least.get(row.target_id + ladder, value))

    def is_end(row: Row) -> bool:
        ladder, value = places[row.asked]
        return row.status in (Status.OOM, Status.SKIPPED) and least.get(row.target_id + ladder, value) < value

    return [row for row in rows if not is_end(row)]


def _place(asked: str, axis: str) -> tuple[str, int]:
    """Give what names the search of a cell, and its value there."""
    try:
        cell = json.loads(asked)
    except ValueError:
        cell = {}
    value = cell.pop(axis, None)
    cell.pop("mps_daemon", None)  # of several processes alone
    return json.dumps(cell, sort_keys=True), value if isinstance(value, int) else 1
