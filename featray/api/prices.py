"""Prices: what the hosts of a cluster file cost per hour, given to the units that they measured."""

from collections.abc import Iterable
from pathlib import Path

from featray.analysis import prices
from featray.analysis.units import Unit
from featray.core import wording
from featray.core.files import PathLike
from featray.errors import BadInput


def apply(units: Iterable[Unit], cluster: PathLike | None, *, must_match: bool = True) -> list[Unit]:
    """Give units the prices of a cluster file.

    Args:
        units: Of any hosts.
        cluster: The file; None leaves the units without prices.
        must_match: Refuse a file with no price for any of the units.

    Raises:
        ClusterFileError: the file is wrong.
        BadInput: none of its hosts has a price, or none of those that have one was measured.
    """
    units = list(units)
    if cluster is None:
        return units
    from featray.cluster import cluster_file

    hosts = cluster_file.load_hosts(Path(cluster)).hosts
    known = {host.name: host.price_per_hour for host in hosts if host.price_per_hour is not None}
    if not known:
        raise BadInput(f"{cluster}: no host has a price; give each host a `price_per_hour`")
    priced = prices.apply(units, known)
    if must_match and units and all(unit.price_per_hour is None for unit in priced):
        measured = wording.listed(unit.target.host_name for unit in units)
        raise BadInput(
            f"{cluster}: none of its hosts with a price was measured ({wording.listed(known)}); measured were "
            f"{measured}. Name a host as its rows do"
        )
    return priced
