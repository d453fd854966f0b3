"""`featray.hosts`: what each machine is and has, and what it lacks for a sweep.

Flow: `probe` on this machine, or a cluster's address -> `RayClient` -> `Inventory`; with a sweep -> `readiness`
-> lacks.
"""

import dataclasses
import os
from collections.abc import Collection

from featray.api import arguments
from featray.api.arguments import PathLike
from featray.api.results import Result
from featray.backends.ray.client import RayClient
from featray.cluster import cluster_file
from featray.core.version import __version__
from featray.host import probe
from featray.measurement import weights
from featray.planning import readiness
from featray.planning.inventory import Inventory
from featray.planning.readiness import Lack
from featray.rendering.notebook import summaries
from featray.rendering.notebook.summary import Summary
from featray.running import claims
from featray.sweep import expand


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class Hosts(Result, Inventory):
    """Every machine that featray may use."""

    def summarize(self) -> Summary:
        """Show the targets; the frame has a row per target."""
        return summaries.of_hosts(self)


def hosts(*, address: str | None = None, clips: Collection[str] = ()) -> Hosts:
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
        return Hosts(hosts=(probe.this_host(thorough=True),))

    cluster = RayClient(address=head, holder=claims.holder_name())
    try:
        cluster.inventory()
        return Hosts(hosts=cluster.find_clips(clips).hosts)
    finally:
        cluster.close()


def check(sweep: PathLike, *, address: str | None = None) -> tuple[Hosts, tuple[Lack, ...]]:
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
