"""Lock files: one process at a time does something, also where the processes belong to several users.

Flow: `host.lease`, `running.claims` -> `open_file`, `try_lock`, `sign`; `host.venvs`, `measurement.synthetic` ->
`locked`.
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

ROOT = 0  # user id
FULL = (errno.ENOSPC, errno.EDQUOT)  # numbers of the errors of a disk or a quota that is used up
SIGNATURE_MAX_B = 4096  # bytes of a holder's name that are read


def open_folder(path: Path) -> int:
    """Open a folder of lock files that several users share; the caller closes it.

    Whoever owns the folder can replace its files. So root uses only folders of root's; other users, who must share one,
    use each other's as well, since `open_file` refuses what could make them overwrite a file of their own.

    Raises:
        OSError: the folder cannot be opened, is a symbolic link, belongs to a user that root must not trust, or lets
            others replace files that are not theirs; the message says which.
    """
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as wrong:
        if path.is_symlink():
            raise OSError(errno.ELOOP, "a symbolic link, not a folder", str(path)) from wrong
        raise
    if (fault := _find_fault(os.fstat(folder), os.geteuid())) is not None:
        os.close(folder)
        raise OSError(errno.EPERM, fault, str(path))
    return folder


def _find_fault(folder: os.stat_result, user: int) -> str | None:
    """Say why this user must not use a shared folder; None where it is safe."""
    if folder.st_uid == user:
        return None
    if user == ROOT and folder.st_uid != ROOT:
        return f"it belongs to user {folder.st_uid}, and root uses only folders of root's"
    if folder.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not folder.st_mode & stat.S_ISVTX:
        return "everybody may replace the files in it; its owner can mend that with `chmod 1777`"
    return None


def open_file(path: Path, *, folder: int | None = None) -> int:
    """Open a lock file for reading and writing; make it where it is missing, for all users to open.

    Linux refuses O_CREAT on another user's file in a sticky folder (fs.protected_regular), even where it exists and
    anybody may write it. So O_CREAT is given only when there is no file.

    Args:
        path: The file.
        folder: Its folder as `open_folder` opened it, which nobody can exchange for another.

    Raises:
        OSError: the file can be neither opened nor made, is a link or not a regular file.
    """
    name = path if folder is None else path.name
    while True:
        with contextlib.suppress(FileNotFoundError):
            # Holders write their name into the file: through a link they would overwrite a file of their own.
            return _checked(os.open(name, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder), path)
        with contextlib.suppress(FileExistsError):  # another process made it first
            file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666, dir_fd=folder)
            with contextlib.suppress(PermissionError):  # a file system without modes locks nobody out
                os.fchmod(file, 0o666)  # whatever the umask is
            return file


def _checked(file: int, path: Path) -> int:
    """Give back a file that may be locked and signed; close any other before anything is written to it."""
    status = os.fstat(file)
    fault = None
    if not stat.S_ISREG(status.st_mode):
        fault = "not a regular file; remove it"
    elif status.st_nlink > 1:
        fault = "a hard link to another file; remove it"
    if fault is not None:
        os.close(file)
        raise OSError(errno.EINVAL, fault, str(path))
    return file


def sign(file: int, text: str) -> None:
    """Replace the content of a locked file by the name of its holder.

    Raises:
        OSError: it cannot be written, as on a full disk; the lock holds all the same.
    """
    os.ftruncate(file, 0)
    os.pwrite(file, text.encode(), 0)


def read_signature(file: int) -> str:
    """Read what the holder wrote; anybody may have written it, so it is no text to print as it is."""
    return os.pread(file, SIGNATURE_MAX_B, 0).decode(errors="replace").strip()


def try_lock(file: int, *, is_shared: bool = False) -> bool:
    """Lock an open file without waiting; return False when another process has it locked."""
    kind = fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def lock(file: int) -> None:
    """Lock an open file; wait for as long as another process has it locked."""
    fcntl.flock(file, fcntl.LOCK_EX)


def unlock(file: int) -> None:
    """Give up the lock of a file that stays open."""
    fcntl.flock(file, fcntl.LOCK_UN)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file alone; first wait for as long as another process holds it."""
    file = open_file(path)
    try:
        lock(file)
        yield
    finally:
        os.close(file)
