"""Ray: embedded on this machine, or a running cluster. The one module that is a Ray driver.

Flow: `runner` -> `start` -> one named Ray task per invocation -> `supervisor` on that host -> events -> `poll`.

Tasks are bound to a node by id, never by a resource that may be missing: a request for a node that is gone fails at
once, while an unsatisfiable label or resource request would stay pending for ever without a word.
"""

import atexit
import collections
import contextlib
import dataclasses
import logging
import math
import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import featray
from featray import backends, inventory
from featray.backends import Event, environments, heads, liveness, probe, spool, supervisor, token
from featray.backends.ear import Ear
from featray.backends.nodes import GPU_LABEL
from featray.errors import BackendError
from featray.gauges import COUNTERS
from featray.inventory import Host, Inventory
from featray.measurement import weights
from featray.plan import Planned
from featray.row import Row
from featray.status import Status

# A driver started by `uv run` would make Ray upload the working folder and build a second environment on every node.
os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # today's behaviour, and no warning about tomorrow's
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a benchmark sends nothing anywhere
os.environ.update(token.shown())

import psutil
import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

PROBE_S = 120.0  # of all hosts together; importing torch on a cold disk took 50 s
FETCH_S = 3 * 3600.0  # 1.3 GB of weights over a line of 1 Mbit/s


@ray.remote(num_cpus=1, max_retries=0, num_returns="streaming", max_calls=0)
def _invocation(request: dict[str, Any]) -> Iterator[supervisor.Said]:
    """Supervise one invocation on this node."""
    yield from supervisor.supervise(request, watch_parent=True)


@ray.remote(num_cpus=0, max_retries=0)
def _probe() -> Host:
    return probe.this_host()


@ray.remote(num_cpus=0, max_retries=0)
def _fetch(files: list[weights.HubFile]) -> list[str]:
    return environments.fetch_weights(files, weights.featray_cache())


@ray.remote(num_cpus=0, max_retries=0)
def _collect(store: str) -> list[Row]:
    return spool.pending(spool.folder(weights.featray_cache(), store))


@ray.remote(num_cpus=0, max_retries=0)
def _forget(store: str, stored: list[Row]) -> None:
    spool.forget(spool.folder(weights.featray_cache(), store), stored)


@dataclasses.dataclass
class _Running:
    planned: Planned
    events: Any  # ray.ObjectRefGenerator
    node: str
    begun: float
    heard: bool = False


