"""What the callers of several verbs name: a sweep file, recorded hosts, a cluster, the time."""

import datetime
import os
from pathlib import Path

from featray import sweep
from featray.analysis import comparison
from featray.cluster import cluster_file
from featray.core.files import is_yaml
from featray.errors import BadInput, InventoryFileError
from featray.host import clips, probe
from featray.measurement import weights
from featray.planning import inventory as inventories
from featray.sweep import Sweep

PathLike = str | os.PathLike[str]


def load_sweep(path: PathLike) -> Sweep:
    """Read a sweep file; clips that it names by path are opened.

    Raises:
        SweepFileError: the file is wrong; the message says where, what was expected and what may have been meant.
    """
    return sweep.load(Path(path), probe_clip=clips.probe, keywords_of=weights.keywords)


def load_named(path: PathLike) -> Sweep:
    """Read a sweep whose rows are to be stored under its own name.

    Raises:
        BadInput: the file is wrong, or takes the name of what `calibrate` stores, whose rows are read as noise.
    """
    read = load_sweep(path)
    if read.name == comparison.CALIBRATION:
        raise BadInput(
            f"{path}: the name '{read.name}' is kept for `featray calibrate`; give the sweep a 'name' of its own"
        )
    return read


def recorded_or_here(recorded: PathLike | None) -> inventories.Inventory:
    """Read a recorded inventory, or probe this machine when there is none.

    Raises:
        InventoryFileError: the file cannot be read or is no inventory.
    """
    if recorded is None:
        return inventories.Inventory(hosts=(probe.this_host(),))
    try:
        text = Path(recorded).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        raise InventoryFileError(f"{recorded}: cannot be read ({wrong})") from wrong
    return inventories.from_json(text, str(recorded))


def head_of(address: str | None) -> str | None:
    """Find the head's address, which a cluster file names; None embeds Ray."""
    if not is_yaml(address):
        return address

    return cluster_file.load(Path(address)).address


def now() -> datetime.datetime:
    """Read the clock, in UTC."""
    return datetime.datetime.now(datetime.UTC)
