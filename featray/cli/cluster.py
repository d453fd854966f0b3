"""`featray cluster`: start, join, leave and look at a Ray cluster, one raylet per GPU, always with a token."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from featray.cli import console, listing
from featray.cli.examples import epilog
from featray.cli.listing import ListedColumn
from featray.core import wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from featray.api.cluster import StartedHead
    from featray.cluster.heads import Node
    from featray.cluster.raylet_records import RunningRaylet

NO_RAY = "no Ray of featray's runs on this machine"

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Start, join, leave and look at a cluster of several machines.",
)

ClusterFileArgument = Annotated[
    Path | None,
    typer.Argument(metavar="CLUSTER", help="Cluster file, such as clusters/lab.yaml; default: this machine."),
]
Ip = Annotated[
    str | None, typer.Option("--ip", metavar="IP", help="Address at which the other machines reach this one.")
]
NameOption = Annotated[str | None, typer.Option("--name", metavar="NAME", help="This machine's name in the cluster.")]
GpusOption = Annotated[
    str | None,
    typer.Option(
        "--gpus", metavar="all|none|UUID,...", help="GPUs of this machine to use, one raylet each; default: all."
    ),
]
Labels = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="KEY=VALUE", help="A label for the sweeps' `hosts`; may be repeated."),
]
TokenStdin = Annotated[bool, typer.Option("--token-stdin", help="Read the cluster's token from stdin and save it.")]


@app.command(epilog=epilog("cluster start"))
def start(
    file: ClusterFileArgument = None,
    ip: Ip = None,
    port: Annotated[
        int | None, typer.Option("--port", metavar="PORT", min=1, max=65535, help="Port of the head; default: 6379.")
    ] = None,
    dashboard_port: Annotated[
        int | None,
        typer.Option(
            "--dashboard-port",
            metavar="PORT",
            min=1,
            max=65535,
            help="Port of the dashboard, on loopback; default: 8265.",
        ),
    ] = None,
    name: NameOption = None,
    gpus: GpusOption = None,
    label: Labels = None,
    token_stdin: TokenStdin = False,
) -> None:
    """Start a head here, or every machine of a cluster file.

    The machines of a file are reached over ssh. The head starts first, then the others join it, one raylet per GPU,
    with the token of this machine. A machine with another Python, Ray or featray than this one is named, and nothing
    is started.
    """
    from featray.api import cluster

    started = cluster.start(
        file,
        ip=ip,
        port=port,
        dashboard_port=dashboard_port,
        name=name,
        gpus=gpus,
        labels=label or (),
        read_token=_read_token if token_stdin else None,
        say=console.say,
        warn=console.warn,
    )
    _show_raylets(started.raylets)
    _show_head(started)


def _read_token() -> str:
    return sys.stdin.read().strip()


def _show_head(head: "StartedHead") -> None:
    from featray.cluster.login import log_in

    console.result(f"head       {head.address}")
    console.result(f"submit     featray submit SWEEP --address {head.address}")
    console.result(f"join       featray cluster token | ssh HOST featray cluster join --token-stdin {head.address}")
    port = head.dashboard_port
    tunnel = f"ssh -N -L {port}:127.0.0.1:{port} {head.destination}"
    console.result(f"dashboard  http://127.0.0.1:{port} on the head; from elsewhere: {tunnel}")
    console.result(f"log in     {log_in(f'http://127.0.0.1:{port}').strip('`')}")


@app.command(epilog=epilog("cluster join"))
def join(
    head: Annotated[
        str,
        typer.Argument(metavar="HOST:PORT|CLUSTER", help="Address of the head, or a cluster file: its machines join."),
    ],
    ip: Ip = None,
    name: NameOption = None,
    gpus: GpusOption = None,
    label: Labels = None,
    token_stdin: TokenStdin = False,
) -> None:
    """Join this machine, or those of a cluster file, to a running head.

    The machines of a file are reached over ssh and get the head's token; those that have joined already stay. A machine
    whose Python, Ray or featray the head would refuse is named, and nothing is started on it.
    """
    from featray.api import cluster

    raylets = cluster.join(
        head,
        ip=ip,
        name=name,
        gpus=gpus,
        labels=label or (),
        read_token=_read_token if token_stdin else None,
        say=console.say,
        warn=console.warn,
    )
    _show_raylets(raylets)


@app.command(epilog=epilog("cluster stop"))
def stop(file: ClusterFileArgument = None) -> None:
    """End featray's Ray here, or on every machine of a cluster file.

    Ray that other people started is left alone.
    """
    from featray.api import cluster

    ended = cluster.stop(file, say=console.say)
    if file is None:
        console.say(f"{wording.count(len(ended), 'raylet')} ended" if ended else NO_RAY)


@app.command(epilog=epilog("cluster status"))
def status(file: ClusterFileArgument = None) -> None:
    """Show this machine's raylets, and the nodes of its cluster.

    With a cluster file, the nodes of that cluster.
    """
    from featray.api import cluster

    running = cluster.status(file)
    _show_raylets(running.raylets)
    if running.address is None:
        console.say(NO_RAY)
        return
    with console.waiting(f"asking {running.address} for its nodes"):
        nodes = cluster.list_nodes(running.address)
    console.result(f"Nodes of {running.address}")
    console.lines(draw(nodes, console.terminal_width()))


@app.command(epilog=epilog("cluster token"))
def token() -> None:
    """Print the token that lets machines and submits join the cluster.

    Makes one if there is none. Keep it secret.
    """
    from featray.api import cluster

    console.result(cluster.token())


def _show_raylets(raylets: "Sequence[RunningRaylet]") -> None:
    for raylet in raylets:
        role = "head" if raylet.head else "raylet"
        facts = f"process {raylet.pid}: {role} of {raylet.address}, {raylet.gpu or 'no GPU'}, log {raylet.log}"
        console.say("\n".join(listing.wrapped(facts, console.terminal_width(), subsequent=listing.INDENT)))


COLUMNS = (
    ListedColumn("CPUs", is_number=True),
    ListedColumn("GPUs", is_number=True),
    *map(ListedColumn, ("state", "address", "host", "GPU", "labels")),
)
WHOLE = 4  # the first columns: figures, state and address


def draw(nodes: "Sequence[Node]", width: int | None) -> list[str]:
    """Draw a line per node, those that are gone last; what does not fit the width stands below it."""
    from featray.cluster.nodes import GPU_LABEL, HOST_LABEL, VERSION_LABEL

    lines = []
    for node in sorted(nodes, key=lambda node: (not node.alive, node.address, node.labels.get(GPU_LABEL, ""))):
        hidden = (HOST_LABEL, GPU_LABEL, VERSION_LABEL)
        labels = " ".join(f"{key}={value}" for key, value in sorted(node.labels.items()) if key not in hidden)
        lines.append(
            (
                f"{node.resources.get('CPU', 0):.0f}",
                f"{node.resources.get('GPU', 0):.0f}",
                "alive" if node.alive else "gone",
                node.address,
                node.labels.get(HOST_LABEL, node.hostname),
                node.labels.get(GPU_LABEL, "-"),
                labels or "-",
            )
        )
    return listing.draw(COLUMNS, lines, width, whole=WHOLE)
