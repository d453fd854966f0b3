"""`featray.hosts`: what each machine is and has, and what it lacks for a sweep."""

import os
from collections.abc import Collection

from featray.api import named
from featray.api.named import PathLike
from featray.core.version import __version__
from featray.host import probe
from featray.measurement import weights
from featray.planning import readiness
from featray.planning.inventory import Inventory
from featray.planning.readiness import Lack
from featray.running import claims
from featray.sweep import expand


def hosts(*, address: str | None = None, clips: Collection[str] = ()) -> Inventory:
    """Probe this machine, or every host of a cluster.

    Args:
        address: Head of a running Ray cluster, `host:port`, or a cluster file; None looks at this machine alone.
        clips: Files to look for on every host of a cluster.

    Raises:
        BackendError: the cluster cannot be joined.
    """
    head = named.head_of(address)
    if head is None:
        return Inventory(hosts=(probe.this_host(thorough=True),))

    from featray.backends.ray.backend import RayCluster  # not before Ray is needed: it takes long to start

    cluster = RayCluster(address=head, holder=claims.holder_name())
    try:
        cluster.inventory()
        return cluster.look_for(clips)
    finally:
        cluster.close()


def check(sweep: PathLike, *, address: str | None = None) -> tuple[Inventory, tuple[Lack, ...]]:
    """Probe the hosts, and list what each still lacks for a sweep, with the command that mends it.

    Args:
        sweep: A sweep file.
        address: As in `hosts`.

    Raises:
        BadInput: the sweep is wrong, or its selector picks nothing.
        BackendError: the cluster cannot be joined.
    """
    read = named.load_sweep(sweep)
    cells = expand(read)
    found = hosts(address=address, clips=readiness.own_clips(cells))
    used = {each.detector.name: each.detector for each in cells}
    needed = {
        name: [f"{file.repository}/{file.file}" for file in weights.required(each)] for name, each in used.items()
    }
    lacks = readiness.check(cells, found, read.hosts, weights=needed, version=__version__, here=os.uname().nodename)
    return found, lacks
