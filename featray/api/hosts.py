"""`featray.hosts`: what each machine is and has, and what it lacks for a sweep.

Flow: `probe` on this machine, or a cluster's address -> `RayClient` -> `Inventory`; with a sweep -> `readiness`
-> lacks.
"""

import dataclasses
import os
from collections.abc import Collection, Sequence

from featray.api import arguments, given
from featray.api.results import Result
from featray.backends.ray.client import RayClient
from featray.cluster import cluster_file
from featray.core.cell import Cell
from featray.core.files import PathLike
from featray.core.version import __version__
from featray.host import probe
from featray.measurement import weights
from featray.planning import own_classes, readiness
from featray.planning.inventory import Inventory
from featray.planning.own_classes import OwnClass
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


def hosts(*, address: PathLike | None = None, clips: str | Collection[str] = ()) -> Hosts:
    """Probe this machine, or every host of a cluster.

    Args:
        address: Head of a running Ray cluster, `host:port`, or a cluster file; None probes this machine alone.
        clips: One file or several to look for on every host of a cluster.

    Returns:
        The hosts, each with its devices, software, weights and disk; a host that could not be probed says why.

    Raises:
        ClusterFileError: the cluster file is wrong.
        BackendError: the cluster cannot be joined.
    """
    return _probe(address, clips=given.paths(clips))


def hosts_for(cells: Sequence[Cell], *, address: PathLike | None) -> Hosts:
    """Probe as `hosts` does, and look for the detector classes of cells that are not py-feat's, without an import."""
    return _probe(address, classes=own_classes.list_needed(cells))


def _probe(
    address: PathLike | None,
    *,
    clips: Collection[str] = (),
    classes: Collection[OwnClass] = (),
    imports: bool = False,
) -> Hosts:
    head = cluster_file.head_address(address)
    if head is None:
        here = Inventory(hosts=(probe.this_host(thorough=True),))
        return Hosts(hosts=arguments.with_classes(here, classes, imports=imports).hosts)

    cluster = RayClient(address=head, holder=claims.holder_name())
    try:
        cluster.inventory()
        cluster.find_clips(clips)
        return Hosts(hosts=cluster.find_classes(classes, imports=imports).hosts)
    finally:
        cluster.close()


def check(sweep: PathLike, *, address: PathLike | None = None) -> tuple[Hosts, tuple[Lack, ...]]:
    """Probe the hosts, and list what each still lacks for a sweep. Detector classes of your own are imported there.

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
    present = _probe(address, clips=readiness.own_clips(cells), classes=own_classes.list_needed(cells), imports=True)
    detectors = {cell.detector.name: cell.detector for cell in cells}
    needed = {
        name: [f"{file.repository}/{file.file}" for file in weights.list_required(detector)]
        for name, detector in detectors.items()
    }
    here = os.uname().nodename
    lacks = readiness.check(cells, present, loaded.hosts, weights=needed, version=__version__, here=here)
    return present, lacks
