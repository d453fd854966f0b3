"""The `featray` command: its subcommands, and the one place where errors on purpose are caught.

A command module imports only the standard library, typer and light modules of featray at its top, so that `--help`
takes less than half a second. Each command imports its work when it runs.
"""

import os
import sys
from typing import Annotated

import typer
from typer.exceptions import TyperException

from featray.cli import (
    calibrate,
    cancel,
    cluster,
    compare,
    console,
    export,
    hosts,
    import_,
    logs,
    measure,
    plan,
    recommend,
    report,
    status,
    store,
    submit,
    suggest,
)
from featray.core.version import __version__
from featray.errors import FeatrayError

UNWRITTEN = 120  # Python's own exit code where the last output cannot be written

app = typer.Typer(
    name="featray",
    help="Measure how fast py-feat's face detectors are on each of your machines, and which differences are real.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"featray {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Measure how fast py-feat's face detectors are on each of your machines, and which differences are real."""


app.command("submit", short_help="Measure what the store does not have yet, then report it.")(submit.submit)
app.command("status", short_help="Show detached submits, and fetch their rows.")(status.status)
app.command("logs", short_help="Print what a detached submit has printed.")(logs.logs)
app.command("cancel", short_help="End a detached submit; finished rows are kept.")(cancel.cancel)
app.command("plan", short_help="Show what would run where, and how long it takes.")(plan.plan)
app.command("report", short_help="Write what was measured, as markdown, HTML or JSON.")(report.report)
app.command("compare", short_help="Say for each pair whether it is really faster.")(compare.compare)
app.command("suggest", short_help="Write the sweeps that would settle open questions.")(suggest.suggest)
app.command("recommend", short_help="Name the setting to use.")(recommend.recommend)
app.command("measure", short_help="Measure one cell on this machine, without Ray.")(measure.measure)
app.command("calibrate", short_help="Learn how much identical cells differ on each target.")(calibrate.calibrate)
app.command("hosts", short_help="Show your machines, and what they lack for a sweep.")(hosts.hosts)
app.command("import", short_help="Import reports that py-feat's own script made.")(import_.import_)
app.command("export", short_help="Write rows in py-feat's and other formats.")(export.export)
app.add_typer(cluster.app, name="cluster", short_help="Make one Ray cluster of several machines.")
app.add_typer(store.app, name="store", short_help="List, check, compact and remove stored runs.")


def run() -> None:
    """Run the command line as the `featray` process, and end the process.

    Where Ray was used the process ends at once. Everything is done and closed by then. Ray's own shutdown may wait for
    a head that is gone, or crash after a node has died (seen: SIGSEGV), and then the exit code would be lost.
    """
    try:
        main()
    except SystemExit as end:
        if "ray" not in sys.modules:
            raise
        code = end.code if isinstance(end.code, int) else 0
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except OSError:  # nobody reads the pipe any more, or the disk is full
                code = code or UNWRITTEN
        os._exit(code)


def main() -> None:
    """Run the command line; exit with the code that `featray.errors` documents."""
    try:
        code = app(standalone_mode=False)
    except FeatrayError as wrong:
        console.error(str(wrong))
        sys.exit(wrong.exit_code)
    except typer.Abort:
        sys.exit(130)
    except TyperException as wrong:  # a wrong option or argument
        console.error(f"{wrong.format_message().rstrip('.')}. Try 'featray --help', or 'featray COMMAND --help'.")
        sys.exit(wrong.exit_code)
    sys.exit(code if isinstance(code, int) else 0)
