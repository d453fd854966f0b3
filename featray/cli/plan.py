"""`featray plan`: what a submit would do, without starting anything."""

from typing import TYPE_CHECKING, Annotated

import typer

from featray.cli import console
from featray.cli.options import DEFAULT_RESULTS, Address, InventoryFile, Json, Results, SweepFile

if TYPE_CHECKING:
    from rich.table import Table

    from featray.submission import Prepared


def plan(
    sweep: SweepFile,
    results: Results = DEFAULT_RESULTS,
    inventory: InventoryFile = None,
    address: Address = None,
    rerun: Annotated[bool, typer.Option("--rerun", help="Plan as if nothing were measured yet.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Plan failed units again.")] = False,
    json: Json = False,
) -> None:
    """Show a sweep's cells, where each would run or why not, what is done already, and the estimated time."""
    from featray import api, submission

    prepared = api.plan(
        sweep, results=results, inventory=inventory, address=address, rerun=rerun, retry_failed=retry_failed
    )
    for problem in prepared.problems:
        console.warn(problem)
    if json:
        console.result(submission.to_json(prepared))
        return
    console.stdout().print(_cells(prepared))
    console.result(submission.summary(prepared))


def _cells(prepared: "Prepared") -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"{prepared.plan.campaign.sweep}: cells and their targets", title_justify="left")
    for heading in ("cell", "detector", "input", "device", "batch", "target", "done"):
        table.add_column(heading, justify="right" if heading == "batch" else "left", overflow="fold")
    done = prepared.plan.progress
    for unit in prepared.placement.units:
        cell = unit.cell
        where = [f"{unit.target.label} ({unit.target.target_id})"]
        where += [f"or {other.label} ({other.target_id})" for other in unit.alternatives]
        have, wanted = done[(unit.cell_id, unit.target.target_id)]
        row = (unit.cell_id, cell.detector.name, cell.input.name, cell.device, str(cell.batch_size))
        table.add_row(*map(Text, row), Text("\n".join(where)), f"{have}/{wanted}")
    for refusal in prepared.placement.refusals:
        cell = refusal.cell
        row = (refusal.cell_id, cell.detector.name, cell.input.name, cell.device, str(cell.batch_size))
        table.add_row(*map(Text, row), Text(f"cannot run: {refusal.reason}"), "-")
    return table
