"""`featray hosts`: what each machine is and has, and what it lacks for a sweep."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from featray.cli import console, listing
from featray.cli.listing import ListedColumn
from featray.cli.options import Address, Json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

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

    With --json: a recorded inventory, for `plan --inventory`, which may be given several. With --check: exit code 1
    where a machine lacks something for the sweep.
    """
    import featray
    from featray import api
    from featray.planning import inventory

    with console.waiting(f"asking the machines of {address}" if address else "looking at this machine"):
        if check is not None:
            present, lacks = api.check(check, address=address)
        else:
            present, lacks = featray.hosts(address=address), ()
    if json:
        console.result(inventory.to_json(present))
    else:
        console.lines(draw(present, console.terminal_width()))
    if check is not None:
        _show(check, lacks)
    return 1 if lacks else 0


def _show(sweep: Path, lacks: "Sequence[Lack]") -> None:
    if not lacks:
        console.say(f"every selected host is ready for {sweep}")
    for lack in lacks:
        console.say(f"{lack.host}: {lack.what}" + (f"\n    {lack.remedy}" if lack.remedy else ""))


COLUMNS = (
    *(ListedColumn(heading, is_number=True) for heading in ("CPUs", "memory", "GPUs", "load", "disk free", "weights")),
    ListedColumn("host"),
)
KEY_WIDTH = 11  # columns of what a line below a host is about
UNKNOWN = "-"


def draw(inventory: "Inventory", width: int | None) -> list[str]:
    """Draw a line of figures per host, then everything else about each; no id is ever broken.

    Args:
        inventory: The hosts. Each GPU begins with the name that reports, messages and the live view have for it.
        width: Of the terminal; None where there is none.
    """
    names = {target.target_id: target.label for target in inventory.targets()}
    figures = [_figures(host) for host in inventory.hosts]
    lines = listing.draw(COLUMNS, figures, width, whole=len(COLUMNS) - 1)
    for host in inventory.hosts:
        lines += ["", host.hostname]
        for key, text in _facts(host, names):
            rest = " " * (KEY_WIDTH + 2)
            lines += listing.wrapped(f"  {key:{KEY_WIDTH}}{text}", width, subsequent=rest)
    return lines


def _figures(host: "Host") -> tuple[str, ...]:
    from featray.core import wording

    if host.error is not None:
        return (*[UNKNOWN] * (len(COLUMNS) - 1), host.hostname)
    return (
        str(host.cpu_count or UNKNOWN),
        wording.size(host.memory_b) if host.memory_b else UNKNOWN,
        "Apple" if host.mps else str(len(host.gpus)) if host.gpus else "none",
        f"{host.load_1m:.1f}" if host.load_1m is not None else UNKNOWN,
        wording.size(host.disk_free_b) if host.disk_free_b is not None else UNKNOWN,
        str(len(host.weights_cached)),
        host.hostname,
    )


def _facts(host: "Host", names: "Mapping[str, str]") -> "Iterator[tuple[str, str]]":
    """Give what is known of a host, by key; a key that goes on is empty."""
    yield "id", host.host_id
    if host.error is not None:
        yield "not probed", host.error
        return
    if host.address:
        yield "address", host.address
    yield "system", ", ".join(filter(None, [host.os, host.arch, host.cpu_model])) or UNKNOWN
    gpus = [line for gpu in host.gpus for line in _gpu(gpu, names[gpu.uuid])]
    gpus += [f"{names[f'mps@{host.host_id}']}, Apple GPU (mps)"] if host.mps else []
    for index, line in enumerate(gpus):
        yield ("GPU" if index == 0 else ""), line
    yield "software", _software(host)
    if host.labels:
        yield "labels", " ".join(f"{key}={value}" for key, value in sorted(host.labels.items()))


def _gpu(gpu: "Gpu", name: str) -> list[str]:
    """Describe a GPU in two lines: its names and id, and its figures."""
    from featray.core import wording

    others = {None: None, 0: "no other process", 1: "1 other process"}
    facts = [
        wording.size(gpu.memory_b) if gpu.memory_b else None,
        f"sm_{gpu.compute_capability.replace('.', '')}" if gpu.compute_capability else None,
        f"driver {gpu.driver}" if gpu.driver else None,
        others.get(gpu.foreign_processes, f"{gpu.foreign_processes} other processes"),
        gpu.name,
    ]
    return [f"{gpu.uuid}  {name}", ", ".join(filter(None, facts))]


def _software(host: "Host") -> str:
    names = ("featray", "ray", "torch", "torchvision", "torchcodec", "py-feat", "uv")
    versions = [f"{name} {host.packages[name]}" for name in names if name in host.packages]
    missing = [name for name in names if name not in host.packages]
    parts = [f"Python {host.python or UNKNOWN}", *versions, f"FFmpeg {host.ffmpeg or 'none'}"]
    parts += [f"torch's CUDA {host.cuda}"] if host.cuda else []
    parts += [f"kernels {' '.join(host.cuda_architectures)}"] if host.cuda_architectures else []
    return ", ".join(parts + ([f"without {' '.join(missing)}"] if missing else []))
