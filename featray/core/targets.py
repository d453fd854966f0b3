"""Targets: the one name of a device, for findings, tables, comparisons, messages and the live view.

Flow: rows, or an inventory's targets -> `NamedTarget` -> `analysis`, `interchange`, `rendering`. Pure.

A name is as short as it can be without naming another device too, among those that are named together:
`RTX 3090`; `RTX 3090 of box` where another host has one; `RTX 3090 (GPU-1f0c22aa)` where the same host has two;
`RTX 3090 (GPU-1f0c22aa) of box` where both are so.
Several GPUs of a host that work at the same time are one target: `2 GPUs`, `2 GPUs of box`.

A row of a lost host or of a dead child may hold little more than its target's id; then another row of the same target
fills in the rest.
"""

import collections
import dataclasses
import re
from collections.abc import Collection, Iterable, Mapping

from featray.core import wording
from featray.core.choices import Device
from featray.core.row import NO_TARGET, Row

DEVICES = (Device.CPU, Device.MPS, Device.CUDA)  # order of the tables in py-feat's reports
NAME_LENGTH = 42  # characters of a GPU's name: "RTX PRO 6000 Blackwell Workstation Edition" in full
HOST_LENGTH = 28  # characters of a host's name: "RTX PRO 6000 Blackwell of ..." then fits beside a plot
ID_LENGTH = 12  # characters of an id at least: "GPU-" and 8 hex digits, or a host's id


@dataclasses.dataclass(frozen=True, kw_only=True)
class KnownDevice:
    """A device to name. `host_id` is the host's id or, without one, the best name there is."""

    target_id: str
    device: str
    host_id: str
    hostname: str | None = None
    gpu_name: str | None = None
    gpus: int = 1  # that work at the same time


@dataclasses.dataclass(frozen=True, kw_only=True)
class NamedTarget:
    """A device and its names. `host_id` is the host's id or, without one, the best name there is."""

    target_id: str
    device: str
    host_id: str
    gpu_name: str | None  # as the driver gives it
    device_name: str  # on its host: `RTX 3090`, `RTX 3090 (GPU-1f0c22aa)`, `2 GPUs`, `CPU`
    host_name: str
    name: str  # among all devices that are named together
    short_name: str
    """For narrow columns, which cut its end: what tells it from the others comes first, `box GPU-1f0c22aa RTX 3090`."""

    @property
    def place(self) -> str:
        """Name the device and its host, even where the device's name is enough."""
        return self.device_name if self.target_id == NO_TARGET else f"{self.device_name} of {self.host_name}"


def name_targets(rows: Iterable[Row]) -> dict[str, NamedTarget]:
    """Name every target of the rows, by target id."""
    best: dict[str, Row] = {}
    for row in rows:
        best_row = best.get(row.target_id)
        if best_row is None or _knowledge(row) > _knowledge(best_row):
            best[row.target_id] = row
    hostnames = {row.host_id: row.hostname for row in best.values() if row.host_id and row.hostname}
    return name_devices(_known(row, hostnames) for row in best.values())


def _knowledge(row: Row) -> int:
    return sum(value is not None for value in (row.host_id, row.hostname, row.gpu_name, row.gpus))


def _known(row: Row, hostnames: Mapping[str, str]) -> KnownDevice:
    host_of_id = row.target_id.rpartition("@")[2] if "@" in row.target_id else None
    host = row.host_id or host_of_id or row.hostname or ("" if row.target_id == NO_TARGET else "unknown host")
    return KnownDevice(
        target_id=row.target_id,
        device=row.device,
        host_id=host,
        hostname=row.hostname or hostnames.get(host),
        gpu_name=row.gpu_name,
        gpus=len(row.gpus or ()) or 1,
    )


def name_devices(devices: Iterable[KnownDevice]) -> dict[str, NamedTarget]:
    """Name devices that are named together.

    Returns:
        Target id -> the device and its names, in input order.
    """
    distinct = list({device.target_id: device for device in devices}.values())
    hosts, models = _host_names(distinct), _model_names(distinct)
    ids = _ids_of_twins(distinct, models)
    on_hosts = {(device.host_id, models[device.target_id]) for device in distinct}
    hosts_of_model = collections.Counter(model for _, model in on_hosts)
    named: dict[str, NamedTarget] = {}
    for device in distinct:
        model, id_, host_name = models[device.target_id], ids.get(device.target_id), hosts[device.host_id]
        device_name = f"{model} ({id_})" if id_ else model
        named[device.target_id] = NamedTarget(
            target_id=device.target_id,
            device=device.device,
            host_id=device.host_id,
            gpu_name=device.gpu_name,
            device_name=device_name,
            host_name=host_name,
            name=device_name if hosts_of_model[model] == 1 else f"{device_name} of {host_name}",
            short_name=" ".join(filter(None, (host_name if len(hosts) > 1 else None, id_, model))),
        )
    return named


def _host_names(devices: Collection[KnownDevice]) -> dict[str, str]:
    """Name each host, by host id: its name, and the id where two have the same."""
    plain = {device.host_id: wording.shortened(device.hostname or device.host_id, HOST_LENGTH) for device in devices}
    counts = collections.Counter(plain.values())
    ids = short_ids(plain)
    return {
        host: name if counts[name] == 1 or name == host else f"{name} ({ids[host]})" for host, name in plain.items()
    }


def _model_names(devices: Collection[KnownDevice]) -> dict[str, str]:
    """Name the model of each device, by target id."""
    models = short_models(device.gpu_name for device in devices if device.gpu_name and device.gpus == 1)
    return {device.target_id: _plain_name(device, models) for device in devices}


def _ids_of_twins(devices: Iterable[KnownDevice], models: Mapping[str, str]) -> dict[str, str]:
    """Shorten the ids of devices whose host has another one of their model; the others have none."""
    by_model: dict[tuple[str, str], list[str]] = {}
    for device in devices:
        by_model.setdefault((device.host_id, models[device.target_id]), []).append(device.target_id)
    return {id_: short for ids in by_model.values() if len(ids) > 1 for id_, short in short_ids(ids).items()}


def _plain_name(device: KnownDevice, models: Mapping[str, str]) -> str:
    if device.target_id == NO_TARGET:
        return "no target"
    if device.gpus > 1:
        return f"{device.gpus} GPUs"
    return wording.shortened(models[device.gpu_name], NAME_LENGTH) if device.gpu_name else device.device.upper()


def short_ids(ids: Collection[str]) -> dict[str, str]:
    """Shorten ids to as few characters as tell them apart: their beginnings, else beginning and end, `GPU-000…00a1`."""
    length = ID_LENGTH
    while True:
        for shorten in (_begin, wording.shortened):
            short = {id_: shorten(id_, length) for id_ in ids}
            if len(set(short.values())) == len(short) or length >= max(map(len, short)):
                return short
        length += ID_LENGTH


def _begin(id_: str, length: int) -> str:
    return wording.plain(id_[:length])


_VENDOR = re.compile(r"^NVIDIA (GeForce )?")
_EDITION = re.compile(r" (Workstation|Server) Edition$")


def short_models(models: Iterable[str]) -> dict[str, str]:
    """Shorten the names of GPU models: without the vendor, and without the edition where each model has only one.

    Returns:
        Full name -> short name, such as `RTX 3090`; no two models have the same short name.
    """
    without_vendor = {model: _VENDOR.sub("", model) for model in dict.fromkeys(models)}
    bare = {model: _EDITION.sub("", name) for model, name in without_vendor.items()}
    counts = collections.Counter(bare.values())
    return {model: name if counts[name] == 1 else without_vendor[model] for model, name in bare.items()}
