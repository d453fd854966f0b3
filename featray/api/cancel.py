"""`featray cancel`: end a detached submit."""

import dataclasses

from featray.backends.ray.jobs import Jobs
from featray.cluster import cluster_file
from featray.core.files import PathLike


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cancelled:
    """A submit that has ended."""

    state: str  # stopped, succeeded or failed
    had_ended: bool  # before it was cancelled


def cancel(job: str, *, address: PathLike | None = None) -> Cancelled:
    """End a detached submit as Ctrl-C would, and wait until it has ended; finished rows are kept.

    Args:
        job: Its id, as `featray submit --detach` prints it.
        address: Head of the cluster, its file, or the `http://` address of its dashboard; None is this machine's.

    Raises:
        NothingMatches: there is no such submit; the message lists those that exist.
        BackendError: the cluster cannot be reached, or the submit still runs.
    """
    jobs = Jobs(cluster_file.head_address(address, must_run=True))
    submit = jobs.find(job)
    if submit.has_ended:
        return Cancelled(state=submit.state, had_ended=True)
    return Cancelled(state=jobs.cancel(submit.id).state, had_ended=False)
