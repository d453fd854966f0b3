"""Spools: by which name the hosts keep a store's rows until they are stored.

A path does not name a folder: `/root/results` on two machines, or in two containers, may be two stores on two disks,
and one driver would take the other's rows. So a folder that is measured into gets a random id, kept in it, and is known
to the hosts by both: a copy of it beside it is another store.
"""

import os
import secrets
from pathlib import Path

from pyarrow import fs

from featray.errors import StoreError
from featray.store import store_names
from featray.store import stored_files as places
from featray.store.stored_files import Place

ID = ".featray-store"


def spool_name(results: str | os.PathLike[str]) -> str | None:
    """Name a store's spool; None for a folder that nothing was measured into yet.

    Raises:
        StoreError: the folder cannot be read.
    """
    name = store_names.full_name(results)
    if "://" in name:
        return name
    try:
        return f"{name}#{(Path(results) / ID).read_text(encoding='ascii').strip()}"
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as wrong:
        raise StoreError(f"{store_names.shown(results)}: its id cannot be read ({wrong})") from wrong


def make_spool(results: str | os.PathLike[str]) -> str:
    """Name a store's spool, and give a folder its id where it has none.

    Raises:
        StoreError: the folder cannot be read or written.
    """
    if (known := spool_name(results)) is not None:
        return known
    place = Place(fs.LocalFileSystem(), os.fspath(results), store_names.shown(results))
    try:
        places.publish(place, ID, lambda stream: stream.write(secrets.token_hex(8).encode()))
        (Path(results) / ID).chmod(0o644)  # whoever may read the folder's rows has to read its id, whatever the umask
    except StoreError:  # unless another process was first
        if (theirs := spool_name(results)) is None:
            raise
        return theirs
    return str(spool_name(results))
