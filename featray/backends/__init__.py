"""Backends: where invocations run.

Flow: `running.runner` -> `Backend.start` -> events from `Backend.poll` -> `runner` -> store.
A backend never decides what runs or is tried again. It starts an invocation, passes on its events, and ends it.

    inline  one invocation after another on this machine, without Ray
    ray/    tasks of Ray, on this machine or a cluster
    replay  the rows of a store instead of measuring

CONTRIBUTING.md lists the steps to add a backend.
"""

import dataclasses
from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from featray.core import wording
from featray.core.events import EventKind, PlainEvent
from featray.core.invocation import to_mapping
from featray.core.output_table import PlainOutput
from featray.core.row import Row, from_json
from featray.core.status import Status
from featray.core.stored_unit import BegunUnit
from featray.measurement.weights import HubFile
from featray.planning.inventory import Host, Inventory
from featray.planning.planned_invocation import PlannedInvocation


@dataclasses.dataclass(frozen=True, kw_only=True)
class Event:
    """One event of a running invocation.

    `text` says where it is queued, or who holds its host. After ENDED no event follows; an ENDED with a `status` says
    what became of the cells that gave no row.
    """

    planned: PlannedInvocation
    kind: EventKind
    cell_id: str | None = None
    row: Row | None = None
    output: PlainOutput | None = None  # to be kept beside the row
    status: Status | None = None
    text: str | None = None


def make_request(planned: PlannedInvocation, store: str, holder: str) -> dict[str, Any]:
    """Write what `host.supervisor` needs to know, as plain values."""
    return {"invocation": to_mapping(planned.invocation), "store": store, "holder": holder}


REASON_LENGTH = 200  # characters of why an event was set aside: a column, what it expects and what it holds


class Unreadable(ValueError):
    """A host sent what no featray like this one sends; the message says what."""


def read_event(planned: PlannedInvocation, event: PlainEvent) -> Event:
    """Read an event of `host.supervisor`.

    Raises:
        Unreadable: it is no event, or its row cannot be or is not of this invocation. The backend then ends the
            invocation as crashed: the host's featray is older, newer or changed, and no row of it can be trusted.
    """
    try:
        row = event.get("row")
        return Event(
            planned=planned,
            kind=EventKind(event["kind"]),
            cell_id=_text(event, "cell_id"),
            row=None if row is None else _own_row(planned, row),
            output=event.get("output"),
            text=_text(event, "text"),
        )
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as wrong:
        why = wording.shortened(wording.plain(str(wrong)), REASON_LENGTH)
        raise Unreadable(f"{planned.target.host.hostname} sent an event that was set aside: {why}") from wrong


def _text(event: PlainEvent, key: str) -> str | None:
    text = event.get(key)
    if text is not None and not isinstance(text, str):
        raise ValueError(f"{key} is no text")
    return text


def _own_row(planned: PlannedInvocation, text: str) -> Row:
    """Read a row that a host reports of an invocation.

    Raises:
        ValueError: the row cannot be, or is of another invocation.
    """
    row, asked = from_json(text), planned.invocation
    claimed = (row.sweep, row.run_id, row.target_id, row.invocation, row.attempt)
    if claimed != (asked.sweep, asked.run_id, asked.target_id, asked.invocation, asked.attempt):
        raise ValueError(f"a row of {'/'.join(map(str, claimed))} came for {asked.name} of {asked.run_id}")
    return row


COUNTERS = frozenset({"rows"})
"""The figures of `Backend.publish` that only grow; the others may also fall."""

FIGURES: Mapping[str, str] = {
    "units_planned": "Measurements that this submit wants, a unit in an invocation each; more when one is tried again",
    "units_done": "Measurements that have a row",
    "rows": "Rows since the start of each submit, by status",
    "rows_per_second": "Rows per second over the last minute",
    "fps": "Frames per second of the last measured cell, by target",
    "lease": "1 while an invocation of this submit is on the target, else 0, by target",
    "waiting": "1 while that invocation waits for its machine, else 0, by target",
}
"""The figures of `Backend.publish`, with what each means. A metrics system shows them as `featray_NAME`."""


