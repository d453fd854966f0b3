"""Backends: where invocations run. One Protocol, and a table of the shipped ones.

Flow: `runner` -> `Backend.start` -> events -> `runner` -> store.
A backend never decides what runs or runs again; it starts one invocation, reports what it hears, and ends it.

    ray       embedded Ray on this machine, or a running cluster (`raycluster.cluster`)
    replay    rows of a named store in planned order, with injectable faults (`replay`)
    inline    this process, without Ray: `featray measure` (`inline`)
"""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from featray.core import invocation as invocations
from featray.core import row as rows
from featray.core.events import EventKind
from featray.core.row import Row
from featray.core.status import Status
from featray.measurement.weights import HubFile
from featray.planning.inventory import Inventory
from featray.planning.planned_invocation import PlannedInvocation


@dataclasses.dataclass(frozen=True, kw_only=True)
class Event:
    """One thing heard from a running invocation.

    `text` says where it is queued, or who it waits for. After ENDED nothing follows; an ENDED with a `status` says what
    became of the cells that gave no row.
    """

    planned: PlannedInvocation
    kind: EventKind
    cell_id: str | None = None
    row: Row | None = None
    status: Status | None = None
    text: str | None = None


def request(planned: PlannedInvocation, store: str, holder: str) -> dict[str, Any]:
    """Write what a supervisor needs to know, as plain values."""
    return {"invocation": invocations.to_mapping(planned.invocation), "store": store, "holder": holder}


def heard(planned: PlannedInvocation, said: Mapping[str, Any]) -> Event:
    """Read a supervisor's plain values back."""
    text = said.get("row")
    row = rows.from_json(text) if text is not None else None
    kind = EventKind(said["kind"])
    return Event(planned=planned, kind=kind, cell_id=said.get("cell_id"), row=row, text=said.get("text"))


COUNTERS = frozenset({"rows"})
"""The figures of `Backend.publish` that only ever grow; the others may fall."""


class Backend(Protocol):
    """A place where invocations run."""

    @property
    def dashboard(self) -> str | None:
        """Where to watch the run; None when there is no such page."""

    def inventory(self) -> Inventory:
        """Probe every host, anew at each call."""

    def fetch(self, needs: Mapping[str, Collection[HubFile]]) -> Mapping[str, Sequence[str]]:
        """Have pretrained weights on the hosts that need them: host id -> files.

        Returns:
            Host id -> what cannot be had there, and why; hosts that have everything are left out.
        """

    def start(self, planned: PlannedInvocation, store: str) -> None:
        """Begin an invocation and return at once. `store` names the spool that its rows wait in."""

    def poll(self, timeout_s: float) -> Sequence[Event]:
        """Wait until something is heard, at most `timeout_s`, and return all of it in order."""

    def cancel(self, planned: PlannedInvocation) -> None:
        """End an invocation's processes now; no further event of it follows."""

    def newcomers(self) -> Sequence[str]:
        """Name the hosts that have come since the last `inventory` or call of this."""

    def collect(self, store: str) -> Sequence[Row]:
        """Fetch the rows of this store that wait in the hosts' spools, at most once each per contact."""

    def forget(self, store: str, stored: Sequence[Row]) -> None:
        """Tell the hosts, without waiting, that these rows are stored, so that their spools may drop them."""

    def publish(self, gauges: Mapping[str, Any]) -> None:
        """Show the run's figures where this backend's watchers look."""

    def close(self) -> None:
        """End everything this backend started."""
