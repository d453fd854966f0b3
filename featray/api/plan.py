"""`featray.plan`: what a submit would do.

Flow: sweep file -> `arguments` -> hosts: recorded, of a cluster (`hosts`) or this one -> `preparation.prepare` ->
`Planned`.
"""

import dataclasses

from featray.api import arguments
from featray.api.arguments import Inventories
from featray.api.hosts import hosts_for
from featray.api.results import Result
from featray.core.argument_names import argument
from featray.core.files import PathLike
from featray.errors import BadInput
from featray.rendering.notebook import summaries
from featray.rendering.notebook.summary import Summary
from featray.running import preparation
from featray.running.preparation import SubmitPlan, SubmitRequest
from featray.sweep import expand


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class Planned(Result, SubmitPlan):
    """What a submit would do."""

    def summarize(self) -> Summary:
        """Show every cell with its targets; the frame has a row per unit."""
        return summaries.of_plan(self.plan, self.placement, (*self.problems, *self.notes), self.search)


def plan(
    sweep: PathLike,
    *,
    results: str = "results",
    inventory: Inventories | None = None,
    address: PathLike | None = None,
    rerun: bool = False,
    retry_failed: bool = False,
) -> Planned:
    """Plan a sweep on this machine, a running cluster or recorded hosts; nothing is measured or written.

    Args:
        sweep: Sweep file.
        results: Store; what it has is not planned again.
        inventory: Recorded hosts to plan on, as `featray hosts --json` writes them; several files count together.
        address: Head of a running Ray cluster, or a cluster file.
        rerun: Plan everything again, as another run.
        retry_failed: Plan failed units again.

    Returns:
        The plan, where each cell would run or why it cannot, and what the user should know.

    Raises:
        BadInput: the sweep or inventory is wrong, nothing can run anywhere, or both an inventory and an address are
            given.
        BackendError: the cluster cannot be joined.
        StoreError: the store cannot be read.
    """
    if inventory is not None and address is not None:
        raise BadInput(f"{argument('inventory')} and {argument('address')} do not go together; leave one out")
    loaded = arguments.load_sweep_to_submit(sweep)
    request = SubmitRequest(sweep=loaded, results=results, rerun=rerun, retry_failed=retry_failed, replay=False)
    cells = expand(loaded)
    if inventory is not None:
        present = arguments.recorded_or_here(inventory)
    else:
        present = hosts_for(cells, address=address) if address is not None else arguments.here_for(cells)
    return Planned(**vars(preparation.prepare(request, present, now=arguments.now())))
