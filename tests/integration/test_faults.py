"""Whatever dies, the rest goes on: real children that fail on purpose, full disks, killed drivers. No Ray in here."""

import contextlib
import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from featray import store
from featray.core.inputs import CATALOGUE
from featray.errors import StoreError
from featray.host import child_run, input_files, probe, spool
from featray.measurement import weights
from featray.planning.inventory import Inventory
from featray.running.progress import Progress
from tests.support.command import list_children
from tests.support.failing_sweeps import ThisMachine, final_rows, list_attempts, run_sweep, wait_until, write_sweep

ROOT = Path(__file__).parents[2]
DRIVER = Path(__file__).with_name("fault_driver.py")


@pytest.fixture(scope="module")
def here() -> Inventory:
    return Inventory(hosts=(probe.this_host(),))


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("sigkill", "the child died (SIGKILL)"),
        ("sigsegv", "the child died (SIGSEGV)"),
        ("exit", "the child died (exit code 3)"),
        ("garbage", "the child's protocol channel is garbled, not JSON"),
        ("forged_row", "the child's protocol channel is garbled, not what was asked for: column run_id is missing"),
        ("half_line", "the child's protocol channel is garbled, not JSON"),
    ],
)
def test_a_child_that_dies_costs_its_cell_three_tries_and_nothing_else(
    tmp_path: Path, here: Inventory, fault: str, reason: str
) -> None:
    run_sweep(write_sweep(tmp_path, f"fault: {fault}, at_batch: 4"), tmp_path / "r", ThisMachine(here))
    assert list_attempts(tmp_path / "r") == [
        (1, 1, "ok"),
        *((4, attempt, "crashed") for attempt in (1, 2, 3)),
        (8, 1, "ok"),
    ]
    assert str(final_rows(tmp_path / "r")[4, 1].reason).startswith(reason)
    assert (
        run_sweep(write_sweep(tmp_path, f"fault: {fault}, at_batch: 4"), tmp_path / "r", ThisMachine(here)).stored == 0
    )


def test_the_stderr_of_a_dead_child_is_kept(tmp_path: Path, here: Inventory) -> None:
    run_sweep(write_sweep(tmp_path, "fault: sigsegv", sizes=[4]), tmp_path / "r", ThisMachine(here))
    assert "Segmentation fault" in str(final_rows(tmp_path / "r")[4, 1].stderr_tail)


def test_bad_luck_is_tried_again_and_the_last_attempt_counts(tmp_path: Path, here: Inventory) -> None:
    sweep = write_sweep(tmp_path, f"fault: sigkill, at_batch: 4, once: {tmp_path / 'done'}")
    run_sweep(sweep, tmp_path / "r", ThisMachine(here))
    assert list_attempts(tmp_path / "r") == [(1, 1, "ok"), (4, 1, "crashed"), (4, 2, "ok"), (8, 1, "ok")]
    assert {row.status for row in final_rows(tmp_path / "r").values()} == {"ok"}


def test_a_child_that_hangs_and_holds_the_interpreter_is_ended_at_its_limit(tmp_path: Path, here: Inventory) -> None:
    sweep = write_sweep(tmp_path, "fault: hang, at_batch: 4", rules="time_limit_s: 2")
    begun = time.monotonic()
    run_sweep(sweep, tmp_path / "r", ThisMachine(here))
    assert time.monotonic() - begun < 60  # it would hang for ever
    assert list_attempts(tmp_path / "r") == [(1, 1, "ok"), (4, 1, "timeout"), (8, 1, "ok")]
    assert final_rows(tmp_path / "r")[4, 1].reason == "took longer than its limit of 2.0 s"


def test_larger_batches_are_skipped_once_memory_ran_out(tmp_path: Path, here: Inventory) -> None:
    run_sweep(
        write_sweep(tmp_path, "fault: memory, at_batch: 4", sizes=range(3, 15), n=2), tmp_path / "r", ThisMachine(here)
    )
    final = final_rows(tmp_path / "r")
    skipped, ended = ("skipped", "batch 4 already ran out of memory"), final[4, 1]
    for invocation in (1, 2):
        assert (final[4, invocation].status, final[4, invocation].reason) == ("oom", "MemoryError")
        assert final[3, invocation].status == "ok"
    for size in range(5, 15):
        row = final[size, 1]
        came_later = (row.order_index or 0) > (ended.order_index or 0)
        assert (row.status, row.reason) == (skipped if came_later else ("ok", None))
        assert (final[size, 2].status, final[size, 2].reason) == skipped  # known from the first invocation


