"""Client: the backend on Ray as a driver uses it, with Ray itself in another process, which may die.

Flow: `running.runner` -> `RayClient` -> `server_process.ServerProcess` -> `server` -> `backend.RayCluster`.
Where that process or an embedded Ray dies, what was running is lost, another one is started, and the run goes on.
"""

import contextlib
import itertools
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from featray.backends import Backend, Event, LoadingBackend
from featray.backends.ray.server_process import ServerGone, ServerProcess
from featray.core.argument_names import argument
from featray.core.events import EventKind
from featray.core.output_table import PlainOutput
from featray.core.row import Row
from featray.core.status import Status
from featray.core.stored_unit import BegunUnit
from featray.errors import BackendError, FeatrayError, HeadGone
from featray.host import installation
from featray.measurement.weights import HubFile
from featray.planning.inventory import Host, Inventory
from featray.planning.own_classes import OwnClass
from featray.planning.planned_invocation import PlannedInvocation

START_S = 180.0  # for starting or joining Ray: 15 s on two quiet cores
ANSWER_S = 60.0  # for what only hands something to Ray; it waits about 30 s for a head that is gone, then ends
PROBE_S = 240.0  # twice the limit of `hosts.PROBE_S`, which holds for the hosts alone
SEARCH_S = 1200.0  # the same for `hosts.DIGEST_S`
DOWNLOAD_S = 4 * 3600.0  # above `hosts.FETCH_S`
CLOSE_S = 20.0  # for leaving Ray, then the process is killed
RESTARTS_MAX = 3  # in a row, without a row between them

GO_ON = "finished rows are stored, and the next submit goes on from there"


class _Restarted(Exception):
    """The server was gone, and another one was started."""


