"""`featray hosts`: what each machine is and has, and what it lacks for a sweep."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from featray.cli import console
from featray.cli.options import Address, Json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.table import Table

    from featray.planning.inventory import Gpu, Host, Inventory
    from featray.planning.readiness import Lack


def hosts(
    address: Address = None,
    check: Annotated[
        Path | None, typer.Option("--check", metavar="SWEEP", help="Say what each machine lacks for this sweep.")
    ] = None,
    json: Json = False,
) -> int:
    """Show what this machine, or every machine of a cluster, is and has.

    With --json: a recorded inventory, for `plan --inventory`. With --check: exit code 1 where a machine lacks something
    for the sweep.
    """
    import featray
    from featray import api
    from featray.planning import inventory

    if check is not None:
        present, lacks = api.check(check, address=address)
    else:
        present, lacks = featray.hosts(address=address), ()
    if json:
        console.result(inventory.to_json(present))
    else:
        console.stdout().print(table(present))
    if check is not None:
        _show(check, lacks)
    return 1 if lacks else 0


def _show(sweep: Path, lacks: "Sequence[Lack]") -> None:
    if not lacks:
        console.say(f"every selected host is ready for {sweep}")
    for lack in lacks:
        console.say(f"{lack.host}: {lack.what}" + (f"\n    {lack.remedy}" if lack.remedy else ""))


def table(inventory: "Inventory") -> "Table":
    """Draw the hosts; each GPU begins with the name that reports, messages and the live view have for it."""
    from rich.table import Table
    from rich.text import Text

    names = {target.target_id: target.label for target in inventory.targets()}
    drawn = Table(title="Hosts", title_justify="left", show_lines=len(inventory.hosts) > 1)
    for heading in ("host", "system", "GPUs", "software", "available"):
        drawn.add_column(heading, overflow="fold")
    for host in inventory.hosts:
        if host.error is not None:
            drawn.add_row(Text(_name(host)), Text(f"not probed: {host.error}"))
            continue
        columns = (_name(host), _system(host), _gpus(host, names), _software(host), _available(host))
        drawn.add_row(*map(Text, columns))
    return drawn


def _name(host: "Host") -> str:
    labels = [f"{key}={value}" for key, value in sorted(host.labels.items())]
    return "\n".join(filter(None, [host.hostname, host.address, host.host_id, *labels]))


def _system(host: "Host") -> str:
    from featray.core import wording

    cores = f"{host.cpu_count} CPUs" if host.cpu_count else None
    memory = wording.size(host.memory_b) if host.memory_b else None
    return "\n".join(filter(None, [host.os, host.arch, host.cpu_model, cores, memory]))


def _gpus(host: "Host", names: "Mapping[str, str]") -> str:
    apple = [names[f"mps@{host.host_id}"], "Apple GPU (mps)"] if host.mps else []
    return "\n".join([*(_gpu(gpu, names[gpu.uuid]) for gpu in host.gpus), *apple]) or "none"


def _gpu(gpu: "Gpu", name: str) -> str:
    from featray.core import wording

    others = {None: None, 0: "no other process", 1: "1 other process"}
    facts = [
        wording.size(gpu.memory_b) if gpu.memory_b else None,
        f"sm_{gpu.compute_capability.replace('.', '')}" if gpu.compute_capability else None,
        f"driver {gpu.driver}" if gpu.driver else None,
        others.get(gpu.foreign_processes, f"{gpu.foreign_processes} other processes"),
    ]
    return "\n".join(filter(None, [name, gpu.name, gpu.uuid, ", ".join(filter(None, facts))]))


def _software(host: "Host") -> str:
    names = ("featray", "ray", "torch", "torchvision", "torchcodec", "py-feat", "uv")
    versions = [f"{name} {host.packages.get(name, '-')}" for name in names]
    kernels = f"kernels {' '.join(host.cuda_architectures)}" if host.cuda_architectures else None
    cuda = f"torch's CUDA {host.cuda}" if host.cuda else None
    parts = [f"Python {host.python or '-'}", *versions, cuda, kernels, f"FFmpeg {host.ffmpeg or '-'}"]
    return "\n".join(filter(None, parts))


def _available(host: "Host") -> str:
    from featray.core import wording

    free = f"{wording.size(host.disk_free_b)} of disk free" if host.disk_free_b is not None else None
    load = f"load {host.load_1m:.1f}" if host.load_1m is not None else None
    return "\n".join(filter(None, [f"{len(host.weights_cached)} weight files", free, load]))
