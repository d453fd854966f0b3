"""Inventory: the hosts, what each has, and the targets that they offer.

Flow: `host.probe`, or a recorded file -> `Inventory` -> `placement`, `readiness`, `featray hosts`.
Pure: backends probe; this module holds what a probe found, as values and as JSON (`featray hosts --json` writes it,
`featray plan --inventory` reads it).
"""

import collections
import dataclasses
import functools
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from featray.core import identity, lease_rule
from featray.core.choices import Device, Exclusive
from featray.core.gpus import joined_name
from featray.core.targets import KnownDevice, NamedTarget, name_devices
from featray.errors import InventoryFileError
from featray.planning import inventory_fields

FORMAT_VERSION = 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class Gpu:
    """One NVIDIA GPU, named by its UUID: its index differs between CUDA and the driver, and is not used."""

    uuid: str
    name: str
    memory_b: int | None = None
    driver: str | None = None
    compute_capability: str | None = None  # such as 12.0
    foreign_processes: int | None = None

    @property
    def is_slice(self) -> bool:
        """Return True for a MIG slice: a part of a GPU."""
        return self.uuid.startswith("MIG-")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Host:
    """One machine as probed. `packages` maps distribution names to versions; absent ones are not installed."""

    host_id: str
    hostname: str
    address: str | None = None
    os: str | None = None
    arch: str | None = None
    cpu_model: str | None = None
    cpu_count: int | None = None
    memory_b: int | None = None
    mps: bool = False
    mps_daemon: bool | None = None  # the program that starts NVIDIA's MPS is there; None: not looked for
    gpus: tuple[Gpu, ...] = ()
    python: str | None = None
    packages: Mapping[str, str] = dataclasses.field(default_factory=dict)
    cuda: str | None = None  # CUDA version that torch was built with
    cuda_architectures: tuple[str, ...] = ()  # kernels built into torch, such as sm_120
    ffmpeg: str | None = None
    ffmpeg_lack: str | None = None  # why there is none that its torchcodec can load
    ffmpeg_remedy: str | None = None
    weights_cached: tuple[str, ...] = ()  # repository/file of py-feat's hub
    clips: Mapping[str, str] | None = None  # path -> SHA-256 of a sweep's own files there; None: not looked for
    classes: Mapping[str, str] | None = None
    """Key of an own class of a sweep (`own_classes`) -> why it cannot be imported, empty where it can; None: not looked
    for."""
    disk_free_b: int | None = None
    load_1m: float | None = None
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict)
    node_ids: tuple[str, ...] = ()  # Ray's nodes on this machine
    node_gpus: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)  # node id -> GPU UUIDs
    error: str | None = None  # why the probe failed; the host then offers no target

    def gpus_to_lease(self, node_id: str, offered: int) -> int:
        """Return how many GPUs of a node to lease in order to use one of them: all.

        Ray leases a number of GPUs, not a certain one, and the measuring child takes its own by UUID: Ray might lease
        that one to another user at the same time. A node that featray started has only one.

        Args:
            node_id: One of `node_ids`.
            offered: GPUs that Ray leases there; for 0 the answer is 0.
        """
        return offered if len(self.node_gpus.get(node_id, ())) > 1 else min(1, offered)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Target:
    """One physical device of one host, or several GPUs of it that work at the same time."""

    target_id: str
    host: Host
    device: Device
    gpu: Gpu | None = None
    gpus: tuple[Gpu, ...] = ()  # several at the same time; `gpu` is then None
    named_among: NamedTarget | None = dataclasses.field(default=None, compare=False, repr=False)
    """Its names among the targets of its inventory; None where it belongs to none."""

    @functools.cached_property
    def named(self) -> NamedTarget:
        """Give its names."""
        return self.named_among or name_devices([_known(self)])[self.target_id]

    @property
    def label(self) -> str:
        """Give its name among the targets of its inventory (`core.targets`)."""
        return self.named.name

    @property
    def place(self) -> str:
        """Give its name and its host, even where the name is enough."""
        return self.named.place

    @property
    def memory_b(self) -> int | None:
        """The device's memory, in bytes; None where its driver does not say, as for a GPU that shares the host's.

        Of several GPUs, that of the smallest: each must hold its own processes.
        """
        if not self.every_gpu:
            return self.host.memory_b
        known = [gpu.memory_b for gpu in self.every_gpu if gpu.memory_b is not None]
        return min(known) if len(known) == len(self.every_gpu) else None

    @property
    def is_whole(self) -> bool:
        """Return True for several GPUs at the same time."""
        return bool(self.gpus)

    @property
    def every_gpu(self) -> tuple[Gpu, ...]:
        """List its GPUs: several, one, or none on a CPU."""
        return self.gpus or ((self.gpu,) if self.gpu else ())

    @property
    def gpu_uuid(self) -> str | None:
        """Give the UUID of its only GPU."""
        return self.gpu.uuid if self.gpu else None

    @property
    def gpu_name(self) -> str | None:
        """Give the model of its GPU; of several each model once, joined by `+`."""
        return joined_name(gpu.name for gpu in self.every_gpu)

    @property
    def names_by_uuid(self) -> dict[str, str]:
        """Map the UUID of each of several GPUs to its model."""
        return {gpu.uuid: gpu.name for gpu in self.gpus}

    def lease(self, exclusive: Exclusive) -> str:
        """Name what an invocation has for itself here; several GPUs at the same time have their host."""
        kind = Exclusive.HOST if self.is_whole else exclusive
        return lease_rule.held_alone(kind, host_id=self.host.host_id, target_id=self.target_id)


