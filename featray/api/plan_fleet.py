"""`featray.plan_fleet`: what a sweep takes on many hosts: time, cost, and what cannot run.

Flow: sweep file; recorded hosts or those of a cluster -> `running.fleet_planning` -> `FleetPlan`.
"""

import dataclasses
from pathlib import Path

from featray.api import arguments
from featray.api.arguments import Inventories
from featray.api.hosts import hosts
from featray.api.results import Result
from featray.cluster import cluster_file
from featray.core.argument_names import argument
from featray.core.files import PathLike, is_yaml
from featray.errors import BadInput
from featray.planning.fleet_plan import FleetPlan
from featray.rendering.notebook import fleets
from featray.rendering.notebook.summary import Summary
from featray.running import fleet_planning
from featray.running.preparation import SubmitRequest


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class PlannedFleet(Result, FleetPlan):
    """What a sweep takes on a fleet."""

    def summarize(self) -> Summary:
        """Show a line per host and what cannot run; the frame has a row per host."""
        return fleets.of_fleet(self)


def plan_fleet(
    sweep: PathLike,
    *,
    results: str = "results",
    inventory: Inventories | None = None,
    address: PathLike | None = None,
    cluster: PathLike | None = None,
    rerun: bool = False,
    retry_failed: bool = False,
) -> PlannedFleet:
    """Plan a sweep on up to thousands of hosts; nothing is measured or written.

    Args:
        sweep: Sweep file.
        results: Store; what it has is not planned again.
        inventory: Recorded hosts, as `featray hosts --json` writes them; several files count together.
        address: Head of a running Ray cluster, or a cluster file; without both, this machine.
        cluster: Cluster file with the hosts' `price_per_hour`; by default `address`, where that is one.
        rerun: Plan everything again, as another run.
        retry_failed: Plan failed units again.

    Returns:
        Time and cost of each host and of all, which units cannot run and why, and which hosts do nothing.

    Raises:
        BadInput: the sweep or inventory is wrong, nothing can run anywhere, or both an inventory and an address are
            given.
        ClusterFileError: the cluster file is wrong, such as a price that is no number.
        BackendError: the cluster cannot be joined.
        StoreError: the store cannot be read.
    """
    if inventory is not None and address is not None:
        raise BadInput(f"{argument('inventory')} and {argument('address')} do not go together; leave one out")
    prices = _prices(cluster if cluster is not None else address if is_yaml(address) else None)
    loaded = arguments.load_sweep_to_submit(sweep)
    request = SubmitRequest(sweep=loaded, results=results, rerun=rerun, retry_failed=retry_failed, replay=False)
    present = hosts(address=address) if address is not None else arguments.recorded_or_here(inventory)
    return PlannedFleet(**vars(fleet_planning.plan_fleet(request, present, prices, now=arguments.now())))


def _prices(cluster: PathLike | None) -> dict[str, float | None]:
    """Read the prices of a cluster file: name of a host -> price per hour."""
    if cluster is None:
        return {}
    return {member.name: member.price_per_hour for member in cluster_file.load_hosts(Path(cluster)).hosts}
