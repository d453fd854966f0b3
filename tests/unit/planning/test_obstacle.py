"""Obstacles: why a target can never run a cell."""

import dataclasses

import pytest

from featray.core import detectors
from featray.core.cell import Cell
from featray.core.detectors import Detector
from featray.planning import own_classes
from featray.planning.inventory import Gpu, Host, Inventory, join_gpus
from featray.planning.obstacle import Obstacle, ObstacleCause, find_obstacle
from tests.support.plans import BLACKWELL, RTX3090, make_cell, make_host

V2 = make_cell(detector=detectors.CATALOGUE["detectorv2"])
OLD_PYFEAT = {"py-feat": "1.1.0"}
OWN = make_cell(detector=Detector(name="own", class_name="mine:Detector", heading="own"))


def find(cell: Cell, host: Host) -> Obstacle | None:
    """Look at the host's first target of the cell's device."""
    targets = Inventory(hosts=(host,)).targets()
    return find_obstacle(cell, next(target for target in targets if target.device == cell.device))


def test_a_host_that_has_everything_has_no_obstacle() -> None:
    assert find(V2, make_host()) is None
    assert find(make_cell(device="cuda"), make_host("a", BLACKWELL)) is None


def test_pyfeat_that_is_not_installed_is_named_with_its_host() -> None:
    assert find(V2, make_host("a", packages={"torch": "2.11.0"})) == Obstacle(
        cause=ObstacleCause.PYFEAT_NOT_INSTALLED,
        reason="py-feat is not installed on a; install 'featray[measure]' there",
    )


def test_an_old_pyfeat_is_named_with_what_the_detector_needs() -> None:
    assert find(V2, make_host("a", packages=OLD_PYFEAT)) == Obstacle(
        cause=ObstacleCause.PYFEAT_TOO_OLD, reason="py-feat 1.1.0 lacks Detectorv2; it needs 2.0 or newer"
    )


def test_a_gpu_without_kernels_in_torch_is_named() -> None:
    host = make_host("a", BLACKWELL, cuda_architectures=("sm_80", "sm_90"))
    assert find(make_cell(device="cuda"), host) == Obstacle(
        cause=ObstacleCause.TORCH_WITHOUT_KERNELS,
        reason="torch 2.11.0 on a has no kernels for sm_120 (it has sm_80, sm_90)",
    )


@pytest.mark.parametrize(
    ("gpus", "memory_b", "device"),
    [((dataclasses.replace(RTX3090, memory_b=512 * 1024**2),), 64 * 1024**3, "cuda"), ((), 512 * 1024**2, "cpu")],
)
def test_a_device_with_too_little_memory_is_named(gpus: tuple[Gpu, ...], memory_b: int, device: str) -> None:
    assert find(make_cell(device=device), make_host("a", *gpus, memory_b=memory_b)) == Obstacle(
        cause=ObstacleCause.TOO_LITTLE_MEMORY, reason="512.0 MiB of memory; a detector needs 1.0 GiB"
    )


def test_an_environment_of_the_sweep_brings_its_own_packages() -> None:
    bare = make_host("a", BLACKWELL, packages=OLD_PYFEAT, cuda_architectures=("sm_80",))
    assert find(dataclasses.replace(V2, requirements=("py-feat==2.1.5",)), bare) is None
    assert find(make_cell(device="cuda", requirements=("torch==2.11.0",)), bare) is None


def test_a_detector_of_ones_own_needs_no_pyfeat_and_no_memory() -> None:
    assert find(OWN, make_host("a", packages=OLD_PYFEAT, memory_b=1)) is None


def test_what_an_inventory_does_not_know_is_no_obstacle() -> None:
    unknown = make_host("a", BLACKWELL, packages={}, cuda_architectures=(), memory_b=None)
    assert find(V2, unknown) is None
    assert find(make_cell(device="cuda"), unknown) is None


def test_several_processes_need_memory_each() -> None:
    host = make_host("a", memory_b=3 * 1024**3)
    assert find(make_cell(processes=3), host) is None
    assert find(make_cell(processes=4), host) == Obstacle(
        cause=ObstacleCause.TOO_LITTLE_MEMORY, reason="3.0 GiB of memory; 4 processes need at least 4.0 GiB"
    )