def _known(target: Target) -> KnownDevice:
    return KnownDevice(
        target_id=target.target_id,
        device=target.device,
        host_id=target.host.host_id,
        hostname=target.host.hostname,
        gpu_name=target.gpu_name,
        gpus=len(target.gpus) or 1,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Inventory:
    """Every host that featray may use, also those whose probe failed."""

    hosts: tuple[Host, ...]

    def targets(self) -> tuple[Target, ...]:
        """List every device of every host that answered its probe; GPUs come before the CPU, by UUID."""
        return _named([target for host in self.hosts if host.error is None for target in _targets(host)])


def _named(targets: Sequence[Target]) -> tuple[Target, ...]:
    names = name_devices(map(_known, targets))
    return tuple(dataclasses.replace(target, named_among=names[target.target_id]) for target in targets)


def join_gpus(targets: Sequence[Target]) -> tuple[Target, ...]:
    """List, for each host with two of these GPUs or more, all of them as one target; MIG slices do not count."""
    by_host: dict[str, list[Target]] = {}
    for target in targets:
        if target.gpu is not None and target.device is Device.CUDA and not target.gpu.is_slice:
            by_host.setdefault(target.host.host_id, []).append(target)
    return _named([_joined(members) for members in by_host.values() if len(members) > 1])


def _joined(members: Sequence[Target]) -> Target:
    ordered = tuple(sorted((member.gpu for member in members if member.gpu), key=lambda gpu: gpu.uuid))
    host = members[0].host
    name = f"{identity.of_gpus(gpu.uuid for gpu in ordered)}@{host.host_id}"
    return Target(target_id=name, host=host, device=Device.CUDA, gpus=ordered)


def _targets(host: Host) -> list[Target]:
    targets = [
        Target(target_id=gpu.uuid, host=host, device=Device.CUDA, gpu=gpu)
        for gpu in sorted(host.gpus, key=lambda gpu: gpu.uuid)
    ]
    if host.mps:
        targets.append(Target(target_id=f"mps@{host.host_id}", host=host, device=Device.MPS))
    targets.append(Target(target_id=f"cpu@{host.host_id}", host=host, device=Device.CPU))
    return targets


def merge(probed: Iterable[Host]) -> Inventory:
    """Make one host of each machine, from one probe for each Ray node.

    A machine's first probe gives its facts; nodes, their GPUs and labels come from all its probes.
    """
    hosts: dict[str, Host] = {}
    for host in probed:
        first = hosts.get(host.host_id)
        if first is None:
            hosts[host.host_id] = host
            continue
        gpus = {gpu.uuid: gpu for gpu in (*first.gpus, *host.gpus)}
        hosts[host.host_id] = dataclasses.replace(
            first,
            labels={**host.labels, **first.labels},
            gpus=tuple(gpus.values()),
            node_ids=first.node_ids + host.node_ids,
            node_gpus={**first.node_gpus, **host.node_gpus},
        )
    return Inventory(hosts=tuple(hosts.values()))


def select_offered(gpus: tuple[Gpu, ...], declared: str | None, *, has_gpus: bool) -> tuple[Gpu, ...]:
    """Select the GPUs that a Ray node was started with; a probe sees all of the machine.

    Args:
        gpus: Those that the probe saw.
        declared: UUID in the node's label, if it has one.
        has_gpus: Whether Ray leases any GPU of this node.
    """
    if declared is not None:
        return add_declared(tuple(gpu for gpu in gpus if gpu.uuid == declared), declared)
    return gpus if has_gpus else ()


def add_declared(gpus: tuple[Gpu, ...], uuid: str | None) -> tuple[Gpu, ...]:
    """Add a GPU that a node's label declares but the probe did not see; the child reports which GPU is there."""
    if uuid is None or any(gpu.uuid == uuid for gpu in gpus):
        return gpus
    return (*gpus, Gpu(uuid=uuid, name=f"declared GPU {uuid}"))


def to_json(inventory: Inventory) -> str:
    """Write a recorded inventory, indented, keys in order."""
    value = {"format": FORMAT_VERSION, "hosts": [dataclasses.asdict(host) for host in inventory.hosts]}
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)


