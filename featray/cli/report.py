"""`featray report`: what was measured, for people."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from featray.cli import console
from featray.cli.options import DEFAULT_RESULTS, Baseline, Results, RunNames

STDOUT = Path("-")
REFERENCE = "Compare outputs with this setting, such as device=cpu,batch_size=1; default: the one that the sweep names."


def report(
    names: RunNames = None,
    results: Results = DEFAULT_RESULTS,
    baseline: Baseline = None,
    form: Annotated[str, typer.Option("--format", metavar="FORMAT", help="markdown, html or json.")] = "markdown",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="PATH", help="Write there; - is stdout. Default: RESULTS/reports."),
    ] = None,
    reference: Annotated[str | None, typer.Option("--reference", metavar="SETTINGS", help=REFERENCE)] = None,
    cluster: Annotated[
        Path | None,
        typer.Option(
            "--cluster", metavar="FILE", help="Cluster file with prices: shows the cost of 1000 hours of film."
        ),
    ] = None,
    is_opened: Annotated[bool, typer.Option("--open", help="Open the page in a browser; with --format html.")] = False,
) -> None:
    """Report what was measured: tables, comparison with a baseline, and what the figures mean.

    On a terminal it shows tables; in a pipe or file it writes markdown.

    Notes in RESULTS/reports/NAME.notes.md are added at the end of the report of that name.
    """
    import webbrowser

    import featray
    from featray.errors import BadInput
    from featray.rendering import terminal

    if is_opened and (form != "html" or output == STDOUT):
        raise BadInput("--open shows a page: add --format html, and write it to a file")
    reported = featray.report(
        *(names or ()),
        results=results,
        baseline=baseline,
        form=form,
        output=output,
        reference=reference,
        cluster=cluster,
    )
    for problem in reported.problems:
        console.warn(problem)
    if output is None and form == "markdown" and sys.stdout.isatty():
        console.stdout().print(terminal.draw(reported.report, reported.notes))
    elif output == STDOUT or (output is None and form != "html"):
        console.result(reported.text.removesuffix("\n"))
    for file in reported.files:
        console.say(f"report: {file}")
    if is_opened and not webbrowser.open(reported.files[0].absolute().as_uri()):
        console.warn("no browser was found to open the page in")
