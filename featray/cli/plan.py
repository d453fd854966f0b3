"""`featray plan`: what a submit would do, without starting anything."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from featray.cli import console, listing
from featray.cli.listing import ListedColumn
from featray.cli.options import DEFAULT_RESULTS, Address, InventoryFile, Json, Results, SweepFile
from featray.core import wording
from featray.errors import BadInput

if TYPE_CHECKING:
    from featray.core.cell import Cell
    from featray.planning.inventory import Target
    from featray.running.preparation import SubmitPlan


HEADINGS = {"batch_size": "batch", "num_workers": "workers"}
"""Setting -> its column, where that has another name."""

FIGURES = ("batch_size", "num_workers", "threads", "processes")

SETTINGS = ("num_workers", "threads", "processes", "targets", "environment")
"""Settings that most sweeps do not vary."""

ROWS_MAX = 100  # units, refusals and targets that are shown: some screens; a million would take minutes
TARGETS_MAX = 4  # of an interchangeable unit that are named in its row


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
    waiting = console.waiting(_describe_wait(address, inventory))
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
        if json:
            console.result(console.printable(fleet_text.to_json(planned)))
            return
        width = console.terminal_width()
        console.lines([*fleet_text.table(planned, None if show_all else fleet_text.SHOWN, width), ""])
        console.lines(listing.sentences("\n".join(fleet_text.said(planned)), width))
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
    width = console.terminal_width()
    console.lines(draw(prepared, width, rows_max))
    if left := _count_left_out(prepared, rows_max):
        console.result(f"and {wording.count(left, 'more row')}; --all lists them")
    console.lines(list_targets(prepared, rows_max))
    summary = plan_summary.summary(prepared.plan, prepared.placement, prepared.search)
    console.lines(listing.sentences(summary, width))


def _describe_wait(address: str | None, inventory: Sequence[Path] | None) -> str:
    """Say what takes long, shown while it does."""
    if inventory:
        return "planning"
    return f"asking the machines of {address}, and planning" if address else "looking at this machine, and planning"


def list_targets(prepared: "SubmitPlan", rows_max: int | None) -> list[str]:
    """List the id, the name and the host of each target, of at most so many; None lists all."""
    targets = prepared.placement.targets.values()
    lines = [f"{target.target_id}  {target.place}" for target in itertools.islice(targets, rows_max)]
    left = len(targets) - len(lines)
    return [*lines, *([f"and {wording.count(left, 'more target')}; --all lists them"] if left else [])]


def _count_left_out(prepared: "SubmitPlan", rows_max: int | None) -> int:
    """Count the units and refusals that a table of at most so many of each leaves out."""
    placed = prepared.placement
    return sum(max(0, len(part) - (rows_max or len(part))) for part in (placed.units, placed.refusals))


def draw(prepared: "SubmitPlan", width: int | None, rows_max: int | None = None) -> list[str]:
    """Draw cells and their targets: figures first, names last, none of them broken.

    Workers, threads, processes, targets and environment have a column where they vary.

    Args:
        prepared: The plan.
        width: Of the terminal; None where there is none.
        rows_max: At most so many units, and so many refusals; None draws all.
    """
    from featray.rendering import plan_summary

    placed = prepared.placement
    cells = [*(unit.cell for unit in placed.units), *(refusal.cell for refusal in placed.refusals)]
    varying = [name for name in SETTINGS if len({getattr(cell, name) for cell in cells}) > 1]
    figures = [name for name in ("batch_size", *varying) if name in FIGURES]
    names = ["detector", "input", *(name for name in varying if name not in FIGURES)]
    columns = [
        *(ListedColumn(HEADINGS.get(name, name), is_number=True) for name in figures),
        *map(ListedColumn, ("done", "device", "cell")),
        *(ListedColumn(HEADINGS.get(name, name)) for name in (*names, "target")),
        *([ListedColumn("cannot run", width_max=1)] if placed.refusals else []),
    ]

    def line(cell: "Cell", cell_id: str, done: str, target: str, reason: str) -> list[str]:
        first = [_value(cell, name) for name in figures]
        return [*first, done, cell.device, cell_id, *(_value(cell, name) for name in names), target, reason]

    lines = []
    for unit in placed.units[:rows_max]:
        targets = _join_targets(unit.targets, None if rows_max is None else TARGETS_MAX)
        done = plan_summary.done(prepared.plan, unit, prepared.search)
        lines.append(line(unit.cell, unit.cell_id, done, targets, ""))
    for refusal in placed.refusals[:rows_max]:
        target = refusal.target.label if refusal.target else wording.ABSENT
        lines.append(line(refusal.cell, refusal.cell_id, wording.ABSENT, target, refusal.reason))
    title = f"{prepared.plan.run.sweep}: cells and their targets"
    shown = [texts[: len(columns)] for texts in lines]
    return [title, "", *listing.draw(columns, shown, width, whole=len(figures) + 3), ""]


def _join_targets(targets: Sequence["Target"], most: int | None) -> str:
    """Write the targets that a unit may run on, at most so many by their labels; None writes all."""
    labels = [target.label for target in itertools.islice(targets, most)]
    left = len(targets) - len(labels)
    return " or ".join([*labels, *([wording.count(left, "other")] if left else [])])


def _value(cell: "Cell", name: str) -> str:
    """Write a setting of a cell; an input or a detector by its name."""
    value = getattr(cell, name)
    return wording.ABSENT if value is None else str(getattr(value, "name", value))
