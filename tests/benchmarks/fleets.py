"""Fleets: how long does it take to plan a million units, and how much memory?

    uv run python -m tests.benchmarks.fleets [UNITS]

Each case is a sweep of some detectors, batch sizes and numbers of workers, on recorded hosts of three kinds: with two
GPUs, with a GPU that the installed torch has no kernels for, and without a GPU. Every case runs `featray.plan_fleet` in
a process of its own, from the import and the reading of the files to the text. Exits 1 above 10 s of processor time,
which is the wall time of an idle machine, or above 2 GB of memory.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from featray.planning import inventory
from featray.planning.inventory import Gpu, Host, Inventory
from tests.support.plans import make_host

UNITS = 1_000_000
SECONDS, MEMORY_B = 10.0, 2 * 10**9

CODE = r"""
import json, resource, sys, time
started = time.perf_counter()
import featray
from featray.rendering import fleet_text
folder = sys.argv[1]
planned = featray.plan_fleet(f"{folder}/fleet.yaml", inventory=f"{folder}/hosts.json", cluster=f"{folder}/prices.yaml",
                             results=f"{folder}/results")
text = "\n".join([*fleet_text.table(planned), "", *fleet_text.said(planned)])
found = {"s": time.process_time(), "wall_s": time.perf_counter() - started, "units": planned.units}
found |= {"last": text.splitlines()[-1], "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}
print(json.dumps(found))
"""


def make_fleet(count: int) -> Inventory:
    """Make hosts of three kinds."""
    return Inventory(hosts=tuple(_host(number) for number in range(count)))


def _host(number: int) -> Host:
    gpus = [_gpu(number, index, "8.6" if number % 3 == 0 else "12.1") for index in range((2, 1, 0)[number % 3])]
    return make_host(f"h{number:04}", *gpus)


def _gpu(number: int, index: int, capability: str) -> Gpu:
    uuid = f"GPU-{number:08x}-0000-4000-8000-{index:012x}"
    return Gpu(uuid=uuid, name="NVIDIA GeForce RTX 3090", memory_b=24 * 1024**3, compute_capability=capability)


def write(folder: Path, hosts: int, cells: int) -> None:
    """Write the sweep, the hosts and their prices."""
    sizes, workers = range(1, cells // 20 + 1), range(10)
    lines = [
        "detectors: [retinaface, detectorv2]",
        "inputs: [short]",
        f"axes: {{device: [cpu], batch_size: {list(sizes)}, num_workers: {list(workers)}}}",
    ]
    (folder / "fleet.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    fleet = make_fleet(hosts)
    (folder / "hosts.json").write_text(inventory.to_json(fleet), encoding="utf-8")
    members = "".join(
        f"  - {{name: {host.hostname}, address: {host.hostname}, price_per_hour: 0.5}}\n" for host in fleet.hosts
    )
    (folder / "prices.yaml").write_text(f"hosts:\n{members}", encoding="utf-8")


def run(hosts: int, cells: int) -> bool:
    """Plan one case, print its line, and return True if it keeps the promise."""
    with tempfile.TemporaryDirectory(prefix="featray-fleet-") as name:
        write(Path(name), hosts, cells)
        done = subprocess.run([sys.executable, "-c", CODE, name], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    print(
        f"{hosts:5d} hosts x {cells:6d} cells: {found['units']:8d} units in {found['s']:.1f} s of processor time "
        f"({found['wall_s']:.1f} s), "
        f"{found['rss'] / 1e9:.2f} GB   {found['last']}",
        flush=True,
    )
    return bool(found["s"] <= SECONDS and found["rss"] <= MEMORY_B)


def main() -> int:
    """Print every case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("units", metavar="UNITS", nargs="?", type=int, default=UNITS)
    units = parser.parse_args().units
    kept = [run(hosts, units // hosts) for hosts in (1000, 100, 10)]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
