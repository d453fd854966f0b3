"""`featray measure`: one cell, once, without Ray."""

from pathlib import Path
from typing import Annotated

import typer

from featray.cli import console
from featray.cli.options import DEFAULT_RESULTS


def measure(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="CELL.json", help="A cell, as the column `asked` of a row holds it, or a whole row."),
    ] = None,
    cell: Annotated[
        str | None, typer.Option("--cell", metavar="ID", help="Id of a cell of the store or of --sweep.")
    ] = None,
    sweep: Annotated[
        Path | None,
        typer.Option("--sweep", metavar="FILE", help="Look --cell up in this sweep, and apply its rules."),
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", metavar="ID", help="GPU UUID or target id; default: the first that fits.")
    ] = None,
    results: Annotated[
        str,
        typer.Option(
            "--results",
            metavar="DIR",
            help="Store to look --cell up in; the commands that a report prints leave it out.",
        ),
    ] = DEFAULT_RESULTS,
    trust: Annotated[
        bool,
        typer.Option("--trust", help="Also run a class that neither py-feat, featray nor --sweep names."),
    ] = False,
) -> int:
    """Measure one cell on this machine in one process and print its row as JSON; nothing is stored."""
    import featray
    from featray.core.row import to_json

    row = featray.measure(
        file, cell_id=cell, sweep=sweep, target_id=target, results=results, trust=trust, say=console.say
    )
    console.result(to_json(row))
    return 0 if row.status == "ok" else 1
