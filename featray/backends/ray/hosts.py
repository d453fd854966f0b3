"""Hosts: what a cluster's hosts are and have, asked by one small task on each, all hosts at the same time.

Flow: `backend.RayCluster` -> `RayHosts` -> `host.probe`, `host.spool`, `host.environments` on every host.
"""

import dataclasses
import logging
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import ray

from featray.backends.ray import liveness
from featray.backends.ray.link import first_line, pin_to
from featray.cluster.nodes import GPU_LABEL
from featray.core import wording
from featray.core.output_table import PlainOutput
from featray.core.row import Row
from featray.core.stored_unit import BegunUnit
from featray.core.version import __version__
from featray.host import clips, environments, own_classes, probe, spool
from featray.measurement import weights
from featray.planning import inventory
from featray.planning.inventory import Host, Inventory
from featray.planning.own_classes import OwnClass
from featray.planning.planned_invocation import PlannedInvocation

PROBE_S = 120.0  # for all hosts together; importing torch on a cold disk took 50 s
FETCH_S = 3 * 3600.0  # 1.3 GB of weights over a line of 1 Mbit/s
DIGEST_S = 600.0  # 100 GB of clips on a disk of 200 MB/s
CLASSES_S = 300.0  # importing torch on a cold disk took 50 s, and there may be some classes
SPOOL_S = 20.0  # reading thousands of small files takes a second; a host that takes longer does not answer

_log = logging.getLogger("featray")


@ray.remote(num_cpus=0, max_retries=0)
def _probe() -> Host:
    return probe.this_host()


@ray.remote(num_cpus=0, max_retries=0)
def _hash_files(paths: list[str]) -> dict[str, str]:
    return clips.hash_files(paths)


@ray.remote(num_cpus=0, max_retries=0)
def _find_classes(classes: list[OwnClass], imports: bool) -> dict[str, str]:
    return own_classes.find(classes, imports=imports)


@ray.remote(num_cpus=0, max_retries=0)
def _fetch(files: list[weights.HubFile]) -> list[str]:
    return environments.fetch_weights(files, weights.featray_cache())


@ray.remote(num_cpus=0, max_retries=0)
def _collect(store: str) -> list[Row]:
    return spool.pending(spool.folder(weights.featray_cache(), store))


@ray.remote(num_cpus=0, max_retries=0)
def _collect_begun(store: str) -> list[BegunUnit]:
    return spool.begun(spool.folder(weights.featray_cache(), store))


@ray.remote(num_cpus=0, max_retries=0)
def _collect_outputs(store: str, rows: list[Row]) -> list[tuple[Row, PlainOutput]]:
    return spool.pending_outputs(spool.folder(weights.featray_cache(), store), rows)


@ray.remote(num_cpus=0, max_retries=0)
def _forget(store: str, stored: list[Row]) -> None:
    spool.forget(spool.folder(weights.featray_cache(), store), stored)