class RayCluster:
    """A backend on Ray."""

    def __init__(self, *, address: str | None, holder: str, metadata: Mapping[str, str] | None = None) -> None:
        """Start an embedded Ray, or join the cluster at `address`.

        Args:
            address: `host:port` of a head, `auto`, or None for an embedded Ray.
            holder: Shown to others who wait for a host.
            metadata: Shown in the dashboard's job page.

        Raises:
            BackendError: the cluster cannot be reached, or refuses this driver.
        """
        self._holder = holder
        self._is_embedded = address is None
        self._running: dict[int, _Running] = {}
        self._inventory = Inventory(hosts=())
        self._metrics: dict[str, Any] = {}
        self._counted: dict[tuple[str, str], float] = {}  # what each counter stands at
        self._gpu_counts: dict[str, int] = {}
        self._context = _connect(address, metadata or {})
        self._head = liveness.Head(ray.get_runtime_context().gcs_address)
        self._nodes = liveness.Nodes()
        self._newcomers: list[str] = []
        self._ear = Ear(self._hear)

    @property
    def dashboard(self) -> str | None:
        """Address of the Ray dashboard, such as `http://127.0.0.1:8265`."""
        url = self._context.dashboard_url
        return f"http://{url}" if url else None

    def inventory(self) -> Inventory:
        """Probe every live node; nodes of one machine become one host."""
        alive = [node for node in ray.nodes() if node["Alive"]]
        nodes = [node for node in alive if _offers(node, "CPU")]  # a head may be for drivers only
        calls = {_probe.options(scheduling_strategy=_on(node["NodeID"])).remote(): node["NodeID"] for node in nodes}
        self._gpu_counts = {node["NodeID"]: int(node["Resources"].get("GPU", 0)) for node in nodes}
        self._nodes, self._newcomers = liveness.Nodes(node["NodeID"] for node in alive), []
        answered = self._settled(calls, PROBE_S)
        found = [_node_host(node, call if call in answered else None) for node, call in zip(nodes, calls, strict=True)]
        self._inventory = inventory.merge(found)
        _forget.remote("", [])  # sends the task's code to the head now: without a head that would block later
        return self._inventory

    def fetch(self, needs: Mapping[str, Collection[weights.HubFile]]) -> dict[str, list[str]]:
        """Download weights on every host that needs them, all hosts at once."""
        calls = {
            host.host_id: _fetch.options(scheduling_strategy=_on(self._node_for(host))).remote(sorted(files))
            for host in self._inventory.hosts
            if (files := needs.get(host.host_id))
        }
        nodes = {host.host_id: self._node_for(host) for host in self._inventory.hosts}
        answered = self._settled({call: nodes[host_id] for host_id, call in calls.items()}, FETCH_S)
        problems: dict[str, list[str]] = {}
        for host_id, call in calls.items():
            try:
                found = ray.get(call) if call in answered else ["the host is gone, or downloads for hours"]
            except ray.exceptions.RayError as wrong:
                found = [first_line(wrong)]
            if found:
                problems[host_id] = found
        return problems

    def start(self, planned: Planned, store: str) -> None:
        """Send an invocation to its target's node."""
        node = self._node_of(planned)
        events = _invocation.options(
            name=planned.invocation.name,
            scheduling_strategy=_on(node),
            num_gpus=self._gpus_to_lease(planned, node),
        ).remote(supervisor.request(planned, store, self._holder))
        self._running[id(planned)] = _Running(planned, events, node, time.monotonic())

    def _node_of(self, planned: Planned) -> str:
        host = planned.target.host
        for node, uuids in host.node_gpus.items():
            if planned.invocation.gpu_uuid in uuids:
                return node
        return self._node_for(host)

    def _node_for(self, host: Host) -> str:
        """Choose a node of a host that is not known to be dead."""
        return next((node for node in host.node_ids if not self._nodes.is_dead(node)), host.node_ids[0])

    def _gpus_to_lease(self, planned: Planned, node: str) -> int:
        if planned.invocation.gpu_uuid is None:
            return 0
        return planned.target.host.gpus_to_lease(node, self._gpu_counts.get(node, 0))

    def poll(self, timeout_s: float) -> Sequence[Event]:
        """Wait for the first event of any invocation and return all that have come.

        Raises:
            HeadGone: the head is gone.
        """
        self._head.look()
        return [*self._ear.poll(timeout_s), *self._look_at_nodes()]

    def _hear(self) -> Iterator[Event]:
        waiting = {entry.events: entry for entry in list(self._running.values())}
        if not waiting:
            return
        ready, _ = ray.wait(list(waiting), num_returns=1, timeout=WAIT_S)
        if ready:
            ready, _ = ray.wait(list(waiting), num_returns=len(waiting), timeout=0)
        for events in ready:
            entry = waiting[events]
            entry.heard = True
            event = self._next(entry)
            if event.kind == backends.ENDED:
                self._running.pop(id(entry.planned), None)
            yield event

    def _look_at_nodes(self) -> Iterator[Event]:
        """Give up what runs on nodes that are gone; say of what has not begun that it waits for Ray."""
        if not self._nodes.is_due() or not self._head.answers():
            return
        nodes = {node["NodeID"]: node for node in ray.nodes()}
        alive = {node_id: node["Alive"] for node_id, node in nodes.items()}
        self._newcomers += [nodes[node_id]["NodeManagerHostname"] for node_id in self._nodes.come(alive)]
        gone = self._nodes.note(alive)
        for entry in list(self._running.values()):
            if entry.node in gone:
                self.cancel(entry.planned)
                yield _ended(entry.planned, Status.LOST, "the host is gone: Ray declared its node dead")
            elif not entry.heard and time.monotonic() - entry.begun > liveness.EVERY_S:
                yield self._not_begun(entry)

    def _not_begun(self, entry: _Running) -> Event:
        """Say whether others' tasks are in the way of an invocation, which they may be for long, or nothing is."""
        where, gpus = entry.planned.target.label, self._gpus_to_lease(entry.planned, entry.node)
        room = _room(entry.node)
        if room.get("CPU", 0) >= 1 and room.get("GPU", 0) >= gpus:
            return Event(planned=entry.planned, kind=backends.QUEUED, text=f"Ray to start it on {where}")
        return Event(planned=entry.planned, kind=backends.WAITING, text=f"other Ray tasks on {where}")

    def _next(self, entry: _Running) -> Event:
        try:
            return supervisor.event(entry.planned, ray.get(next(entry.events)))
        except StopIteration:
            return Event(planned=entry.planned, kind=backends.ENDED)
        except ray.exceptions.OutOfMemoryError as wrong:
            return _ended(entry.planned, Status.OOM, f"killed by Ray's memory monitor: {first_line(wrong)}")
        except (ray.exceptions.NodeDiedError, ray.exceptions.TaskUnschedulableError) as wrong:
            self._nodes.lose(entry.node)  # its host may have others, and the next try comes at once
            return _ended(entry.planned, Status.LOST, f"the host is gone: {first_line(wrong).partition('. ')[0]}")
        except ray.exceptions.WorkerCrashedError as wrong:
            return _ended(entry.planned, Status.CRASHED, f"Ray's worker died: {first_line(wrong)}")
        except ray.exceptions.RayTaskError as wrong:
            return _ended(entry.planned, Status.CRASHED, f"the supervisor failed: {wrong.cause!r}")
        except ray.exceptions.RayError as wrong:
            return _ended(entry.planned, Status.LOST, f"Ray: {first_line(wrong)}")

    def cancel(self, planned: Planned) -> None:
        """Kill the invocation's worker; its child goes with it."""
        entry = self._running.pop(id(planned), None)
        if entry is not None:
            ray.cancel(entry.events, force=True)

    def newcomers(self) -> Sequence[str]:
        """Name the hosts of nodes that have joined the cluster."""
        come, self._newcomers = self._newcomers, []
        return list(dict.fromkeys(come))

    def collect(self, store: str) -> Sequence[Row]:
        """Fetch what waits in the spool of every host that answers.

        Raises:
            HeadGone: the head is gone.
        """
        return [row for rows in self._on_every_host(_collect, store) for row in rows]

    def forget(self, store: str, stored: Sequence[Row]) -> None:
        """Let the hosts that measured these rows drop them; one that does not answer keeps them, which is harmless."""
        for host in self._inventory.hosts:
            own = [row for row in stored if row.host_id == host.host_id]
            if own and host.node_ids:
                _forget.options(scheduling_strategy=_on(self._node_for(host))).remote(store, own)

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

    def _on_every_host(self, task: Any, *arguments: Any) -> list[Any]:
        self._head.look()
        hosts = [host for host in self._inventory.hosts if host.node_ids and host.error is None]
        nodes = [self._node_for(host) for host in hosts]
        calls = {task.options(scheduling_strategy=_on(node)).remote(*arguments): node for node in nodes}
        results: list[Any] = []
        for call in self._settled(calls, SPOOL_S):
            try:
                results.append(ray.get(call))
            except ray.exceptions.RayError as wrong:
                _log.warning("a host's spool did not answer: %s", first_line(wrong))
        return results

    def publish(self, gauges: Mapping[str, Any]) -> None:
        """Set metrics on this node's port: name -> value, or name -> {what it is of: value}."""
        from ray.util import metrics

        for name, value in gauges.items():
            kind = metrics.Counter if name in COUNTERS else metrics.Gauge
            if name not in self._metrics:
                self._metrics[name] = kind(f"featray_{name}", description=name, tag_keys=("of",))
            for tag, number in (value if isinstance(value, dict) else {"": value}).items():
                if name not in COUNTERS:
                    self._metrics[name].set(number, tags={"of": tag})
                elif (more := number - self._counted.get((name, tag), 0)) > 0:
                    self._metrics[name].inc(more, tags={"of": tag})
                    self._counted[name, tag] = number

    def close(self) -> None:
        """End every invocation and leave Ray; an embedded Ray stops."""
        if not self._head.answers():
            self._ear.stop(0)
            if self._is_embedded:
                _kill_embedded()
            atexit.unregister(ray.shutdown)  # waits for the head until Ray ends this process, code and message lost
            return
        for entry in list(self._running.values()):
            self.cancel(entry.planned)
        self._ear.stop(10 * WAIT_S)
        ray.shutdown()


