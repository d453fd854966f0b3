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

    The next submit of the same sweep goes on from there. Exit code 4 where it still runs.
    """
    from featray.backends.ray.jobs import Jobs
    from featray.running import detached

    jobs = Jobs(detached.head_of(address))
    if jobs.find(job).has_ended:
        console.say(f"{job} had ended already")
        return
    console.say(f"{job}: {jobs.cancel(job).state}; finished rows are kept, the next submit goes on from there")
