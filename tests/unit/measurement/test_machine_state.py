"""Machine state: what recorded trees of /proc and /sys say about a host."""

import time
from pathlib import Path

import pytest

from featray.core import row
from featray.measurement import machine_state
from featray.measurement.machine_state import CpuTimes
from tests.support.recorded_trees import write_tree

CPU = "devices/system/cpu"

WORKSTATION_PROC = {
    "sys/kernel/random/boot_id": "d4122285-c4cd-4af9-86c3-6bc39e6c6864\n",
    "self/cgroup": "0::/user.slice/job\n",
    "meminfo": "MemTotal:  65536 kB\nSwapTotal:    2048 kB\nSwapFree:     1536 kB\n",
}
WORKSTATION_SYS = {
    f"{CPU}/cpu0/cpufreq/scaling_governor": "powersave\n",
    f"{CPU}/cpu1/cpufreq/scaling_governor": "powersave\n",
    f"{CPU}/intel_pstate/no_turbo": "0\n",
    f"{CPU}/smt/active": "1\n",
    "devices/system/node/node0/cpulist": "0-23\n",
    "devices/system/node/node1/cpulist": "24-47\n",
    "kernel/mm/transparent_hugepage/enabled": "always [madvise] never\n",
    "fs/cgroup/user.slice/job/cpu.max": "max 100000\n",
    "fs/cgroup/user.slice/cpu.max": "600000 100000\n",
}


def test_a_workstation_says_everything(tmp_path: Path) -> None:
    proc = write_tree(tmp_path / "proc", WORKSTATION_PROC)
    sysfs = write_tree(tmp_path / "sys", WORKSTATION_SYS)
    assert machine_state.columns(proc=proc, sysfs=sysfs, affinity=8) == {
        "boot_id": "d4122285-c4cd-4af9-86c3-6bc39e6c6864",
        "cpu_governor": "powersave",
        "cpu_turbo": True,
        "cpu_smt": True,
        "cpu_affinity": 8,
        "cpu_quota": 6.0,
        "numa_nodes": 2,
        "transparent_hugepages": "madvise",
    }


def test_a_host_that_says_nothing_has_nulls(tmp_path: Path) -> None:
    columns = machine_state.columns(proc=tmp_path / "proc", sysfs=tmp_path / "sys", affinity=None)
    columns |= {"swap_used_b": machine_state.read_swap_used_b(tmp_path / "proc", by_psutil=lambda: None)}
    assert set(columns.values()) == {None}
    assert set(columns) <= {column.name for column in row.columns()}


def test_this_machine_can_be_read() -> None:
    columns = machine_state.columns()
    assert set(columns) <= {column.name for column in row.columns()}
    row.from_mapping({"sweep": "s", "run_id": "r", **REQUIRED, **columns})  # each value has its column's type


REQUIRED = {
    **dict.fromkeys(("cell_id", "target_id", "detector", "input", "section_label"), "x"),
    "status": "skipped",
    "started_at": "2026-05-14T23:15:32.000+00:00",
    "section_kind": "video",
    "device": "cpu",
    **dict.fromkeys(("invocation", "batch_size", "num_workers"), 1),
}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"intel_pstate/no_turbo": "1\n"}, False),
        ({"intel_pstate/no_turbo": "0\n"}, True),
        ({"cpufreq/boost": "1\n"}, True),  # acpi-cpufreq
        ({"cpufreq/boost": "0\n"}, False),
        ({"cpufreq/policy0/boost": "1\n", "cpufreq/policy1/boost": "1\n"}, True),  # amd-pstate
        ({"cpufreq/policy0/boost": "1\n", "cpufreq/policy1/boost": "0\n"}, None),  # on some processors only
        ({}, None),
    ],
)
def test_turbo_is_read_as_each_driver_writes_it(tmp_path: Path, files: dict[str, str], expected: bool | None) -> None:
    sysfs = write_tree(tmp_path, {f"{CPU}/{name}": text for name, text in files.items()})
    assert machine_state.read_turbo(sysfs) is expected


def test_unlike_governors_are_all_named(tmp_path: Path) -> None:
    governors = {0: "powersave", 1: "performance", 10: "powersave"}
    files = {f"{CPU}/cpu{number}/cpufreq/scaling_governor": f"{name}\n" for number, name in governors.items()}
    assert machine_state.read_governor(write_tree(tmp_path, files)) == "performance, powersave"


