"""Prices: what the hosts of a cluster file cost per hour, given to the units that they measured."""

from collections.abc import Iterable
from pathlib import Path

from featray.analysis import prices
from featray.analysis.prices import PricedHost
from featray.analysis.unit import Unit
from featray.core import wording
from featray.core.files import PathLike
from featray.errors import BadInput, NothingMatches


def read_hosts(cluster: PathLike) -> tuple[PricedHost, ...]:
    """Read the hosts of a cluster file.

    Raises:
        ClusterFileError: the file is wrong.
    """
    from featray.cluster import cluster_file  # it brings pydantic, which only files need

    members = cluster_file.load_hosts(Path(cluster)).hosts
    return tuple(
        PricedHost(name=member.name, price_per_hour=member.price_per_hour, gpus=member.gpus) for member in members
    )


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
    hosts = read_hosts(cluster)
    known = [host.name for host in hosts if host.price_per_hour is not None]
    if not known:
        raise BadInput(f"{cluster}: no host has a price; give each host a `price_per_hour`")
    priced = prices.apply(units, hosts)
    if must_match and units and all(unit.price_per_hour is None for unit in priced):
        measured = wording.listed(unit.target.host_name for unit in units)
        raise BadInput(
            f"{cluster}: none of its hosts with a price was measured ({wording.listed(known)}); measured were "
            f"{measured}. Name a host as its rows do"
        )
    return priced


def of_usable(units: Iterable[Unit], cluster: PathLike | None) -> tuple[list[Unit], list[str]]:
    """Give units their prices, and leave out those on GPUs that the cluster file does not name.

    A file that names GPUs needs no price.

    Returns:
        The units, and a line that names the devices that are left out, if there are some.

    Raises:
        ClusterFileError, BadInput: as `apply`.
        NothingMatches: no unit is left.
    """
    units = list(units)
    if cluster is None:
        return units, []
    hosts = read_hosts(cluster)
    chosen = prices.allowed(units, hosts)
    kept = {id(unit) for unit in chosen}
    places = dict.fromkeys(unit.target.place for unit in units if id(unit) not in kept)
    left_out = [f"{wording.listed(places)}: not listed under `gpus` of {cluster}"] if places else []
    if units and not chosen:
        raise NothingMatches(
            f"{cluster}: no measured GPU is one that its hosts may use; name it under `gpus` of its host, or leave out "
            "the file"
        )
    has_prices = any(host.price_per_hour is not None for host in hosts)
    needs_price = has_prices or all(host.gpus is None for host in hosts)
    return apply(chosen, cluster) if needs_price else chosen, left_out
