"""Leases: who may measure on a host at the same time."""

import errno
import itertools
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from featray.core import lockfile
from featray.core.choices import Exclusive
from featray.errors import BackendError
from featray.host import lease
from featray.host.lease import Lease

HOLD = """
import os, sys, time
from featray.host import lease
for state in lease.acquire("box", sys.argv[1], exclusive=sys.argv[2], holder="ann@box"):
    pass
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FEATRAY_LEASES", str(tmp_path / "leases"))
    return tmp_path / "leases"


def try_once(device: str, exclusive: Exclusive) -> str | Lease:
    """Try once; release the lease if it was free."""
    states = lease.acquire("box", device, exclusive=exclusive, holder="bob@box")
    state = next(states)
    if isinstance(state, Lease):
        lease.release(state)
    states.close()  # type: ignore[attr-defined]  # a generator
    return state


def hold(device: str, exclusive: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, device, exclusive], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_a_free_host_is_leased_at_once() -> None:
    assert isinstance(try_once("GPU-1", Exclusive.HOST), Lease)


def test_a_lease_on_a_full_disk_is_held_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", refuse)
    held = acquire("ann@box")
    assert try_once("GPU-2", Exclusive.HOST) == lease.UNKNOWN_HOLDER
    lease.release(held)
    assert isinstance(try_once("GPU-2", Exclusive.HOST), Lease)


def test_who_waits_sees_the_name_of_the_holder() -> None:
    holder = hold("GPU-1", "host")
    try:
        assert try_once("GPU-2", Exclusive.HOST) == f"ann@box (process {holder.pid})"
    finally:
        end(holder)


def acquire(holder: str) -> Lease:
    (held,) = lease.acquire("box", "GPU-1", exclusive=Exclusive.HOST, holder=holder)
    assert isinstance(held, Lease)
    return held


def test_a_holder_that_names_its_process_is_shown_as_it_is() -> None:
    name = f"ann@box, process {os.getpid()}"
    held = acquire(name)
    assert try_once("GPU-2", Exclusive.HOST) == name
    lease.release(held)


def test_who_waits_is_not_told_the_last_holder_while_the_next_one_has_not_signed(folder: Path) -> None:
    lease.release(acquire("ann@box"))
    with (folder / "host-box.lock").open("r+b") as file:
        assert lockfile.try_lock(file.fileno())
        assert try_once("GPU-2", Exclusive.HOST) == lease.UNKNOWN_HOLDER


def test_gpus_of_one_host_run_side_by_side_when_the_sweep_says_so() -> None:
    holder = hold("GPU-1", "gpu")
    try:
        assert isinstance(try_once("GPU-2", Exclusive.GPU), Lease)
        assert isinstance(try_once("GPU-1", Exclusive.GPU), str)
    finally:
        end(holder)


def test_a_quiet_measurement_waits_for_every_gpu_of_the_host() -> None:
    holder = hold("GPU-1", "gpu")
    try:
        assert isinstance(try_once("GPU-2", Exclusive.HOST), str)
    finally:
        end(holder)


def test_a_lease_dies_with_its_holder() -> None:
    end(hold("GPU-1", "host"))
    deadline = time.monotonic() + 5
    while isinstance(try_once("GPU-1", Exclusive.HOST), str):
        assert time.monotonic() < deadline
    assert isinstance(try_once("GPU-1", Exclusive.HOST), Lease)


TURNS = """
import pathlib, sys, time
from featray.host import lease
started = pathlib.Path(sys.argv[2])
(started / sys.argv[1]).touch()
while len(list(started.iterdir())) < 2:
    time.sleep(0.01)
for turn in range(5):
    for state in lease.acquire("box", "GPU-1", exclusive="host", holder=sys.argv[1]):
        held = state
    print(time.monotonic(), sys.argv[1], flush=True)
    time.sleep(0.3)
    lease.release(held)
