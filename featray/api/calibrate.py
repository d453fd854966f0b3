"""`featray.calibrate`: how much identical cells differ on each target.

Flow: the sweep of a calibration -> `submit.run_request` -> rows -> `comparison.find_calibrations` -> `Calibrations`.
"""

import dataclasses

from featray import store
from featray.analysis import comparison
from featray.analysis.comparison import Calibration
from featray.api import arguments, notebook_progress
from featray.api.hosts import hosts
from featray.api.results import Result
from featray.api.submit import check_backend, run_request
from featray.core.argument_names import flag
from featray.core.files import PathLike
from featray.errors import NothingMatches
from featray.rendering.notebook import summaries
from featray.rendering.notebook.summary import Summary
from featray.running import interrupts
from featray.running.preparation import SubmitRequest
from featray.running.progress import Watch


class Calibrations(Result, dict[str, Calibration]):
    """Target id -> its calibration."""

    def summarize(self) -> Summary:
        """Show how much each target varies; the frame has a row per target."""
        return summaries.of_calibrations(self)


def calibrate(
    sweep: PathLike = "calibration",
    *,
    results: str = "results",
    backend: str = "ray",
    address: PathLike | None = None,
    session: bool = False,
    watch: Watch | None = None,
    progress: bool | None = None,
) -> Calibrations:
    """Measure identical cells against themselves on every target, and estimate how much they differ.

    Args:
        sweep: The cells. They are stored under the name `calibration`; devices that no host has are left out.
        results: Store; `compare` and `report` of this store then know how each target varies.
        backend: As in `submit`.
        address: Head of a running Ray cluster, or a cluster file; None starts Ray on this machine.
        session: Add a session to the last calibration: how a target varies from day to day, or from boot to boot, shows
            only in sessions at different times. False begins a new calibration.
        watch: Called with every event and every row.
        progress: As in `submit`.

    Returns:
        Target id -> its calibration.

    Raises:
        BadInput, Busy, BackendError, StoreError, Interrupted: as `submit`.
        NothingMatches: there is no calibration that a session could be added to.
    """
    check_backend(backend, address)
    loaded = arguments.load_sweep(sweep)
    inventory = arguments.recorded_or_here(None) if address is None else hosts(address=address)
    present = {target.device for target in inventory.targets()}
    devices = tuple(device for device in loaded.axes.device if device in present)
    axes = dataclasses.replace(loaded.axes, device=devices or loaded.axes.device)
    request = SubmitRequest(
        sweep=dataclasses.replace(
            loaded, name=comparison.CALIBRATION, axes=axes, baseline=_last_calibration(results) if session else None
        ),
        results=results,
        rerun=True,
        budget_s=loaded.budget_s,
        replay=False,
    )
    with interrupts.as_interrupted(), notebook_progress.shown(watch, progress=progress) as show:
        run_request(request, address, None, None, show, backend=backend)
    return Calibrations(comparison.find_calibrations(store.read(results, sweep=comparison.CALIBRATION).rows))


def _last_calibration(results: str) -> str:
    """Name the first run of the last calibration: its further sessions name it as their baseline."""
    rows = store.read(results, sweep=comparison.CALIBRATION).rows
    if not rows:
        raise NothingMatches(
            f"{store.display_name(results)}: holds no calibration to add a session to; leave out {flag('session')}"
        )
    return comparison.calibration_name(max(rows, key=lambda row: row.started_at))
