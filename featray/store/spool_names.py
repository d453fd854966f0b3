"""Spool names: the name under which hosts keep a store's rows until they are stored.

Flow: `create_spool_name` names the spool before a run; `spool_name` finds it again when rows are collected.
A path alone is no name: `/root/results` on two machines, or in two containers, may be two stores on two disks, and one
driver would take the other's rows. So each folder that is measured into keeps a random id in a file, and the name has
both: a copy of the folder elsewhere is another store.
"""

import os
import secrets
from pathlib import Path

from pyarrow import fs

from featray.errors import StoreError
from featray.store import store_names
from featray.store.location import Location
from featray.store.stored_files import publish

ID_FILE = ".featray-store"


def spool_name(results: str | os.PathLike[str]) -> str | None:
    """Name a store's spool; None for a folder that nothing was measured into yet.

    Raises:
        BadInput: the store's address carries credentials.
        StoreError: the folder cannot be read.
    """
    store_names.check_address(results)
    name = store_names.full_name(results)
    if "://" in name:
        return name
    try:
        return f"{name}#{(Path(results) / ID_FILE).read_text(encoding='ascii').strip()}"
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise StoreError(f"{store_names.display_name(results)}: its id cannot be read ({error})") from error


def create_spool_name(results: str | os.PathLike[str]) -> str:
    """Name a store's spool, and give a folder an id where it has none.

    Raises:
        StoreError: the folder cannot be read or written.
    """
    if (name := spool_name(results)) is not None:
        return name
    folder = Location(fs.LocalFileSystem(), os.fspath(results), store_names.display_name(results))
    try:
        publish(folder, ID_FILE, lambda stream: stream.write(secrets.token_hex(8).encode()))
        (Path(results) / ID_FILE).chmod(0o644)  # readers of the rows need the id too, also under a strict umask
    except StoreError:
        if (name := spool_name(results)) is None:  # unless another process was first
            raise
        return name
    return str(spool_name(results))
