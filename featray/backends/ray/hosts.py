"""Hosts: what a cluster's hosts are and have, asked by one small task on each, all hosts at once."""

import dataclasses
import logging
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import ray

from featray.backends.ray import liveness
from featray.backends.ray.link import first_line, on
from featray.cluster.nodes import GPU_LABEL
from featray.core import wording
from featray.core.row import Row
from featray.core.version import __version__
from featray.host import clips, environments, probe, spool
from featray.measurement import weights
from featray.planning import inventory
from featray.planning.inventory import Host, Inventory
from featray.planning.planned_invocation import PlannedInvocation

PROBE_S = 120.0  # of all hosts together; importing torch on a cold disk took 50 s
FETCH_S = 3 * 3600.0  # 1.3 GB of weights over a line of 1 Mbit/s
DIGEST_S = 600.0  # 100 GB of clips on a disk of 200 MB/s
SPOOL_S = 20.0  # reading thousands of small files takes a second; a host that takes longer is not answering

_log = logging.getLogger("featray")


@ray.remote(num_cpus=0, max_retries=0)
def _probe() -> Host:
    return probe.this_host()


@ray.remote(num_cpus=0, max_retries=0)
def _digests(paths: list[str]) -> dict[str, str]:
    return clips.hash_files(paths)


@ray.remote(num_cpus=0, max_retries=0)
def _fetch(files: list[weights.HubFile]) -> list[str]:
    return environments.fetch_weights(files, weights.featray_cache())


@ray.remote(num_cpus=0, max_retries=0)
def _collect(store: str) -> list[Row]:
    return spool.pending(spool.folder(weights.featray_cache(), store))


@ray.remote(num_cpus=0, max_retries=0)
def _forget(store: str, stored: list[Row]) -> None:
    spool.forget(spool.folder(weights.featray_cache(), store), stored)


