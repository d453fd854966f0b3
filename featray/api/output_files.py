"""Output files: what verbs write beside the store, each file whole or not at all."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from featray.core.files import write_whole
from featray.errors import StoreError

TextOrBytes = TypeVar("TextOrBytes", str, bytes)


def write_files(folder: Path, files: Mapping[str, TextOrBytes]) -> list[Path]:
    """Write texts or bytes into a folder, over older files of the same names; return the paths.

    Raises:
        StoreError: a file cannot be written.
    """
    paths = [folder / name for name in files]
    for path, text in zip(paths, files.values(), strict=True):
        try:
            write_whole(path, text)
        except OSError as wrong:
            raise StoreError(f"{path}: cannot be written ({wrong.strerror or wrong})") from wrong
    return paths
