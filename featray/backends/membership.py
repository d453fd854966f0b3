"""Membership: what this machine is in a cluster, from options as a person writes them.

Flow: `featray cluster start|join` -> `own` -> `enter` -> `nodes.raylets`, `nodes.start`.
"""

import os
import re
import socket
import sys
from collections.abc import Sequence

from pydantic import ValidationError

from featray.backends import heads, nodes, probe, token
from featray.cluster import Member
from featray.errors import BackendError, BadInput
from featray.yamlfile.words import explain

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


def enter(member: Member, address: str, head: nodes.Head | None = None) -> list[nodes.Running]:
    """Start this machine's raylets.

    Args:
        member: What it is to be.
        address: `host:port` of the head.
        head: Given on the machine that is to run the head.

    Raises:
        BadInput: Ray's authentication is switched off.
        Busy: it is in a cluster already.
        BackendError: its GPUs cannot be listed, the head does not answer or refuses it, or Ray does not start.
    """
    token.ensure()
    if head is None:
        heads.nodes(address)  # says in seconds what Ray takes a minute to say less clearly
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
