"""featray's times against CUDA's own: the device is synchronised before both readings of the clock."""

import dataclasses
import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from featray.core import cell as cells
from featray.core import detectors, inputs
from featray.core.choices import Device, WeightsKind
from featray.measurement import weights
from tests.integration import real_detectors

pytestmark = [pytest.mark.gpu, pytest.mark.timeout(300)]

CALLS = {Device.CUDA: 15, Device.CPU: 3}
TOLERANCE = {Device.CUDA: 0.02, Device.CPU: 0.5}
"""Of a ratio of medians. The second is for a rehearsal, on a machine that others may use."""
FRAMES = dataclasses.replace(inputs.CATALOGUE["short"], skip_frames=18)  # 4 of 72


def test_a_time_of_featray_is_that_of_a_plain_loop(
    device: Device, record_property: Callable[[str, object], None]
) -> None:
    cell = cells.Cell(
        detector=detectors.CATALOGUE["detectorv2"],
        input=FRAMES,
        device=device,
        batch_size=4,
        weights=WeightsKind.SYNTHETIC,
    )
    order = {"cache": str(weights.featray_cache()), "cell": cells.to_asked(cell), "calls": CALLS[device]}
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("plain_loop.py"))],
        input=json.dumps(order),
        env=real_detectors.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    seconds = json.loads(done.stdout)
    ratio = statistics.median(seconds["featray"]) / statistics.median(seconds["by_hand"])
    record_property("featray / plain loop", f"{ratio:.4f}, {CALLS[device]} calls each, in turn")
    assert abs(ratio - 1) <= TOLERANCE[device]
