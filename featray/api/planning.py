"""What would run where: sweeps, hosts, plans."""

import datetime
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from featray.inventory import Inventory
    from featray.readiness import Lack
    from featray.submission import Prepared
    from featray.sweep import Sweep

PathLike = str | os.PathLike[str]


def load_sweep(path: PathLike) -> "Sweep":
    """Read a sweep file; clips that it names by path are opened.

    Raises:
        SweepFileError: the file is wrong; the message says where, what was expected and what may have been meant.
    """
    from featray import clips, sweep
    from featray.measurement import weights

    return sweep.load(Path(path), probe_clip=clips.probe, keywords_of=weights.keywords)


def load_named(path: PathLike) -> "Sweep":
    """Read a sweep whose rows are to be stored under its own name.

    Raises:
        BadInput: the file is wrong, or takes the name of what `calibrate` stores, whose rows are read as noise.
    """
    from featray import comparison, errors

    read = load_sweep(path)
    if read.name == comparison.CALIBRATION:
        raise errors.BadInput(
            f"{path}: the name '{read.name}' is kept for `featray calibrate`; give the sweep a 'name' of its own"
        )
    return read


def plan(
    sweep: PathLike,
    *,
    results: str = "results",
    inventory: PathLike | None = None,
    address: str | None = None,
    rerun: bool = False,
    retry_failed: bool = False,
) -> "Prepared":
    """Plan a sweep against this machine, a running cluster or a recorded inventory; nothing is measured or written.

    Raises:
        BadInput: the sweep or inventory is wrong, nothing can run anywhere, or both an inventory and an address are
            given.
        StoreError: the store cannot be read.
    """
    from featray import errors, submission

    if inventory is not None and address is not None:
        raise errors.BadInput("--inventory and --address do not go together; leave one out")
    request = submission.Request(sweep=load_named(sweep), results=results, rerun=rerun, retry_failed=retry_failed)
    there = hosts(address=address) if address is not None else recorded_or_here(inventory)
    return submission.prepare(request, there, now=now())


def recorded_or_here(recorded: PathLike | None) -> "Inventory":
    """Read a recorded inventory, or probe this machine when there is none.

    Raises:
        InventoryFileError: the file cannot be read or is no inventory.
    """
    from featray import inventory as inventories
    from featray.backends import probe
    from featray.errors import InventoryFileError

    if recorded is None:
        return inventories.Inventory(hosts=(probe.this_host(),))
    try:
        text = Path(recorded).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        raise InventoryFileError(f"{recorded}: cannot be read ({wrong})") from wrong
    return inventories.from_json(text, str(recorded))


def hosts(*, address: str | None = None, clips: "Collection[str]" = ()) -> "Inventory":
    """Probe this machine, or every host of a cluster.

    Args:
        address: Head of a running Ray cluster, `host:port`, or a cluster file; None looks at this machine alone.
        clips: Files to look for on every host of a cluster.

    Raises:
        BackendError: the cluster cannot be joined.
    """
    from featray import claims, inventory
    from featray.backends import probe

    head = head_of(address)
    if head is None:
        return inventory.Inventory(hosts=(probe.this_host(thorough=True),))
    from featray.backends.raycluster.cluster import RayCluster

    cluster = RayCluster(address=head, holder=claims.holder_name())
    try:
        cluster.inventory()
        return cluster.look_for(clips)
    finally:
        cluster.close()


def check(sweep: PathLike, *, address: str | None = None) -> "tuple[Inventory, tuple[Lack, ...]]":
    """Probe the hosts, and list what each still lacks for a sweep, with the command that mends it.

    Args:
        sweep: A sweep file.
        address: As in `hosts`.

    Raises:
        BadInput: the sweep is wrong, or its selector picks nothing.
        BackendError: the cluster cannot be joined.
    """
    import featray
    from featray import cell, readiness
    from featray.measurement import weights

    read = load_sweep(sweep)
    cells = cell.expand(read)
    found = hosts(address=address, clips=readiness.own_clips(cells))
    used = {each.detector.name: each.detector for each in cells}
    needed = {
        name: [f"{file.repository}/{file.file}" for file in weights.required(each)] for name, each in used.items()
    }
    lacks = readiness.check(
        cells, found, read.hosts, weights=needed, version=featray.__version__, here=os.uname().nodename
    )
    return found, lacks


def head_of(address: str | None) -> str | None:
    """Find the head's address, which a cluster file names; None embeds Ray."""
    if address is None or not address.endswith((".yaml", ".yml")):
        return address
    from featray import cluster

    return cluster.load(Path(address)).address


def now() -> datetime.datetime:
    """Read the clock, in UTC."""
    return datetime.datetime.now(datetime.UTC)
