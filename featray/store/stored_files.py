"""Where a store lies: a folder of any filesystem that pyarrow knows, and the few things done to its files."""

import contextlib
import dataclasses
import errno
import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
from pyarrow import fs

from featray.core.files import sync_to_disk
from featray.errors import StoreError
from featray.store import store_names

ROWS = "rows"
SUFFIX = ".parquet"
COMPACTED = "compacted"  # first word of the names of files that hold rows of others
ARCHIVE_PREFIX = "history-"  # files that compaction and rm leave alone
TEMPORARY = ".tmp"
ABANDONED_S = 86_400.0  # no write takes a day
HIDDEN = (".", "_")  # pyarrow, and so pandas, skips files and folders with these in front


@dataclasses.dataclass(frozen=True)
class StoreProblem:
    """A file of the store, or some of its rows, that could not be used, and why."""

    file: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}"


def left_out(problems: Iterable[StoreProblem]) -> str:
    """End a message that something is not there with what could not be read: it may be what was meant."""
    return "".join(f"\n  left out: {problem}" for problem in dict.fromkeys(problems))


class StoreWarning(UserWarning):
    """Something in the store could not be used; the message names the file and the reason."""


@dataclasses.dataclass(frozen=True)
class Place:
    """The folder of a store's rows.

    `text` names it in messages, without the credentials that a URI may carry.
    """

    filesystem: Any
    folder: str
    text: str

    @property
    def is_local(self) -> bool:
        """Tell whether files can be synced and linked; object stores write whole objects by themselves."""
        return isinstance(self.filesystem, fs.LocalFileSystem)

    def path(self, name: str) -> str:
        """Find a file of the store by the name that `listing` gave."""
        return f"{self.folder}/{name}"


@contextlib.contextmanager
def opened(place: Place, name: str) -> Iterator[Any]:
    """Open a file of the store for reading.

    Raises:
        FileNotFoundError: it has gone; also while it was read, which NFS calls a stale handle.
    """
    try:
        with _open(place, name) as stream:
            yield stream
    except OSError as wrong:
        if wrong.errno == errno.ESTALE:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name) from wrong
        raise


def _open(place: Place, name: str) -> Any:
    return place.filesystem.open_input_file(place.path(name))


@dataclasses.dataclass(frozen=True)
class StoredFile:
    """One file under the store's folder."""

    name: str  # relative to the folder
    size_b: int

    @property
    def is_archive(self) -> bool:
        """Tell whether compaction and rm must leave it alone."""
        return self.name.rsplit("/", 1)[-1].startswith(ARCHIVE_PREFIX)


def at(results: str | os.PathLike[str]) -> Place:
    """Open the store of a results folder or URI; nothing is created or read.

    Raises:
        StoreError: the URI is malformed, or names a filesystem that pyarrow does not have.
    """
    text = os.fspath(results)
    if "://" not in text:
        return Place(fs.LocalFileSystem(), f"{Path(text).absolute()}/{ROWS}", f"{text.rstrip('/')}/{ROWS}")
    shown = store_names.shown(text)
    try:
        filesystem, folder = fs.FileSystem.from_uri(text)
    except (pa.ArrowException, OSError, ValueError) as wrong:
        # Not `from wrong`: whoever prints the whole chain would print the URI.
        raise StoreError(f"{shown}: cannot open: {store_names.censored(str(wrong), text)}") from None
    return Place(filesystem, f"{folder.rstrip('/')}/{ROWS}", f"{shown}/{ROWS}")


def listing(place: Place) -> tuple[list[StoredFile], list[StoreProblem]]:
    """List the store's parquet files by name, and as problems whatever else lies between them.

    A listing is no snapshot: while it runs, a compaction can put a row's new file behind the place that it has reached
    and delete the old one before it gets there. So it counts only when the next one shows no new compacted file.

    Raises:
        StoreError: the folder cannot be listed. One that does not exist is empty.
    """
    entries = _entries(place)
    while _compacted(later := _entries(place)) - _compacted(entries):
        entries = later
    files, problems = [], []
    for name, size_b in sorted(entries.items()):
        if any(part.startswith(HIDDEN) for part in name.split("/")):
            continue
        if name.endswith(SUFFIX):
            files.append(StoredFile(name, size_b))
        else:
            problems.append(StoreProblem(name, "not a parquet file; move it out of the store"))
    return files, problems


