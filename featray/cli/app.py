"""The `featray` command: its subcommands, and the one place where errors on purpose are caught.

A command module imports only the standard library, typer and featray's light modules at its top, so that `--help`
answers at once; the work is imported when it is called for.
"""

import os
import sys
from typing import Annotated

import typer
from typer.exceptions import TyperException

import featray
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
from featray.errors import FeatrayError, HeadGone

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
        typer.echo(f"featray {featray.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Measure how fast py-feat's face detectors are on each of your machines, and which differences are real."""


app.command("submit")(submit.submit)
app.command("status")(status.status)
app.command("logs")(logs.logs)
app.command("cancel")(cancel.cancel)
app.command("plan")(plan.plan)
app.command("report")(report.report)
app.command("compare")(compare.compare)
app.command("suggest")(suggest.suggest)
app.command("recommend")(recommend.recommend)
app.command("measure")(measure.measure)
app.command("calibrate")(calibrate.calibrate)
app.command("hosts")(hosts.hosts)
app.command("import")(import_.import_)
app.command("export")(export.export)
app.add_typer(cluster.app, name="cluster")
app.add_typer(store.app, name="store")


def main() -> None:
    """Run the command line; exit with the code that `featray.errors` documents."""
    try:
        code = app(standalone_mode=False)
    except HeadGone as wrong:
        console.error(str(wrong))
        sys.stdout.flush()
        os._exit(wrong.exit_code)  # Ray's teardown would wait for the head and then crash, and the code be lost
    except FeatrayError as wrong:
        console.error(str(wrong))
        sys.exit(wrong.exit_code)
    except typer.Abort:
        sys.exit(130)
    except TyperException as wrong:  # a wrong option or argument
        console.error(f"{wrong.format_message().rstrip('.')}. Try 'featray --help', or 'featray COMMAND --help'.")
        sys.exit(wrong.exit_code)
    sys.exit(code if isinstance(code, int) else 0)
