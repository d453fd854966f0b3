"""Membership: what this machine is in a cluster, from options as a person writes them.

Flow: `featray cluster start|join` -> `own` -> `enter` (`admit`) -> `nodes.raylets`, `nodes.start`.
"""

import importlib.metadata
import os
import platform
import re
import socket
import sys
from collections.abc import Callable, Mapping, Sequence

from pydantic import ValidationError

from featray.cluster import heads, nodes, token
from featray.cluster.cluster_file import Member
from featray.core.version import __version__
from featray.errors import BackendError, BadInput
from featray.host import probe
from featray.yamlfile.messages import explain

ANYWHERE = "192.0.2.1"  # an address for documentation (RFC 5737): asks the routing table, sends nothing


def own(*, ip: str | None, name: str | None, gpus: str, labels: Sequence[str], toward: str | None = None) -> Member:
    """Check and complete what this machine is to be.

    Args:
        ip: The address the other hosts reach it by; None takes that of the route to the head.
        name: Its name; None takes the host name.
        gpus: `all`, `none`, or UUIDs with commas between.
        labels: `KEY=VALUE` each.
        toward: Address of the head, `host:port`.

    Raises:
        BadInput: an option cannot be.
    """
    split = [each.partition("=") for each in labels]
    listed = {"all": "all", "none": ()}.get(gpus, tuple(filter(None, gpus.split(","))))
    try:
        return Member.model_validate(
            {
                "name": name or re.sub(r"[^A-Za-z0-9._-]+", "-", os.uname().nodename).strip("-._")[:63],
                "address": ip or _address_toward(toward.rpartition(":")[0] if toward else ANYWHERE),
                "python": sys.executable,
                "gpus": listed,
                "labels": {key: value for key, _, value in split},
            }
        )
    except ValidationError as wrong:
        loc, message = explain(wrong.errors(include_url=False)[0], Member)
        option = {"labels": "label", "address": "ip"}.get(str(loc[0]), loc[0])
        raise BadInput(f"--{option}: {message}") from wrong


def _address_toward(host: str) -> str:
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probing:
            probing.connect((host, 9))
            return str(probing.getsockname()[0])
    except OSError:
        return "127.0.0.1"  # no network: this machine is the whole cluster


def own_versions() -> dict[str, str]:
    """Read this machine's versions of what Ray or the supervisor refuses in another one."""
    ray = importlib.metadata.version("ray")
    return {"python": platform.python_version(), "ray": ray, "featray": __version__}


def unlike(member: Member, found: Mapping[str, str], wanted: Mapping[str, str]) -> str | None:
    """Say which versions of a host would be refused, and the command that mends it; None when all are equal."""
    other = [name for name in wanted if found.get(name) != wanted[name]]
    if not other:
        return None
    has = ", ".join(f"{name} {found.get(name, 'not installed')}" for name in other)
    needs = ", ".join(f"{name} {wanted[name]}" for name in other)
    packages = {name: f"{name}=={wanted[name]}" for name in other if name != "python"}
    if "featray" in packages:  # it may be on no index
        packages["featray"] = "the same featray checkout or wheel as the driver's"
    mend = f"; there: {member.interpreter} -m pip install {', and '.join(packages.values())}" if packages else ""
    return f"{member.name} would be refused: it has {has}; the cluster needs {needs}{mend}"


def admit(member: Member, address: str, told: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Compare this machine's versions with those that a head tells, before anything is started.

    Args:
        member: This machine.
        address: The head's.
        told: Its versions, as far as it tells them; each of the others is called unknown.
        say: Told of those.

    Raises:
        BackendError: this machine would be refused.
    """
    own = own_versions() | {"featray": nodes.own_version()}
    if wrong := unlike(member, own, told):
        raise BackendError(wrong)
    for name in own:
        if name not in told:
            say(
                f"{address} does not tell its {name} version; {member.name} has {name} {own[name]} and needs the head's"
            )


def enter(
    member: Member, address: str, head: nodes.HeadOptions | None = None, *, say: Callable[[str], None]
) -> list[nodes.Running]:
    """Start this machine's raylets.

    Args:
        member: What it is to be.
        address: `host:port` of the head.
        head: Given on the machine that is to run the head.
        say: Told what is not known of the head.

    Raises:
        BadInput: Ray's authentication is switched off.
        Busy: it is in a cluster already.
        BackendError: its GPUs cannot be listed, the head does not answer or refuses it, or Ray does not start.
    """
    token.ensure()
    if head is None:  # asking says in seconds what Ray takes a minute to say less clearly
        admit(member, address, heads.look(address).versions, say)
    planned = nodes.raylets(
        address=address,
        ip=member.address,
        name=member.name,
        gpus=_all_gpus() if member.gpus is None else member.gpus,
        cpus=os.cpu_count() or 1,
        labels=member.labels,
        head=head,
    )
    return nodes.start(planned, address)


def _all_gpus() -> tuple[str, ...]:
    host = probe.this_host()
    if host.error is not None:
        raise BackendError(f"this machine's GPUs cannot be listed: {host.error}; name them: --gpus UUID,...")
    return tuple(sorted(gpu.uuid for gpu in host.gpus))
