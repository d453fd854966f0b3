"""`featray store`: what the store holds, and looking after it."""

import dataclasses
import json as jsons
from typing import Annotated

import typer

from featray.cli import console
from featray.cli.options import DEFAULT_RESULTS, Json, Results

app = typer.Typer(
    help="Look into the store of rows and look after it.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command("ls")
def list_runs(
    results: Results = DEFAULT_RESULTS,
    sweep: Annotated[str | None, typer.Option("--sweep", metavar="NAME", help="Only runs of this sweep.")] = None,
    json: Json = False,
) -> None:
    """List every run: its sweep, when it began, its rows by status, its hosts."""
    from featray import store

    runs, problems = store.runs(results, sweep=sweep)
    for problem in problems:
        console.warn(str(problem))
    if json:
        console.result(jsons.dumps([dataclasses.asdict(run) for run in runs], indent=2, ensure_ascii=False))
        return
    if not runs:
        console.say(f"{store.display_name(results)}: no rows yet; `featray submit` or `featray import` brings some")
        return
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for heading in ("run", "sweep", "began (UTC)", "rows", "hosts", "imported from"):
        table.add_column(heading, overflow="fold")
    for run in runs:
        counts = ", ".join(f"{count} {status}" for status, count in run.statuses.items())
        cells = (run.run_id, run.sweep, run.started_at[:19].replace("T", " "), counts, ", ".join(run.hostnames))
        table.add_row(*map(Text, cells), Text(run.source_file or ""))
    console.stdout().print(table)


@app.command("compact")
def compact(
    results: Results = DEFAULT_RESULTS,
    run: Annotated[str | None, typer.Option("--run", metavar="RUN", help="Only files of this run alone.")] = None,
) -> None:
    """Merge many small files into few; safe beside running submits and readers."""
    from featray import store

    done = store.compact(results, run)
    for problem in done.problems:
        console.warn(str(problem))
    if done.cleared:
        console.say(f"files of an earlier compaction that was stopped, deleted: {done.cleared}")
    if done.files_before == 0:
        console.say("nothing to compact")
        return
    console.say(f"{done.files_before} files became {done.files_after}, with {done.rows} rows")


@app.command("check")
def check(results: Results = DEFAULT_RESULTS) -> int:
    """Read every file whole and say what is wrong; exit 1 when something is."""
    from featray import store
    from featray.core import wording

    found = store.check(results)
    for problem in found.problems:
        console.warn(str(problem))
    for name in found.unfinished:
        console.say(f"{name}: a write that is under way, or was killed; compact clears it up after a day")
    console.result(f"rows: {found.rows}, files: {found.files}, size: {wording.size(found.size_b)}")
    if found.duplicates:
        console.result(f"rows that lie in two files: {found.duplicates}; they count once, and compact merges them")
    return 1 if found.problems else 0


@app.command("rm")
def remove(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Run to remove, as `featray store ls` names it.")],
    results: Results = DEFAULT_RESULTS,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove a run's rows for good, after saying what goes and asking."""
    from featray import store

    planned = store.plan_removal(results, run)
    for name in planned.archived:
        console.say(f"{name} stays: it is an archive; delete the file by hand if you mean it")
    if planned.rows == 0:
        return
    rewritten = f", files rewritten without it: {len(planned.rewritten)}" if planned.rewritten else ""
    console.say(f"run {run}: rows that go: {planned.rows}, files that go: {len(planned.deleted)}{rewritten}")
    if not yes:
        typer.confirm("Remove them for good?", abort=True, err=True)
    store.remove(results, run)
    console.say("removed")