"""


def test_two_processes_that_lease_again_and_again_take_turns(tmp_path: Path) -> None:
    started = tmp_path / "started"
    started.mkdir()
    people = [
        subprocess.Popen([sys.executable, "-c", TURNS, name, str(started)], stdout=subprocess.PIPE, text=True)
        for name in ("ann", "bob")
    ]
    outputs = [person.communicate(timeout=60)[0] for person in people]
    names = [
        name for _, name in sorted((float(at), name) for at, name in map(str.split, "".join(outputs).splitlines()))
    ]
    both = names[names.index("ann") if names[0] == "bob" else names.index("bob") :]  # from where both have started
    assert len(names) == 10
    assert all(before != after for before, after in itertools.pairwise(both[:5])), names


def test_lock_files_can_be_opened_by_other_users(folder: Path) -> None:
    try_once("GPU-1", Exclusive.HOST)
    assert sorted(file.name for file in folder.iterdir()) == ["gate-box.lock", "host-box.lock"]
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o666}
    assert folder.stat().st_mode & 0o1777 == 0o1777


def test_the_name_that_an_ended_process_left_is_not_shown() -> None:
    end(hold("GPU-1", "host"))
    holder = hold("GPU-1", "gpu")
    try:
        assert try_once("GPU-2", Exclusive.HOST) == f"ann@box (process {holder.pid})"
    finally:
        end(holder)


@pytest.mark.root
def test_a_second_user_may_lease_in_a_sticky_folder(folder: Path) -> None:
    end(hold("GPU-1", "host"))
    for file in folder.iterdir():
        os.chown(file, 1001, 1001)
    folder.chmod(0o1777)
    assert isinstance(try_once("GPU-1", Exclusive.HOST), Lease)


def test_during_a_long_wait_the_holder_is_named_now_and_then_and_not_at_every_try() -> None:
    process = hold("GPU-1", "host")
    states = lease.acquire("box", "GPU-1", exclusive=Exclusive.HOST, holder="bob@box")
    assert "ann@box" in str(next(states))
    ender = threading.Timer(2.0, end, [process])
    ender.start()
    *names, last = states
    ender.join()
    assert isinstance(last, Lease)
    lease.release(last)
    assert len(names) <= 1  # of ten tries: the end of the holder may be seen before its lock is free


def test_a_lock_file_that_is_linked_to_another_file_is_refused_before_anything_is_written(
    folder: Path, tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    precious.write_text("data")
    folder.mkdir()
    lock = folder / "host-box.lock"
    for link in (lock.hardlink_to, lock.symlink_to):
        link(precious)
        with pytest.raises(BackendError, match=r"host-box\.lock: .*link.*FEATRAY_LEASES"):
            try_once("GPU-1", Exclusive.HOST)
        lock.unlink()
    assert precious.read_text() == "data"


@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_of_leases_that_is_a_link_is_refused(folder: Path, tmp_path: Path, exists: bool) -> None:
    if exists:
        (tmp_path / "elsewhere").mkdir(mode=0o700)
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BackendError, match=r"leases: .*symbolic link.*FEATRAY_LEASES"):
        lease.check_folder()
    assert not exists or ((tmp_path / "elsewhere").stat().st_mode & 0o777 == 0o700)


@pytest.mark.parametrize(
    "text",
    [
        f'{{"holder": "\\u001b[2Jann\\n\\u202e{"x" * 3000}", "pid": PID}}',
        '{"holder": "ann", "pid": 1e999}',
        '{"holder": "ann", "pid": 99999999999999999999}',
        '{"holder": "ann", "pid": "PID"}',
        "[" * 4000,
        "\x1b[2J",
    ],
)
def test_a_name_that_another_user_wrote_is_one_short_line_of_plain_text(folder: Path, text: str) -> None:
    holder = hold("GPU-1", "host")
    try:
        (folder / "host-box.lock").write_text(text.replace("PID", str(holder.pid)))
        name = str(try_once("GPU-1", Exclusive.HOST))
    finally:
        end(holder)
    assert name.isprintable()
    assert len(name) < 120
