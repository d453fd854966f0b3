"""Target selection: which targets a sweep's `hosts` picks.

Flow: an inventory and `sweep.Selector` -> `select` -> `places` of each cell -> `placement`, `readiness`. Pure.
"""

import fnmatch
from collections.abc import Iterable, Sequence

from featray import errors
from featray.core import host_names
from featray.core.cell import Cell
from featray.core.choices import Device
from featray.planning.inventory import Host, Inventory, Target, join_gpus
from featray.sweep import Selector


def select(inventory: Inventory, selector: Selector) -> tuple[Target, ...]:
    """List the targets that a selector picks.

    A GPU pattern picks the GPUs that it matches and the CPU of their hosts; every other part picks whole hosts.

    Returns:
        Every device and, after these, the GPUs of each host that has several of them as one target.

    Raises:
        NothingMatches: it picks nothing though there are hosts; the message lists names and the nearest one.
    """
    targets = inventory.targets()
    devices = [target for target in targets if _is_picked(target, selector)]
    joined = join_gpus(devices)
    picked = tuple(target for target in (*devices, *joined) if selector.target_id in (None, target.target_id))
    if targets and not picked:
        raise errors.NothingMatches(_why_nothing(inventory, selector, joined))
    return picked


class Places:
    """Where cells may run, among the targets that a sweep picks."""

    def __init__(self, picked: Iterable[Target]) -> None:
        """Take what `select` gives."""
        self._of: dict[tuple[Device, bool], list[Target]] = {
            (device, way): [] for device in Device for way in (False, True)
        }
        for target in picked:
            self._of[target.device, target.is_whole].append(target)
        for device in Device:
            joined = {target.host.host_id for target in self._of[device, True]}
            alone = {target.host.host_id: target for target in reversed(self._of[device, False])}
            self._of[device, True] += [target for host, target in reversed(alone.items()) if host not in joined]

    def of(self, cell: Cell) -> Sequence[Target]:
        """List the targets of a cell's device, in order.

        For all GPUs at the same time these come first, then one target of each other host, which `find_obstacle`
        refuses.
        """
        return self._of[cell.device, cell.is_whole]


def _is_picked(target: Target, selector: Selector) -> bool:
    host = target.host
    if selector.host and not _is_host(host, selector.host):
        return False
    if any(host.labels.get(key) != value for key, value in selector.label.items()):
        return False
    least_b, memory_b = selector.memory_min_b, target.memory_b
    if least_b is not None and memory_b is not None and memory_b < least_b:
        return False
    if not selector.gpu:
        return True
    gpus = (target.gpu,) if target.gpu else host.gpus
    return any(_matches(gpu.name, selector.gpu) or _matches(gpu.uuid, selector.gpu) for gpu in gpus)


def _is_host(host: Host, patterns: Iterable[str]) -> bool:
    """Return True if a pattern matches a host's name or id, or is the text that its id was computed from."""
    names = (host.hostname, host.host_id)
    patterns = tuple(patterns)
    return any(_matches(name, patterns) for name in names) or any(
        host_names.is_called(pattern, names) for pattern in patterns
    )


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name.casefold(), pattern.casefold()) for pattern in patterns)


def _why_nothing(inventory: Inventory, selector: Selector, joined: Iterable[Target]) -> str:
    hostnames = [host.hostname for host in inventory.hosts]
    gpu_names = sorted({gpu.name for host in inventory.hosts for gpu in host.gpus})
    if selector.target_id is not None:
        ids = [target.target_id for target in (*inventory.targets(), *joined)]
        if selector.target_id not in ids:
            return f"no device {selector.target_id!r}{errors.suggest(selector.target_id, ids)}"
    unknown_hosts = [
        pattern for pattern in selector.host if not any(_is_host(host, [pattern]) for host in inventory.hosts)
    ]
    for patterns, names, kind in ((unknown_hosts, hostnames, "host"), (selector.gpu, gpu_names, "GPU")):
        unmatched = [pattern for pattern in patterns if not any(_matches(name, [pattern]) for name in names)]
        if unmatched:
            suggestion = errors.suggest(unmatched[0], names)
            return f"hosts: no {kind} matches '{unmatched[0]}'{suggestion} ({describe(inventory.hosts)})"
    labels = sorted({f"{key}={value}" for host in inventory.hosts for key, value in host.labels.items()})
    for label in (f"{key}={value}" for key, value in selector.label.items()):
        if label not in labels:
            return f"hosts: no host is labelled '{label}'{errors.suggest(label, labels)}"
    return f"hosts: no host meets every part of the selector together; looked at {describe(inventory.hosts)}"


def describe(hosts: Sequence[Host]) -> str:
    """Name hosts with their GPUs: `a (NVIDIA GeForce RTX 3090); b (no GPU)`."""
    return "; ".join(map(_describe, hosts)) if hosts else "no hosts"


def _describe(host: Host) -> str:
    if host.error is not None:
        return f"{host.hostname} (not probed: {host.error})"
    return f"{host.hostname} ({', '.join(gpu.name for gpu in host.gpus) or 'no GPU'})"
