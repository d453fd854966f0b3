"""`featray report`: what was measured, for people."""

from pathlib import Path
from typing import Annotated

import typer

from featray.cli import console
from featray.cli.options import DEFAULT_RESULTS, Results

STDOUT = Path("-")


def report(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SWEEP]...", help="Sweeps (their latest run) or run ids; default: the latest run."),
    ] = None,
    results: Results = DEFAULT_RESULTS,
    baseline: Annotated[
        str | None,
        typer.Option("--baseline", metavar="SWEEP", help="Compare with this; default: what the sweep names."),
    ] = None,
    form: Annotated[str, typer.Option("--format", metavar="FORMAT", help="markdown, html or json.")] = "markdown",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="PATH", help="Write there; - is stdout. Default: RESULTS/reports."),
    ] = None,
) -> None:
    """Report what was measured: tables, comparison with a baseline, and what the figures mean.

    Notes in RESULTS/reports/NAME.notes.md are kept and stand at the end of the report of that name.
    """
    from featray import api

    made = api.report(*(names or ()), results=results, baseline=baseline, form=form, output=output)
    for problem in made.problems:
        console.warn(problem)
    if output == STDOUT or (output is None and form != "html"):
        console.result(made.text.removesuffix("\n"))
    for file in made.files:
        console.say(f"report: {file}")
