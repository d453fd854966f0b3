"""Synthetic weights: stand-ins for the hub files that cannot be downloaded, made once and kept in featray's cache.

Flow: `detector.load` calls `ensure`, which starts `python -m featray.measurement.synthetic` for missing files. So the
measuring process neither trains classifiers nor keeps the memory that training takes.

Files appear complete or not at all (written beside, synced, renamed). A lock file lets one process at a time make them,
so two children may call this at once. The folder's name holds the versions of the generator and of py-feat, so that a
new architecture never loads old parameters. Standard library only, except in the process that it starts.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from featray import errors
from featray.core import lockfile
from featray.core.files import put_in_place, write_whole
from featray.measurement import provenance, weights
from featray.measurement.weights import HubFile

GENERATOR = 1  # raised with every change of the synthetic parameters or of planting
SEED = 0

_THREADS = "2"  # fixed, because the thread count changes the last digits of sums, and so of parameters
_MAKING = ".making-"
_TAIL_LINES = 12


def folder(cache: Path, seed: int = SEED) -> Path:
    """Return the hub cache with this generator's weights for the installed py-feat."""
    version = provenance.read_version("py-feat") or "unknown"
    return cache / "synthetic" / f"generator{GENERATOR}-pyfeat{version}-seed{seed}"


def ensure(required: Iterable[HubFile], folder: Path, seed: int) -> None:
    """Make the files that the folder does not hold yet; wait while another process makes them.

    Raises:
        NotReady: they cannot be made; the message holds the last lines of the error.
    """
    files = tuple(required)
    if len(weights.list_cached(folder, files)) == len(files):
        return
    folder.mkdir(parents=True, exist_ok=True)
    with lockfile.locked(folder / "lock"):
        present = set(weights.list_cached(folder, files))
        missing = [file for file in files if file not in present]
        if missing:
            _clear(folder)
            _start(missing, folder, seed)


def _clear(folder: Path) -> None:
    """Remove what a killed generator left; the lock makes sure that nobody writes now."""
    for stale in folder.glob(f"models--*/snapshots/*/{_MAKING}*"):
        stale.unlink(missing_ok=True)


def _start(files: list[HubFile], folder: Path, seed: int) -> None:
    order = {"folder": str(folder), "seed": seed, "files": [[file.repository, file.file] for file in files]}
    hidden = {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": _THREADS}  # no GPU, since a measurement may use it
    done = subprocess.run(
        [sys.executable, "-P", "-m", "featray.measurement.synthetic"],
        input=json.dumps(order),
        env=os.environ | hidden,
        stdout=subprocess.DEVNULL,  # the child's own stdout carries rows
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        tail = "\n".join(done.stderr.splitlines()[-_TAIL_LINES:])
        raise errors.NotReady(f"synthetic weights cannot be made in {folder}: exit code {done.returncode}\n{tail}")


def _make(file: HubFile, folder: Path, seed: int) -> None:
    """Write one file in the hub's cache layout, in one step."""
    from featray.measurement import networks

    repository = weights.repository_folder(folder, file)
    commit = hashlib.sha1(f"{GENERATOR}:{seed}:{file.repository}".encode(), usedforsecurity=False).hexdigest()
    snapshot = repository / "snapshots" / commit
    snapshot.mkdir(parents=True, exist_ok=True)
    making = snapshot / f"{_MAKING}{os.getpid()}-{file.file}"
    try:
        networks.write(file, making, seed)
        put_in_place(making, snapshot / file.file, durable=True)
    finally:
        making.unlink(missing_ok=True)  # a part of it, where the disk is full
    write_whole(repository / "refs" / "main", commit, durable=True)


def main() -> None:
    """Make the files that standard input names."""
    order = json.load(sys.stdin)
    for repository, file in order["files"]:
        _make(HubFile(repository, file), Path(order["folder"]), order["seed"])


if __name__ == "__main__":
    main()
