"""`featray measure`: one cell, by hand, without Ray."""

from pathlib import Path
from typing import Annotated

import typer

from featray.cli import console
from featray.cli.options import DEFAULT_RESULTS, Results


def measure(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="CELL.json", help="A cell as `asked` in a row, or as `plan --json` names it."),
    ] = None,
    cell: Annotated[
        str | None, typer.Option("--cell", metavar="ID", help="Take the cell from a sweep, by its id.")
    ] = None,
    sweep: Annotated[
        Path | None,
        typer.Option("--sweep", metavar="FILE", help="Sweep that --cell is looked up in; default: the store."),
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", metavar="ID", help="GPU UUID or target id; default: the first that fits.")
    ] = None,
    results: Results = DEFAULT_RESULTS,
) -> int:
    """Measure one cell on this machine in one process and print its row as JSON; nothing is stored."""
    from featray import api
    from featray import row as rows

    row = api.measure(file, cell_id=cell, sweep=sweep, target_id=target, results=results, say=console.say)
    console.result(rows.to_json(row))
    return 0 if row.status == "ok" else 1