class Backend(Protocol):
    """A place where invocations run. Methods that are not abstract do what suits a backend without that ability."""

    @property
    def dashboard(self) -> str | None:
        """Return the address of a page that shows the run; None when there is none."""
        return None

    @property
    def runs_one_at_a_time(self) -> bool:
        """Return True where an invocation starts only after the one before it has ended, whatever hosts there are."""
        return False

    @abstractmethod
    def inventory(self) -> Inventory:
        """Probe every host, anew at each call."""

    @abstractmethod
    def fetch(self, needs: Mapping[str, Collection[HubFile]]) -> Mapping[str, Sequence[str]]:
        """Download pretrained weights on the hosts that need them: host id -> files.

        Returns:
            Host id -> what cannot be had there, and why; hosts that have everything are left out.
        """

    @abstractmethod
    def start(self, planned: PlannedInvocation, store: str) -> None:
        """Start an invocation and return at once. `store` names the spool that its rows wait in."""

    @abstractmethod
    def poll(self, timeout_s: float) -> Sequence[Event]:
        """Wait at most `timeout_s` for an event; return all that have come, in order."""

    @abstractmethod
    def cancel(self, planned: PlannedInvocation) -> None:
        """End an invocation's processes now; no further event of it follows."""

    @abstractmethod
    def collect(self, store: str) -> Sequence[Row]:
        """Fetch the rows of this store that wait in the hosts' spools."""

    def collect_begun(self, store: str) -> Sequence[BegunUnit]:  # noqa: ARG002 - the default has none
        """Fetch the marks in the hosts' spools: what was begun and has not ended."""
        return ()

    def collect_outputs(
        self,
        store: str,  # noqa: ARG002 - the default has none
        rows: Sequence[Row],  # noqa: ARG002 - the same
    ) -> Sequence[tuple[Row, PlainOutput]]:
        """Fetch the outputs that wait in the hosts' spools with these rows."""
        return ()

    def forget(self, store: str, stored: Sequence[Row]) -> None:  # noqa: ARG002 - the default does nothing
        """Let the hosts drop rows that are stored, without waiting for it; rows that stay are collected again."""
        return

    def newcomers(self) -> Sequence[str]:
        """Name the hosts that have joined since the last `inventory` or call of this."""
        return ()

    def publish(self, gauges: Mapping[str, Any]) -> None:  # noqa: ARG002 - the default does nothing
        """Show the run's figures to those who watch this backend."""
        return

    def close(self) -> None:
        """End everything that this backend started."""
        return


class LoadingBackend(Protocol):
    """A backend that another process loads, before it is known whether anything will be measured."""

    def end(self, limit_s: float = 0.0) -> None:
        """End that process; it gets `limit_s` to end by itself."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class BackendOptions:
    """What backends need to start; each reads what concerns it."""

    holder: str  # shown to others who wait for a host
    address: str | None = None  # ray: `host:port` of a head, `auto`, or None for an embedded Ray
    metadata: Mapping[str, str] = dataclasses.field(default_factory=dict)  # ray: shown on the dashboard's job page
    loading: LoadingBackend | None = None  # ray: what `load_early` gave
    this_host: Host | None = None  # embedded ray: this machine, probed just now
    inventory: Inventory = dataclasses.field(default_factory=lambda: Inventory(hosts=()))  # replay: the recorded hosts
    recorded: Sequence[Row] = ()  # replay: the rows to answer with
    source: str = ""  # replay: the name of the store that they come from


def _ray(options: BackendOptions) -> Backend:
    from featray.backends.ray.client import RayClient

    return RayClient(
        address=options.address,
        holder=options.holder,
        metadata=options.metadata,
        loading=options.loading,
        this_host=options.this_host,
    )


def _replay(options: BackendOptions) -> Backend:
    from featray.backends.replay import Replay

    return Replay(options.inventory, options.recorded, source=options.source)


def _inline(options: BackendOptions) -> Backend:
    from featray.backends.inline import Inline

    return Inline(holder=options.holder)


SHIPPED: Mapping[str, Callable[[BackendOptions], Backend]] = {
    "ray": _ray,  # embedded Ray on this machine, or a running cluster
    "replay": _replay,  # rows of another store in planned order, with faults on demand
    "inline": _inline,  # this process, without Ray: `featray submit --backend inline`, `featray measure`
}
"""Name -> what starts the backend. Each function imports its own module, so that only a chosen backend is loaded."""


def load_early(name: str) -> LoadingBackend | None:
    """Begin to load a backend in another process, while the caller plans; None for one that loads in no time.

    It is for `BackendOptions.loading`, or to be ended where nothing is to be measured.
    """
    if name != "ray":
        return None
    from featray.backends.ray.server_process import ServerProcess

    return ServerProcess()
