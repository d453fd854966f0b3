"""Inline: runs invocations one after another on this machine, without Ray, where Ray cannot start.

Flow: `running.runner`, `running.single_cell` -> `Inline.start` -> `poll` -> `host.supervisor` -> events.
The supervisor runs in this process, and goes on only while `poll` is called.
"""

import collections
from collections.abc import Collection, Iterator, Mapping, Sequence

from featray import backends
from featray.backends import Backend, Event
from featray.core.events import EventKind, PlainEvent
from featray.core.output_table import PlainOutput
from featray.core.row import Row
from featray.core.status import Status
from featray.core.stored_unit import BegunUnit
from featray.errors import FeatrayError
from featray.host import environments, probe, spool, supervisor
from featray.measurement import weights
from featray.planning.inventory import Inventory
from featray.planning.planned_invocation import PlannedInvocation


class Inline(Backend):
    """A backend whose only host is this machine and whose only worker is this process."""

    def __init__(self, *, holder: str) -> None:
        """`holder` is shown to others who wait for this machine."""
        self._holder = holder
        self._queue: collections.deque[tuple[PlannedInvocation, Iterator[PlainEvent]]] = collections.deque()

    @property
    def runs_one_at_a_time(self) -> bool:
        """Return True: there is one worker, whatever GPUs the machine has."""
        return True

    def inventory(self) -> Inventory:
        """Probe this machine."""
        return Inventory(hosts=(probe.this_host(),))

    def fetch(self, needs: Mapping[str, Collection[weights.HubFile]]) -> dict[str, list[str]]:
        """Download weights to this machine, the only host."""
        cache = weights.featray_cache()
        problems = {host_id: environments.fetch_weights(files, cache) for host_id, files in needs.items()}
        return {host_id: texts for host_id, texts in problems.items() if texts}

    def start(self, planned: PlannedInvocation, store: str) -> None:
        """Queue an invocation; it runs while `poll` is called."""
        self._queue.append((planned, self._supervise(planned, store)))

    def _supervise(self, planned: PlannedInvocation, store: str) -> Iterator[PlainEvent]:
        return supervisor.supervise(backends.make_request(planned, store, self._holder), tells_idle=True)

    def poll(self, timeout_s: float) -> Sequence[Event]:  # noqa: ARG002 - the child sets the pace, also past the limit
        """Run the first queued invocation to its next event or for a moment; one whose supervisor fails has crashed."""
        if not self._queue:
            return ()
        planned, events = self._queue[0]
        try:
            event = backends.read_event(planned, next(events))
        except backends.Unreadable as wrong:
            events.close()  # type: ignore[attr-defined]  # a generator: its finally ends the child
            event = Event(planned=planned, kind=EventKind.ENDED, status=Status.CRASHED, text=str(wrong))
        except (OSError, FeatrayError) as wrong:  # such as no memory for a process: a later try may succeed
            text = f"the supervisor failed: {wrong!r}"
            event = Event(planned=planned, kind=EventKind.ENDED, status=Status.CRASHED, text=text)
        if event.kind == EventKind.ENDED:
            self._queue.popleft()
        return (event,) if event.kind != EventKind.IDLE else ()

    def cancel(self, planned: PlannedInvocation) -> None:
        """End an invocation's child."""
        for entry in list(self._queue):
            if entry[0] is planned:
                self._queue.remove(entry)
                entry[1].close()  # type: ignore[attr-defined]  # a generator: its finally ends the child

    def collect(self, store: str) -> Sequence[Row]:
        """Read this machine's spool."""
        return spool.pending(spool.folder(weights.featray_cache(), store))

    def collect_begun(self, store: str) -> Sequence[BegunUnit]:
        """Read the marks in this machine's spool."""
        return spool.begun(spool.folder(weights.featray_cache(), store))

    def collect_outputs(self, store: str, rows: Sequence[Row]) -> Sequence[tuple[Row, PlainOutput]]:
        """Read the outputs in this machine's spool."""
        return spool.pending_outputs(spool.folder(weights.featray_cache(), store), rows)

    def forget(self, store: str, stored: Sequence[Row]) -> None:
        """Drop stored rows from this machine's spool."""
        spool.forget(spool.folder(weights.featray_cache(), store), stored)

    def close(self) -> None:
        """End every child."""
        for planned, _ in list(self._queue):
            self.cancel(planned)