@pytest.mark.parametrize(("fault", "status"), [("error", "failed"), ("no_face", "wrong_work")])
def test_a_python_failure_is_final_at_the_first_try(tmp_path: Path, here: Inventory, fault: str, status: str) -> None:
    run_sweep(write_sweep(tmp_path, f"fault: {fault}, at_batch: 4"), tmp_path / "r", ThisMachine(here))
    assert list_attempts(tmp_path / "r") == [(1, 1, "ok"), (4, 1, status), (8, 1, "ok")]


def test_a_detector_that_cannot_be_made_is_the_failure_of_all_its_cells(tmp_path: Path, here: Inventory) -> None:
    run_sweep(write_sweep(tmp_path, "fault: load"), tmp_path / "r", ThisMachine(here))
    assert {row.reason for row in final_rows(tmp_path / "r").values()} == {
        "RuntimeError: failed on purpose while loading"
    }


def drive(sweep: Path, results: Path, how: str, *wrapper: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*wrapper, sys.executable, str(DRIVER), str(sweep), str(results), how],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_the_row_of_a_driver_that_was_killed_is_collected_by_the_next(tmp_path: Path, here: Inventory) -> None:
    sweep, results = write_sweep(tmp_path, sizes=[1, 4]), tmp_path / "r"
    with drive(sweep, results, "dies-before-it-stores") as driver:
        driver.communicate(timeout=60)
    assert driver.returncode == -signal.SIGKILL
    wait_until(lambda: not list_children(), 5)
    assert store.read(str(results)).rows == ()
    place = spool.folder(weights.featray_cache(), str(store.spool_name(results)))
    (spooled,) = spool.pending(place)
    outcome = run_sweep(sweep, results, ThisMachine(here))
    assert outcome.stored == 1
    assert list_attempts(results) == [(1, 1, "ok"), (4, 1, "ok")]
    assert spooled in store.read(str(results)).rows
    assert spool.pending(place) == []


def test_a_cell_that_takes_the_driver_down_is_begun_last_by_the_next(tmp_path: Path, here: Inventory) -> None:
    sweep, results = write_sweep(tmp_path, sizes=[1, 4, 8, 16]), tmp_path / "r"
    sizes = []
    for _ in range(2):
        with drive(sweep, results, "dies-at-a-cell") as driver:
            driver.communicate(timeout=60)
        assert driver.returncode == -signal.SIGKILL
        wait_until(lambda: not list_children(), 5)
        sizes.append({size for size, _, _ in list_attempts(results)})
    assert sizes[0] < sizes[1] == {1, 8, 16}
    place = spool.folder(weights.featray_cache(), str(store.spool_name(results)))
    assert len(spool.begun(place)) == 2
    assert run_sweep(sweep, results, ThisMachine(here)).stored == 1
    assert list_attempts(results) == [(1, 1, "ok"), (4, 1, "ok"), (8, 1, "ok"), (16, 1, "ok")]
    assert run_sweep(sweep, results, ThisMachine(here)).stored == 0


def test_a_child_is_gone_within_5_s_of_its_supervisors_parent(tmp_path: Path) -> None:
    sweep = write_sweep(tmp_path, "seconds: 60", sizes=[1])
    with drive(sweep, tmp_path / "r", "as-an-orphan") as parent:
        assert parent.stdout is not None
        supervisor = int(parent.stdout.readline())
        wait_until(list_children, 30)
        parent.kill()
        wait_until(lambda: not list_children() and not Path(f"/proc/{supervisor}").exists(), 5)


@pytest.fixture
def small_memory(tmp_path: Path) -> Iterator[Path]:
    """A control group of 600 MB: more than this project needs, less than the hog does."""
    first, second = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")
    version_1 = first.is_dir()
    group = (first if version_1 else second) / f"featray-{tmp_path.name}"
    group.mkdir()
    (group / ("memory.limit_in_bytes" if version_1 else "memory.max")).write_text("600M")
    yield group
    wait_until(lambda: not (group / "cgroup.procs").read_text(), 10)
    group.rmdir()


