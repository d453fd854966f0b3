"""Heads: whether a Ray head answers and lets us in, and which nodes it has; told within seconds and in plain words.

Ray itself says "Failed to connect" after 20 s for a wrong token and after a minute for a wrong address, and may end
the whole process. So a child asks, and what it prints on stderr is read while it tries.
"""

import dataclasses
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from featray.cluster import token
from featray.cluster.nodes import VERSION_LABEL
from featray.errors import BackendError

CONNECT_S = 5.0  # a host of the same network answers within milliseconds
ANSWER_S = 60.0  # importing Ray takes 1.5 s and asking 0.1 s; a busy 2-core host took 15 s
POLL_S = 0.1
HEAD = "node:__internal_head__"  # a resource of the head's raylet alone

_NODES = """
import json, sys
from ray._private.state import GlobalState
from ray._raylet import GcsClientOptions
try:
    options = GcsClientOptions.create(sys.argv[1], None, allow_cluster_id_nil=True, fetch_cluster_id_if_nil=True)
    state = GlobalState()
    state._initialize_global_state(options)
    nodes = state.node_table()
except Exception as wrong:
    sys.exit(" ".join(str(wrong).split()) or repr(wrong))
try:
    from ray._common.usage.usage_constants import CLUSTER_METADATA_KEY
    from ray._private.ray_constants import KV_NAMESPACE_CLUSTER
    told = json.loads(state._connect_and_get_accessor().get_internal_kv(KV_NAMESPACE_CLUSTER, CLUSTER_METADATA_KEY))
    versions = {"ray": told["ray_version"], "python": told["python_version"]}
except Exception:
    versions = {}
print(json.dumps({"nodes": nodes, "versions": versions}))
"""
# What ray.nodes() does, without becoming a driver: that takes a raylet on this machine.


@dataclasses.dataclass(frozen=True, kw_only=True)
class Node:
    """One raylet as the head knows it."""

    address: str
    hostname: str
    alive: bool
    labels: Mapping[str, str]
    resources: Mapping[str, float]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Seen:
    """A running cluster as its head tells of it."""

    nodes: tuple[Node, ...]  # dead ones included
    versions: Mapping[str, str]  # of python, ray and featray on the head, as far as it tells


def nodes(address: str) -> tuple[Node, ...]:
    """List a running cluster's nodes, dead ones included; raises as `look`."""
    return look(address).nodes


def look(address: str) -> Seen:
    """Ask a head for its nodes and versions.

    Args:
        address: `host:port` of the head.

    Raises:
        BackendError: nothing answers there, or it refuses this machine's token or versions.
    """
    reach(address)
    told = json.loads(_ask(address))
    found = tuple(_node(each) for each in told["nodes"])
    versions = dict(told["versions"])
    for each in found:
        if HEAD in each.resources and VERSION_LABEL in each.labels:
            versions["featray"] = each.labels[VERSION_LABEL]
    return Seen(nodes=found, versions=versions)


def check_driver(address: str) -> None:
    """Check that a driver on this machine can work with a cluster: Ray takes drivers only beside a raylet.

    Raises:
        BackendError: the head does not answer or refuses, or no live node of it is on this machine.
    """
    own = _own_addresses()
    if not any(node.alive and node.address in own for node in nodes(address)):
        raise BackendError(
            f"this machine is not in the cluster of {address}, and Ray takes drivers only on its machines; join it: "
            f"featray cluster join {address}, or submit from one that is"
        )


def is_here(host: str) -> bool:
    """Tell whether a host name or address is this machine's; one that cannot be looked up is not."""
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return False
    return bool(found & _own_addresses())


def _own_addresses() -> set[str]:
    return {entry.address for entries in psutil.net_if_addrs().values() for entry in entries}


def reach(address: str) -> None:
    """Check that something listens there.

    Raises:
        BackendError: it does not, or the text is no address.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise BackendError(f"'{address}' is not a Ray address; expected host:port, such as 10.0.0.5:6379")
    try:
        socket.create_connection((host, int(port)), timeout=CONNECT_S).close()
    except (OSError, OverflowError) as wrong:
        raise BackendError(
            f"no Ray head answers at {address} ({wrong}); start one there with `featray cluster start`"
        ) from wrong


def _ask(address: str) -> str:
    """Run the child until it answers, refuses, or says on stderr that the token is wrong."""
    environment = {**os.environ, **token.shown(), "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0"}
    command = [sys.executable, "-P", "-c", _NODES, address]
    with tempfile.TemporaryDirectory(prefix="featray-") as folder:
        said, answered = Path(folder) / "stderr", Path(folder) / "stdout"
        with said.open("wb") as errors, answered.open("wb") as answer:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=answer, stderr=errors, env=environment)
        try:
            _watch(child, said, address)
        finally:
            child.kill()
            child.wait()
        _check_token(said, address)  # the child may have ended in the moment in which it said so
        if child.returncode != 0:
            last = said.read_text(errors="replace").strip().splitlines()[-1:] or ["it gave no reason"]
            raise BackendError(f"{address}: {last[0]}")
        return answered.read_text(encoding="utf-8")


def _watch(child: "subprocess.Popen[bytes]", said: Path, address: str) -> None:
    deadline = time.monotonic() + ANSWER_S
    while child.poll() is None:
        _check_token(said, address)
        if time.monotonic() > deadline:
            raise BackendError(f"{address} does not answer as a Ray head within {ANSWER_S:.0f} s")
        time.sleep(POLL_S)


def _check_token(said: Path, address: str) -> None:
    if "InvalidAuthToken" in said.read_text(errors="replace"):
        raise BackendError(token.refusal(address))


def _node(value: Mapping[str, Any]) -> Node:
    return Node(
        address=value["NodeManagerAddress"],
        hostname=value["NodeManagerHostname"],
        alive=value["Alive"],
        labels={key: text for key, text in value.get("Labels", {}).items() if not key.startswith("ray.io/")},
        resources=value.get("Resources", {}),
    )
