"""The checkup of a machine."""

import dataclasses
from typing import Any

import pytest

from featray.planning import checkup
from featray.planning.checkup import CheckedPart, MachineFacts
from featray.planning.inventory import Gpu, Host

GIB = 1024**3
HOST = Host(
    host_id="id-box",
    hostname="box",
    python="3.12.3",
    packages={"torch": "2.15.0", "torchcodec": "0.17.0", "py-feat": "2.1.5", "ray": "2.60.0", "uv": "0.13.9"},
    cuda="13.2",
    cuda_architectures=("sm_80", "sm_90", "sm_120"),
    ffmpeg="8.0 (pyav)",
    weights_cached=("a/b",) * 15,
    disk_free_b=100 * GIB,
    gpus=(Gpu(uuid="GPU-1", name="RTX PRO 6000", driver="590.1", compute_capability="12.0", foreign_processes=0),),
)
FACTS = MachineFacts(
    cuda_of_driver="13.2",
    weights_wanted=15,
    shared_memory_b=64 * GIB,
    open_files=65536,
    open_files_max=65536,
    taken_ports=(),
)
OLD_GPU = dataclasses.replace(HOST.gpus[0], compute_capability="6.1")
BUSY_GPU = dataclasses.replace(HOST.gpus[0], foreign_processes=2)


def check(part: str, *, host: dict[str, Any] | None = None, facts: dict[str, Any] | None = None) -> CheckedPart:
    checked = checkup.check(dataclasses.replace(HOST, **host or {}), dataclasses.replace(FACTS, **facts or {}))
    return next(found for found in checked if found.part == part)


def test_a_ready_machine_is_ok_in_every_part() -> None:
    checked = checkup.check(HOST, FACTS)
    assert [part.part for part in checked] == [
        *("Python", "torch", "torchcodec", "py-feat", "ray", "FFmpeg", "uv", "GPU", "weights", "disk"),
        *("shared memory", "open files", "ports"),
    ]
    assert {part.state for part in checked} == {"ok"}


@pytest.mark.parametrize(
    ("part", "host", "facts", "state", "found", "remedy"),
    [
        ("Python", {"python": "3.10.4"}, {}, "fault", "3.10.4", "uv python install"),
        ("Python", {"python": "3.15.0"}, {}, "note", "newer than what was tried", "3.13"),
        ("ray", {"packages": {}}, {}, "fault", "not installed", "pip install 'featray[measure]'"),
        ("uv", {"packages": {}}, {}, "note", "not installed", "`environments`"),
        ("FFmpeg", {"ffmpeg": None}, {}, "fault", "no FFmpeg that torchcodec can load", "pip install av"),
        ("FFmpeg", {"ffmpeg": None, "ffmpeg_lack": "new", "ffmpeg_remedy": "av<19"}, {}, "fault", "new", "av<19"),
        ("FFmpeg", {"ffmpeg": None, "packages": {}}, {}, "note", "no torchcodec is there", "install torchcodec"),
        ("GPU", {"gpus": ()}, {}, "note", "no NVIDIA GPU is seen", "nvidia-smi"),
        ("GPU", {"cuda": None}, {}, "fault", "built without CUDA", "--torch-backend=auto"),
        ("GPU", {}, {"cuda_of_driver": "12.8"}, "fault", "up to 12.8, but torch is built for", "update the driver"),
        ("GPU", {"gpus": (OLD_GPU,)}, {}, "fault", "has no kernels for sm_61", "--torch-backend=auto"),
        ("GPU", {"gpus": (BUSY_GPU,)}, {}, "note", "used by 2 other processes", "nvidia-smi"),
        ("weights", {"weights_cached": ()}, {}, "note", "0 of 15", "featray fetch SWEEP"),
        ("disk", {"disk_free_b": GIB}, {}, "fault", "1.0 GiB free", "FEATRAY_CACHE"),
        ("shared memory", {}, {"shared_memory_b": 64 * 1024**2}, "note", "64.0 MiB", "--shm-size"),
        ("open files", {}, {"open_files": 1024, "open_files_max": 8192}, "note", "1024 per process", "ulimit -n 8192"),
        ("Ray", {}, {"missing_for_ray": [("/dev/shm is full", "make room")]}, "fault", "/dev/shm is full", "make room"),
        ("ports", {}, {"taken_ports": (8265,)}, "note", "8265 (the dashboard)", "--dashboard-port"),
    ],
)  # fmt: skip
def test_what_is_not_ready_says_what_to_do(
    part: str, host: dict[str, Any], facts: dict[str, Any], state: str, found: str, remedy: str
) -> None:
    checked = check(part, host=host, facts=facts)
    assert checked.state == state
    assert found in checked.found
    assert remedy in (checked.remedy or "")


def test_a_driver_runs_every_cuda_of_its_own_major_version() -> None:
    assert check("GPU", facts={"cuda_of_driver": "13.0"}).state == "ok"


def test_a_machine_that_cannot_be_probed_is_one_fault() -> None:
    (part,) = checkup.check(Host(host_id="x", hostname="x", error="its probe did not answer"), FACTS)
    assert (part.state, part.found) == ("fault", "its probe did not answer")
