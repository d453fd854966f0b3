"""Membership: what this machine is in a cluster, from command-line options, and whether the head would accept it.

Flow: `featray cluster start|join` -> `describe_this_machine` -> `start_raylets` (`check_versions`) -> `nodes`.
"""

import importlib.metadata
import os
import platform
import re
import socket
import sys
from collections.abc import Callable, Mapping, Sequence

from pydantic import ValidationError

from featray.cluster import heads, nodes, ports, raylet_records, token
from featray.cluster.cluster_file import Member
from featray.cluster.raylet_records import RunningRaylet
from featray.core.argument_names import argument
from featray.core.version import __version__
from featray.errors import BackendError, BadInput
from featray.host import probe
from featray.yamlfile.messages import explain

ANYWHERE = "192.0.2.1"  # an address for documentation (RFC 5737): the routing table is asked, nothing is sent


def describe_this_machine(
    *, ip: str | None, name: str | None, gpus: str, labels: Sequence[str], toward: str | None = None
) -> Member:
    """Check the options of this machine and fill in what they leave out.

    Args:
        ip: The address at which the other hosts reach it; None takes that of the route to the head.
        name: Its name; None takes the host name.
        gpus: `all`, `none`, or UUIDs with commas between.
        labels: `KEY=VALUE` each.
        toward: Address of the head, `host:port`.

    Raises:
        BadInput: an option has a wrong value.
    """
    pairs = [label.partition("=") for label in labels]
    chosen_gpus = {"all": "all", "none": ()}.get(gpus, tuple(filter(None, gpus.split(","))))
    try:
        return Member.model_validate(
            {
                "name": name or re.sub(r"[^A-Za-z0-9._-]+", "-", os.uname().nodename).strip("-._")[:63],
                "address": ip or _address_toward(toward.rpartition(":")[0] if toward else ANYWHERE),
                "python": sys.executable,
                "gpus": chosen_gpus,
                "labels": {key: value for key, _, value in pairs},
            }
        )
    except ValidationError as wrong:
        loc, message = explain(wrong.errors(include_url=False)[0], Member)
        option = {"labels": "label", "address": "ip"}.get(str(loc[0]), loc[0])
        raise BadInput(f"--{option}: {message}") from wrong


def _address_toward(host: str) -> str:
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as route:
            route.connect((host, 9))
            return str(route.getsockname()[0])
    except OSError:
        return "127.0.0.1"  # no network: this machine is the whole cluster


def own_versions() -> dict[str, str]:
    """Read this machine's versions of what must be equal in a cluster: Ray or the supervisor refuses others."""
    ray = importlib.metadata.version("ray")
    return {"python": platform.python_version(), "ray": ray, "featray": __version__}


def version_problem(member: Member, versions: Mapping[str, str], wanted: Mapping[str, str]) -> str | None:
    """Write which versions of a host would be refused, and the command that installs the right ones; None if none."""
    unequal = [name for name in wanted if versions.get(name) != wanted[name]]
    if not unequal:
        return None
    has = ", ".join(f"{name} {versions.get(name, 'not installed')}" for name in unequal)
    needs = ", ".join(f"{name} {wanted[name]}" for name in unequal)
    packages = {name: f"{name}=={wanted[name]}" for name in unequal if name != "python"}
    if "featray" in packages:  # it may be on no index
        packages["featray"] = "the same featray checkout or wheel as the driver's"
    install = f"; there: {member.interpreter} -m pip install {', and '.join(packages.values())}" if packages else ""
    return f"{member.name} would be refused: it has {has}; the cluster needs {needs}{install}"


def check_versions(member: Member, address: str, head_versions: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Compare this machine's versions with the head's before anything is started.

    Args:
        member: This machine.
        address: The head's.
        head_versions: Those that the head reports; the others are unknown.
        say: Called with a sentence for each unknown version.

    Raises:
        BackendError: this machine would be refused.
    """
    versions = own_versions() | {"featray": nodes.version_label()}
    if problem := version_problem(member, versions, head_versions):
        raise BackendError(problem)
    for name in versions:
        if name not in head_versions:
            say(
                f"{address} does not report its {name} version; {member.name} has {name} {versions[name]} and needs "
                "the head's"
            )


def start_raylets(
    member: Member, address: str, head: nodes.HeadOptions | None = None, *, say: Callable[[str], None]
) -> list[RunningRaylet]:
    """Start this machine's raylets.

    Args:
        member: What this machine is in the cluster.
        address: `host:port` of the head.
        head: Given on the machine that is to run the head.
        say: Called with what is not known of the head.

    Raises:
        BadInput: Ray's authentication is switched off, or both ports of the head are the same.
        Busy: this machine is in a cluster already.
        BackendError: its GPUs cannot be listed, another program holds a port of the head, the head does not answer or
            refuses it, or Ray does not start.
    """
    token.ensure()
    if head is not None and not raylet_records.running():  # else `nodes.start` says what holds the ports
        ports.check(head)
    if head is None:  # within seconds, and clearer than what Ray says after a minute
        check_versions(member, address, heads.query_head(address).versions, say)
    raylets = nodes.plan_raylets(
        address=address,
        ip=member.address,
        name=member.name,
        gpus=_all_gpus() if member.gpus is None else member.gpus,
        cpus=os.cpu_count() or 1,
        labels=member.labels,
        head=head,
    )
    return nodes.start(raylets, address)


def _all_gpus() -> tuple[str, ...]:
    host = probe.this_host()
    if host.error is not None:
        raise BackendError(
            f"this machine's GPUs cannot be listed: {host.error}; name them: {argument('gpus', 'UUID,...')}"
        )
    return tuple(sorted(gpu.uuid for gpu in host.gpus))
