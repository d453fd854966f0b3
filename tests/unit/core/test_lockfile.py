"""Lock files: who may open one, what is refused, and that one process waits for another."""

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from featray.core import lockfile

HOLD = """
import sys, time
from pathlib import Path
from featray.core import lockfile
with lockfile.locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_new_lock_file_can_be_opened_by_every_user_whatever_the_umask(tmp_path: Path) -> None:
    umask = os.umask(0o077)
    try:
        os.close(lockfile.open_file(tmp_path / "lock"))
    finally:
        os.umask(umask)
    assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == 0o666


@pytest.mark.parametrize("exists", [True, False])
def test_a_symbolic_link_is_refused_and_its_target_is_untouched(tmp_path: Path, exists: bool) -> None:
    target = tmp_path / "precious"
    if exists:
        target.write_text("data")
    (tmp_path / "lock").symlink_to(target)
    with pytest.raises(OSError, match="symbolic links"):
        lockfile.open_file(tmp_path / "lock")
    assert target.exists() is exists


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "lock")
    with pytest.raises(OSError, match=r"not a regular file; remove it: .*lock"):
        lockfile.open_file(tmp_path / "lock")


def test_a_hard_link_is_refused_and_what_it_links_to_is_untouched(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("data")
    (tmp_path / "lock").hardlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match=r"a hard link to another file; remove it: .*lock"):
        lockfile.open_file(tmp_path / "lock")
    assert (tmp_path / "precious").read_text() == "data"


@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_that_is_a_symbolic_link_is_refused(tmp_path: Path, exists: bool) -> None:
    if exists:
        (tmp_path / "elsewhere").mkdir()
    (tmp_path / "locks").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match=r"a symbolic link, not a folder: .*locks"):
        lockfile.open_folder(tmp_path / "locks")


def test_a_lock_file_is_made_in_the_folder_that_was_opened_even_when_another_takes_its_name(tmp_path: Path) -> None:
    (tmp_path / "locks").mkdir()
    folder = lockfile.open_folder(tmp_path / "locks")
    (tmp_path / "locks").rename(tmp_path / "moved")
    (tmp_path / "locks").mkdir()
    os.close(lockfile.open_file(tmp_path / "locks" / "lock", folder=folder))
    os.close(folder)
    assert (tmp_path / "moved" / "lock").exists()
    assert not (tmp_path / "locks" / "lock").exists()


@pytest.mark.parametrize(
    ("user", "owner", "mode", "fault"),
    [
        (1001, 1001, 0o777, None),  # one's own: `host.lease` makes it sticky
        (1001, 0, 0o1777, None),
        (1001, 0, 0o755, None),
        (1001, 1002, 0o1777, None),  # made by the first user of the machine
        (0, 0, 0o1777, None),
        (0, 1002, 0o1777, "it belongs to user 1002, and root uses only folders of root's"),
        (1001, 0, 0o777, "everybody may replace the files in it"),
        (1001, 1002, 0o775, "everybody may replace the files in it"),
    ],
)
def test_a_shared_folder_is_used_only_where_nobody_can_turn_it_against_its_users(
    user: int, owner: int, mode: int, fault: str | None
) -> None:
    folder = os.stat_result((stat.S_IFDIR | mode, 1, 1, 2, owner, 0, 0, 0, 0, 0))
    assert (lockfile._find_fault(folder, user) or "").startswith(fault or "")
    assert (lockfile._find_fault(folder, user) is None) is (fault is None)


@pytest.mark.root
def test_root_refuses_a_folder_that_another_user_made(tmp_path: Path) -> None:
    (tmp_path / "locks").mkdir()
    os.chown(tmp_path / "locks", 1001, 1001)
    (tmp_path / "locks").chmod(0o1777)
    with pytest.raises(OSError, match="it belongs to user 1001"):
        lockfile.open_folder(tmp_path / "locks")


def test_a_signature_replaces_the_one_before(tmp_path: Path) -> None:
    file = lockfile.open_file(tmp_path / "lock")
    lockfile.sign(file, "a long name")
    lockfile.sign(file, "ann")
    assert lockfile.read_signature(file) == "ann"
    os.close(file)


def test_two_shared_locks_go_together_and_keep_an_exclusive_one_out(tmp_path: Path) -> None:
    first, second, third = (lockfile.open_file(tmp_path / "lock") for _ in range(3))
    assert lockfile.try_lock(first, is_shared=True)
    assert lockfile.try_lock(second, is_shared=True)
    assert not lockfile.try_lock(third)
    lockfile.unlock(first)
    os.close(second)
    assert lockfile.try_lock(third)
    os.close(first)
    os.close(third)


def test_a_lock_is_free_again_when_its_holder_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        file = lockfile.open_file(tmp_path / "lock")
        assert not lockfile.try_lock(file)
        os.close(file)
        killed_at = time.monotonic()
        holder.kill()
    with lockfile.locked(tmp_path / "lock"):
        assert time.monotonic() - killed_at < 10  # of the 60 s that the holder would have kept it