class RayHosts:
    """The hosts of the last probe, and which of their nodes are there."""

    def __init__(self, head: liveness.HeadWatch) -> None:
        """Begin without any host; `head` is looked at before every call that would block without it."""
        self._head = head
        self._nodes = liveness.NodeWatch()
        self._newcomers: list[str] = []
        self._inventory = Inventory(hosts=())
        self._gpu_counts: dict[str, int] = {}  # node -> what Ray leases there

    def probe(self) -> Inventory:
        """Probe every live node; nodes of one machine become one host."""
        alive = [node for node in ray.nodes() if node["Alive"]]
        nodes = [node for node in alive if _offers(node, "CPU")]  # a head may be for drivers only
        calls = {_probe.options(scheduling_strategy=on(node["NodeID"])).remote(): node["NodeID"] for node in nodes}
        self._gpu_counts = {node["NodeID"]: int(node["Resources"].get("GPU", 0)) for node in nodes}
        self._nodes, self._newcomers = liveness.NodeWatch(node["NodeID"] for node in alive), []
        answered = self._settled(calls, PROBE_S)
        found = [_host(node, call if call in answered else None) for node, call in zip(nodes, calls, strict=True)]
        self._inventory = inventory.merge(found)
        _forget.remote("", [])  # sends the task's code to the head now: without a head that would block later
        return self._inventory

    def look_for(self, paths: Collection[str]) -> Inventory:
        """Look for files on every host, by path, and write what is there into the inventory."""
        if paths:
            found, silent = self._ask(_digests, {host_id: [list(paths)] for host_id in self._able()}, DIGEST_S)
            hosts = [
                dataclasses.replace(host, clips=found[host.host_id])
                if host.host_id in found
                else dataclasses.replace(host, error=host.error or f"it was not searched: {silent[host.host_id]}")
                for host in self._inventory.hosts
            ]
            self._inventory = Inventory(hosts=tuple(hosts))
        return self._inventory

    def fetch(self, needs: Mapping[str, Collection[weights.HubFile]]) -> dict[str, list[str]]:
        """Download weights on every host that needs them.

        Returns:
            Host id -> what cannot be had there, and why; hosts that have everything are left out.
        """
        wanted = {host_id: [sorted(files)] for host_id in self._able() if (files := needs.get(host_id))}
        found, silent = self._ask(_fetch, wanted, FETCH_S)
        lacking = {host_id: problems for host_id, problems in found.items() if problems}
        return lacking | {host_id: [why] for host_id, why in silent.items()}

    def collect(self, store: str) -> list[Row]:
        """Fetch what waits in the spool of every host that answers.

        Raises:
            HeadGone: the head is gone.
        """
        self._head.look()
        found, silent = self._ask(_collect, {host_id: [store] for host_id in self._able()}, SPOOL_S)
        for host_id, why in silent.items():
            name = self._able()[host_id].hostname
            _log.warning("what waits in the spool of %s stays there until the next submit: %s", name, why)
        return [row for rows in found.values() for row in rows]

    def forget(self, store: str, stored: Sequence[Row]) -> None:
        """Let the hosts that measured these rows drop them; one that does not answer keeps them, which is harmless."""
        for host in self._inventory.hosts:
            own = [row for row in stored if row.host_id == host.host_id]
            if own and host.node_ids:
                _forget.options(scheduling_strategy=on(self._node_for(host))).remote(store, own)

    def node_of(self, planned: PlannedInvocation) -> str:
        """Name the node that an invocation runs on: its GPU's, or a live one of its host."""
        host = planned.target.host
        for node, uuids in host.node_gpus.items():
            if planned.invocation.gpu_uuid in uuids:
                return node
        return self._node_for(host)

    def gpus_to_lease(self, planned: PlannedInvocation, node: str) -> int:
        """Say how many of Ray's GPUs an invocation takes on its node."""
        if planned.invocation.gpu_uuid is None:
            return 0
        return planned.target.host.gpus_to_lease(node, self._gpu_counts.get(node, 0))

    def look(self) -> Collection[str] | None:
        """Look at Ray's list of nodes, where it is time and the head answers.

        Returns:
            The nodes given up; None where nobody looked.
        """
        if not self._nodes.is_due() or not self._head.answers():
            return None
        nodes = {node["NodeID"]: node for node in ray.nodes()}
        alive = {node_id: node["Alive"] for node_id, node in nodes.items()}
        self._newcomers += [nodes[node_id]["NodeManagerHostname"] for node_id in self._nodes.come(alive)]
        return self._nodes.note(alive)

    def lose(self, node: str) -> None:
        """Take in that a task ended with its node: its host may have others, and the next try comes at once."""
        self._nodes.lose(node)

    def newcomers(self) -> list[str]:
        """Name the hosts of nodes that have joined since the last probe or call of this."""
        come, self._newcomers = self._newcomers, []
        return list(dict.fromkeys(come))

    def _node_for(self, host: Host) -> str:
        """Choose a node of a host that is not known to be dead."""
        return next((node for node in host.node_ids if not self._nodes.is_dead(node)), host.node_ids[0])

    def _able(self) -> dict[str, Host]:
        """List the hosts that can be asked: host id -> host."""
        return {host.host_id: host for host in self._inventory.hosts if host.node_ids and host.error is None}

    def _ask(
        self, task: Any, asked: Mapping[str, Sequence[Any]], limit_s: float
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Call a task on hosts, all at once.

        Args:
            task: Ray's.
            asked: Host id -> arguments.
            limit_s: Of all together.

        Returns:
            Host id -> answer; host id -> why there is none.

        Raises:
            HeadGone: the head is gone.
        """
        able = self._able()
        nodes = {host_id: self._node_for(able[host_id]) for host_id in asked}
        calls = {
            host_id: task.options(scheduling_strategy=on(nodes[host_id])).remote(*arguments)
            for host_id, arguments in asked.items()
        }
        settled = self._settled({call: nodes[host_id] for host_id, call in calls.items()}, limit_s)
        answers: dict[str, Any] = {}
        silent: dict[str, str] = {}
        for host_id, call in calls.items():
            try:
                if call in settled:
                    answers[host_id] = ray.get(call)
                else:
                    silent[host_id] = f"the host is gone, or did not answer within {wording.duration(limit_s)}"
            except ray.exceptions.RayError as wrong:
                silent[host_id] = first_line(wrong)
        return answers, silent

    def _settled(self, calls: Mapping[Any, str], limit_s: float) -> list[Any]:
        """Wait until calls have ended, those that are left sit on dead nodes, or the limit has passed.

        A call on a host behind a broken network never ends, and says nothing when Ray declares its node dead.

        Args:
            calls: Call -> node that it was sent to.
            limit_s: Of all together.

        Raises:
            HeadGone: the head is gone.
        """
        waiting, settled, deadline = list(calls), list[Any](), time.monotonic() + limit_s
        while waiting and (left_s := deadline - time.monotonic()) > 0:
            ended, waiting = ray.wait(waiting, num_returns=len(waiting), timeout=min(liveness.EVERY_S, left_s))
            settled += ended
            self._head.look()
            if waiting and self._head.answers():
                gone = self._nodes.note({node["NodeID"]: node["Alive"] for node in ray.nodes()})
                waiting = [call for call in waiting if calls[call] not in gone]
        return settled


def _host(node: Mapping[str, Any], call: Any) -> Host:
    """Read one node's probe (None has not answered) and add what only Ray knows.

    A host whose probe failed, or that has another featray than this driver, has an error, so that nothing is planned
    for it: what would measure there is its own featray.
    """
    try:
        host: Host = ray.get(call) if call else _unanswered(node, f"its probe did not answer within {PROBE_S:.0f} s")
    except ray.exceptions.RayError as wrong:
        host = _unanswered(node, f"its probe failed: {first_line(wrong)}")
    theirs = host.packages.get("featray")
    if host.error is None and theirs not in (None, __version__):
        wrong_version = f"it has featray {theirs}, this driver {__version__}; install the same on both"
        host = dataclasses.replace(host, error=wrong_version)
    labels = {key: value for key, value in node.get("Labels", {}).items() if not key.startswith("ray.io/")}
    declared = labels.get(GPU_LABEL)
    gpus = inventory.select_offered(host.gpus, declared, has_gpus=_offers(node, "GPU"))
    return dataclasses.replace(
        host,
        address=node["NodeManagerAddress"],
        labels={**host.labels, **labels},
        node_ids=(node["NodeID"],),
        node_gpus={node["NodeID"]: tuple(gpu.uuid for gpu in gpus)},
        gpus=gpus,
    )


def _offers(node: Mapping[str, Any], resource: str) -> bool:
    return bool(node["Resources"].get(resource, 0) >= 1)


def _unanswered(node: Mapping[str, Any], reason: str) -> Host:
    return Host(host_id=node["NodeID"], hostname=node["NodeManagerHostname"], error=reason)
