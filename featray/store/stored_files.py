"""Stored files: listing, opening, creating and deleting the files of a store.

Flow: `location.Location` -> `list_files` -> `scanning`; `writing` and `compaction` -> `publish`.
A file appears whole or not at all, and is never overwritten. Other processes may add and delete files at any moment.
"""

import contextlib
import dataclasses
import errno
import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import IO, Any

from pyarrow import fs

from featray.core.argument_names import argument
from featray.core.files import sync_to_disk
from featray.errors import StoreError
from featray.store.location import OUTPUTS, ROWS, Location, explain_errors, locate
from featray.store.problems import (
    StoreProblem,
    explain_absence,
    explain_broken_link,
    explain_layout,
    explain_part,
    report_broken_link,
    report_stranger,
)

SUFFIX = ".parquet"
COMPACTED = "compacted"  # first word of the names of files that hold rows of others
ARCHIVE_PREFIX = "history-"  # files that compaction and rm leave alone
TEMPORARY = ".tmp"
ABANDONED_S = 86_400.0  # no write takes a day
HIDDEN = (".", "_")  # pyarrow, and so pandas, skips files and folders with these in front
BUCKETS = ("s3", "gcs", "abfs")  # Arrow's names of filesystems whose paths begin with a bucket
PARTS = (ROWS, OUTPUTS, "reports", "logs")  # folders of a store
DEPTH = 3  # a file in a folder of one of `PARTS` lies so deep in the store
LISTINGS = 20  # tries in a row; each failed one means that a folder has just appeared or vanished


@dataclasses.dataclass(frozen=True)
class StoredFile:
    """One file under the store's folder."""

    name: str  # relative to the folder
    size_b: int


def list_files(location: Location) -> tuple[list[StoredFile], list[StoreProblem]]:
    """List the store's parquet files by name, and every other file as a problem.

    A compaction can, during a listing, put a row's new file where the listing has been already and delete the old one
    where it has not been yet. So a listing counts only when the next one shows no new compacted file.

    Raises:
        StoreError: the folder cannot be listed, or is a link to what is not there. One that does not exist is empty.
    """
    infos = _list_by_name(location)
    while _compacted(later := _list_by_name(location)) - _compacted(infos):
        infos = later
    files, problems = [], []
    for name, info in sorted(infos.items()):
        if info.type == fs.FileType.File and name.endswith(SUFFIX):
            files.append(StoredFile(name, info.size))
        elif info.type != fs.FileType.Directory or _is_empty_file(name, infos):
            problems.append(report_stranger(name))
    with explain_errors(location, "list"):
        return files, [*problems, *_find_broken_links(location, infos)]


def _is_empty_file(name: str, names: Iterable[str]) -> bool:
    """Return True for a folder with nothing in it that has the name of a file."""
    return name.endswith(SUFFIX) and not any(other.startswith(f"{name}/") for other in names)


def _find_broken_links(location: Location, infos: Mapping[str, Any]) -> list[StoreProblem]:
    """Find links to what is not there, such as a disk that is not mounted; Arrow does not list them."""
    if not location.is_local:
        return []
    top = Path(location.folder)
    folders = [top, *(top / name for name, info in infos.items() if info.type == fs.FileType.Directory)]
    broken = {link.relative_to(top).as_posix(): link for folder in folders for link in _list_broken_links(folder)}
    return [report_broken_link(name, link.readlink()) for name, link in sorted(broken.items()) if not _is_hidden(name)]


