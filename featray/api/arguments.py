"""Arguments that several verbs take: a sweep file, recorded hosts; and the time.

Flow: paths and names as a caller writes them -> here -> `Sweep`, `Inventory`. Sweep files are read here, by
`sweep.load`, before anything is planned.
"""

import dataclasses
import datetime
import os
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from featray import sweep
from featray.analysis import comparison
from featray.api import shipped
from featray.core.cell import Cell
from featray.core.files import PathLike, check_regular
from featray.errors import BadInput, InventoryFileError, SweepFileError
from featray.host import clips
from featray.measurement import pyfeat_source, weights
from featray.planning import inventory, own_classes
from featray.planning.inventory import Inventory
from featray.planning.own_classes import OwnClass
from featray.sweep import Sweep

Inventories = PathLike | Sequence[PathLike]
"""One recorded inventory, or several whose hosts count together."""


def load_sweep(path: PathLike) -> Sweep:
    """Read a sweep file, and open the clips that it names by path. A sweep that ships may be given by its name.

    Raises:
        SweepFileError: the file is wrong; the message says where, what was expected and what may have been meant.
    """
    file = shipped.find_sweep(Path(path))
    if not file.exists() and (meant := shipped.hint(file)):
        raise SweepFileError(f"{file}: no such file{meant}")
    return sweep.load(
        file,
        probe_clip=clips.probe,
        keywords_of=weights.list_keywords,
        call_keywords_of=pyfeat_source.list_call_keywords,
    )


def load_sweep_to_submit(path: PathLike) -> Sweep:
    """Read a sweep file whose rows are to be stored under its name.

    Raises:
        BadInput: the file is wrong, or has the name under which `calibrate` stores its rows.
    """
    loaded = load_sweep(path)
    if loaded.name == comparison.CALIBRATION:
        raise BadInput(
            f"{path}: the name '{loaded.name}' is reserved for `featray calibrate`; give the sweep a 'name' of its own"
        )
    return loaded


def recorded_or_here(recorded: Inventories | None) -> Inventory:
    """Read a recorded inventory, or several as one; None probes this machine.

    Raises:
        InventoryFileError: a file cannot be read, is no inventory, or holds no hosts, or two have the same host.
    """
    if recorded is None:
        from featray.host import probe  # needs locks, which Windows lacks; those who only read do not

        return Inventory(hosts=(probe.this_host(),))
    paths = [recorded] if isinstance(recorded, str | os.PathLike) else list(recorded)
    if not paths:
        raise InventoryFileError("inventory: an empty list; name one file or several")
    return inventory.join([(str(path), _recorded(path)) for path in paths])


def _recorded(recorded: PathLike) -> Inventory:
    try:
        check_regular(Path(recorded), or_open_pipe=True)
        text = Path(recorded).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        raise InventoryFileError(f"{recorded}: cannot be read ({wrong})") from wrong
    found = inventory.from_json(text, str(recorded))
    if not found.hosts:
        raise InventoryFileError(f"{recorded}: holds no hosts; record them with `featray hosts --json`")
    return found


def with_classes(here: Inventory, classes: Collection[OwnClass], *, imports: bool = False) -> Inventory:
    """Look for detector classes on this machine, or import them, and write what was found into its inventory."""
    if not classes:
        return here
    from featray.host import own_classes as classes_here  # needs locks too

    found = classes_here.find(classes, imports=imports)
    return dataclasses.replace(here, hosts=tuple(dataclasses.replace(host, classes=found) for host in here.hosts))


def here_for(cells: Iterable[Cell]) -> Inventory:
    """Probe this machine, and look for the detector classes of cells that are not py-feat's, without an import."""
    return with_classes(recorded_or_here(None), own_classes.list_needed(cells))


def now() -> datetime.datetime:
    """Read the clock, in UTC."""
    return datetime.datetime.now(datetime.UTC)
