"""Rows for tests of reports: round figures (72 frames in 0.72 s), one repeat, only the columns that a report prints."""

from collections.abc import Iterable
from typing import Any

from featray.analysis import units
from featray.core.row import Row
from featray.rendering import document
from featray.rendering.document import Report

_ROW: dict[str, Any] = {
    "sweep": "quickstart",
    "run_id": "quickstart-1",
    "cell_id": "000000000001",
    "work_id": "work00000001",
    "target_id": "GPU-1",
    "invocation": 1,
    "block": 1,
    "order_index": 0,
    "status": "ok",
    "started_at": "2026-05-14T23:15:32.000+00:00",
    "detector": "retinaface",
    "input": "short",
    "section_kind": "video",
    "section_label": "short (72 frames)",
    "device": "cuda",
    "batch_size": 16,
    "num_workers": 0,
    "weights": "pretrained",
    "protocol": "featray",
    "hostname": "box",
    "host_id": "host-1",
    "arch": "x86_64",
    "cpu_count": 16,
    "gpu_name": "NVIDIA RTX 4000",
    "gpu_uuid": "GPU-1",
    "python": "3.12.3",
    "torch": "2.11.0+cu128",
    "cuda": "12.8",
    "pyfeat": "2.1.5",
    "omp_num_threads": "1",
    "timed_s": [0.72],
    "frames": 72,
    "batches": 5,
    "input_fps": 30.0,
    "faces": 72,
    "fex_rows": 72,
    "throttled": False,
}


def make_row(**columns: Any) -> Row:
    """Make the row of one measured unit: retinaface on 72 frames, 0.72 s, one repeat, on one GPU of `box`."""
    return Row(**(_ROW | columns))


def make_failed_row(status: str, reason: str | None = None, **columns: Any) -> Row:
    """Make the row of a unit that has no number."""
    return make_row(**({"status": status, "reason": reason, "timed_s": None, "work_id": None} | columns))


def make_cpu_row(**columns: Any) -> Row:
    """Make the row of a unit on the processor of `box`."""
    target = {"device": "cpu", "target_id": "cpu@host-1", "gpu_name": None, "gpu_uuid": None, "cuda": None}
    return make_row(**(target | columns))


def make_report(rows: Iterable[Row]) -> Report:
    """Make the report of rows."""
    return document.build(units.gather(rows))
