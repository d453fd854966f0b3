"""Locations: the folder of a store's rows, on any filesystem that pyarrow knows.

Flow: a results folder or URI -> `locate` -> `Location` -> `stored_files`.
A URI that carries credentials is refused; names and messages have none.
"""

import contextlib
import dataclasses
import errno
import functools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import fs

from featray.core.argument_names import argument
from featray.errors import StoreError
from featray.store import store_names

ROWS = "rows"  # folder of the rows, within the results
OUTPUTS = "outputs"  # folder of the kept outputs

OPEN_MAX = 8  # filesystems that a process keeps open

ONE_REQUEST = "allow_delayed_open"
"""Option of an S3 address: a small file is written by one request, not by the three of a multipart upload."""

_PERMISSION = "get permission for it, or name another place with"
_REMEDIES = {  # each goes on with the name of the argument
    errno.ENOSPC: "free some space, or name another place with",
    errno.EDQUOT: "free some of your quota, or name another place with",
    errno.EROFS: "name a place that can be written with",
    errno.ENOTDIR: "a file lies where the store's folder was or should be; move it away, or name another place with",
    errno.EACCES: _PERMISSION,
    errno.EPERM: _PERMISSION,
}


@dataclasses.dataclass(frozen=True)
class Location:
    """The folder of a store's rows; `name` is for messages."""

    filesystem: Any
    folder: str
    name: str

    @property
    def is_local(self) -> bool:
        """Return True where files can be synced and linked; object stores write whole objects by themselves."""
        return isinstance(self.filesystem, fs.LocalFileSystem)

    def path(self, name: str) -> str:
        """Write the path of a file of the store."""
        return f"{self.folder}/{name}"


def locate(results: str | os.PathLike[str], part: str = ROWS) -> Location:
    """Find where the rows of a results folder or URI lie, or another part of it; nothing is created or read.

    Raises:
        BadInput: the URI carries credentials.
        StoreError: the URI is malformed, or names a filesystem that pyarrow does not have.
    """
    text = os.fspath(results)
    store_names.check_address(text)
    if "://" not in text:
        return Location(fs.LocalFileSystem(), f"{Path(text).absolute()}/{part}", f"{text.rstrip('/')}/{part}")
    name = store_names.display_name(text)
    try:
        filesystem, folder = _open(text)
    except (pa.ArrowException, OSError, ValueError) as error:
        # Not `from error`: a printed chain of errors would show the URI.
        raise StoreError(f"{name}: cannot open: {store_names.hide_secrets(str(error), text)}") from None
    return Location(filesystem, f"{folder.rstrip('/')}/{part}", f"{name}/{part}")


@functools.lru_cache(maxsize=OPEN_MAX)
def _open(uri: str) -> tuple[Any, str]:
    """Open a filesystem once for a process: each has connections of its own, and to open one takes several requests."""
    if uri.startswith("s3://") and ONE_REQUEST not in uri:
        with contextlib.suppress(pa.ArrowException):  # a pyarrow that does not know the option
            return _open(f"{uri}{'&' if '?' in uri else '?'}{ONE_REQUEST}=true")
    filesystem, folder = fs.FileSystem.from_uri(uri)
    return filesystem, folder


def _remedy(number: int) -> str:
    remedy = _REMEDIES.get(number)
    return "nothing that was stored has changed" if remedy is None else f"{remedy} {argument('results')}"


@contextlib.contextmanager
def explain_errors(location: Location, action: str) -> Iterator[None]:
    """Turn an error of the system or the cloud into a message that says what failed and what to do.

    Raises:
        StoreError: the body raised an OSError.
    """
    try:
        yield
    except OSError as error:
        remedy = _remedy(error.errno or 0)
        raise StoreError(f"cannot {action} {location.name}: {error.strerror or error}; {remedy}") from error
