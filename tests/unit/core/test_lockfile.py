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