WAIT_S = 0.1  # what has just started is heard of after this at the latest
SPOOL_S = 20.0  # reading thousands of small files takes a second; a host that takes longer is not answering

_log = logging.getLogger("featray")


def _connect(address: str | None, metadata: Mapping[str, str]) -> Any:
    job = ray.job_config.JobConfig(metadata=dict(metadata))
    options: dict[str, Any] = {
        "job_config": job,
        "log_to_driver": False,
        "logging_level": logging.ERROR,
        "namespace": "featray",
    }
    if address is None:
        token.guard()
        options |= {"include_dashboard": True, "_node_ip_address": "127.0.0.1"}
    elif address != "auto":
        # Says in seconds what is wrong; Ray itself takes up to minutes, or ends this process.
        heads.check_driver(address)
    try:
        return ray.init(address=address or "local", **options)
    except (ConnectionError, ray.exceptions.RayError, RuntimeError, ValueError) as wrong:
        where = address or "an embedded Ray"
        raise BackendError(f"cannot start or join {where}: {first_line(wrong)}") from wrong


def _kill_embedded() -> None:
    """End the processes of an embedded Ray, which without their head would stay for a minute."""
    for each in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if any("/ray/" in word or word.startswith("ray::") for word in each.cmdline()):
                each.kill()


