"""The `featray` command: its subcommands, and the one place where errors on purpose are caught.

A command module imports only the standard library, typer and light modules of featray at its top, so that `--help`
takes less than half a second. Each command imports its work when it runs.
"""

import atexit
import gc
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from featray.cli import (
    bisect,
    calibrate,
    cancel,
    cluster,
    compare,
    console,
    dashboard,
    doctor,
    estimate,
    exit_codes,
    export,
    fetch,
    history,
    hosts,
    import_,
    init,
    logs,
    measure,
    output_streams,
    plan,
    recommend,
    report,
    schema,
    status,
    store,
    submit,
    suggest,
)
from featray.cli.examples import epilog
from featray.core import argument_names, files
from featray.core.version import __version__
from featray.errors import BadInput, FeatrayError, Interrupted

app = typer.Typer(
    name="featray",
    help="Measure how fast py-feat's face detectors are on each of your machines, and which differences are real.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog=exit_codes.TABLE,
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


def _add(name: str, command: Callable[..., Any], short_help: str, *ends: str) -> None:
    """Add a command; its help ends with examples, and with other texts."""
    app.command(name, short_help=short_help, epilog=epilog(name, *ends))(command)


_add("init", init.init, "Write a sweep file to start from.")
_add("doctor", doctor.doctor, "Check this machine, and say what to mend.")
_add("fetch", fetch.fetch, "Download the weights of a sweep.")
_add("submit", submit.submit, "Measure what the store does not have yet, then report it.")
_add("status", status.status, "Show detached submits, and fetch their rows.")
_add("logs", logs.logs, "Print what a detached submit has printed.")
_add("cancel", cancel.cancel, "End a detached submit; finished rows are kept.")
_add("dashboard", dashboard.dashboard, "Log your browser into the Ray dashboard.")
_add("plan", plan.plan, "Show what would run where, and how long it takes.")
_add("report", report.report, "Write what was measured, as markdown, HTML or JSON.")
_add("compare", compare.compare, "Say for each pair whether it is really faster.", exit_codes.TABLE)
_add("suggest", suggest.suggest, "Write the sweeps that would settle open questions.")
_add("history", history.history, "Show how times moved over versions and days.")
_add("bisect", bisect.bisect, "Find the version that changed a time.", exit_codes.TABLE)
_add("recommend", recommend.recommend, "Name the setting to use.")
_add("estimate", estimate.estimate, "Say how long footage takes, on which machine, at what cost.")
_add("measure", measure.measure, "Measure one cell on this machine, without Ray.")
_add("calibrate", calibrate.calibrate, "Learn how much identical cells differ on each target.")
_add("hosts", hosts.hosts, "Show your machines, and what they lack for a sweep.")
_add("import", import_.import_, "Import reports that py-feat's own script made.")
_add("export", export.export, "Write rows in py-feat's and other formats.")
_add("schema", schema.schema, "Print what a file may hold, for editors.")
app.add_typer(cluster.app, name="cluster", short_help="Make one Ray cluster of several machines.")
app.add_typer(store.app, name="store", short_help="List, check, compact and remove stored runs.")


def main() -> None:
    """Run the command line; exit with a code of `exit_codes`."""
    output_streams.prepare()
    atexit.register(gc.freeze)  # at the end Python would look for cycles among all objects: half a second with pandas
    reason: str | None = None
    try:
        code = _run_command()
    except BrokenPipeError:
        code = exit_codes.PIPE_CLOSED
    except output_streams.UnwrittenOutput as wrong:
        code, reason = exit_codes.UNWRITTEN, wrong.strerror
    code, unwritten = output_streams.finish(code)
    if reason or unwritten:
        console.error(f"the output cannot be written: {reason or unwritten}")
        code, _ = output_streams.finish(code)
    sys.exit(code)


def _run_command() -> int:
    try:
        with argument_names.of_command_line():
            code = app(standalone_mode=False)
    except Interrupted as stopped:
        console.say(f"featray: {stopped}")
        return stopped.exit_code
    except FeatrayError as wrong:
        console.error(str(wrong))
        return wrong.exit_code
    except ModuleNotFoundError as missing:
        return _explain_missing(missing)
    except FileNotFoundError:
        if files.has_folder():
            raise
        console.error(files.NO_FOLDER)  # whoever asked for it meant a path from there, as a sweep's inputs
        return BadInput.exit_code
    except typer.Abort:  # Ctrl-C or the end of the input where a command asks
        code = Interrupted.exit_code
    except TyperException as wrong:  # a wrong option or argument
        console.error(f"{wrong.format_message().rstrip('.')}. Try 'featray --help', or 'featray COMMAND --help'.")
        return wrong.exit_code
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # typer gives it exit code 1, that of a gate that fails
            raise end.__context__ from None
        raise
    if code == Interrupted.exit_code:  # what typer makes of Ctrl-C; of SIGTERM and SIGHUP too, see `featray.__main__`
        console.say("featray: stopped")
    return code if isinstance(code, int) else 0


def _explain_missing(missing: ModuleNotFoundError) -> int:
    """Say what to do where a module is missing that measuring needs; any other module is a bug."""
    from featray.errors import NotReady
    from featray.host import installation

    name = (missing.name or "").partition(".")[0]
    if name in installation.UNIX:
        console.error(installation.NO_WINDOWS)
        return NotReady.exit_code
    if name not in installation.MEASURING:
        raise missing
    console.error(installation.explain([name]))
    return NotReady.exit_code
