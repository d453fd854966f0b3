"""Hosts, cells and plans for tests, with plausible defaults; the GPUs are those of `builders`."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from featray.core import cell
from featray.core.cell import Cell
from featray.core.choices import Exclusive
from featray.core.rules import Rules
from featray.core.stored_unit import StoredUnit
from featray.planning import placement, plan
from featray.planning.inventory import Gpu, Host, Inventory
from featray.planning.known_times import KnownTimes
from featray.planning.placement import Placement
from featray.planning.plan import Plan
from featray.planning.planned_invocation import RunSettings
from featray.sweep import Selector
from tests.support import builders


def _gpu(columns: Mapping[str, Any]) -> Gpu:
    return Gpu(
        uuid=columns["gpu_uuid"],
        name=columns["gpu_name"],
        memory_b=columns["gpu_memory_b"],
        compute_capability=columns["compute_capability"],
    )


BLACKWELL = _gpu(builders.BLACKWELL)
RTX3090 = _gpu(builders.RTX3090)


def make_host(name: str = "box", *gpus: Gpu, **changes: Any) -> Host:
    fields: dict[str, Any] = {
        "host_id": f"id-{name}",
        "hostname": name,
        "memory_b": 64 * 1024**3,
        "gpus": gpus,
        "packages": {"py-feat": "2.1.5", "torch": "2.11.0"},
        "cuda_architectures": ("sm_80", "sm_86", "sm_90", "sm_120"),
        "node_ids": (f"node-{name}",),
    }
    return Host(**(fields | changes))


def make_inventory(*hosts: Host) -> Inventory:
    return Inventory(hosts=hosts or (make_host(),))


def make_cell(**changes: Any) -> Cell:
    """Make a cell that every host can run: on the CPU, batch 4."""
    return builders.make_cell(**({"device": "cpu", "batch_size": 4} | changes))


def place(cells: Sequence[Cell], *hosts: Host, selector: Selector | None = None, **changes: Any) -> Placement:
    return placement.match(cells, make_inventory(*hosts), selector or Selector(), **changes)


def make_plan(
    placed: Placement,
    stored: Sequence[StoredUnit] = (),
    *,
    n: int | Callable[[str, str], int | Collection[int]] = 2,
    seed: int = 0,
    exclusive: Exclusive = Exclusive.HOST,
    durations: Mapping[tuple[str, str], float] | None = None,
    **changes: Any,
) -> Plan:
    """Plan cells; `durations` maps (cell id, target id) to the seconds of calls that earlier rows have."""
    run = RunSettings(sweep="demo", run_id="demo-1", rules=Rules(), seed=seed, exclusive=exclusive)
    needed = n if callable(n) else lambda *_: n
    if durations is not None:
        cells = {unit.cell_id: unit.cell for unit in placed.units}
        timed = [
            make_stored(cells[id_], target, timed_s=[seconds])
            for (id_, target), seconds in durations.items()
            if id_ in cells
        ]
        changes["known"] = KnownTimes(timed, cells.values())
    return plan.make(placed, stored, run, invocations_needed=needed, **changes)


def make_stored(of: Cell, target_id: str, invocation: int = 1, **changes: Any) -> StoredUnit:
    fields: dict[str, Any] = {
        "sweep": "demo",
        "run_id": "demo-1",
        "cell_id": cell.cell_id(of),
        "target_id": target_id,
        "invocation": invocation,
        "attempt": 1,
        "status": "ok",
        "started_at": "2026-05-14T00:00:00.000+00:00",
        "order_index": 0,
        "warmup_s": None,
        "timed_s": None,
    }
    return StoredUnit(**(fields | changes))
