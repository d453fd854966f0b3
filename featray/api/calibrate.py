"""`featray.calibrate`: how much identical cells differ on each target."""

import dataclasses

from featray import store
from featray.analysis import comparison
from featray.analysis.comparison import Calibration
from featray.api import named
from featray.api.hosts import hosts
from featray.api.named import PathLike
from featray.api.submit import carry_out
from featray.running import submission
from featray.running.runner import Watch


def calibrate(
    sweep: PathLike = "sweeps/calibration.yaml",
    *,
    results: str = "results",
    address: str | None = None,
    watch: Watch | None = None,
) -> dict[str, Calibration]:
    """Measure identical cells as A and A on every target, and learn how much they differ.

    Args:
        sweep: The cells; measured under the name `calibration`, on every device of the sweep that is there.
        results: Store; `compare` and `report` of the same store then use each target's own noise floor.
        address: Head of a running Ray cluster, or a cluster file; None embeds Ray on this machine.
        watch: Hears of everything that happens.

    Returns:
        Target id -> its calibration.

    Raises:
        BadInput: as `submit`.
    """
    read = named.load_sweep(sweep)
    there = {target.device for target in hosts(address=address).targets()}
    devices = tuple(device for device in read.axes.device if device in there)
    axes = dataclasses.replace(read.axes, device=devices or read.axes.device)
    request = submission.SubmitRequest(
        sweep=dataclasses.replace(read, name=comparison.CALIBRATION, axes=axes),
        results=results,
        rerun=True,
        budget_s=read.budget_s,
    )
    carry_out(request, address, None, None, watch or (lambda _: None))
    return comparison.calibrations(store.read(results, sweep=comparison.CALIBRATION).rows)
