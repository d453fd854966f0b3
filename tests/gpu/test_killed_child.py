"""A measuring process that is killed in the middle of a call gives the GPU's memory back."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from featray.core.choices import Device
from featray.measurement import nvml
from tests.support.command import list_children, start
from tests.support.failing_sweeps import wait_until

pytestmark = [pytest.mark.gpu, pytest.mark.timeout(300)]

SWEEP = """
detectors: [detectorv2]
inputs: {{like: short, skip_frames: 18}}
axes: {{device: {device}, batch_size: 4}}
weights: synthetic
measure: {{warmup: 1, repeats: 500, stages: false, invocations: 1}}
"""

HELD_B = 300 * 2**20  # a loaded detector holds more; CUDA alone took 0.5 GB on cards of this size
LEFT_B = 64 * 2**20  # what may differ between two readings of an idle GPU


def used_b() -> int | None:
    boards = nvml.list_boards()
    gpu = nvml.attach(boards[0].uuid) if boards else None
    return gpu.read().memory_used_b if gpu is not None else None


def test_a_killed_child_leaves_no_memory_behind(
    tmp_path: Path, device: Device, record_property: Callable[[str, object], None]
) -> None:
    sweep = tmp_path / "kill.yaml"
    sweep.write_text(SWEEP.format(device=device.value), encoding="utf-8")
    before = used_b()
    with start("submit", sweep, "--results", tmp_path / "r", "--backend", "inline") as driver:
        assert driver.stderr is not None
        wait_until(lambda: list_children() and (before is None or (used_b() or 0) > before + HELD_B), 200)
        (child,) = list_children()
        held = used_b()
        os.kill(child, signal.SIGKILL)
        wait_until(lambda: child not in list_children(), 5)
        driver.send_signal(signal.SIGINT)
        _, err = driver.communicate(timeout=60)
        assert driver.returncode == 130, err
    wait_until(lambda: not list_children(), 5)
    if before is None or held is None:
        record_property("killed child", "its process is gone; memory of a GPU was not looked at")
        return
    wait_until(lambda: (used_b() or 0) <= before + LEFT_B, 10)
    record_property(
        "killed child", f"held {(held - before) / 2**30:.2f} GiB, left {((used_b() or 0) - before) / 2**20:.0f} MiB"
    )
