"""`featray cluster`: start, join, end and look at a Ray cluster, one raylet per GPU, always with a token.

Flow: options, a cluster file -> here -> `membership` for this machine, `fleet` for the hosts of a file.
"""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from featray.cluster import cluster_file, fleet, heads, membership, nodes, raylet_records
from featray.cluster import token as cluster_token
from featray.cluster.heads import Node
from featray.cluster.raylet_records import RunningRaylet
from featray.core.files import PathLike, is_yaml

Say = Callable[[str], None]


@dataclasses.dataclass(frozen=True, kw_only=True)
class StartedHead:
    """A head that was started, and how to reach it."""

    address: str  # host:port
    dashboard_port: int  # on the head's loopback
    destination: str  # for ssh
    raylets: tuple[RunningRaylet, ...] = ()  # on this machine


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClusterStatus:
    """What this machine knows of its cluster, or of the cluster of a file."""

    raylets: tuple[RunningRaylet, ...]  # that featray started on this machine
    address: str | None  # of the head; None where this machine is in no cluster


def start(
    file: PathLike | None = None,
    *,
    ip: str | None = None,
    port: int | None = None,
    dashboard_port: int | None = None,
    name: str | None = None,
    gpus: str | None = None,
    labels: Sequence[str] = (),
    read_token: Callable[[], str] | None = None,
    say: Say = print,
    warn: Say = print,
) -> StartedHead:
    """Start a head on this machine, or every host of a cluster file.

    Args:
        file: Cluster file; the options below then belong in it.
        ip: Address at which the other hosts reach this machine.
        port: Port of the head.
        dashboard_port: Port of the dashboard, on loopback.
        name: Name of this machine in the cluster.
        gpus: `all`, `none`, or UUIDs with commas between.
        labels: `KEY=VALUE` each.
        read_token: Returns the token to use; None keeps this machine's token, or makes one.
        say: Called with what is done on each host of a file.
        warn: Called with what is not known of a host.

    Raises:
        BadInput: the file or an option is wrong, or an option belongs in the file.
        Busy: this machine is in a cluster already.
        BackendError: a host cannot be reached or would be refused, or Ray does not start.
    """
    if file is not None:
        own_options = _option_names(ip=ip, name=name, gpus=gpus, label=labels, token_stdin=read_token)
        ports = {"--port": port, "--dashboard-port": dashboard_port}
        cluster_file.refuse_options(Path(file), ports | own_options)
        cluster = cluster_file.load_hosts(Path(file))
        fleet.start(cluster, str(file), cluster_token.ensure(), say)
        destination = cluster.head_host.destination if cluster.head_host else ""
        return StartedHead(
            address=cluster.address or "", dashboard_port=cluster.dashboard_port, destination=destination
        )
    if read_token is not None:
        cluster_token.save(read_token())
    member = membership.describe_this_machine(ip=ip, name=name, gpus=gpus or "all", labels=labels)
    head = nodes.HeadOptions(
        port=port or cluster_file.RAY_PORT, dashboard_port=dashboard_port or cluster_file.DASHBOARD_PORT
    )
    address = f"{member.address}:{head.port}"
    started = tuple(membership.start_raylets(member, address, head, say=warn))
    return StartedHead(address=address, dashboard_port=head.dashboard_port, destination=member.address, raylets=started)


def _option_names(**options: object) -> dict[str, object]:
    return {f"--{name.replace('_', '-')}": value for name, value in options.items()}


def join(
    head: str,
    *,
    ip: str | None = None,
    name: str | None = None,
    gpus: str | None = None,
    labels: Sequence[str] = (),
    read_token: Callable[[], str] | None = None,
    say: Say = print,
    warn: Say = print,
) -> tuple[RunningRaylet, ...]:
    """Join this machine, or the hosts of a cluster file, to a running head.

    Args:
        head: `host:port` of the head, or a cluster file; the options below then belong in it.
        ip: As in `start`.
        name: As in `start`.
        gpus: As in `start`.
        labels: As in `start`.
        read_token: As in `start`.
        say: As in `start`.
        warn: As in `start`.

    Returns:
        The raylets that were started on this machine; none for a file.

    Raises:
        BadInput, Busy, BackendError: as `start`.
    """
    if is_yaml(head):
        options = _option_names(ip=ip, name=name, gpus=gpus, label=labels, token_stdin=read_token)
        cluster_file.refuse_options(Path(head), options)
        fleet.join(cluster_file.load_hosts(Path(head)), head, say)
        return ()
    if read_token is not None:
        cluster_token.save(read_token())
    member = membership.describe_this_machine(ip=ip, name=name, gpus=gpus or "all", labels=labels, toward=head)
    return tuple(membership.start_raylets(member, head, say=warn))


def stop(file: PathLike | None = None, *, say: Say = print) -> tuple[RunningRaylet, ...]:
    """End featray's Ray on this machine, or on every host of a cluster file; nobody else's Ray is touched.

    Args:
        file: Cluster file; None is this machine.
        say: Called with each detached submit that ends with its head and how to go on with it, and with each host of a
            file that has stopped.

    Returns:
        The raylets that ended on this machine; none for a file.

    Raises:
        ClusterFileError: the file is wrong.
        BackendError: a host cannot be reached, or a raylet does not end.
    """
    if file is not None:
        fleet.stop(cluster_file.load_hosts(Path(file)), say)
        return ()
    for head in (raylet.address for raylet in raylet_records.running() if raylet.head):
        from featray.running import detached  # it brings Ray, which only a head is asked with

        for sentence in detached.describe_ending(head):
            say(sentence)
    return tuple(nodes.stop())


def status(file: PathLike | None = None) -> ClusterStatus:
    """Tell which raylets run on this machine, and the head of its cluster or of a cluster file's.

    Raises:
        ClusterFileError: the file is wrong.
    """
    raylets = tuple(raylet_records.running())
    address = raylets[0].address if raylets else None
    if file is not None:
        address = cluster_file.load_hosts(Path(file)).address
    return ClusterStatus(raylets=raylets, address=address)


def list_nodes(address: str) -> tuple[Node, ...]:
    """Ask a head, `host:port`, for its nodes, those that are gone included.

    Raises:
        BackendError: the head does not answer.
    """
    return heads.list_nodes(address)


def token() -> str:
    """Read the token that lets hosts and drivers in; make one where there is none.

    Raises:
        BadInput: the environment switches Ray's authentication off.
    """
    return cluster_token.ensure()
