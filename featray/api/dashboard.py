"""`featray dashboard`: log a browser of this machine into the Ray dashboard."""

import os

from featray.api import shipped
from featray.cluster import cluster_file, login, raylet_records
from featray.cluster.login import DEFAULT_URL, Login
from featray.core.files import PathLike


def dashboard(address: PathLike | None = None) -> Login:
    """Log in to a dashboard, and offer a link that logs a browser in.

    Args:
        address: The dashboard's `http://` address, the head of a cluster, or its file; None is the cluster of this
            machine or, without one, what listens on Ray's usual port.

    Returns:
        The link; it works while the value is open as a context, once.

    Raises:
        BadInput: the dashboard is not on this machine's loopback.
        ClusterFileError: the cluster file is wrong.
        BackendError: no dashboard answers there, or it refuses this machine's token.
    """
    return Login(_find_url(address))


def grafana() -> str:
    """Read the dashboard for Grafana that comes with featray, as JSON."""
    return (shipped.folder(shipped.CLUSTERS) / "grafana.json").read_text(encoding="utf-8")


def _find_url(address: PathLike | None) -> str:
    address = None if address is None else os.fspath(address)
    if address is not None and address.startswith(("http://", "https://")):
        return address.rstrip("/")
    if address is not None and login.answers(f"http://{address}"):  # the dashboard's address instead of the head's
        return f"http://{address}"
    if address is None and not raylet_records.running():
        return DEFAULT_URL
    from featray.backends.ray.dashboard import find_url  # loads Ray

    return find_url(cluster_file.head_address(address, must_run=True))
