"""`featray cancel`: end a detached submit."""

from typing import Annotated

import typer

from featray.cli import console
from featray.cli.options import JobAddress


def cancel(
    job: Annotated[str, typer.Argument(metavar="ID", help="As `featray submit --detach` printed it.")],
    address: JobAddress = None,
) -> None:
    """End a detached submit as Ctrl-C would; finished rows are kept.

    The next submit of the same sweep continues from there. Exit code 4 where the submit still runs.
    """
    from featray.api.cancel import cancel

    cancelled = cancel(job, address=address)
    if cancelled.had_ended:
        console.say(f"{job} had ended already")
    else:
        console.say(f"{job}: {cancelled.state}; finished rows are kept, the next submit goes on from there")
