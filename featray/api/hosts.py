"""`featray.hosts`: what each machine is and has, and what it lacks for a sweep."""

import os
from collections.abc import Collection

from featray.api import arguments
from featray.api.arguments import PathLike
from featray.backends.ray.client import RayClient
from featray.cluster import cluster_file
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
        address: Head of a running Ray cluster, `host:port`, or a cluster file; None probes this machine alone.
        clips: Files to look for on every host of a cluster.

    Returns:
        The hosts, each with its devices, software, weights and disk; a host that could not be probed says why.

    Raises:
        ClusterFileError: the cluster file is wrong.
        BackendError: the cluster cannot be joined.
    """
    head = cluster_file.head_address(address)
    if head is None:
        return Inventory(hosts=(probe.this_host(thorough=True),))

    cluster = RayClient(address=head, holder=claims.holder_name())
    try:
        cluster.inventory()
        return cluster.find_clips(clips)
    finally:
        cluster.close()


def check(sweep: PathLike, *, address: str | None = None) -> tuple[Inventory, tuple[Lack, ...]]:
    """Probe the hosts, and list what each still lacks for a sweep.

    Args:
        sweep: Sweep file.
        address: As in `hosts`.

    Returns:
        The hosts, and what each lacks, with the command that brings it.

    Raises:
        BadInput: the sweep is wrong, or its selector picks nothing.
        BackendError: the cluster cannot be joined.
    """
    loaded = arguments.load_sweep(sweep)
    cells = expand(loaded)
    present = hosts(address=address, clips=readiness.own_clips(cells))
    detectors = {cell.detector.name: cell.detector for cell in cells}
    needed = {
        name: [f"{file.repository}/{file.file}" for file in weights.list_required(detector)]
        for name, detector in detectors.items()
    }
    here = os.uname().nodename
    lacks = readiness.check(cells, present, loaded.hosts, weights=needed, version=__version__, here=here)
    return present, lacks
