"""Files: one function each to write them whole or not at all, to hash them, and to know what one can write or read.

Standard library only, since the measuring child writes and hashes files too. Errors are plain OSError: each caller
says in its own words what could not be written.
"""

import errno
import hashlib
import os
import secrets
import stat
import tempfile
from pathlib import Path
from typing import TypeGuard

PathLike = str | os.PathLike[str]
"""A path as a caller gives it; where an address may stand too, a text is either."""

BINARY = getattr(os, "O_BINARY", 0)
"""On Windows a file is otherwise one of text, whose bytes change when they are written."""


NO_FOLDER = "the current folder was deleted; change to another one, such as with `cd ~`, and try again"
"""What to say where a path is meant from the current folder and there is none."""


def has_folder() -> bool:
    """Return False where the current folder was deleted, from which every relative path is meant."""
    try:
        os.getcwd()  # noqa: PTH109 - light, and the same question
    except FileNotFoundError:
        return False
    return True


def write_whole(path: Path, content: str | bytes, *, mode: int = 0o666, durable: bool = False) -> None:
    """Write a file in one step: a reader sees the old file or the new one, never a part.

    Args:
        path: Where it goes; folders that are missing are made.
        content: Bytes, or text that is written as UTF-8.
        mode: Permissions of the file from its first moment, less the umask.
        durable: Whether the file survives a power cut once this returns.

    Raises:
        OSError: the place cannot be written; what was there before is unchanged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not named after the file, whose name may be as long as the file system allows.
    temporary = path.with_name(f".{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, mode)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
        put_in_place(temporary, path, durable=durable)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def put_in_place(written: Path, final: Path, *, durable: bool = False) -> None:
    """Rename a finished file to its final name in the same folder, over what is there.

    Args:
        written: The finished file.
        final: Its name.
        durable: Whether the file survives a power cut once this returns.
    """
    if durable:
        sync_to_disk(written)
    written.replace(final)
    if durable:
        sync_to_disk(final.parent)


def sync_to_disk(path: Path) -> None:
    """Wait until a file, or a folder's list of names, is on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check_regular(path: Path, *, or_open_pipe: bool = False) -> None:
    """Check that a path that somebody named is a regular file; a named pipe without a writer would be read for ever.

    Args:
        path: The path.
        or_open_pipe: Also allow a pipe that has a writer already, such as `<(...)` of a shell or `/dev/stdin`; it can
            be read once only.

    Raises:
        OSError: it is missing or something else; the message says what.
    """
    mode = path.stat().st_mode
    if stat.S_ISREG(mode) or (or_open_pipe and stat.S_ISFIFO(mode) and path.is_relative_to("/dev")):
        return
    kinds = {stat.S_ISDIR: "a folder", stat.S_ISFIFO: "a named pipe", stat.S_ISSOCK: "a socket"}
    kind = next((name for is_kind, name in kinds.items() if is_kind(mode)), "a device")
    raise OSError(errno.EINVAL, f"{kind}, not a file", str(path))


def hash_file(path: Path) -> str:
    """Compute the SHA-256 of a file's bytes, as hex digits.

    Raises:
        OSError: it cannot be read, or is no regular file.
    """
    check_regular(path)
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def expand_home(path: str) -> Path:
    """Replace a leading `~` by the home folder; it stays where nobody knows the home, as of a user who is not there."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def is_text(path: str) -> bool:
    """Return True for a path that JSON and parquet can hold; Linux allows file names of any bytes."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_yaml(name: PathLike | None) -> TypeGuard[PathLike]:
    """Return True for the name of a YAML file: of a sweep or a cluster, where a run's name or an address may stand."""
    return name is not None and os.fspath(name).endswith((".yaml", ".yml"))


def why_unwritable(folder: Path) -> str | None:
    """Say why no file can be made in a folder that exists or could be made; None where one can."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as wrong:
        return wrong.strerror or str(wrong)
    return None


LFS_POINTER = b"version https://git-lfs.github.com/spec/"
ANNEX_POINTER = b"/annex/objects/"


def find_stand_in(path: Path) -> str | None:
    """Say what stands in for a file that is not there: a broken link, or a pointer of Git LFS or git-annex.

    Raises:
        OSError: the file cannot be read.
    """
    if path.is_symlink() and not path.exists():
        target = path.readlink()
        remedy = f"; fetch it with `git annex get {path.name}`" if ".git/annex" in target.as_posix() else ""
        return f"is a link to {target}, which is missing{remedy}"
    if not path.is_file():
        return None
    with path.open("rb") as stream:
        start = stream.read(len(LFS_POINTER))
    if start == LFS_POINTER:
        return f"is a pointer of Git LFS, not the file itself; fetch it with `git lfs pull --include {path.name}`"
    if start.startswith(ANNEX_POINTER):
        return f"is a pointer of git-annex, not the file itself; fetch it with `git annex get {path.name}`"
    return None
