"""Shared files: locks that every user of a machine may take, in folders that belong to one of them or to all."""

import contextlib
import os
from pathlib import Path


def open_file(path: Path) -> int:
    """Open a file for reading and writing; made where it is not there, for all to open.

    Linux refuses O_CREAT on another user's file in a sticky folder (fs.protected_regular), even where it exists and
    anybody may write it; so it is given only when there is no file.

    Raises:
        OSError: the file can be neither opened nor made.
    """
    while True:
        with contextlib.suppress(FileNotFoundError):
            return os.open(path, os.O_RDWR)
        with contextlib.suppress(FileExistsError):  # another was first
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
            with contextlib.suppress(PermissionError):  # a file system without modes has none that lock others out
                os.fchmod(file, 0o666)  # the umask must not
            return file
