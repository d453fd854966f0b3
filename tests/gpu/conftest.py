"""The device of the GPU tests: the first NVIDIA GPU, or the CPU in a rehearsal (`FEATRAY_GPU_REHEARSAL=1`)."""

import pytest

from featray.core.choices import Device
from featray.measurement import nvml
from featray.measurement.nvml import Board


@pytest.fixture(scope="session")
def device() -> Device:
    return Device.CUDA if nvml.list_boards() else Device.CPU


@pytest.fixture(scope="session")
def board() -> Board:
    boards = nvml.list_boards()
    if not boards:
        pytest.skip("a rehearsal: no NVIDIA GPU on this machine")
    return boards[0]
