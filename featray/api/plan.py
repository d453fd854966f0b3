"""`featray.plan`: what a submit would do."""

from featray.api import named
from featray.api.hosts import hosts
from featray.api.named import PathLike
from featray.errors import BadInput
from featray.running import submission
from featray.running.submission import Prepared


def plan(
    sweep: PathLike,
    *,
    results: str = "results",
    inventory: PathLike | None = None,
    address: str | None = None,
    rerun: bool = False,
    retry_failed: bool = False,
) -> Prepared:
    """Plan a sweep against this machine, a running cluster or a recorded inventory; nothing is measured or written.

    Raises:
        BadInput: the sweep or inventory is wrong, nothing can run anywhere, or both an inventory and an address are
            given.
        StoreError: the store cannot be read.
    """
    if inventory is not None and address is not None:
        raise BadInput("--inventory and --address do not go together; leave one out")
    request = submission.SubmitRequest(
        sweep=named.load_named(sweep), results=results, rerun=rerun, retry_failed=retry_failed
    )
    there = hosts(address=address) if address is not None else named.recorded_or_here(inventory)
    return submission.prepare(request, there, now=named.now())