def _entries(place: Place) -> dict[str, int]:
    with explained(place, "list"):
        found = place.filesystem.get_file_info(fs.FileSelector(place.folder, recursive=True, allow_not_found=True))
    start = len(place.folder) + 1
    return {entry.path[start:]: entry.size for entry in found if entry.type == fs.FileType.File}


def _compacted(entries: Mapping[str, int]) -> set[str]:
    return {name for name in entries if is_compacted(name)}


def is_compacted(name: str) -> bool:
    """Tell whether a file holds rows of others."""
    return name.rsplit("/", 1)[-1].startswith(COMPACTED)


def unfinished(place: Place) -> list[str]:
    """List the temporary files of writers that are at work, or were killed; only local folders have any."""
    if not place.is_local:
        return []
    return sorted(path.name for path in Path(place.folder).glob(f".*{TEMPORARY}"))


def sweep_up(place: Place) -> None:
    """Delete temporary files so old that their writers must be dead."""
    for name in unfinished(place):
        path = Path(place.folder) / name
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > ABANDONED_S:
                path.unlink()


def new_name(prefix: str) -> str:
    """Make a file name that nobody has used: sorted by time, unique by 64 random bits."""
    moment = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    return f"{prefix}-{moment}-{secrets.token_hex(8)}{SUFFIX}"


def publish(place: Place, name: str, write: Callable[[Any], None]) -> None:
    """Create a file that appears whole or not at all, durable when this returns, and never over another one.

    Args:
        place: The store.
        name: Its name in the store.
        write: Writes the content to the binary stream that it is given.

    Raises:
        StoreError: the disk is full, read-only or broken, or the name is taken. Nothing stored has changed.
    """
    with explained(place, "write"):
        if place.is_local:
            _publish_local(Path(place.folder), name, write)
            return
        if place.filesystem.get_file_info(place.path(name)).type != fs.FileType.NotFound:
            raise FileExistsError(errno.EEXIST, "the name is taken", place.path(name))
        # An object store shows an object only when its stream is closed: a killed upload leaves nothing visible.
        with place.filesystem.open_output_stream(place.path(name)) as stream:
            write(stream)


def _publish_local(folder: Path, name: str, write: Callable[[IO[bytes]], None]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    final = folder / name
    temporary = folder / f".{name}.{os.getpid()}-{secrets.token_hex(4)}{TEMPORARY}"
    try:
        with temporary.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        _link(temporary, final)
    finally:
        temporary.unlink(missing_ok=True)
    sync_to_disk(folder)


def _link(temporary: Path, final: Path) -> None:
    """Give the finished file its name; unlike a rename, a hard link never replaces what is there."""
    try:
        os.link(temporary, final)
    except FileExistsError:
        raise
    except OSError:  # FAT and some network filesystems have no hard links
        if final.exists():
            raise
        temporary.rename(final)


def exists(place: Place, name: str) -> bool:
    """Tell whether a file is there."""
    with explained(place, "read"):
        return bool(place.filesystem.get_file_info(place.path(name)).type == fs.FileType.File)


def unlink(place: Place, name: str) -> bool:
    """Delete a file; False when somebody else has done so already.

    Raises:
        StoreError: the file is there and cannot be deleted.
    """
    try:
        with explained(place, "delete from"):
            place.filesystem.delete_file(place.path(name))
    except StoreError as wrong:
        if isinstance(wrong.__cause__, FileNotFoundError):
            return False
        raise
    return True


@contextlib.contextmanager
def explained(place: Place, action: str) -> Iterator[None]:
    """Turn an operating system's or a cloud's refusal into a message that says what is safe and what to do."""
    try:
        yield
    except OSError as wrong:
        reason = wrong.strerror or str(wrong)
        remedy = {
            errno.ENOSPC: "free some space, or name another place with --results",
            errno.EDQUOT: "free some of your quota, or name another place with --results",
            errno.EROFS: "name a place that can be written with --results",
            errno.EACCES: "ask for the right to do so, or name another place with --results",
            errno.EPERM: "ask for the right to do so, or name another place with --results",
        }.get(wrong.errno or 0, "nothing that was stored has changed")
        raise StoreError(f"cannot {action} {place.text}: {reason}; {remedy}") from wrong
