"""`featray submit --detach`: a submit that runs on the cluster by itself.

Flow: sweep file -> `running.detached` -> a Ray job on the head, which runs `featray submit` there.
"""

import os

from featray import store
from featray.api import arguments
from featray.backends.ray.jobs import Jobs
from featray.core.files import PathLike
from featray.running import detached


def detach(
    sweep: PathLike,
    *,
    results: str = "results",
    address: PathLike | None = None,
    python: str | None = None,
    rerun: bool = False,
    retry_failed: bool = False,
    budget_s: float | None = None,
) -> str:
    """Start a submit on the head of a cluster and return at once.

    Args:
        sweep: Sweep file.
        results: Store; a folder has the same path on the head.
        address: Head of the cluster, its file, or the `http://` address of its dashboard; None is this machine's.
        python: Interpreter on the head that has featray; None takes the cluster file's, or this one on this machine.
        rerun: As in `submit`.
        retry_failed: As in `submit`.
        budget_s: As in `submit`.

    Returns:
        Its id, for `status`, `logs` and `cancel`.

    Raises:
        BadInput: the sweep or the cluster file is wrong, or the store's address carries credentials.
        Busy: another process measures the sweep into this store.
        BackendError: the cluster cannot be reached or refuses, or the interpreter on the head is not known.
    """
    address = None if address is None else os.fspath(address)
    store.check_address(results)
    loaded = arguments.load_sweep_to_submit(sweep)
    head, interpreter = detached.driver_place(address, python)
    options = ["--rerun"] * rerun + ["--retry-failed"] * retry_failed
    if budget_s is not None:
        options.append(f"--budget={budget_s / 60}")  # the option counts minutes
    return detached.start(
        Jobs(head), loaded, loaded.path, python=interpreter, results=results, options=options, address=address
    )
