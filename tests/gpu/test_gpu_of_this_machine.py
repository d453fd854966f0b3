"""A real NVIDIA GPU: the one asked for is the one seen, its figures are read, and any other is refused."""

import os
import subprocess
import sys
import time

import pytest

from featray.measurement import nvml
from featray.measurement.nvml import Board

pytestmark = pytest.mark.gpu

CHECK = (
    "import sys; from featray.measurement import device, outcome\n"
    "found = outcome.attempt(lambda: device.check('cuda', sys.argv[1]))\n"
    "print(found['gpu_uuid'] if isinstance(found, dict) else found.status, getattr(found, 'reason', ''))"
)


def check(asked: str, visible: str) -> str:
    env = {**os.environ, "CUDA_VISIBLE_DEVICES": visible}
    done = subprocess.run([sys.executable, "-c", CHECK, asked], env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.usefixtures("board")
def test_the_uuid_asked_for_is_the_uuid_seen() -> None:
    uuids = [board.uuid for board in nvml.list_boards()]
    assert [check(uuid, uuid) for uuid in uuids] == uuids != []


def test_another_uuid_is_refused_by_name(board: Board) -> None:
    uuid = board.uuid
    made_up = "GPU-00000000-1111-4222-8333-444444444444"
    assert check(made_up, uuid).startswith("wrong_device")
    assert uuid in check(made_up, uuid)
    assert check(made_up, made_up).startswith("unsupported")


def test_a_board_gives_its_clock_power_and_energy(board: Board) -> None:
    gpu = nvml.attach(board.uuid)
    assert gpu is not None
    before, start = gpu.energy_j(), time.perf_counter()
    time.sleep(0.5)
    reading, after, seconds = gpu.read(), gpu.energy_j(), time.perf_counter() - start
    assert reading.sm_clock_hz is not None
    assert 1e8 < reading.sm_clock_hz < 5e9
    assert reading.memory_used_b is not None
    assert reading.memory_used_b > 0
    assert reading.power_w is not None
    assert reading.power_w > 1
    if before is None or after is None:
        pytest.skip("this board has no energy counter")  # before Volta
    assert 0.2 < (after - before) / (reading.power_w * seconds) < 5.0
