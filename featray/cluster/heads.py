"""Heads: whether a Ray head answers and accepts this machine, and which nodes its cluster has, within seconds.

Flow: `featray cluster status`, `membership.start_raylets` and `backends.ray` -> `query_head` -> `RunningCluster`.
Ray itself says "Failed to connect" after 20 s for a wrong token and after a minute for a wrong address, and may end the
whole process. So a child process asks the head, and its stderr is read while it tries.
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
HEAD_RESOURCE = "node:__internal_head__"  # only the head's raylet has it

_QUERY = """
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
    text = state._connect_and_get_accessor().get_internal_kv(KV_NAMESPACE_CLUSTER, CLUSTER_METADATA_KEY)
    metadata = json.loads(text)
    versions = {"ray": metadata["ray_version"], "python": metadata["python_version"]}
except Exception:
    versions = {}
print(json.dumps({"nodes": nodes, "versions": versions}))
"""
# What ray.nodes() does, without becoming a driver: a driver needs a raylet on this machine.


@dataclasses.dataclass(frozen=True, kw_only=True)
class Node:
    """One raylet as the head knows it."""

    address: str
    hostname: str
    alive: bool
    labels: Mapping[str, str]
    resources: Mapping[str, float]


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunningCluster:
    """A running cluster as its head describes it."""

    nodes: tuple[Node, ...]  # dead ones included
    versions: Mapping[str, str]  # of python, ray and featray on the head; those that it does not report are missing


def list_nodes(address: str) -> tuple[Node, ...]:
    """List a running cluster's nodes, dead ones included; raises as `query_head`."""
    return query_head(address).nodes


def query_head(address: str) -> RunningCluster:
    """Ask a head for its nodes and versions.

    Args:
        address: `host:port` of the head.

    Raises:
        BackendError: nothing answers there, or the head refuses this machine's token or versions.
    """
    check_reachable(address)
    answer = json.loads(_ask(address))
    nodes = tuple(_node(value) for value in answer["nodes"])
    versions = dict(answer["versions"])
    for node in nodes:
        if HEAD_RESOURCE in node.resources and VERSION_LABEL in node.labels:
            versions["featray"] = node.labels[VERSION_LABEL]
    return RunningCluster(nodes=nodes, versions=versions)


def check_driver(address: str) -> None:
    """Check that a driver on this machine can work with a cluster: Ray accepts drivers only beside a raylet.

    Raises:
        BackendError: the head does not answer or refuses this machine, or the cluster has no live node here.
    """
    addresses = _addresses_of_this_machine()
    if not any(node.alive and node.address in addresses for node in list_nodes(address)):
        raise BackendError(
            f"this machine is not in the cluster of {address}, and Ray accepts drivers only on machines of the "
            f"cluster; join it: featray cluster join {address}, or submit from one of its machines"
        )


def is_this_machine(host: str) -> bool:
    """Return True when a host name or address is this machine's; False also when it cannot be looked up."""
    try:
        addresses = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return False
    return bool(addresses & _addresses_of_this_machine())


def _addresses_of_this_machine() -> set[str]:
    return {entry.address for entries in psutil.net_if_addrs().values() for entry in entries}


def check_reachable(address: str) -> None:
    """Check that something listens at an address.

    Raises:
        BackendError: nothing does, or the text is no address.
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
    """Run the child until it answers or fails, or until Ray reports on its stderr that the token is refused."""
    environment = {**os.environ, **token.driver_variables(), "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0"}
    command = [sys.executable, "-P", "-c", _QUERY, address]
    with tempfile.TemporaryDirectory(prefix="featray-") as folder:
        stderr, stdout = Path(folder) / "stderr", Path(folder) / "stdout"
        with stderr.open("wb") as errors, stdout.open("wb") as answer:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=answer, stderr=errors, env=environment)
        try:
            _wait(child, stderr, address)
        finally:
            child.kill()
            child.wait()
        _check_token(stderr, address)  # the child may have ended right after Ray reported it
        if child.returncode != 0:
            lines = stderr.read_text(errors="replace").strip().splitlines() or ["it gave no reason"]
            raise BackendError(f"{address}: {lines[-1]}")
        return stdout.read_text(encoding="utf-8")


def _wait(child: "subprocess.Popen[bytes]", stderr: Path, address: str) -> None:
    deadline = time.monotonic() + ANSWER_S
    while child.poll() is None:
        _check_token(stderr, address)
        if time.monotonic() > deadline:
            raise BackendError(f"{address} does not answer as a Ray head within {ANSWER_S:.0f} s")
        time.sleep(POLL_S)


def _check_token(stderr: Path, address: str) -> None:
    if token.REFUSED in stderr.read_text(errors="replace"):
        raise BackendError(token.refusal(address))


def _node(value: Mapping[str, Any]) -> Node:
    return Node(
        address=value["NodeManagerAddress"],
        hostname=value["NodeManagerHostname"],
        alive=value["Alive"],
        labels={key: text for key, text in value.get("Labels", {}).items() if not key.startswith("ray.io/")},
        resources=value.get("Resources", {}),
    )
