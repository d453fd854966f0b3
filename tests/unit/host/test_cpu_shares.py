"""Which processors each of several processes keeps to."""

from pathlib import Path

import pytest

from featray.host import cpu_shares


def make_topology(folder: Path, places: list[tuple[int, int]]) -> Path:
    """Write a /sys in which processor n has the n-th package and core."""
    for cpu, (package, core) in enumerate(places):
        topology = folder / f"devices/system/cpu/cpu{cpu}/topology"
        topology.mkdir(parents=True)
        (topology / "physical_package_id").write_text(f"{package}\n")
        (topology / "core_id").write_text(f"{core}\n")
    return folder


def test_two_processors_are_one_for_each_of_two_processes(tmp_path: Path) -> None:
    sysfs = make_topology(tmp_path, [(0, 0), (0, 1)])
    assert cpu_shares.share_out(2, {0, 1}, sysfs) == ((0,), (1,))


def test_threads_of_one_core_stay_together(tmp_path: Path) -> None:
    # Linux often numbers the second threads of all cores after the first ones: cpu 2 is on the core of cpu 0
    sysfs = make_topology(tmp_path, [(0, 0), (0, 1), (0, 0), (0, 1)])
    assert cpu_shares.share_out(2, {0, 1, 2, 3}, sysfs) == ((0, 2), (1, 3))


def test_a_process_has_the_cores_of_one_package(tmp_path: Path) -> None:
    sysfs = make_topology(tmp_path, [(0, 0), (1, 0), (0, 1), (1, 1)])
    assert cpu_shares.share_out(2, {0, 1, 2, 3}, sysfs) == ((0, 2), (1, 3))


def test_every_core_is_used_also_where_they_cannot_be_equal_shares(tmp_path: Path) -> None:
    shares = cpu_shares.share_out(3, range(8), tmp_path)
    assert shares == ((0, 1), (2, 3, 4), (5, 6, 7))


def test_more_processes_than_cores_have_a_thread_each(tmp_path: Path) -> None:
    sysfs = make_topology(tmp_path, [(0, 0), (0, 0)])
    assert cpu_shares.share_out(2, {0, 1}, sysfs) == ((0,), (1,))


@pytest.mark.parametrize("allowed", [set[int](), {0, 1}])
def test_more_processes_than_processors_are_not_pinned(tmp_path: Path, allowed: set[int]) -> None:
    assert cpu_shares.share_out(4, allowed, tmp_path) is None


def test_shares_are_written_as_runs() -> None:
    assert cpu_shares.write([(0, 1, 2, 5), (7,)]) == "0-2,5; 7"
