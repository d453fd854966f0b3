"""`featray dashboard`: a link that logs a browser into the Ray dashboard."""

import sys
from typing import Annotated

import typer

from featray.cli import console
from featray.core import wording

LINK_S = 300.0  # a link that nobody opens ends after this time


def dashboard(
    address: Annotated[
        str | None,
        typer.Argument(
            metavar="[URL|HOST:PORT|FILE]",
            help="Address of the dashboard as `submit` prints it, head of a cluster, or its file; default: the cluster "
            "of this machine, else port 8265.",
        ),
    ] = None,
    is_grafana: Annotated[
        bool, typer.Option("--grafana", help="Print a dashboard for Grafana instead. docs/dashboard.md says how.")
    ] = False,
) -> int:
    """Print a link that logs a browser of this machine into the Ray dashboard, and wait until it is opened.

    The dashboard asks for a token, because whoever gets in can run code as you. The link works once. On another
    machine, open a tunnel as `featray cluster start` prints it, and run this command there.
    """
    from featray.api.dashboard import dashboard, grafana
    from featray.errors import BadInput

    if is_grafana:
        if address is not None:
            raise BadInput("--grafana prints a file that is the same for every cluster; leave out the address")
        console.result(grafana().removesuffix("\n"))
        return 0
    with dashboard(address) as login:
        console.result(login.link)
        sys.stdout.flush()  # a pipe would keep the line until the end of the wait
        if login.cookie is None:
            console.say("this dashboard asks for no token")
            return 0
        console.say(f"open this link in a browser of this machine within {wording.duration(LINK_S)}; it works once")
        if login.wait(LINK_S):
            console.say(f"logged in: {login.url}")
            return 0
    console.warn("nobody opened the link; run the command again for another one")
    return 1
