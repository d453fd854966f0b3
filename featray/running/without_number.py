"""Units without a number: one rule for the rows of a store and for those in the log of a detached submit. Pure."""

from collections.abc import Iterable

from featray.analysis import units
from featray.core.row import Row
from featray.core.status import Precedence, Status, precedence


def count(rows: Iterable[Row], *, interchangeable: bool) -> int:
    """Count the units of one run that have no number.

    Args:
        rows: Every attempt, or only the last ones; a refusal does not count once its cell could run.
        interchangeable: The sweep's: a unit that was lost on one target and measured on another has its number.
    """
    last: dict[tuple[str, int, str], tuple[Precedence, str]] = {}
    for row in units.without_outdated_refusals(rows):
        unit, rank = (row.cell_id, row.invocation, row.target_id), precedence(row.status, row.attempt)
        if unit not in last or rank >= last[unit][0]:
            last[unit] = rank, row.status
    has_number: dict[tuple[str, int, str], bool] = {}
    for (cell_id, invocation, target_id), (_, status) in last.items():
        place = (cell_id, invocation, "" if interchangeable else target_id)
        has_number[place] = has_number.get(place, False) or status == Status.OK
    return sum(not has for has in has_number.values())