@pytest.mark.parametrize(
    ("membership", "files", "expected"),
    [
        ("0::/job\n", {"job/cpu.max": "150000 100000\n"}, 1.5),
        ("0::/job\n", {"job/cpu.max": "max 100000\n"}, None),
        ("0::/a/b\n", {"a/b/cpu.max": "400000 100000\n", "a/cpu.max": "200000 100000\n"}, 2.0),  # the tighter one
        ("0::/\n", {"cpu.max": "250000 100000\n"}, 2.5),  # a container that sees its group as the root
        ("0::/docker/abc\n", {"cpu.max": "50000 100000\n"}, 0.5),  # as above, under the host's name
        (
            "3:cpu,cpuacct:/job\n",
            {"cpu/job/cpu.cfs_quota_us": "300000\n", "cpu/job/cpu.cfs_period_us": "100000\n"},
            3.0,
        ),
        ("3:cpu:/job\n", {"cpu/job/cpu.cfs_quota_us": "-1\n", "cpu/job/cpu.cfs_period_us": "100000\n"}, None),
        ("0::/job\n", {"job/cpu.max": "garbage\n"}, None),
        ("0::/job\n", {"job/cpu.max": "100000 0\n"}, None),
        ("", {}, None),
    ],
)
def test_the_quota_is_in_cores(tmp_path: Path, membership: str, files: dict[str, str], expected: float | None) -> None:
    proc = write_tree(tmp_path / "proc", {"self/cgroup": membership})
    sysfs = write_tree(tmp_path / "sys", {f"fs/cgroup/{name}": text for name, text in files.items()})
    assert machine_state.read_quota(proc, sysfs) == expected


def test_swap_in_use_is_what_is_not_free(tmp_path: Path) -> None:
    assert machine_state.read_swap_used_b(write_tree(tmp_path, WORKSTATION_PROC)) == 512 * 1024


def test_without_proc_psutil_gives_the_swap_in_use(tmp_path: Path) -> None:
    assert machine_state.read_swap_used_b(tmp_path, by_psutil=lambda: 4096) == 4096


def test_processor_time_is_in_seconds_with_steal_by_itself(tmp_path: Path) -> None:
    # user nice system idle iowait irq softirq steal guest guest_nice; guests are part of user and nice
    proc = write_tree(tmp_path, {"stat": "cpu  100 20 30 400 50 6 4 90 70 10\ncpu0 0 0 0 0\n"})
    assert machine_state.read_cpu_times(proc, ticks_per_s=100) == CpuTimes(busy_s=2.5, total_s=7.0, steal_s=0.9)


@pytest.mark.parametrize("text", ["", "cpu  1 2\n", "intr 5\n", "cpu  a b c d e f g h\n"])
def test_processor_time_in_another_form_is_unknown(tmp_path: Path, text: str) -> None:
    assert machine_state.read_cpu_times(write_tree(tmp_path, {"stat": text}), by_psutil=lambda: None) is None


def test_without_proc_psutil_gives_the_processor_time(tmp_path: Path) -> None:
    times = CpuTimes(busy_s=1.0, total_s=2.0, steal_s=None)
    assert machine_state.read_cpu_times(tmp_path, by_psutil=lambda: times) == times


def test_processor_time_grows_by_differences() -> None:
    before = CpuTimes(busy_s=1.0, total_s=4.0, steal_s=0.5)
    after = CpuTimes(busy_s=3.0, total_s=8.0, steal_s=0.75)
    assert after - before == CpuTimes(busy_s=2.0, total_s=4.0, steal_s=0.25)
    assert (after - CpuTimes(busy_s=0.0, total_s=0.0, steal_s=None)).steal_s is None


def test_processor_time_grows_with_work_and_busy_time_is_part_of_it() -> None:
    before = machine_state.read_cpu_times()
    worked_until = time.process_time() + 0.2
    while time.process_time() < worked_until:
        pass
    after = machine_state.read_cpu_times()
    assert before is not None
    assert after is not None
    passed = after - before
    assert 0.1 < passed.busy_s <= passed.total_s + 1e-6  # sums of hundredths of a second are rounded


def test_the_load_of_this_machine_can_be_read() -> None:
    load = machine_state.read_load_1m()
    assert load is not None
    assert load >= 0
