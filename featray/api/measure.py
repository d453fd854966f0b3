"""`featray.measure`: one cell, once, on this machine, without Ray.

Flow: a cell of a file, a sweep or the store -> `running.single_cell` -> the measuring process -> one row, not stored.
"""

import dataclasses
from collections.abc import Callable
from pathlib import Path

from featray.api import arguments
from featray.api.results import Result
from featray.core.argument_names import argument
from featray.core.files import PathLike
from featray.core.row import Row
from featray.errors import BadInput
from featray.host import installation
from featray.rendering.notebook import summaries
from featray.rendering.notebook.summary import Summary
from featray.running import claims, single_cell
from featray.running.single_cell import CellToMeasure
from featray.sweep import Sweep


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Measured(Result, Row):
    """The row of one measurement."""

    __repr__ = Row.__repr__

    def summarize(self) -> Summary:
        """Show what was measured; the frame has one row with every column."""
        return summaries.of_row(self)


def measure(
    file: PathLike | None = None,
    *,
    cell_id: str | None = None,
    sweep: PathLike | None = None,
    target_id: str | None = None,
    results: str = "results",
    trust: bool = False,
    say: Callable[[str], None] = print,
) -> Measured:
    """Measure one cell once on this machine, without Ray; the row is returned and not stored.

    Args:
        file: JSON of a cell, or of a row, whose cell is then measured in the same way as far as the row says how.
        cell_id: Instead of a file: the id of a cell of `sweep`, or of the store, whose last row then says how.
        sweep: Sweep file; its rules then apply.
        target_id: GPU UUID or other target id; None takes the first that fits.
        results: Store to look the cell up in.
        trust: Also run a detector class that neither py-feat, featray nor `sweep` names; its module is imported.
        say: Called with the reason for a wait, and with a note where the default rules apply.

    Returns:
        The row, of whatever status.

    Raises:
        BadInput: there is no such cell or target here, both a file and an id are given, its class is strange and not
            trusted, or weights are missing.
    """
    installation.check_complete([name for name in installation.MEASURING if name != "ray"])
    loaded = arguments.load_sweep(sweep) if sweep is not None else None
    chosen = _choose(file, cell_id, loaded, target_id, results)
    if not trust:
        single_cell.refuse_strange_class(chosen, loaded)
    if chosen.note is not None:
        say(chosen.note)
    row = single_cell.measure(chosen, target_id=target_id, holder=claims.holder_name(), say=say)
    return Measured(**vars(row))


def _choose(
    file: PathLike | None, cell_id: str | None, loaded: Sweep | None, target_id: str | None, results: str
) -> CellToMeasure:
    if file is not None and cell_id is not None:
        raise BadInput(f"name one cell: a CELL.json or {argument('cell_id', 'ID')}, not both")
    if file is None and cell_id is None:
        raise BadInput(f"name a cell: a CELL.json, or {argument('cell_id', 'ID')} with {argument('sweep', 'FILE')}")
    if file is not None:
        chosen = single_cell.read_file(Path(file))
        if loaded is None:
            return chosen
        return dataclasses.replace(chosen, rules=loaded.rules, exclusive=loaded.exclusive, note=None)
    if loaded is not None:
        return single_cell.find_in_sweep(loaded, cell_id or "")
    return single_cell.find_in_store(results, cell_id or "", target_id)