@pytest.mark.root
def test_a_kill_by_the_memory_limit_of_the_control_group_is_out_of_memory(tmp_path: Path, small_memory: Path) -> None:
    sweep = write_sweep(tmp_path, "fault: hog, at_batch: 4", sizes=[1, 4])
    enter = ("sh", "-c", f'echo $$ > {small_memory}/cgroup.procs && exec "$@"', "sh")
    with drive(sweep, tmp_path / "r", "to-its-end", *enter) as driver:
        driver.communicate(timeout=60)
    assert driver.returncode == 0
    assert list_attempts(tmp_path / "r") == [(1, 1, "ok"), (4, 1, "oom")]
    assert final_rows(tmp_path / "r")[4, 1].reason == "killed by the memory limit of its cgroup (SIGKILL)"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)], check=True)
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill(disk: Path) -> Path:
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        file.write(bytes(shutil.disk_usage(disk).free))
    return ballast


@pytest.mark.root
def test_a_disk_that_fills_up_ends_the_run_clearly_and_the_next_goes_on(
    tmp_path: Path, here: Inventory, small_disk: Path
) -> None:
    sweep = write_sweep(tmp_path)
    ballast: list[Path] = []

    def watch(progress: Progress) -> None:
        if progress.done == 1 and not ballast:
            ballast.append(fill(small_disk))

    full = r"cannot write .*: No space left on device; free some space"
    with contextlib.closing(ThisMachine(here)) as backend, pytest.raises(StoreError, match=full):
        run_sweep(sweep, small_disk, backend, watch)
    assert len(list_attempts(small_disk)) == 1
    ballast[0].unlink()
    assert (
        run_sweep(sweep, small_disk, ThisMachine(here)).stored < 2
    )  # of the two left, one or both waited in the spool
    assert {row.status for row in final_rows(small_disk).values()} == {"ok"}
    assert len(final_rows(small_disk)) == 3


@pytest.mark.root
def test_a_store_made_read_only_ends_the_run_clearly(tmp_path: Path, here: Inventory, small_disk: Path) -> None:
    sweep, rows = write_sweep(tmp_path), small_disk / "rows"

    def watch(progress: Progress) -> None:
        if progress.done == 1 and progress.event is not None and progress.event.row is not None:
            subprocess.run(["mount", "--bind", str(rows), str(rows)], check=True)
            subprocess.run(["mount", "-o", "remount,bind,ro", str(rows)], check=True)

    sealed = r"cannot write .*: Read-only file system"
    with contextlib.closing(ThisMachine(here)) as backend, pytest.raises(StoreError, match=sealed):
        run_sweep(sweep, small_disk, backend, watch)
    assert len(store.read(str(small_disk)).rows) == 1
    subprocess.run(["umount", str(rows)], check=True)
    assert run_sweep(sweep, small_disk, ThisMachine(here)).stored < 2  # likewise
    assert len(final_rows(small_disk)) == 3


@pytest.mark.root
def test_a_full_spool_is_a_warning_and_costs_no_row(
    tmp_path: Path, here: Inventory, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEATRAY_CACHE", str(small_disk))
    fill(small_disk)
    texts: list[str] = []
    run_sweep(
        write_sweep(tmp_path), tmp_path / "r", ThisMachine(here), lambda progress: texts.append(str(progress.text))
    )
    assert {row.status for row in final_rows(tmp_path / "r").values()} == {"ok"}
    assert any("No space left on device" in text for text in texts)


def test_an_interpreter_of_another_architecture_costs_its_cells_and_no_more_tries(
    tmp_path: Path, here: Inventory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(*_: object, **__: object) -> None:
        raise OSError(errno.ENOEXEC, "Exec format error")

    monkeypatch.setattr(child_run, "Child", cannot)
    run_sweep(write_sweep(tmp_path), tmp_path / "r", ThisMachine(here))
    rows = final_rows(tmp_path / "r").values()
    assert {(row.status, row.attempt) for row in rows} == {("unsupported", 1)}
    assert all("Exec format error" in str(row.reason) for row in rows)


def test_a_clip_that_went_away_costs_its_own_cells_only(tmp_path: Path, here: Inventory) -> None:
    clip = Path(shutil.copy(input_files.find_packaged(str(CATALOGUE["short"].packaged)), tmp_path / "gone.mp4"))
    sweep = write_sweep(tmp_path, sizes=[4])
    sweep.write_text(sweep.read_text().replace("[short]", "[gone.mp4, short]"))

    class Absent(ThisMachine):
        def inventory(self) -> Inventory:
            clip.unlink()
            return super().inventory()

    run_sweep(sweep, tmp_path / "r", Absent(here))
    ends = {row.input: (row.status, row.reason) for row in store.read(str(tmp_path / "r")).rows}
    assert ends["short"] == ("ok", None)
    assert ends["gone"][0] == "unsupported"
    assert "gone.mp4 is not on this host; copy it there" in str(ends["gone"][1])
