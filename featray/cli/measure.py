"""`featray measure`: one cell, by hand, without Ray."""

from pathlib import Path
from typing import Annotated

import typer

from featray.cli import console
from featray.cli.options import DEFAULT_RESULTS


def measure(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="CELL.json", help="A cell as `asked` in a row, or a whole row."),
    ] = None,
    cell: Annotated[
        str | None, typer.Option("--cell", metavar="ID", help="Take the cell from the store or --sweep, by its id.")
    ] = None,
    sweep: Annotated[
        Path | None,
        typer.Option("--sweep", metavar="FILE", help="Look --cell up in this sweep, whose rules then hold."),
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", metavar="ID", help="GPU UUID or target id; default: the first that fits.")
    ] = None,
    results: Annotated[
        str,
        typer.Option(
            "--results",
            metavar="DIR",
            help="Store that --cell is looked up in; the commands that a report prints leave it out.",
        ),
    ] = DEFAULT_RESULTS,
) -> int:
    """Measure one cell on this machine in one process and print its row as JSON; nothing is stored."""
    from featray import api
    from featray.core import row as rows

    row = api.measure(file, cell_id=cell, sweep=sweep, target_id=target, results=results, say=console.say)
    console.result(rows.to_json(row))
    return 0 if row.status == "ok" else 1
