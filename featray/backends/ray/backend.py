"""The backend on Ray: invocations as tasks, from their start to their end.

Flow: `runner` -> `RayCluster.start` -> a Ray task on the target's node -> `host.supervisor` -> `poll` -> `runner`.
A task whose node dies ends with an error; one on a host behind a broken network never ends. So the nodes are checked
too, and what runs on a node that Ray has declared dead is given up here.
"""

import atexit
import dataclasses
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import ray

from featray import backends
from featray.backends import Backend, Event
from featray.backends.ray import event_groups, link, liveness, task_log
from featray.backends.ray.hosts import RayHosts
from featray.backends.ray.link import first_line
from featray.backends.ray.listener import Listener
from featray.backends.ray.meters import Meters
from featray.core.events import EventKind, PlainEvent
from featray.core.output_table import PlainOutput
from featray.core.row import Row
from featray.core.status import Status
from featray.core.stored_unit import BegunUnit
from featray.errors import HeadGone
from featray.host import supervisor
from featray.measurement.weights import HubFile
from featray.planning.inventory import Host, Inventory
from featray.planning.own_classes import OwnClass
from featray.planning.planned_invocation import PlannedInvocation

WAIT_S = 0.1  # the longest that an invocation just started waits to be included in the next `ray.wait`


@ray.remote(num_cpus=1, max_retries=0, num_returns="streaming", max_calls=0)
def _invocation(request: dict[str, Any]) -> Iterator[list[PlainEvent]]:
    """Supervise one invocation on this node; give its events in groups."""
    yield from event_groups.gather(map(_noted, supervisor.supervise(request, watch_parent=True, tells_idle=True)))


def _noted(event: PlainEvent) -> PlainEvent:
    task_log.note(event)
    return event


@dataclasses.dataclass
class _RayInvocation:
    """An invocation that was sent to its node."""

    planned: PlannedInvocation
    events: Any  # ray.ObjectRefGenerator
    node: str
    sent_at: float
    has_begun: bool = False  # an event of it has come


