"""A trace of the GPU's telemetry: idle, then busy with matrix products, then idle; kept for unit tests."""

import dataclasses
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from featray.measurement import nvml
from featray.measurement.nvml import Board

pytestmark = pytest.mark.gpu

LOAD = """
import time, torch
a = torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16)
end = time.monotonic() + 4
while time.monotonic() < end:
    for _ in range(20):
        a @ a
    torch.cuda.synchronize()
"""
PERIOD_S = 0.02  # finer than featray reads, to see how often the driver's own figures change
LIMIT_S = 40.0


def test_a_busy_gpu_changes_its_figures_about_ten_times_a_second(
    tmp_path: Path, board: Board, record_property: Callable[[str, object], None]
) -> None:
    gpu = nvml.attach(board.uuid)
    assert gpu is not None
    readings = []
    begun = time.monotonic()
    with subprocess.Popen([sys.executable, "-c", LOAD]) as load:
        while load.poll() is None and time.monotonic() < begun + LIMIT_S:
            readings.append((time.monotonic() - begun, gpu.read()))
            time.sleep(PERIOD_S)
        assert load.returncode == 0
    trace = {
        "card": board.name,
        "driver": board.driver,
        "settings": dict(gpu.read_settings()),
        "readings": [{"at_s": round(at_s, 3), **dataclasses.asdict(reading)} for at_s, reading in readings],
    }
    folder = Path(os.environ.get("FEATRAY_ACCEPTANCE_OUT") or tmp_path)
    (folder / "telemetry.json").write_text(json.dumps(trace, indent=1), encoding="utf-8")
    busy = [(at_s, reading) for at_s, reading in readings if (reading.utilization or 0) > 0.5]
    assert len(busy) >= 20
    changes = sum(before[1].power_w != after[1].power_w for before, after in itertools.pairwise(busy))
    span_s = busy[-1][0] - busy[0][0]
    record_property("power changes", f"{changes / span_s:.1f} per second, over {span_s:.1f} s of load")
    assert changes / span_s >= 3
