"""Invocation run: one row per cell, whatever goes wrong before the first call."""

import json
import os
from pathlib import Path
from typing import Any

from featray.core import inputs
from featray.core.detectors import Detector
from featray.measurement.channel import Channel
from featray.measurement.invocation_run import InvocationRun
from featray.measurement.request import ChildRequest
from tests.support.builders import make_cell, make_invocation
from tests.support.cuda_driver import FakeCudaDriver

BLACKWELL = "GPU-0a1b2c3d-0000-4000-8000-000000000001"
OTHER = "GPU-0a1b2c3d-0000-4000-8000-000000000002"


def run_on(request: ChildRequest, *uuids: str) -> list[dict[str, Any]]:
    """Run an invocation on a driver with these GPUs; return its events. Each row is accepted at once."""
    (reader, supervisor), (answers, child) = os.pipe(), os.pipe()
    os.write(supervisor, b"next\n" * len(request.invocation.cells))
    assert InvocationRun(request, Channel(reader, child), driver=lambda: FakeCudaDriver(*uuids)).run() == 0
    os.close(supervisor)
    os.close(child)
    with open(answers, encoding="utf-8") as file:  # noqa: PTH123 - a pipe has no path
        return [json.loads(line) for line in file]


def ask(*batch_sizes: int) -> ChildRequest:
    """Ask for cells of a clockwork on the Blackwell."""
    clip = inputs.Input(name="list", kind=inputs.IMAGES, paths=(__file__,), source_frames=1)
    clock = Detector(name="clock", class_name="featray.measurement.clockwork:Clockwork", heading="clock")
    asked = [make_cell(detector=clock, input=clip, batch_size=size) for size in batch_sizes]
    invocation = make_invocation(*asked, gpu_uuid=BLACKWELL, target_id=BLACKWELL)
    return ChildRequest(invocation=invocation, files={}, context={}, ffmpeg=None, cache=Path("/nowhere"))


def test_all_cells_of_one_process_name_it_and_another_process_has_another_name() -> None:
    first, second = (run_on(ask(1, 2), OTHER)[1:3] for _ in range(2))
    names = [{event["row"]["process"] for event in rows} for rows in (first, second)]
    assert [len(name) for name in names] == [1, 1]
    assert names[0] != names[1]


def test_on_another_gpu_every_row_names_both_gpus_and_has_no_number() -> None:
    events = run_on(ask(1, 2), OTHER)
    assert [event["event"] for event in events] == ["loading", "row", "row", "done"]
    for row in (event["row"] for event in events[1:3]):
        assert row["status"] == "wrong_device"
        assert row["reason"] == f"asked for {BLACKWELL}, saw {OTHER} (GPU number 0)"
        assert row["timed_s"] is None
        assert row["gpu_uuid"] is None