class RayHosts:
    """The hosts of the last probe, and which of their nodes are alive."""

    def __init__(self, head: liveness.HeadWatch, this_host: Host | None = None) -> None:
        """Start without hosts.

        Args:
            head: Asked before every call of Ray that would block without it.
            this_host: What the first probe of the only node would find, where the driver has just probed it.
        """
        self._head, self._this_host = head, this_host
        self._nodes = liveness.NodeWatch()
        self._newcomers: list[str] = []
        self._inventory = Inventory(hosts=())
        self._gpu_counts: dict[str, int] = {}  # node -> GPUs that Ray leases there

    def probe(self) -> Inventory:
        """Probe every live node; nodes of one machine become one host."""
        alive = [node for node in ray.nodes() if node["Alive"]]
        nodes = [node for node in alive if _offers(node, "CPU")]  # a head may be for drivers only
        known, self._this_host = self._this_host if len(nodes) == 1 else None, None
        self._gpu_counts = {node["NodeID"]: int(node["Resources"].get("GPU", 0)) for node in nodes}
        self._nodes, self._newcomers = liveness.NodeWatch(node["NodeID"] for node in alive), []
        self._inventory = inventory.merge([_join(nodes[0], known)] if known is not None else self._ask(nodes))
        _forget.remote("", [])  # sends the task's code to the head now; later, without a head, that would block
        return self._inventory

    def _ask(self, nodes: Sequence[Mapping[str, Any]]) -> list[Host]:
        """Ask every node what its machine is and has."""
        calls = {_probe.options(scheduling_strategy=pin_to(node["NodeID"])).remote(): node["NodeID"] for node in nodes}
        ended = self._wait(calls, PROBE_S)
        return [_host(node, call if call in ended else None) for node, call in zip(nodes, calls, strict=True)]

    def find_clips(self, paths: Collection[str]) -> Inventory:
        """Look for files on every host, by path, and write those that are there into the inventory."""
        if paths:
            wanted = {host_id: [list(paths)] for host_id in self._usable()}
            self._search("clips", _hash_files, wanted, DIGEST_S)
        return self._inventory

    def find_classes(self, classes: Collection[OwnClass], *, imports: bool) -> Inventory:
        """Look for detector classes on every host, or import them, and write what was found into the inventory."""
        if classes:
            wanted = {host_id: [list(classes), imports] for host_id in self._usable()}
            self._search("classes", _find_classes, wanted, CLASSES_S)
        return self._inventory

    def _search(self, field: str, task: Any, wanted: Mapping[str, Sequence[Any]], limit_s: float) -> None:
        """Ask hosts, and write each answer into this field of its host; a host that gave none has an error."""
        found, unanswered = self._call(task, wanted, limit_s)
        hosts = []
        for host in self._inventory.hosts:
            if host.host_id in found:
                changes: dict[str, Any] = {field: found[host.host_id]}
            else:
                changes = {"error": host.error or f"it was not searched: {unanswered[host.host_id]}"}
            hosts.append(dataclasses.replace(host, **changes))
        self._inventory = Inventory(hosts=tuple(hosts))

    def fetch(self, needs: Mapping[str, Collection[weights.HubFile]]) -> dict[str, list[str]]:
        """Download weights on every host that needs them.

        Returns:
            Host id -> what cannot be had there, and why; hosts that have everything are left out.
        """
        wanted = {host_id: [sorted(files)] for host_id in self._usable() if (files := needs.get(host_id))}
        answers, unanswered = self._call(_fetch, wanted, FETCH_S)
        lacking = {host_id: problems for host_id, problems in answers.items() if problems}
        return lacking | {host_id: [reason] for host_id, reason in unanswered.items()}

    def collect(self, store: str, host_ids: Collection[str] | None = None) -> list[Row]:
        """Fetch what waits in the spools of hosts that answer, of all or of some.

        Raises:
            HeadGone: the head is gone.
        """
        self._head.check()
        asked = {host_id: [store] for host_id in self._usable() if host_ids is None or host_id in host_ids}
        answers, unanswered = self._call(_collect, asked, SPOOL_S)
        for host_id, reason in unanswered.items():
            name = self._usable()[host_id].hostname
            _log.warning("the rows in the spool of %s stay there until the next submit: %s", name, reason)
        return [row for rows in answers.values() for row in rows]

    def collect_begun(self, store: str) -> list[BegunUnit]:
        """Fetch the marks in the spools of hosts that answer; without those of the others, units keep their turn.

        Raises:
            HeadGone: the head is gone.
        """
        self._head.check()
        answers, _ = self._call(_collect_begun, {host_id: [store] for host_id in self._usable()}, SPOOL_S)
        return [unit for units in answers.values() for unit in units]

    def collect_outputs(self, store: str, rows: Sequence[Row]) -> list[tuple[Row, PlainOutput]]:
        """Fetch the outputs of rows from the hosts that measured them; those of a host that does not answer are lost.

        Raises:
            HeadGone: the head is gone.
        """
        wanted = {host_id: [row for row in rows if row.host_id == host_id] for host_id in self._usable()}
        calls = {host_id: [store, own] for host_id, own in wanted.items() if own}
        answers, _ = self._call(_collect_outputs, calls, SPOOL_S)
        return [output for outputs in answers.values() for output in outputs]

    def forget(self, store: str, stored: Sequence[Row]) -> None:
        """Let the hosts that measured these rows drop them; a host that does not answer keeps them without harm."""
        for host in self._inventory.hosts:
            rows = [row for row in stored if row.host_id == host.host_id]
            if rows and host.node_ids:
                _forget.options(scheduling_strategy=pin_to(self._node_for(host))).remote(store, rows)

    def node_of(self, planned: PlannedInvocation) -> str:
        """Name the node that an invocation runs on: that of its first GPU, or a live one of its host."""
        host, asked = self._now(planned.target.host), {planned.invocation.gpu_uuid, *planned.invocation.gpus}
        for node, uuids in host.node_gpus.items():
            if asked.intersection(uuids):
                return node
        return self._node_for(host)

    def _now(self, host: Host) -> Host:
        """Give a host as the last probe saw it: with the nodes that it has now, where they were started again."""
        return next((probed for probed in self._inventory.hosts if probed.host_id == host.host_id), host)

    def gpus_to_lease(self, planned: PlannedInvocation, node: str) -> int:
        """Count the GPUs that an invocation leases from Ray on its node.

        Of several GPUs with a node each, Ray leases that of the one node. featray's own lease holds the whole host.
        """
        if planned.invocation.gpu_uuid is None and not planned.invocation.gpus:
            return 0
        return self._now(planned.target.host).gpus_to_lease(node, self._gpu_counts.get(node, 0))

    def check_nodes(self) -> Collection[str] | None:
        """Read Ray's list of nodes, if the last reading is old enough and the head answers.

        Returns:
            The nodes that are dead for good; None where the list was not read.
        """
        if not self._nodes.is_due() or not self._head.answers():
            return None
        nodes = {node["NodeID"]: node for node in ray.nodes()}
        alive = {node_id: node["Alive"] for node_id, node in nodes.items()}
        self._newcomers += [nodes[node_id]["NodeManagerHostname"] for node_id in self._nodes.find_new(alive)]
        return self._nodes.update(alive)

    def mark_lost(self, node: str) -> None:
        """Note that a task has ended with its node: its host may have others, and the next try comes at once."""
        self._nodes.mark_lost(node)

    def newcomers(self) -> list[str]:
        """Name the hosts of nodes that have joined since the last probe or call of this."""
        names, self._newcomers = self._newcomers, []
        return list(dict.fromkeys(names))

    def _node_for(self, host: Host) -> str:
        """Choose a node of a host that is not known to be dead."""
        return next((node for node in host.node_ids if not self._nodes.is_dead(node)), host.node_ids[0])

    def _usable(self) -> dict[str, Host]:
        """List the hosts that can run tasks: host id -> host."""
        return {host.host_id: host for host in self._inventory.hosts if host.node_ids and host.error is None}

    def _call(
        self, task: Any, arguments: Mapping[str, Sequence[Any]], limit_s: float
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Call a task on hosts, on all at the same time.

        Args:
            task: A Ray task.
            arguments: Host id -> arguments.
            limit_s: For all together.

        Returns:
            Host id -> answer; host id -> why there is none.

        Raises:
            HeadGone: the head is gone.
        """
        usable = self._usable()
        nodes = {host_id: self._node_for(usable[host_id]) for host_id in arguments}
        calls = {
            host_id: task.options(scheduling_strategy=pin_to(nodes[host_id])).remote(*values)
            for host_id, values in arguments.items()
        }
        ended = self._wait({call: nodes[host_id] for host_id, call in calls.items()}, limit_s)
        answers: dict[str, Any] = {}
        unanswered: dict[str, str] = {}
        for host_id, call in calls.items():
            try:
                if call in ended:
                    answers[host_id] = ray.get(call)
                else:
                    unanswered[host_id] = f"the host is gone, or did not answer within {wording.duration(limit_s)}"
            except ray.exceptions.RayError as wrong:
                unanswered[host_id] = first_line(wrong)
        return answers, unanswered

    def _wait(self, calls: Mapping[Any, str], limit_s: float) -> list[Any]:
        """Wait until all calls have ended, those left are on dead nodes, or the limit has passed; return the ended.

        A call on a host behind a broken network never ends, also not when Ray declares its node dead.

        Args:
            calls: Call -> the node that it was sent to.
            limit_s: For all together.

        Raises:
            HeadGone: the head is gone.
        """
        waiting, ended, deadline = list(calls), list[Any](), time.monotonic() + limit_s
        while waiting and (left_s := deadline - time.monotonic()) > 0:
            ready, waiting = ray.wait(waiting, num_returns=len(waiting), timeout=min(liveness.EVERY_S, left_s))
            ended += ready
            self._head.check()
            if waiting and self._head.answers():
                dead = self._nodes.update({node["NodeID"]: node["Alive"] for node in ray.nodes()})
                waiting = [call for call in waiting if calls[call] not in dead]
        return ended


def _host(node: Mapping[str, Any], call: Any) -> Host:
    """Read one node's probe (None: it has not answered; or it failed, then the host has an error)."""
    try:
        host: Host = ray.get(call) if call else _unanswered(node, f"its probe did not answer within {PROBE_S:.0f} s")
    except ray.exceptions.RayError as wrong:
        host = _unanswered(node, f"its probe failed: {first_line(wrong)}")
    return _join(node, host)


def _join(node: Mapping[str, Any], host: Host) -> Host:
    """Add what only Ray knows of a host.

    One that has another featray than this driver gets an error, so that nothing is planned for it: its own featray
    would measure there.
    """
    version = host.packages.get("featray")
    if host.error is None and version not in (None, __version__):
        problem = f"it has featray {version}, this driver {__version__}; install the same on both"
        host = dataclasses.replace(host, error=problem)
    labels = {key: value for key, value in node.get("Labels", {}).items() if not key.startswith("ray.io/")}
    gpus = inventory.select_offered(host.gpus, labels.get(GPU_LABEL), has_gpus=_offers(node, "GPU"))
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