def _list_broken_links(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            links = [Path(entry.path) for entry in entries if entry.is_symlink()]
    except FileNotFoundError:
        return []
    return [link for link in links if not link.exists()]


def _is_hidden(name: str) -> bool:
    return any(part.startswith(HIDDEN) for part in name.split("/"))


def check_there(results: str | os.PathLike[str]) -> None:
    """Check that a store is there: one whose name is misspelt would seem to be empty.

    Raises:
        NothingMatches: there is no such folder, it is a part of a store, or it holds parquet files elsewhere.
        StoreError: there is no such bucket, or it cannot be reached.
    """
    location = locate(results)
    folder = location.folder.removesuffix(f"/{ROWS}")
    if _is_there(location, folder):
        if not _is_there(location, location.folder):
            _check_layout(location, folder, os.fspath(results))
        return
    if location.is_local:
        _check_links(location)
    bucket = folder.partition("/")[0]
    if location.filesystem.type_name in BUCKETS and not _is_there(location, bucket):
        raise StoreError(
            f"{location.name}: there is no bucket {bucket!r}; name another store with {argument('results')}"
        )
    raise explain_absence(os.fspath(results))


def _check_layout(location: Location, folder: str, results: str) -> None:
    """Check that what is there, and has no rows, is neither a part of a store nor a folder of parquet files.

    Raises:
        NothingMatches: it is.
    """
    for ancestor in list(PurePosixPath(folder).parents)[:-1][:DEPTH]:
        part = PurePosixPath(folder).relative_to(ancestor)
        if part.parts[0] in PARTS and _is_there(location, f"{ancestor}/{ROWS}"):
            raise explain_part(results, str(ancestor), str(part))
    with explain_errors(location, "list"):
        infos = location.filesystem.get_file_info(fs.FileSelector(folder))
    if any(info.type == fs.FileType.File and info.path.endswith(SUFFIX) for info in infos):
        raise explain_layout(results)


def _is_there(location: Location, path: str) -> bool:
    with explain_errors(location, "read"):
        return bool(location.filesystem.get_file_info(path).type != fs.FileType.NotFound)


def find(location: Location, names: Sequence[str]) -> list[StoredFile]:
    """Find those of some files that are there.

    Raises:
        StoreError: the store cannot be read.
    """
    with explain_errors(location, "read"):
        infos = location.filesystem.get_file_info([location.path(name) for name in names])
    return [
        StoredFile(name, info.size) for name, info in zip(names, infos, strict=True) if info.type == fs.FileType.File
    ]


def _list_by_name(location: Location) -> dict[str, Any]:
    """Map the name of what is under the folder and not hidden to what Arrow says of it."""
    with explain_errors(location, "list"):
        infos = _list_infos(location)
        if not infos and location.is_local:
            _check_links(location)
    start = len(location.folder) + 1
    return {name: info for info in infos if not _is_hidden(name := info.path[start:])}


def _check_links(location: Location) -> None:
    """Check that the folder is not, and does not lie in, a link to what is not there: it would seem to be empty.

    Raises:
        StoreError: it is.
    """
    folder = Path(location.folder)
    for path in (folder, *folder.parents):
        if path.is_symlink() and not path.exists():
            where = f"{path} is {explain_broken_link(path.readlink())}"
            raise StoreError(
                f"{location.name}: {where}; mount its disk, or name another place with {argument('results')}"
            )


def _list_infos(location: Location) -> list[Any]:
    """List the folder again when Arrow raises because a folder appeared or vanished while it looked."""
    selector = fs.FileSelector(location.folder, recursive=True, allow_not_found=True)
    for _ in range(LISTINGS - 1):
        try:
            return list(location.filesystem.get_file_info(selector))
        except OSError as error:
            if not _is_gone(error):
                raise
    return list(location.filesystem.get_file_info(selector))


def _is_gone(error: OSError) -> bool:
    """Return True for a file or folder that does not exist any more; NFS calls its handle stale."""
    return isinstance(error, FileNotFoundError) or error.errno == errno.ESTALE


def _compacted(names: Iterable[str]) -> set[str]:
    return {name for name in names if is_compacted(name)}


def is_compacted(name: str) -> bool:
    """Return True for a file that holds rows of other files."""
    return name.rsplit("/", 1)[-1].startswith(COMPACTED)


def is_archive(name: str) -> bool:
    """Return True for a file that compaction and rm must leave alone."""
    return name.rsplit("/", 1)[-1].startswith(ARCHIVE_PREFIX)


@contextlib.contextmanager
def open_file(location: Location, name: str) -> Iterator[Any]:
    """Open a file of the store for reading.

    Raises:
        FileNotFoundError: it is gone, or vanished while it was read.
    """
    try:
        with location.filesystem.open_input_file(location.path(name)) as stream:
            yield stream
    except OSError as error:
        if _is_gone(error):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name) from error
        raise


def list_unfinished(location: Location) -> list[str]:
    """List the temporary files of writers that are at work or were killed; only local folders have any."""
    if not location.is_local:
        return []
    return sorted(path.name for path in Path(location.folder).glob(f".*{TEMPORARY}"))


def delete_abandoned(location: Location) -> None:
    """Delete temporary files so old that their writers must be dead."""
    for name in list_unfinished(location):
        path = Path(location.folder) / name
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > ABANDONED_S:
                path.unlink()


def archive_name(archive: str) -> str:
    """Write the file name of an archive."""
    return f"{ARCHIVE_PREFIX}{archive}{SUFFIX}"


def make_name(prefix: str) -> str:
    """Make a new file name: sorted by time, unique by 64 random bits."""
    moment = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    return f"{prefix}-{moment}-{secrets.token_hex(8)}{SUFFIX}"


def publish(location: Location, name: str, write: Callable[[Any], None], *, is_unique: bool = False) -> None:
    """Create a file, durable when this returns.

    Args:
        location: The store.
        name: Its name in the store.
        write: Writes the content to the binary stream that it is given.
        is_unique: The name is one of `make_name`: a bucket need not be asked whether it is taken.

    Raises:
        StoreError: the disk is full, read-only or broken, or the name is taken. Nothing stored has changed.
    """
    with explain_errors(location, "write"):
        if location.is_local:
            _publish_local(Path(location.folder), name, write)
            return
        if not is_unique and location.filesystem.get_file_info(location.path(name)).type != fs.FileType.NotFound:
            raise FileExistsError(errno.EEXIST, "the name is taken", location.path(name))
        # An object store shows an object only when its stream is closed: a killed upload leaves nothing visible.
        with location.filesystem.open_output_stream(location.path(name)) as stream:
            write(stream)


def _publish_local(folder: Path, name: str, write: Callable[[IO[bytes]], None]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{name}.{os.getpid()}-{secrets.token_hex(4)}{TEMPORARY}"
    try:
        with temporary.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        _link(temporary, folder / name)
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


def exists(location: Location, name: str) -> bool:
    """Return True where the store has a file of this name."""
    with explain_errors(location, "read"):
        return bool(location.filesystem.get_file_info(location.path(name)).type == fs.FileType.File)


def delete(location: Location, name: str) -> bool:
    """Delete a file; return False when it is gone already.

    Raises:
        StoreError: the file is there and cannot be deleted.
    """
    with explain_errors(location, "delete from"):
        try:
            location.filesystem.delete_file(location.path(name))
        except FileNotFoundError:
            return False
    return True
