"""`featray plan`: what a submit would do, without starting anything."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from featray.cli import console
from featray.cli.options import DEFAULT_RESULTS, Address, InventoryFile, Json, Results, SweepFile
from featray.core import wording
from featray.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from featray.core.cell import Cell
    from featray.running.preparation import SubmitPlan


FIRST_HEADINGS = ("cell", "detector", "input", "device", "batch")

HEADINGS = {
    "num_workers": "workers",
    **{name: name for name in ("threads", "processes", "targets")},
    "environment": "environment",
}
"""Settings that most sweeps do not vary -> their column."""

NUMBERS = ("batch", "workers", "threads", "processes")  # headings of columns that hold numbers


ROWS_MAX = 100  # units and refusals that are drawn: some screens; a million would take minutes


def plan(
    sweep: SweepFile,
    results: Results = DEFAULT_RESULTS,
    inventory: InventoryFile = None,
    address: Address = None,
    rerun: Annotated[bool, typer.Option("--rerun", help="Plan as if nothing were measured yet.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Plan failed units again.")] = False,
    show_all: Annotated[
        bool, typer.Option("--all", help=f"List every unit, not {ROWS_MAX} at most; with --fleet every host.")
    ] = False,
    fleet: Annotated[
        bool, typer.Option("--fleet", help="Sum up per machine: time, cost, and what cannot run where.")
    ] = False,
    cluster: Annotated[
        Path | None,
        typer.Option("--cluster", metavar="FILE", help="With --fleet: cluster file with the machines' prices."),
    ] = None,
    json: Json = False,
) -> None:
    """Show a sweep's cells, where each would run or why it cannot, what is done, and the estimated time."""
    import featray
    from featray.rendering import fleet_text, plan_summary

    if cluster is not None and not fleet:
        raise BadInput(
            "--cluster goes with --fleet, for the prices; to plan on the machines of the file, use --address"
        )
    waiting = console.waiting(f"asking the machines of {address}" if address else "looking at this machine")
    if fleet:
        with waiting:
            planned = featray.plan_fleet(
                sweep,
                results=results,
                inventory=inventory,
                address=address,
                cluster=cluster,
                rerun=rerun,
                retry_failed=retry_failed,
            )
        shown = None if show_all else fleet_text.SHOWN
        written = fleet_text.to_json(planned) if json else fleet_text.text(planned, shown)
        console.result(console.printable(written))
        return
    with waiting:
        prepared = featray.plan(
            sweep, results=results, inventory=inventory, address=address, rerun=rerun, retry_failed=retry_failed
        )
    for problem in prepared.problems:
        console.warn(problem)
    for note in prepared.notes:
        console.say(note)
    if json:
        console.result(plan_summary.to_json(prepared.plan, prepared.placement, prepared.search))
        return
    rows_max = None if show_all else ROWS_MAX
    console.stdout().print(table(prepared, rows_max))
    if left := _count_left_out(prepared, rows_max):
        console.result(f"and {wording.count(left, 'more row')}; --all lists them")
    targets = [target for unit in prepared.placement.units for target in unit.targets]
    for target_id, label in {target.target_id: target.label for target in targets}.items():
        console.result(f"{target_id}  {label}")
    console.result(plan_summary.summary(prepared.plan, prepared.placement, prepared.search))


def _count_left_out(prepared: "SubmitPlan", rows_max: int | None) -> int:
    """Count the units and refusals that a table of at most so many of each leaves out."""
    placed = prepared.placement
    return sum(max(0, len(part) - (rows_max or len(part))) for part in (placed.units, placed.refusals))


def table(prepared: "SubmitPlan", rows_max: int | None = None) -> "Table":
    """Draw cells and their targets; workers, threads, processes, environment get a column where they vary.

    Args:
        prepared: The plan.
        rows_max: At most so many units, and so many refusals; None draws all.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from featray.rendering import plan_summary

    placed = prepared.placement
    cells = [*(unit.cell for unit in placed.units), *(refusal.cell for refusal in placed.refusals)]
    varying = [name for name in HEADINGS if len({getattr(cell, name) for cell in cells}) > 1]
    drawn = Table(
        title=f"{prepared.plan.run.sweep}: cells and their targets", title_justify="left", box=box.SIMPLE_HEAD
    )
    for heading in (*FIRST_HEADINGS, *(HEADINGS[name] for name in varying), "target", "done"):
        is_whole = heading in ("cell", "done", "device", *NUMBERS)
        drawn.add_column(heading, justify="right" if heading in NUMBERS else "left", overflow="fold", no_wrap=is_whole)
    for unit in placed.units[:rows_max]:
        targets = [unit.target.label, *(f"or {target.label}" for target in unit.alternatives)]
        line = (unit.cell_id, *_settings(unit.cell, varying), "\n".join(targets))
        drawn.add_row(*map(Text, line), plan_summary.done(prepared.plan, unit, prepared.search))
    for refusal in placed.refusals[:rows_max]:
        line = (refusal.cell_id, *_settings(refusal.cell, varying), f"cannot run: {refusal.reason}")
        drawn.add_row(*map(Text, line), "-")
    return drawn


def _settings(cell: "Cell", varying: "Sequence[str]") -> tuple[str, ...]:
    rest = (getattr(cell, name) for name in varying)
    first = (cell.detector.name, cell.input.name, cell.device, str(cell.batch_size))
    return (*first, *("-" if value is None else str(value) for value in rest))
