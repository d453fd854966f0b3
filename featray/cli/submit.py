"""`featray submit`: measure a sweep."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from featray.cli import console
from featray.cli.options import DEFAULT_RESULTS, Address, InventoryFile, Results, SweepFile
from featray.errors import BadInput

if TYPE_CHECKING:
    from featray.api import Submitted


def submit(
    sweep: SweepFile,
    results: Results = DEFAULT_RESULTS,
    address: Address = None,
    rerun: Annotated[bool, typer.Option("--rerun", help="Measure again what is done; both runs are kept.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try failed units again.")] = False,
    budget: Annotated[
        float | None, typer.Option("--budget", metavar="MINUTES", help="Start nothing new after so many minutes.")
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
            "--python", metavar="PATH", help="With --detach: Python on the head; default: the cluster file's, or this."
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress; results and errors only.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print every event as a line of JSON.")] = False,
) -> int:
    """Measure every cell of a sweep that the store does not have yet, then print and write the report."""
    from featray import api
    from featray.cli import progress

    if budget is not None and not 0 < budget < math.inf:
        raise BadInput(f"--budget: expected minutes above 0, got {budget:g}")
    if python is not None and not detach:
        raise BadInput("--python goes with --detach; a cluster file names the interpreters of its hosts")
    if detach:
        for option, is_given in (("inventory", inventory), ("replay", replay), ("json", json), ("quiet", quiet)):
            if is_given:
                raise BadInput(f"--detach and --{option} do not go together; leave one out")
        _detach(sweep, results, address, python, rerun=rerun, retry_failed=retry_failed, budget=budget)
        return 0
    with progress.shown(quiet=quiet, json=json) as watch:
        done = api.submit(
            sweep,
            results=results,
            address=address,
            rerun=rerun,
            retry_failed=retry_failed,
            budget_s=budget * 60 if budget is not None else None,
            replay=replay,
            inventory=inventory,
            watch=watch,
        )
    for problem in done.problems:
        console.warn(problem)
    if not json:
        finish(done)
    return done.exit_code


def _detach(
    sweep: Path,
    results: str,
    address: str | None,
    python: str | None,
    *,
    rerun: bool,
    retry_failed: bool,
    budget: float | None,
) -> None:
    from featray.api import named
    from featray.backends.ray.jobs import Jobs
    from featray.running import detached

    chosen = [("--rerun", rerun), ("--retry-failed", retry_failed), (f"--budget={budget}", budget is not None)]
    read = named.load_named(sweep)
    head, interpreter = detached.place(address, python)
    options = [option for option, is_given in chosen if is_given]
    id_ = detached.start(Jobs(head), read, sweep, python=interpreter, results=results, options=options)
    console.result(id_)
    where = f" --address {address}" if address else ""
    console.say(f"watch: featray status {id_} --watch{where}; end: featray cancel {id_}{where}")


def finish(done: "Submitted") -> None:
    """Print the table, and say what was measured, what was not, and where the report is."""
    from featray.rendering import document, terminal

    console.stdout().print(terminal.draw(document.build(done.rows)))
    if done.measured == done.not_reached == 0:
        console.say(f"nothing was left to measure: {done.run_id} has it all; --rerun measures again")
    else:
        console.say(f"{done.measured} measured in {done.run_id}")
    if done.not_reached:
        console.say(f"{done.not_reached} not reached; the next submit goes on with them")
    if done.without_number > done.not_reached:
        failed = done.without_number - done.not_reached
        console.say(f"{failed} without a number; the table says why, --retry-failed tries them again")
    if done.report is not None:
        console.say(f"report: {done.report}")