def test_processes_on_a_gpu_need_memory_of_the_host_too() -> None:
    host = make_host("a", RTX3090, memory_b=1024**3)
    assert find(make_cell(device="cuda"), host) is None
    assert find(make_cell(device="cuda", processes=16), host) == Obstacle(
        cause=ObstacleCause.TOO_LITTLE_MEMORY,
        reason="1.0 GiB of memory of the host; 16 processes need at least 16.0 GiB",
    )


def test_a_host_without_the_program_of_mps_is_refused_and_an_unknown_one_is_not() -> None:
    shared = make_cell(device="cuda", processes=2, mps_daemon=True)
    assert find(shared, make_host("a", RTX3090, mps_daemon=False)) == Obstacle(
        cause=ObstacleCause.NO_MPS_DAEMON,
        reason="NVIDIA's MPS cannot run on a: nvidia-cuda-mps-control is not there",
    )
    assert find(shared, make_host("a", RTX3090, mps_daemon=True)) is None
    assert find(shared, make_host("a", RTX3090)) is None


def find_of_all(cell: Cell, host: Host) -> Obstacle | None:
    (target,) = join_gpus(Inventory(hosts=(host,)).targets())
    return find_obstacle(cell, target)


def test_what_one_of_all_gpus_cannot_run_none_of_them_runs() -> None:
    whole = make_cell(device="cuda", targets="all")
    assert find_of_all(whole, make_host("a", BLACKWELL, RTX3090)) is None
    without = find_of_all(whole, make_host("a", BLACKWELL, RTX3090, cuda_architectures=("sm_86",)))
    assert without is not None
    assert without.reason == "torch 2.11.0 on a has no kernels for sm_120 (it has sm_86)"


def test_processes_on_all_gpus_need_the_memory_of_their_own_gpu_and_of_the_host() -> None:
    whole = make_cell(device="cuda", targets="all", processes=3)
    small = dataclasses.replace(RTX3090, memory_b=2 * 1024**3)
    found = find_of_all(whole, make_host("a", BLACKWELL, small))
    assert found is not None
    assert found.reason == "2.0 GiB of memory; 3 processes need at least 3.0 GiB"
    found = find_of_all(whole, make_host("a", BLACKWELL, RTX3090, memory_b=4 * 1024**3))
    assert found is not None
    assert found.reason == "4.0 GiB of memory of the host; 6 processes need at least 6.0 GiB"


@pytest.mark.parametrize(
    ("why", "what_to_do"),
    [
        ("mydet has no Detectr", "name a class that the module has"),
        ("there is no /gone, which its requirement names", "correct it in the sweep, or bring it there"),
        ("ModuleNotFoundError: No module named 'mydet'", "name its package in environment after"),
    ],
)
def test_a_class_that_an_environment_lacks_is_named_with_what_to_do(why: str, what_to_do: str) -> None:
    own = dataclasses.replace(detectors.CATALOGUE["retinaface"], class_name="mydet:Detectr")
    cell = make_cell(detector=own, environment="after", requirements=("mydet==2",))
    needed = own_classes.of_cell(cell)
    assert needed is not None
    obstacle = find(cell, make_host(classes={needed.key: why}))
    assert obstacle is not None
    assert obstacle.cause is ObstacleCause.CLASS_NOT_IMPORTED
    assert obstacle.reason == (f"mydet:Detectr cannot be imported in environment after on box ({why}): {what_to_do}")


def test_a_path_that_is_not_there_is_an_obstacle_for_pyfeat_s_classes_too() -> None:
    cell = make_cell(environment="new", requirements=("py-feat @ file:///gone",))
    needed = own_classes.of_cell(cell)
    assert needed is not None
    obstacle = find(cell, make_host(classes={needed.key: "there is no /gone, which its requirement names"}))
    assert obstacle is not None
    assert "in environment new on box (there is no /gone" in obstacle.reason
    assert find(make_cell(environment="new", requirements=("py-feat==2.1",)), make_host()) is None