def _on(node_id: str) -> NodeAffinitySchedulingStrategy:
    return NodeAffinitySchedulingStrategy(node_id=node_id, soft=False)


def _room(node: str) -> Mapping[str, float]:
    """Say what a node has to lease now; everything where this Ray does not tell."""
    try:
        from ray._private.state import available_resources_per_node
    except ImportError:  # no public call tells it by node
        return collections.defaultdict(lambda: math.inf)
    found: Mapping[str, float] = available_resources_per_node().get(node, {})
    return found


def _node_host(node: Mapping[str, Any], call: Any) -> Host:
    """Read one node's probe (None has not answered) and add what only Ray knows.

    A host whose probe failed, or that has another featray than this driver, has an error, so that nothing is planned
    for it: what would measure there is its own featray.
    """
    try:
        host: Host = ray.get(call) if call else _unanswered(node, f"its probe did not answer within {PROBE_S:.0f} s")
    except ray.exceptions.RayError as wrong:
        host = _unanswered(node, f"its probe failed: {first_line(wrong)}")
    theirs = host.packages.get("featray")
    if host.error is None and theirs not in (None, featray.__version__):
        wrong_version = f"it has featray {theirs}, this driver {featray.__version__}; install the same on both"
        host = dataclasses.replace(host, error=wrong_version)
    labels = {key: value for key, value in node.get("Labels", {}).items() if not key.startswith("ray.io/")}
    declared = labels.get(GPU_LABEL)
    gpus = inventory.offered(host.gpus, declared, has_gpus=_offers(node, "GPU"))
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


def _ended(planned: Planned, status: Status, text: str) -> Event:
    return Event(planned=planned, kind=backends.ENDED, status=status, text=text)


def first_line(wrong: BaseException) -> str:
    """Take what says most of one of Ray's errors."""
    cause = wrong.cause if isinstance(wrong, ray.exceptions.RayTaskError) else wrong
    text = str(cause).strip()
    return text.splitlines()[0] if text else type(cause).__name__