class RayClient(Backend):
    """A backend on Ray that outlives Ray."""

    def __init__(
        self,
        *,
        address: str | None,
        holder: str,
        metadata: Mapping[str, str] | None = None,
        loading: LoadingBackend | None = None,
        this_host: Host | None = None,
    ) -> None:
        """Start an embedded Ray, or join the cluster at `address`.

        Args:
            address: `host:port` of a head, `auto`, or None for an embedded Ray.
            holder: Shown to others who wait for a host.
            metadata: Shown on the dashboard's job page.
            loading: A server that loads Ray already; None starts one.
            this_host: This machine, probed just now, for an embedded Ray; None probes it.

        Raises:
            BackendError: Ray cannot be started, or the cluster cannot be reached or refuses this driver.
        """
        installation.check_complete(["ray"])
        self._options: dict[str, Any] = {"address": address, "holder": holder, "metadata": dict(metadata or {})}
        self._is_embedded = address is None
        self._running: dict[int, PlannedInvocation] = {}  # by the number that the server knows it by
        self._numbers = itertools.count()
        self._lost: list[Event] = []  # the ends of invocations that a server took along
        self._restarts = 0
        self._server = loading if isinstance(loading, ServerProcess) else ServerProcess()
        try:
            self._open(this_host)
        except BackendError as wrong:
            inline = argument("backend", "inline")
            without = f"; where Ray cannot run, {inline} measures on this machine without it"
            raise BackendError(f"{wrong}{without if self._is_embedded else ''}") from None

    def _open(self, this_host: Host | None = None) -> None:
        driver = {"argv": sys.argv, "path": sys.path}
        options = {**self._options, "this_host": this_host}
        try:
            self._dashboard: str | None = self._server.call("open", driver, options, limit_s=START_S)
        except ServerGone as gone:
            self._server.end()
            address = self._options["address"]
            where = f"join {address}" if address else "start Ray on this machine"
            raise BackendError(f"cannot {where}: {gone}") from None
        except BaseException:  # also Ctrl-C: nothing of it may be left
            self._server.end()
            raise

    def _call(self, method: str, *arguments: Any, limit_s: float) -> Any:
        """Call the server, and if it is gone another one.

        Raises:
            HeadGone: the head is gone, or there is no server any more.
        """
        while True:
            with contextlib.suppress(_Restarted):
                return self._call_once(method, *arguments, limit_s=limit_s)

    def _call_once(self, method: str, *arguments: Any, limit_s: float) -> Any:
        """Call the server.

        Raises:
            _Restarted: it is gone, and there is another one.
            HeadGone: the head is gone, or there is no server any more.
        """
        try:
            return self._server.call(method, *arguments, limit_s=limit_s)
        except ServerGone as gone:
            self._restart(f"Ray's process ended: {gone}")
        except HeadGone as gone:
            if not self._is_embedded:
                raise
            self._restart(str(gone))
        raise _Restarted

    def _restart(self, reason: str) -> None:
        """Start another server; what was running is lost.

        Raises:
            HeadGone: it cannot be started.
        """
        for planned in self._running.values():
            self._lost.append(Event(planned=planned, kind=EventKind.ENDED, status=Status.LOST, text=reason))
        self._running.clear()
        while True:
            self._server.end()
            self._restarts += 1
            if self._restarts > RESTARTS_MAX:
                raise HeadGone(f"{reason}; it was started {self._restarts} times in vain; {GO_ON}")
            self._server = ServerProcess()
            try:
                self._open()
                self._server.call("inventory", limit_s=PROBE_S)
            except (FeatrayError, ServerGone) as wrong:
                # An embedded Ray may have died while it started; a head that does not answer will not at once.
                if not self._is_embedded:
                    raise HeadGone(f"{reason}; it cannot be started again: {wrong}; {GO_ON}") from None
                reason = f"{reason}; then it could not be started: {wrong}"
            else:
                return

    @property
    def dashboard(self) -> str | None:
        """Return the address of the Ray dashboard, such as `http://127.0.0.1:8265`."""
        return self._dashboard

    def inventory(self) -> Inventory:
        """Probe every live node; nodes of one machine become one host."""
        found: Inventory = self._call("inventory", limit_s=PROBE_S)
        return found

    def find_clips(self, paths: Collection[str]) -> Inventory:
        """Look for files on every host, by path, and write those that are there into the inventory."""
        found: Inventory = self._call("find_clips", list(paths), limit_s=SEARCH_S)
        return found

    def find_classes(self, classes: Collection[OwnClass], *, imports: bool) -> Inventory:
        """Look for detector classes on every host, or import them, and write what was found into the inventory."""
        found: Inventory = self._call("find_classes", list(classes), imports, limit_s=SEARCH_S)
        return found

    def fetch(self, needs: Mapping[str, Collection[HubFile]]) -> Mapping[str, Sequence[str]]:
        """Download weights on every host that needs them, on all at the same time."""
        lacking: Mapping[str, Sequence[str]] = self._call("fetch", needs, limit_s=DOWNLOAD_S)
        return lacking

    def start(self, planned: PlannedInvocation, store: str) -> None:
        """Send an invocation to its target's node."""
        number = next(self._numbers)
        self._call("start", number, planned, store, limit_s=ANSWER_S)
        self._running[number] = planned

    def poll(self, timeout_s: float) -> Sequence[Event]:
        """Wait for the first event of any invocation and return all that have come.

        Raises:
            HeadGone: the head is gone.
        """
        answer: Sequence[tuple[int, Mapping[str, Any]]] = ()
        if not self._lost:
            with contextlib.suppress(_Restarted):
                answer = self._call_once("poll", timeout_s, limit_s=timeout_s + ANSWER_S)
        events, self._lost = self._lost, []
        for number, fields in answer:
            if (planned := self._running.get(number)) is not None:
                events.append(Event(planned=planned, **fields))
                if events[-1].kind == EventKind.ENDED:
                    del self._running[number]
        if any(event.row is not None for event in events):
            self._restarts = 0
        return events

    def cancel(self, planned: PlannedInvocation) -> None:
        """Kill the invocation's worker; its child ends with it, as it does with the server."""
        for number in [number for number, running in self._running.items() if running is planned]:
            del self._running[number]
            with contextlib.suppress(ServerGone, HeadGone):
                self._server.call("cancel", number, limit_s=ANSWER_S)

    def collect(self, store: str) -> Sequence[Row]:
        """Fetch what waits in the spool of every host that answers.

        Raises:
            HeadGone: the head is gone.
        """
        rows: Sequence[Row] = self._call("collect", store, limit_s=ANSWER_S)
        return rows

    def collect_begun(self, store: str) -> Sequence[BegunUnit]:
        """Fetch the marks in the spool of every host that answers.

        Raises:
            HeadGone: the head is gone.
        """
        begun: Sequence[BegunUnit] = self._call("collect_begun", store, limit_s=ANSWER_S)
        return begun

    def collect_outputs(self, store: str, rows: Sequence[Row]) -> Sequence[tuple[Row, PlainOutput]]:
        """Fetch the outputs that wait with these rows in the spool of every host that answers.

        Raises:
            HeadGone: the head is gone.
        """
        outputs: Sequence[tuple[Row, PlainOutput]] = self._call("collect_outputs", store, list(rows), limit_s=ANSWER_S)
        return outputs

    def forget(self, store: str, stored: Sequence[Row]) -> None:
        """Let the hosts that measured these rows drop them; a host that does not hear it keeps them without harm."""
        with contextlib.suppress(ServerGone, HeadGone):
            self._server.call("forget", store, list(stored), limit_s=ANSWER_S)

    def newcomers(self) -> Sequence[str]:
        """Name the hosts of nodes that have joined the cluster."""
        with contextlib.suppress(ServerGone):
            names: Sequence[str] = self._server.call("newcomers", limit_s=ANSWER_S)
            return names
        return ()

    def publish(self, gauges: Mapping[str, Any]) -> None:
        """Set metrics on this node's port: name -> value, or name -> {tag: value}."""
        with contextlib.suppress(ServerGone):
            self._server.call("publish", gauges, limit_s=ANSWER_S)

    def close(self) -> None:
        """End every invocation and leave Ray; an embedded Ray stops."""
        try:
            self._server.call("close", limit_s=CLOSE_S)
        except ServerGone:
            self._server.end()
        else:
            self._server.end(CLOSE_S)
