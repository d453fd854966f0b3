"""`featray.measure`: one cell, once, on this machine, without Ray."""

from collections.abc import Callable
from pathlib import Path

from featray.api import named
from featray.api.named import PathLike
from featray.core.row import Row
from featray.errors import BadInput
from featray.running import claims, single_cell


def measure(
    file: PathLike | None = None,
    *,
    cell_id: str | None = None,
    sweep: PathLike | None = None,
    target_id: str | None = None,
    results: str = "results",
    say: Callable[[str], None] = print,
) -> Row:
    """Measure one cell once on this machine, without Ray; the row is returned, not stored.

    Args:
        file: JSON of a cell, or of a row, which is then measured as far as possible as it was.
        cell_id: Instead of a file: the id of a cell of `sweep`, or of the store, where its last row tells how.
        sweep: Sweep file; its rules then hold.
        target_id: GPU UUID or other target id; None takes the first that fits.
        results: Store to look the cell up in.
        say: Told why it waits, and that the default rules hold where a row does not tell its own.

    Raises:
        BadInput: no such cell or target here, both a file and an id, or weights are missing.
    """
    found = _found(file, cell_id, sweep, target_id, results)
    if found.note is not None:
        say(found.note)
    return single_cell.measure(
        found.cell,
        rules=found.rules,
        exclusive=found.exclusive,
        target_id=target_id,
        holder=claims.holder_name(),
        say=say,
    )


def _found(
    file: PathLike | None, cell_id: str | None, sweep: PathLike | None, target_id: str | None, results: str
) -> single_cell.FoundCell:

    if file is not None and cell_id is not None:
        raise BadInput("name a cell once: a CELL.json or --cell ID, not both")
    if file is None and cell_id is None:
        raise BadInput("name a cell: a CELL.json, or --cell ID with --sweep FILE")
    read = named.load_sweep(sweep) if sweep is not None else None
    if file is not None:
        found = single_cell.from_file(Path(file))
        if read is None:
            return found
        return single_cell.FoundCell(cell=found.cell, rules=read.rules, exclusive=read.exclusive)
    if read is not None:
        return single_cell.from_sweep(read, cell_id or "")
    return single_cell.from_store(results, cell_id or "", target_id)
