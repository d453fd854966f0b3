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

from featray.inventory import Inventory
from featray.measurement.weights import HubFile
from featray.plan import Planned
from featray.row import Row
from featray.status import Status

QUEUED, BEGUN, WAITING = "queued", "begun", "waiting"
LOADING, STARTED, ROW, ENDED = "loading", "started", "row", "ended"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Event:
    """One thing heard from a running invocation.

    `kind` is QUEUED (it has not begun though nothing known is in its way; `text` says where), BEGUN (its supervisor
    runs), WAITING (something else holds the host; `text` says who), LOADING, STARTED (`cell_id`), ROW (`row`), or
    ENDED. After ENDED nothing follows. An ENDED with a `status` says what became of the cells that gave no row.
    """

    planned: Planned
    kind: str
    cell_id: str | None = None
    row: Row | None = None
    status: Status | None = None
    text: str | None = None


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

    def start(self, planned: Planned, store: str) -> None:
        """Begin an invocation and return at once. `store` names the spool that its rows wait in."""

    def poll(self, timeout_s: float) -> Sequence[Event]:
        """Wait until something is heard, at most `timeout_s`, and return all of it in order."""

    def cancel(self, planned: Planned) -> None:
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
