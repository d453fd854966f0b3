"""`featray plan`: what a submit would do, without starting anything."""

from typing import TYPE_CHECKING, Annotated

import typer

from featray.cli import console
from featray.cli.options import DEFAULT_RESULTS, Address, InventoryFile, Json, Results, SweepFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from featray.core.cell import Cell
    from featray.running.submission import SubmitPlan


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
    from featray import api
    from featray.rendering import plan_summary

    prepared = api.plan(
        sweep, results=results, inventory=inventory, address=address, rerun=rerun, retry_failed=retry_failed
    )
    for problem in prepared.problems:
        console.warn(problem)
    if json:
        console.result(plan_summary.to_json(prepared.plan, prepared.placement))
        return
    console.stdout().print(table(prepared))
    console.result(plan_summary.summary(prepared.plan, prepared.placement))


def table(prepared: "SubmitPlan") -> "Table":
    """Draw every cell and its targets; workers, threads and environment stand where they vary."""
    from rich.table import Table
    from rich.text import Text

    placed, done = prepared.placement, prepared.plan.progress
    cells = [*(unit.cell for unit in placed.units), *(refusal.cell for refusal in placed.refusals)]
    varied = [name for name in HEADINGS if len({getattr(cell, name) for cell in cells}) > 1]
    drawn = Table(title=f"{prepared.plan.run.sweep}: cells and their targets", title_justify="left")
    also = [HEADINGS[name] for name in varied]
    for heading in ("cell", "detector", "input", "device", "batch", *also, "target", "done"):
        drawn.add_column(heading, justify="right" if heading in NUMBERS else "left", overflow="fold")
    for unit in placed.units:
        where = [f"{unit.target.label} ({unit.target.target_id})"]
        where += [f"or {other.label} ({other.target_id})" for other in unit.alternatives]
        have, wanted = done[(unit.cell_id, unit.target.target_id)]
        row = (unit.cell_id, *_settings(unit.cell, varied), "\n".join(where))
        drawn.add_row(*map(Text, row), f"{have}/{wanted}")
    for refusal in placed.refusals:
        row = (refusal.cell_id, *_settings(refusal.cell, varied), f"cannot run: {refusal.reason}")
        drawn.add_row(*map(Text, row), "-")
    return drawn


HEADINGS = {"num_workers": "workers", "threads": "threads", "environment": "environment"}
"""Settings that most sweeps do not vary -> their column."""

NUMBERS = ("batch", "workers", "threads")


def _settings(cell: "Cell", varied: "Sequence[str]") -> tuple[str, ...]:
    rest = (getattr(cell, name) for name in varied)
    known = (cell.detector.name, cell.input.name, cell.device, str(cell.batch_size))
    return (*known, *("-" if value is None else str(value) for value in rest))
