"""Prices: what the hosts of a cluster file cost per hour, given to the units that they measured."""

from collections.abc import Iterable
from pathlib import Path

from featray.analysis import prices
from featray.analysis.units import Unit
from featray.api.arguments import PathLike
from featray.errors import BadInput


def apply(units: Iterable[Unit], cluster: PathLike | None) -> list[Unit]:
    """Give units the prices of a cluster file; None leaves them without.

    Raises:
        ClusterFileError: the file is wrong.
        BadInput: none of its hosts has a price.
    """
    if cluster is None:
        return list(units)
    from featray.cluster import cluster_file

    hosts = cluster_file.load_hosts(Path(cluster)).hosts
    known = {host.name: host.price_per_hour for host in hosts if host.price_per_hour is not None}
    if not known:
        raise BadInput(f"{cluster}: no host has a price; give each host a `price_per_hour`")
    return prices.apply(units, known)
