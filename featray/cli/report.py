"""`featray report`: what was measured, for people."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from featray.cli import console
from featray.cli.options import DEFAULT_RESULTS, Baseline, Results, RunNames, read_keys

STDOUT = Path("-")
REFERENCE = "Compare outputs with this setting, such as device=cpu,batch_size=1; default: the one that the sweep names."


def report(
    names: RunNames = None,
    results: Results = DEFAULT_RESULTS,
    baseline: Baseline = None,
    over: Annotated[
        list[str] | None,
        typer.Option("--over", metavar="KEY", help="What is meant to differ from the baseline, such as amp or pyfeat."),
    ] = None,
    chosen_form: Annotated[
        str | None, typer.Option("--format", metavar="FORMAT", help="markdown (default), html or json.")
    ] = None,
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
    is_all: Annotated[
        bool, typer.Option("--all", help="A page for every run of the store, an index of them, and their history.")
    ] = False,
    is_opened: Annotated[
        bool, typer.Option("--open", help="Open the page in a browser; with --format html or --all.")
    ] = False,
) -> None:
    """Report what was measured: tables, comparison with a baseline, and what the figures mean.

    On a terminal it shows tables; in a pipe or file it writes markdown.

    Notes in RESULTS/reports/NAME.notes.md are added at the end of the report of that name.
    """
    import featray
    from featray.errors import BadInput
    from featray.rendering import terminal

    if is_all:
        refused = {
            "a sweep or run": names,
            "--baseline": baseline,
            "--over": over,
            "--reference": reference,
            f"--format {chosen_form}": chosen_form not in (None, "html"),
        }
        for what, is_given in refused.items():
            if is_given:
                raise BadInput(f"--all writes a page for every run; leave out {what}")
        _report_all(results, output, is_opened=is_opened)
        return
    form = chosen_form or "markdown"
    if is_opened and (form != "html" or output == STDOUT):
        raise BadInput("--open shows a page: add --format html, and write it to a file")
    reported = featray.report(
        *(names or ()),
        results=results,
        baseline=baseline,
        over=read_keys(over),
        form=form,
        output=output,
        reference=reference,
        cluster=cluster,
    )
    for problem in reported.problems:
        console.warn(problem)
    if output is None and form == "markdown" and sys.stdout.isatty():
        console.stdout().print(terminal.draw(reported.report, reported.notes), crop=False)
    elif output == STDOUT or (output is None and form != "html"):
        console.result(reported.text.removesuffix("\n"))
    for file in reported.files:
        console.say(f"report: {file}")
    if is_opened:
        console.open_page(reported.files[0])


def _report_all(results: str, output: Path | None, *, is_opened: bool) -> None:
    import featray
    from featray.errors import BadInput

    if output == STDOUT or (output is not None and output.suffix in (".html", ".md", ".json")):
        raise BadInput(f"-o {output}: --all writes several pages; name a folder")
    written = featray.report_all(
        results, output=output, tell=lambda number, total, page: console.say(f"[{number}/{total}] {page}")
    )
    for problem in written.problems:
        console.warn(problem)
    if written.history is not None:
        console.say(f"history: {written.history}")
    console.say(f"index: {written.index}")
    if is_opened:
        console.open_page(written.index)