class RayCluster(Backend):
    """A backend on Ray."""

    def __init__(
        self,
        *,
        address: str | None,
        holder: str,
        metadata: Mapping[str, str] | None = None,
        this_host: Host | None = None,
    ) -> None:
        """Start an embedded Ray, or join the cluster at `address`.

        Args:
            address: `host:port` of a head, `auto`, or None for an embedded Ray.
            holder: Shown to others who wait for a host.
            metadata: Shown on the dashboard's job page.
            this_host: This machine, probed just now: an embedded Ray's first `inventory` does not probe it again.

        Raises:
            BackendError: the cluster cannot be reached, or refuses this driver.
        """
        self._holder = holder
        self._is_embedded = address is None
        self._running: dict[int, _RayInvocation] = {}
        self._context = link.connect(address, metadata or {})
        self._head = liveness.HeadWatch(ray.get_runtime_context().gcs_address)
        self._hosts = RayHosts(self._head, this_host if self._is_embedded else None)
        self._meters = Meters()
        self._gone: HeadGone | None = None  # for the next `poll`
        self._store = ""  # name of the spool that invocations write to
        self._listener = Listener(self._receive)

    @property
    def dashboard(self) -> str | None:
        """Return the address of the Ray dashboard, such as `http://127.0.0.1:8265`."""
        url = self._context.dashboard_url
        return f"http://{url}" if url else None

    def inventory(self) -> Inventory:
        """Probe every live node; nodes of one machine become one host."""
        return self._hosts.probe()

    def find_clips(self, paths: Collection[str]) -> Inventory:
        """Look for files on every host, by path, and write those that are there into the inventory."""
        return self._hosts.find_clips(paths)

    def find_classes(self, classes: Collection[OwnClass], imports: bool) -> Inventory:
        """Look for detector classes on every host, or import them, and write what was found into the inventory."""
        return self._hosts.find_classes(classes, imports=imports)

    def fetch(self, needs: Mapping[str, Collection[HubFile]]) -> Mapping[str, Sequence[str]]:
        """Download weights on every host that needs them, on all at the same time."""
        return self._hosts.fetch(needs)

    def newcomers(self) -> Sequence[str]:
        """Name the hosts of nodes that have joined the cluster."""
        return self._hosts.newcomers()

    def collect(self, store: str) -> Sequence[Row]:
        """Fetch what waits in the spool of every host that answers.

        Raises:
            HeadGone: the head is gone.
        """
        return self._hosts.collect(store)

    def collect_begun(self, store: str) -> Sequence[BegunUnit]:
        """Fetch the marks in the spool of every host that answers.

        Raises:
            HeadGone: the head is gone.
        """
        return self._hosts.collect_begun(store)

    def collect_outputs(self, store: str, rows: Sequence[Row]) -> Sequence[tuple[Row, PlainOutput]]:
        """Fetch the outputs that wait with these rows.

        Raises:
            HeadGone: the head is gone.
        """
        return self._hosts.collect_outputs(store, rows)

    def forget(self, store: str, stored: Sequence[Row]) -> None:
        """Let the hosts that measured these rows drop them; a host that does not answer keeps them without harm."""
        self._hosts.forget(store, stored)

    def publish(self, gauges: Mapping[str, Any]) -> None:
        """Set metrics on this node's port: name -> value, or name -> {tag: value}."""
        self._meters.publish(gauges)

    def start(self, planned: PlannedInvocation, store: str) -> None:
        """Send an invocation to its target's node."""
        self._store, node = store, self._hosts.node_of(planned)
        events = _invocation.options(
            name=planned.invocation.name,
            scheduling_strategy=link.pin_to(node),
            num_gpus=self._hosts.gpus_to_lease(planned, node),
        ).remote(backends.make_request(planned, store, self._holder))
        self._running[id(planned)] = _RayInvocation(planned, events, node, time.monotonic())

    def poll(self, timeout_s: float) -> Sequence[Event]:
        """Wait for the first event of any invocation and return all that have come.

        Raises:
            HeadGone: the head is gone; events that had come by then were returned by the call before.
        """
        if self._gone is not None:
            raise self._gone
        self._head.check()
        events = self._listener.poll(timeout_s)
        left: dict[int, list[Event]] = {}  # by the crash before which they belong
        lost: list[Event] = []
        try:
            left |= {id(event): self._left_rows(event.planned) for event in events if event.status is Status.CRASHED}
            lost.extend(self._check_nodes())
        except HeadGone as gone:
            if not events:
                raise
            self._gone = gone
        return [*(each for event in events for each in (*left.get(id(event), ()), event)), *lost]

    def _left_rows(self, planned: PlannedInvocation) -> list[Event]:
        """Give the rows of an invocation that wait on its host: the events of the last ones died with its worker.

        Raises:
            HeadGone: the head is gone.
        """
        own = planned.invocation
        keys = {(own.run_id, id_, own.target_id, own.invocation, own.attempt) for id_ in planned.cell_ids}
        rows = [row for row in self._hosts.collect(self._store, [planned.target.host.host_id]) if row.key() in keys]
        outputs = {row.key(): output for row, output in self._hosts.collect_outputs(self._store, rows)}
        return [Event(planned=planned, kind=EventKind.ROW, row=row, output=outputs.get(row.key())) for row in rows]

    def _receive(self) -> Iterator[Event]:
        """Wait for events and give the next group of each invocation that has one."""
        waiting = {entry.events: entry for entry in list(self._running.values())}
        if not waiting:
            return
        ready, _ = ray.wait(list(waiting), num_returns=1, timeout=WAIT_S)
        if ready:
            ready, _ = ray.wait(list(waiting), num_returns=len(waiting), timeout=0)
        for events in ready:
            entry = waiting[events]
            entry.has_begun = True
            for event in self._next(entry):
                if event.kind == EventKind.ENDED:
                    self._running.pop(id(entry.planned), None)
                yield event

    def _check_nodes(self) -> Iterator[Event]:
        """Give up what runs on dead nodes; for what has not begun, say what it waits for."""
        dead = self._hosts.check_nodes()
        if dead is None:
            return
        for entry in list(self._running.values()):
            if entry.node in dead:
                self.cancel(entry.planned)
                yield self._lost(entry, "Ray declared its node dead")
            elif not entry.has_begun and time.monotonic() - entry.sent_at > liveness.EVERY_S:
                yield self._not_begun(entry)

    def _not_begun(self, entry: _RayInvocation) -> Event:
        """Say whether an invocation waits for other tasks, which may take long, or only for Ray to start it."""
        where, gpus = entry.planned.target.label, self._hosts.gpus_to_lease(entry.planned, entry.node)
        free = link.free_resources(entry.node)
        if free.get("CPU", 0) >= 1 and free.get("GPU", 0) >= gpus:
            return Event(planned=entry.planned, kind=EventKind.QUEUED, text=f"Ray to start it on {where}")
        return Event(planned=entry.planned, kind=EventKind.WAITING, text=f"other Ray tasks on {where}")

    def _next(self, entry: _RayInvocation) -> Iterator[Event]:
        """Give the next group of an invocation's events, or its end."""
        try:
            for event in ray.get(next(entry.events)):
                yield backends.read_event(entry.planned, event)
        except backends.Unreadable as wrong:
            self.cancel(entry.planned)
            yield _ended(entry.planned, Status.CRASHED, str(wrong))
        except StopIteration:
            yield Event(planned=entry.planned, kind=EventKind.ENDED)
        except ray.exceptions.OutOfMemoryError as wrong:
            yield _ended(entry.planned, Status.OOM, f"killed by Ray's memory monitor: {first_line(wrong)}")
        except (ray.exceptions.NodeDiedError, ray.exceptions.TaskUnschedulableError) as wrong:
            self._hosts.mark_lost(entry.node)
            yield self._lost(entry, first_line(wrong).partition(". ")[0])
        except ray.exceptions.WorkerCrashedError as wrong:
            yield _ended(entry.planned, Status.CRASHED, f"Ray's worker died: {first_line(wrong)}")
        except ray.exceptions.RayTaskError as wrong:
            yield _ended(entry.planned, Status.CRASHED, f"the supervisor failed: {wrong.cause!r}")
        except ray.exceptions.RayError as wrong:
            yield _ended(entry.planned, Status.LOST, f"Ray: {first_line(wrong)}")

    def _lost(self, entry: _RayInvocation, reason: str) -> Event:
        """End an invocation whose node is dead.

        Raises:
            HeadGone: it was the only node, that of an embedded Ray.
        """
        if self._is_embedded:
            raise HeadGone(f"the embedded Ray has died: {reason}")
        return _ended(entry.planned, Status.LOST, f"the host is gone: {reason}")

    def cancel(self, planned: PlannedInvocation) -> None:
        """Kill the invocation's worker; its child ends with it."""
        entry = self._running.pop(id(planned), None)
        if entry is not None:
            ray.cancel(entry.events, force=True)

    def close(self) -> None:
        """End every invocation and leave Ray; an embedded Ray stops."""
        if self._is_embedded:
            # Ray ends its processes one after the other, which takes a second; nothing of them is needed any more.
            self._leave(link.kill_embedded)
        elif not self._head.answers():
            # It would wait for the head until Ray ends this process, and the exit code and message would be lost.
            self._leave()
        else:
            for entry in list(self._running.values()):
                self.cancel(entry.planned)
            self._listener.stop(10 * WAIT_S)
            ray.shutdown()

    def _leave(self, end_ray: Callable[[], None] = lambda: None) -> None:
        """Leave Ray without a word to it."""
        self._listener.stop(0)
        atexit.unregister(ray.shutdown)
        end_ray()


def _ended(planned: PlannedInvocation, status: Status, text: str) -> Event:
    return Event(planned=planned, kind=EventKind.ENDED, status=status, text=text)
