"""Figures of py-feat's reports from an Apple M5 Max, as imported rows: its maintainers drew conclusions by hand.

Source: docs/benchmarks/2026-06-22-788e6d8.md and 2026-05-03-437b651.md of py-feat; seconds per call.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from featray.core.row import Row
from tests.support.builders import make_row

Times = Mapping[tuple[str, str, str], Sequence[float]]
"""(detector, input, device) -> seconds at each batch size."""

BATCHES = (1, 4, 16)

M5_MAX: Times = {
    ("img2pose", "short", "cpu"): (27.52, 26.91, 107.46),
    ("img2pose", "short", "mps"): (7.90, 5.63, 5.34),
    ("retinaface", "short", "cpu"): (13.91, 13.24, 74.70),
    ("retinaface", "short", "mps"): (3.73, 1.51, 1.00),
    ("detectorv2", "short", "cpu"): (31.91, 29.45, 36.05),
    ("detectorv2", "short", "mps"): (2.22, 0.77, 0.54),
    ("img2pose", "long", "mps"): (60.77, 44.73, 42.03),
    ("retinaface", "long", "cpu"): (88.73, 85.13, 537.09),
    ("retinaface", "long", "mps"): (24.75, 10.61, 6.45),
    ("detectorv2", "long", "cpu"): (205.84, 193.92, 238.38),
    ("detectorv2", "long", "mps"): (15.69, 5.44, 3.67),
    ("img2pose", "multi-face", "cpu"): (13.26, 67.18, 64.01),
    ("img2pose", "multi-face", "mps"): (2.74, 2.20, 2.31),
    ("retinaface", "multi-face", "cpu"): (12.17, 66.15, 64.35),
    ("retinaface", "multi-face", "mps"): (1.34, 0.85, 0.96),
    ("detectorv2", "multi-face", "cpu"): (29.61, 17.93, 24.38),
    ("detectorv2", "multi-face", "mps"): (0.75, 0.51, 0.52),
}
"""788e6d8: processor and GPU."""

WORKERS: Mapping[int, Times] = {
    0: {
        ("retinaface", "long", "cpu"): (38.30, 37.97, 158.81),
        ("retinaface", "long", "mps"): (17.12, 7.86, 5.16),
        ("retinaface", "multi-face", "cpu"): (3.72, 5.31, 14.80),
        ("retinaface", "multi-face", "mps"): (0.97, 0.65, 0.65),
    },
    2: {
        ("retinaface", "long", "cpu"): (71.35, 69.77, 188.09),
        ("retinaface", "long", "mps"): (49.97, 40.28, 32.88),
        ("retinaface", "multi-face", "cpu"): (36.44, 33.10, 37.99),
        ("retinaface", "multi-face", "mps"): (33.49, 28.36, 23.51),
    },
}
"""437b651: workers 0 and 2."""

_MAC: Mapping[str, Any] = {
    "run_id": "m5max",
    "sweep": "m5max",
    "source_file": "m5max.md",
    "hostname": "mac",
    "host_id": None,
    "arch": "arm64",
    "cpu_model": None,
    "cpu_count": 18,
    "gpu_name": None,
    "gpu_uuid": None,
    "work": None,
    "asked": None,
    "protocol": "pyfeat",
    "faces": None,
    "fex_rows": None,
    "output_summary": None,
    "stages_s": None,
}


def make_rows(times: Times, **changes: Any) -> list[Row]:
    """Make the rows of a report: single measurements, imported."""
    return [
        make_row(
            detector=detector,
            input=clip,
            device=device,
            batch_size=batch,
            timed_s=[seconds],
            **_target(device, changes),
        )
        for (detector, clip, device), calls in times.items()
        for batch, seconds in zip(BATCHES, calls, strict=True)
    ]


def _target(device: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    gpu = {"gpu_name": "Apple M5 Max"} if device == "mps" else {}
    return {**_MAC, "target_id": f"{device}@mac", **gpu, **changes}


def without(times: Times, *names: str) -> Times:
    """Leave out detectors, inputs or devices."""
    return {key: calls for key, calls in times.items() if not set(key) & set(names)}


def make_workers_rows() -> list[Row]:
    """Make the rows of the report with two counts of workers."""
    return [row for workers, times in WORKERS.items() for row in make_rows(times, num_workers=workers)]


def devices(rows: Iterable[Row], device: str) -> list[Row]:
    """Keep the rows of a device."""
    return [row for row in rows if row.device == device]
