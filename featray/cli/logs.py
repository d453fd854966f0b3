"""`featray logs`: what a detached submit has printed."""

from typing import Annotated

import typer

from featray.cli import console
from featray.cli.options import DEFAULT_RESULTS, JobAddress, Results


def logs(
    job: Annotated[str, typer.Argument(metavar="ID", help="As `featray submit --detach` printed it.")],
    address: JobAddress = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Continue until it ends.")] = False,
    results: Results = DEFAULT_RESULTS,
) -> None:
    """Print what a detached submit has printed, as if it had run here.

    The submit's store keeps the log in its folder `logs`, so that it can be read when the cluster has stopped.
    """
    from featray.api.logs import logs
    from featray.rendering import event_text

    log = logs(job, address=address, follow=follow, results=results)
    if log.kept_in is not None:
        console.say(f"the cluster has stopped or does not know {job}; this log was kept in {log.kept_in}")
    for line in log:
        text = line if isinstance(line, str) else event_text.event_line(line)
        if text:
            console.result(text)
