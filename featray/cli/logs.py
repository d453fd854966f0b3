"""`featray logs`: what a detached submit has printed."""

from typing import Annotated

import typer

from featray.cli import console
from featray.cli.options import JobAddress


def logs(
    job: Annotated[str, typer.Argument(metavar="ID", help="As `featray submit --detach` printed it.")],
    address: JobAddress = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Continue until it ends.")] = False,
) -> None:
    """Print what a detached submit has printed, as if it had run here."""
    from featray.api.logs import logs
    from featray.rendering import event_text

    for line in logs(job, address=address, follow=follow):
        text = line if isinstance(line, str) else event_text.event_line(line)
        if text:
            console.result(text)