def from_json(text: str, source: str) -> Inventory:
    """Read a recorded inventory.

    Args:
        text: What `to_json` wrote.
        source: File name for error messages.

    Raises:
        InventoryFileError: not JSON, another format, or a host with missing, unknown or repeated entries.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as wrong:  # also a number of more digits than Python reads
        raise InventoryFileError(f"{source}: not JSON: {wrong}") from wrong
    if not isinstance(value, dict) or value.get("format") != FORMAT_VERSION:
        raise InventoryFileError(
            f"{source}: not an inventory of format {FORMAT_VERSION}; record one with `featray hosts --json`"
        )
    try:
        hosts = _read_hosts(value.get("hosts"))
    except ValueError as wrong:
        raise InventoryFileError(f"{source}: {wrong}; record it again with `featray hosts --json`") from wrong
    return Inventory(hosts=hosts)


def join(inventories: Sequence[tuple[str, Inventory]]) -> Inventory:
    """Make one inventory of the hosts of several.

    Args:
        inventories: File name for error messages, and what it holds.

    Raises:
        InventoryFileError: a host is in two of them; the message names it and both files.
    """
    sources: dict[str, str] = {}
    for source, each in inventories:
        for host in each.hosts:
            if host.host_id in sources:
                raise InventoryFileError(
                    f"{source}: host {host.hostname} ({host.host_id}) is also in {sources[host.host_id]}; leave one out"
                )
            sources[host.host_id] = source
    return Inventory(hosts=tuple(host for _, each in inventories for host in each.hosts))


def _read_hosts(values: Any) -> tuple[Host, ...]:
    """Read the hosts of a recorded inventory.

    Raises:
        ValueError: a field is missing, unknown or wrong, or an id occurs twice; the message starts with the place.
    """
    if not isinstance(values, list):
        raise ValueError(f"hosts: expected a list, got {inventory_fields.shown(values)}")
    hosts = tuple(_read_host(f"hosts[{index}]", value) for index, value in enumerate(values))
    _refuse_repeated("host ids", (host.host_id for host in hosts))
    for host in hosts:
        _refuse_repeated(f"GPUs of {host.host_id}", (gpu.uuid for gpu in host.gpus))
    return hosts


def _refuse_repeated(kind: str, names: Iterable[str]) -> None:
    repeated = sorted(name for name, number in collections.Counter(names).items() if number > 1)
    if repeated:
        raise ValueError(f"{kind} occur twice: {', '.join(repeated)}")


def _read_host(place: str, value: Any) -> Host:
    fault = inventory_fields.find_fault(place, value, inventory_fields.HOST, ("host_id", "hostname"))
    for index, gpu in enumerate(value.get("gpus", ()) if fault is None else ()):
        fault = fault or inventory_fields.find_fault(
            f"{place}.gpus[{index}]", gpu, inventory_fields.GPU, ("uuid", "name")
        )
    if fault is not None:
        raise ValueError(fault)
    return _host(value)


def _host(value: Mapping[str, Any]) -> Host:
    return Host(
        **{
            **value,
            "gpus": tuple(Gpu(**gpu) for gpu in value.get("gpus", ())),
            "cuda_architectures": tuple(value.get("cuda_architectures", ())),
            "weights_cached": tuple(value.get("weights_cached", ())),
            "node_ids": tuple(value.get("node_ids", ())),
            "node_gpus": {node: tuple(uuids) for node, uuids in value.get("node_gpus", {}).items()},
        }
    )
