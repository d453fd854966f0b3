"""`featray history`: how times moved over versions and days, and where they stepped."""

from pathlib import Path
from typing import Annotated

import typer

from featray.cli import console
from featray.cli.options import DEFAULT_RESULTS, Address, BackendName, Json, Quiet, Results


def history(
    detector: Annotated[str | None, typer.Option("--detector", metavar="NAME", help="Only this detector.")] = None,
    clip: Annotated[str | None, typer.Option("--input", metavar="NAME", help="Only this input.")] = None,
    host: Annotated[
        str | None, typer.Option("--host", metavar="NAME", help="Only on the machine of this name.")
    ] = None,
    order: Annotated[
        str, typer.Option("--over", metavar="date|version", help="What the points are ordered by.")
    ] = "date",
    results: Results = DEFAULT_RESULTS,
    json: Json = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Also write a page with plots there.")
    ] = None,
    is_opened: Annotated[bool, typer.Option("--open", help="Open the page in a browser; with --html.")] = False,
    confirm: Annotated[
        bool,
        typer.Option("--confirm", help="First measure both versions of each suspected step side by side."),
    ] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="With --confirm: try again what has no time.")
    ] = False,
    backend: BackendName = "ray",
    address: Address = None,
    quiet: Quiet = False,
) -> int:
    """Show how the time of each setting moved on each machine, and where it stepped. docs/history.md says how.

    A step is SUSPECTED until a run that measures both versions side by side says more: --confirm measures it, and goes
    on where it was stopped; `featray suggest --history` writes its sweep. Imported reports are shown and never make a
    step.
    """
    import featray
    from featray.cli import progress
    from featray.errors import BadInput

    if is_opened and html is None:
        raise BadInput("--open shows a page: add --html FILE")
    with progress.shown(quiet=quiet or not confirm, json=False) as watch:
        found = featray.history(
            detector=detector,
            input=clip,
            host=host,
            order=order,
            results=results,
            output=html,
            confirm=confirm,
            retry_failed=retry_failed,
            backend=backend,
            address=address,
            watch=watch,
        )
    if confirm and not found.confirmed and not found.unconfirmed:
        console.say("nothing to confirm: no suspected step that a sweep could confirm")
    for problem in found.unconfirmed:
        console.warn(problem)
    for problem in found.problems:
        console.warn(problem)
    console.result(found.to_json() if json else console.printable(found.text()))
    if found.written is not None:
        console.say(f"page: {found.written}")
        if is_opened:
            console.open_page(found.written)
    return found.exit_code
