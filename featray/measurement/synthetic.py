"""Synthetic weights: stand-ins for the hub files that cannot be downloaded, made once and kept in featray's cache.

Flow: `detector.load` calls `ensure`, which starts `python -m featray.measurement.synthetic` for what is missing: the
measuring process itself neither trains classifiers nor keeps the memory that this took.

Files appear complete or not at all (written beside, synced, renamed), and one process at a time makes them (a lock
file), so two children may ask at once. The folder names the generator's and py-feat's versions: another
architecture never meets old parameters. Standard library only, but for the process that it starts.
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
from featray.measurement import pyfeat_source, weights
from featray.measurement.weights import HubFile

GENERATOR = 1  # counts every change of the made-up parameters or of what is planted
SEED = 0

_THREADS = "2"  # fixed, as the thread count moves sums, and so parameters, in their last digits
_MAKING = ".making-"
_TAIL_LINES = 12


def folder(cache: Path, seed: int = SEED) -> Path:
    """Name the hub cache of the weights that this generator makes for the installed py-feat."""
    return cache / "synthetic" / f"generator{GENERATOR}-pyfeat{pyfeat_source.version() or 'unknown'}-seed{seed}"


def ensure(required: Iterable[HubFile], folder: Path, seed: int) -> None:
    """Make the files that the folder does not hold yet, and wait while somebody else makes them.

    Raises:
        NotReady: making them failed; the message holds the last lines of the reason.
    """
    wanted = tuple(required)
    if len(weights.cached(folder, wanted)) == len(wanted):
        return
    folder.mkdir(parents=True, exist_ok=True)
    with lockfile.locked(folder / "lock"):
        here = set(weights.cached(folder, wanted))
        missing = [file for file in wanted if file not in here]
        if missing:
            _clear(folder)
            _start(missing, folder, seed)


def _clear(folder: Path) -> None:
    """Remove what a killed generator left behind; under the lock nobody is writing."""
    for stale in folder.glob(f"models--*/snapshots/*/{_MAKING}*"):
        stale.unlink(missing_ok=True)


def _start(files: list[HubFile], folder: Path, seed: int) -> None:
    order = {"folder": str(folder), "seed": seed, "files": [[file.repository, file.file] for file in files]}
    hidden = {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": _THREADS}  # no GPU: it may be the one under measurement
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
    networks.write(file, making, seed)
    put_in_place(making, snapshot / file.file, durable=True)
    write_whole(repository / "refs" / "main", commit, durable=True)


def main() -> None:
    """Make the files that standard input names."""
    order = json.load(sys.stdin)
    for repository, file in order["files"]:
        _make(HubFile(repository, file), Path(order["folder"]), order["seed"])


if __name__ == "__main__":
    main()
