"""Lock files: one process at a time does something, also where the processes belong to several users.

Flow: `host.lease`, `running.claims` -> `open_file`, `try_lock`; `host.venvs`, `measurement.synthetic` -> `locked`.
A lock is advisory (flock). The kernel drops it when the last process that has the file open ends, however it ends.
Standard library only, since the measuring child takes locks too.
"""

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path


def open_file(path: Path) -> int:
    """Open a lock file for reading and writing; make it where it is missing, for all users to open.

    Linux refuses O_CREAT on another user's file in a sticky folder (fs.protected_regular), even where it exists and
    anybody may write it. So O_CREAT is given only when there is no file.

    Raises:
        OSError: the file can be neither opened nor made, or is a symbolic link or not a regular file.
    """
    while True:
        with contextlib.suppress(FileNotFoundError):
            # Holders write their name into the file: through a link they would overwrite a file of their own.
            return _checked(os.open(path, os.O_RDWR | os.O_NOFOLLOW), path)
        with contextlib.suppress(FileExistsError):  # another process made it first
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
            with contextlib.suppress(PermissionError):  # a file system without modes locks nobody out
                os.fchmod(file, 0o666)  # whatever the umask is
            return file


def _checked(file: int, path: Path) -> int:
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(errno.EINVAL, "not a regular file; remove it", str(path))
    return file


def try_lock(file: int, *, is_shared: bool = False) -> bool:
    """Lock an open file without waiting; return False when another process has it locked."""
    kind = fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unlock(file: int) -> None:
    """Give up the lock of a file that stays open."""
    fcntl.flock(file, fcntl.LOCK_UN)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file alone; first wait for as long as another process holds it."""
    file = open_file(path)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)
