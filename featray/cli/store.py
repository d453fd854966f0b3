"""`featray store`: list, check, compact and remove stored runs."""

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from featray.cli import console, listing
from featray.cli.examples import epilog
from featray.cli.listing import ListedColumn
from featray.cli.options import DEFAULT_RESULTS, Json, Results
from featray.core import json_text, wording

if TYPE_CHECKING:
    from featray.api.store import StoredRuns

app = typer.Typer(
    help="List, check, compact and remove stored runs.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command("ls", short_help="List every run with its rows by status.", epilog=epilog("store ls"))
def list_runs(
    results: Results = DEFAULT_RESULTS,
    sweep: Annotated[str | None, typer.Option("--sweep", metavar="NAME", help="Only runs of this sweep.")] = None,
    json: Json = False,
) -> None:
    """List every run: its sweep, when it began, its rows by status, its machines."""
    from featray.api import store

    stored = store.runs(results, sweep=sweep)
    for problem in stored.problems:
        console.warn(problem)
    if json:
        values = [dataclasses.asdict(run) for run in stored.runs]
        console.result(json_text.write(values))
    elif stored.runs:
        console.lines(draw(stored, console.terminal_width()))
    else:
        console.say(f"{stored.store}: no rows yet; `featray submit` or `featray import` brings some")


COLUMNS = (
    ListedColumn("rows", is_number=True),
    *map(ListedColumn, ("began (UTC)", "run", "by status", "sweep", "hosts", "imported from")),
)
WHOLE = 3  # the first columns: figures and the run's id


def draw(stored: "StoredRuns", width: int | None) -> list[str]:
    """Draw a line per run; what does not fit the width stands below it."""
    lines = [
        (
            str(run.rows),
            run.started_at[:19].replace("T", " "),
            run.run_id,
            ", ".join(f"{count} {status}" for status, count in run.statuses.items()),
            run.sweep,
            wording.listed(run.hostnames, HOSTS_MAX),
            run.source_file or "",
        )
        for run in stored.runs
    ]
    return listing.draw(COLUMNS, lines, width, whole=WHOLE)


HOSTS_MAX = 4  # that are named on a run's line; --json has all


@app.command("compact", short_help="Merge many small files into few.", epilog=epilog("store compact"))
def compact(
    results: Results = DEFAULT_RESULTS,
    run: Annotated[str | None, typer.Option("--run", metavar="RUN", help="Only files of this run alone.")] = None,
) -> None:
    """Merge many small files into few; safe while submits and readers run."""
    from featray.api import store

    with console.waiting("merging files") as show:
        compacted = store.compact(
            results, run=run, note=lambda done, total: show(f"merging files: {done} of {total} read")
        )
    for problem in compacted.problems:
        console.warn(str(problem))
    if compacted.cleared:
        console.say(f"files of an earlier compaction that was stopped, deleted: {compacted.cleared}")
    if compacted.files_before == 0:
        console.say("nothing to compact")
        return
    files = wording.count(compacted.files_before, "file")
    console.say(f"{files} became {compacted.files_after}, with {wording.count(compacted.rows, 'row')}")


@app.command("check", short_help="Read every file and say what is wrong.", epilog=epilog("store check"))
def check(results: Results = DEFAULT_RESULTS) -> int:
    """Read every file whole and say what is wrong; exit code 1 when something is."""
    from featray.api import store

    with console.waiting("reading files") as show:
        checkup = store.check(results, note=lambda done, total: show(f"reading files: {done} of {total}"))
    for problem in checkup.problems:
        console.warn(str(problem))
    for name in checkup.unfinished:
        console.say(f"{name}: its writer still runs or was killed; compact deletes it after a day")
    console.result(f"rows: {checkup.rows}, files: {checkup.files}, size: {wording.size(checkup.size_b)}")
    if checkup.duplicates:
        console.result(f"rows that are there twice: {checkup.duplicates}; they count once, and compact merges them")
    if checkup.conflicts:
        console.warn(
            f"rows with the key of another row and other times, as when copies of a store are merged: "
            f"{checkup.conflicts}; readers use one of them, and compact deletes the others"
        )
    return 1 if checkup.problems or checkup.conflicts else 0


@app.command("rm", short_help="Remove a run for good, after asking.", epilog=epilog("store rm"))
def remove(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Run to remove, as `featray store ls` names it.")],
    results: Results = DEFAULT_RESULTS,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove a run's rows for good, after saying what goes and asking."""
    from featray.api import store

    removal = store.plan_removal(results, run)
    for name in removal.archived:
        console.say(f"{name} stays, because it is an archive; delete the file yourself if you mean it")
    if removal.rows == 0:
        return
    rewritten = f", files rewritten without it: {len(removal.rewritten)}" if removal.rewritten else ""
    console.say(f"run {run}: rows that go: {removal.rows}, files that go: {len(removal.deleted)}{rewritten}")
    if not yes:
        typer.confirm("Remove them for good?", abort=True, err=True)
    store.remove(results, run)
    console.say("removed")
