"""`featray cluster`: start, join, leave and look at a Ray cluster, one raylet per GPU, always with a token."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from featray.cli import console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from featray.cluster.heads import Node
    from featray.cluster.raylet_records import RunningRaylet

app = typer.Typer(no_args_is_help=True, help="Start, join, leave and look at a cluster of several machines.")

ClusterFileArgument = Annotated[
    Path | None, typer.Argument(metavar="CLUSTER", help="Cluster file, such as clusters/lab.yaml; default: this host.")
]
Ip = Annotated[str | None, typer.Option("--ip", metavar="IP", help="The address the other hosts reach this one by.")]
NameOption = Annotated[str | None, typer.Option("--name", metavar="NAME", help="This host's name in the cluster.")]
GpusOption = Annotated[
    str | None,
    typer.Option(
        "--gpus", metavar="all|none|UUID,...", help="Which of this host's GPUs, one raylet each; default all."
    ),
]
Labels = Annotated[
    list[str] | None, typer.Option("--label", metavar="KEY=VALUE", help="A label, for selectors; may be repeated.")
]
TokenStdin = Annotated[bool, typer.Option("--token-stdin", help="Read the cluster's token from stdin and keep it.")]


@app.command()
def start(
    file: ClusterFileArgument = None,
    ip: Ip = None,
    port: Annotated[
        int | None, typer.Option("--port", metavar="PORT", min=1, max=65535, help="Port of the head; default 6379.")
    ] = None,
    dashboard_port: Annotated[
        int | None,
        typer.Option(
            "--dashboard-port",
            metavar="PORT",
            min=1,
            max=65535,
            help="Port of the dashboard, on loopback; default 8265.",
        ),
    ] = None,
    name: NameOption = None,
    gpus: GpusOption = None,
    label: Labels = None,
    token_stdin: TokenStdin = False,
) -> None:
    """Start a head here, or every host of a cluster file.

    Hosts of a file are reached over ssh: first the head, then the others join it, one raylet per GPU, with the token of
    this machine. A host whose Python, Ray or featray differs from this machine's is named, and nothing is started.
    """
    from featray.cluster import cluster_file, fleet, membership, nodes, token

    if file is not None:
        own = _given(ip=ip, name=name, gpus=gpus, label=label, token_stdin=token_stdin)
        cluster_file.refuse_options(file, {"--port": port, "--dashboard-port": dashboard_port, **own})
        lab = cluster_file.load_hosts(file)
        fleet.start(lab, str(file), token.ensure(), console.say)
        destination = lab.head_host.destination if lab.head_host else ""
        _show_head(lab.address or "", lab.dashboard_port, destination)
        return
    if token_stdin:
        token.save(sys.stdin.read().strip())
    member = membership.describe_this_machine(ip=ip, name=name, gpus=gpus or "all", labels=label or [])
    head = nodes.HeadOptions(
        port=port or cluster_file.RAY_PORT, dashboard_port=dashboard_port or cluster_file.DASHBOARD_PORT
    )
    address = f"{member.address}:{head.port}"
    begun = membership.start_raylets(member, address, head, say=console.warn)
    _show_raylets(begun)
    _show_head(address, head.dashboard_port, member.address)


def _given(**options: object) -> dict[str, object]:
    return {f"--{name.replace('_', '-')}": value for name, value in options.items()}


def _show_head(address: str, dashboard_port: int, destination: str) -> None:
    console.result(f"head       {address}")
    console.result(f"submit     featray submit SWEEP --address {address}")
    console.result("join       featray cluster token | ssh HOST featray cluster join --token-stdin " + address)
    tunnel = f"ssh -N -L {dashboard_port}:127.0.0.1:{dashboard_port} {destination}"
    console.result(f"dashboard  http://127.0.0.1:{dashboard_port} on the head; from elsewhere: {tunnel}")


@app.command()
def join(
    head: Annotated[
        str, typer.Argument(metavar="HOST:PORT|CLUSTER", help="Address of the head, or a cluster file: its hosts join.")
    ],
    ip: Ip = None,
    name: NameOption = None,
    gpus: GpusOption = None,
    label: Labels = None,
    token_stdin: TokenStdin = False,
) -> None:
    """Join this host, or those of a cluster file, to a running head.

    Hosts of a file are reached over ssh and get the head's token; those that are in already stay. A host whose Python,
    Ray or featray the head would refuse is named before anything is started on it.
    """
    from featray.cluster import cluster_file, fleet, membership, token
    from featray.core.files import is_yaml

    if is_yaml(head):
        own = _given(ip=ip, name=name, gpus=gpus, label=label, token_stdin=token_stdin)
        cluster_file.refuse_options(Path(head), own)
        fleet.join(cluster_file.load_hosts(Path(head)), head, console.say)
        return
    if token_stdin:
        token.save(sys.stdin.read().strip())
    member = membership.describe_this_machine(ip=ip, name=name, gpus=gpus or "all", labels=label or [], toward=head)
    _show_raylets(membership.start_raylets(member, head, say=console.warn))


@app.command()
def stop(file: ClusterFileArgument = None) -> None:
    """End featray's Ray here, or on every host of a cluster file.

    Nobody else's Ray is touched.
    """
    from featray.cluster import cluster_file, fleet, nodes

    if file is not None:
        fleet.stop(cluster_file.load_hosts(file), console.say)
        return
    ended = nodes.stop()
    console.say(f"{len(ended)} raylets ended" if ended else "no Ray of featray's runs on this machine")


@app.command()
def status(file: ClusterFileArgument = None) -> None:
    """Show this host's raylets, and the nodes of its cluster.

    With a cluster file, the nodes of that cluster.
    """
    from featray.cluster import cluster_file, heads, raylet_records

    begun = raylet_records.running()
    address = cluster_file.load_hosts(file).address if file is not None else begun[0].address if begun else None
    if begun:
        _show_raylets(begun)
    if address is None:
        console.say("no Ray of featray's runs on this machine")
        return
    console.stdout().print(_table(address, heads.list_nodes(address)))


@app.command()
def token() -> None:
    """Print the token that lets hosts and drivers in.

    Makes one if there is none. Keep it to yourself.
    """
    from featray.cluster import token as tokens

    console.result(tokens.ensure())


def _show_raylets(begun: "Sequence[RunningRaylet]") -> None:
    for each in begun:
        what = "head" if each.head else "raylet"
        console.say(f"{what} of {each.address}, {each.gpu or 'no GPU'}, process {each.pid}, log {each.log}")


def _table(address: str, nodes: "Sequence[Node]") -> "Table":
    from rich.table import Table
    from rich.text import Text

    from featray.cluster.nodes import GPU_LABEL, HOST_LABEL, VERSION_LABEL

    table = Table(title=f"Nodes of {address}", title_justify="left")
    for heading in ("host", "address", "state", "CPUs", "GPUs", "GPU", "labels"):
        table.add_column(heading, justify="right" if heading in ("CPUs", "GPUs") else "left", overflow="fold")
    for node in sorted(nodes, key=lambda node: (not node.alive, node.address, node.labels.get(GPU_LABEL, ""))):
        own = {key: value for key, value in node.labels.items() if key not in (HOST_LABEL, GPU_LABEL, VERSION_LABEL)}
        row = (
            node.labels.get(HOST_LABEL, node.hostname),
            node.address,
            "alive" if node.alive else "gone",
            f"{node.resources.get('CPU', 0):.0f}",
            f"{node.resources.get('GPU', 0):.0f}",
            node.labels.get(GPU_LABEL, "-"),
            " ".join(f"{key}={value}" for key, value in sorted(own.items())) or "-",
        )
        table.add_row(*map(Text, row))
    return table
