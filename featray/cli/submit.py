"""`featray submit`: measure a sweep."""

import math
from typing import TYPE_CHECKING, Annotated

import typer

from featray.cli import console
from featray.cli.options import DEFAULT_RESULTS, Address, BackendName, InventoryFile, Quiet, Results, SweepFile
from featray.errors import BadInput, StoreError

if TYPE_CHECKING:
    from featray.api import Submitted


def submit(
    sweep: SweepFile,
    results: Results = DEFAULT_RESULTS,
    backend: BackendName = "ray",
    address: Address = None,
    rerun: Annotated[bool, typer.Option("--rerun", help="Measure everything again; the earlier run is kept.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try failed units again.")] = False,
    budget: Annotated[
        float | None, typer.Option("--budget", metavar="MINUTES", help="Start nothing new after this many minutes.")
    ] = None,
    replay: Annotated[
        str | None, typer.Option("--replay", metavar="STORE", help="Take rows from this store instead of measuring.")
    ] = None,
    inventory: InventoryFile = None,
    detach: Annotated[
        bool, typer.Option("--detach", help="Run on the cluster and return at once, with an id for `featray status`.")
    ] = False,
    python: Annotated[
        str | None,
        typer.Option(
            "--python",
            metavar="PATH",
            help="With --detach: Python on the head; default: the cluster file's, or this one.",
        ),
    ] = None,
    quiet: Quiet = False,
    json: Annotated[bool, typer.Option("--json", help="Print every event as a line of JSON.")] = False,
) -> int:
    """Measure every cell of a sweep that the store does not have yet, then print and write the report."""
    import featray
    from featray.cli import progress

    if budget is not None and not 0 < budget < math.inf:
        raise BadInput(f"--budget: expected minutes above 0, got {budget:g}")
    if python is not None and not detach:
        raise BadInput("--python goes with --detach; a cluster file names the interpreters of its hosts")
    budget_s = budget * 60 if budget is not None else None
    if detach:
        given = {"backend": backend != "ray", "inventory": inventory, "replay": replay, "json": json, "quiet": quiet}
        for option, is_given in given.items():
            if is_given:
                raise BadInput(f"--detach and --{option} do not go together; leave one out")
        from featray.api.detach import detach as submit_detached

        job = submit_detached(
            sweep,
            results=results,
            address=address,
            python=python,
            rerun=rerun,
            retry_failed=retry_failed,
            budget_s=budget_s,
        )
        _show_detached(job, address)
        return 0
    if json:
        _keep_log(results)
    with progress.shown(quiet=quiet, json=json) as watch:
        submitted = featray.submit(
            sweep,
            results=results,
            backend=backend,
            address=address,
            rerun=rerun,
            retry_failed=retry_failed,
            budget_s=budget_s,
            replay=replay,
            inventory=inventory,
            watch=watch,
        )
    for problem in submitted.problems:
        console.warn(problem)
    if not json:
        show(submitted)
    return submitted.exit_code


def _keep_log(results: str) -> None:
    """Keep what a detached submit prints beside its rows: Ray's own log goes with its cluster."""
    from featray.cli import output_streams
    from featray.running import kept_logs

    path = kept_logs.own_path(results)
    if path is None:
        return
    try:
        output_streams.copy_to(path)
    except OSError as wrong:
        raise StoreError(f"{path}: cannot be written ({wrong.strerror})") from wrong


def _show_detached(job: str, address: str | None) -> None:
    console.result(job)
    option = f" --address {address}" if address else ""
    console.say(f"watch: featray status {job} --watch{option}; end: featray cancel {job}{option}")


def show(submitted: "Submitted") -> None:
    """Print the table, what was measured, what was not, and where the report is."""
    from featray.analysis import units
    from featray.rendering import document, search_text, terminal

    console.stdout().print(terminal.draw(document.build(units.gather(submitted.rows))), crop=False)
    for found in submitted.searches:
        console.result(console.printable(search_text.sentence(found)))
    if submitted.measured == submitted.failed == submitted.not_reached == 0:
        console.say(f"nothing was left to measure: {submitted.run_id} has everything; --rerun measures again")
    else:
        console.say(f"{submitted.measured} measured in {submitted.run_id}")
    if submitted.not_reached:
        console.say(f"{submitted.not_reached} not reached; the next submit goes on with them")
    if submitted.without_number > submitted.not_reached:
        failed = submitted.without_number - submitted.not_reached
        console.say(f"{failed} without a number; the table says why")
        _show_how_to_try_again(submitted)
    if submitted.report is not None:
        console.say(f"report: {submitted.report}")


def _show_how_to_try_again(submitted: "Submitted") -> None:
    """Say which submit tries the units without a number again, where one does."""
    if submitted.unfinished and submitted.final:
        console.say("submit again for those that were lost, with --retry-failed for all of them")
    elif submitted.unfinished:
        console.say("submit again for those that were lost")
    elif submitted.final:
        console.say("submit with --retry-failed to try them again")
