"""`featray logs`: what a detached submit says."""

from typing import Annotated

import typer

from featray.cli import console
from featray.cli.options import JobAddress


def logs(
    job: Annotated[str, typer.Argument(metavar="ID", help="As `featray submit --detach` printed it.")],
    address: JobAddress = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until it ends.")] = False,
) -> None:
    """Print what a detached submit has said, as if it had run here."""
    from featray.backends.ray.jobs import Jobs
    from featray.cli import progress
    from featray.running import detached

    jobs = Jobs(detached.head_of(address))
    jobs.find(job)
    for line in jobs.follow(job) if follow else jobs.log(job).split("\n"):
        said = detached.event(line)
        text = line if said is None else progress.event_line(said)
        if text:
            console.result(text)
