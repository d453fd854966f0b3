"""Rows, cells and invocations for tests, with plausible defaults.

A row's cell is made from its labels: rows with equal labels are rows of the same cell.
"""

import dataclasses
import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from featray.core import cell, clock, detectors, identity, inputs
from featray.core.cell import Cell
from featray.core.detectors import Detector
from featray.core.inputs import Input
from featray.core.invocation import Invocation
from featray.core.row import Row
from featray.core.rules import Rules
from featray.core.status import Status

BOX: Mapping[str, Any] = {
    "hostname": "box",
    "host_id": "id-box",
    "os": "Linux 6.12",
    "arch": "x86_64",
    "cpu_model": "AMD Ryzen Threadripper 7960X",
    "cpu_count": 48,
    "memory_b": 256 * 1024**3,
    "driver": "580.159.04",
}
"""A host's columns."""

SHELF: Mapping[str, Any] = {
    **BOX,
    "hostname": "shelf",
    "host_id": "id-shelf",
    "cpu_model": "Intel Xeon Gold 6430",
    "cpu_count": 64,
}

RTX3090: Mapping[str, Any] = {
    "target_id": "GPU-a3090000-0000-4000-8000-000000000086",
    "device": "cuda",
    "gpu_uuid": "GPU-a3090000-0000-4000-8000-000000000086",
    "gpu_name": "NVIDIA GeForce RTX 3090",
    "gpu_memory_b": 24 * 1024**3,
    "compute_capability": "8.6",
}
"""A GPU target's columns."""

BLACKWELL: Mapping[str, Any] = {
    "target_id": "GPU-b1acc000-0000-4000-8000-000000000120",
    "device": "cuda",
    "gpu_uuid": "GPU-b1acc000-0000-4000-8000-000000000120",
    "gpu_name": "NVIDIA RTX PRO 6000 Blackwell Workstation Edition",
    "gpu_memory_b": 96 * 1024**3,
    "compute_capability": "12.0",
}

CPU: Mapping[str, Any] = {"target_id": "cpu@id-box", "device": "cpu"}

STACK: Mapping[str, Any] = {
    "python": "3.12.3",
    "torch": "2.11.0+cu128",
    "cuda": "12.8",
    "torchvision": "0.26.0+cu128",
    "torchcodec": "0.11.1",
    "ffmpeg": "8.0 (pyav)",
    "pyfeat": "2.1.5",
    "featray": "0.1.0",
    "omp_num_threads": "1",
    "torch_threads": 1,
}
"""A software stack's columns."""

STARTED = datetime.datetime(2026, 5, 14, 23, 15, 32, tzinfo=datetime.UTC)


def make_cell(**changes: Any) -> Cell:
    """Make a cell; `detector` and `input` may be names, in the catalogue or not."""
    fields: dict[str, Any] = {
        "detector": "retinaface",
        "input": "short",
        "device": "cuda",
        "batch_size": 16,
        **changes,
    }
    if isinstance(fields["detector"], str):
        fields["detector"] = _detector(fields["detector"])
    if isinstance(fields["input"], str):
        fields["input"] = _input(fields["input"])
    return Cell(**fields)


def _detector(name: str) -> Detector:
    return detectors.CATALOGUE.get(name) or Detector(name=name, class_name=f"own.detectors:{name}", heading=name)


def _input(name: str) -> Input:
    clip = Input(name=name, kind=inputs.VIDEO, paths=(f"clips/{name}.mp4",), source_frames=100, fps=25.0)
    return inputs.CATALOGUE.get(name) or clip


def make_work(of: Cell) -> dict[str, str]:
    """Make the work that a child would resolve for a cell."""
    resolved = {
        **of.detector.keywords,
        "class": of.detector.class_name,
        "precision": "float32",
        "weights": "pretrained",
        "weights py-feat/retinaface_r34 model.safetensors": {"revision": "abc", "sha256": "def"},
        "input_sha256": [identity.digest({"input": of.input.name})],
        "input_frames": of.input.frames,
        "copies": of.input.copies,
        "skip_frames": of.input.skip_frames,
        "output_size": of.input.output_size,
    }
    return {key: identity.canonical(value) for key, value in resolved.items()}


def make_summary() -> dict[str, list[float]]:
    """Make the summary of an output: a position in pixels, a probability, and an angle near 0."""
    return {
        "FaceRectX": [310.5, 12.25, 72.0],
        "happiness": [0.75, 0.125, 72.0],
        "Roll": [1e-7, 2e-7, 72.0],
    }


def make_row(**changes: Any) -> Row:
    """Make a row of status ok: retinaface on the short clip, batch 16, on the RTX 3090 of the host `box`.

    `threads` and `targets` are what the sweep asks for, and `requirements` those of its environment. Any other name is
    a column. A row of another status has no figures unless they are given.
    """
    changes = dict(changes)
    threads, requirements = changes.pop("threads", None), changes.pop("requirements", ())
    targets = changes.pop("targets", cell.ONE)
    labels: dict[str, Any] = {
        "detector": "retinaface",
        "input": "short",
        "batch_size": 16,
        "num_workers": 0,
        "weights": "pretrained",
        "environment": None,
        "delay_s_per_frame": 0.0,
        **BOX,
        **STACK,
        **RTX3090,
        **({} if threads is None else {"omp_num_threads": str(threads), "torch_threads": threads}),
        **changes,
    }
    asked = make_cell(
        threads=threads,
        targets=targets,
        requirements=tuple(requirements),
        **{name: labels[name] for name in _ASKED if labels.get(name) is not None},
    )
    work = changes["work"] if "work" in changes else make_work(asked)
    columns: dict[str, Any] = {
        "sweep": "demo",
        "run_id": "demo-1",
        "cell_id": cell.cell_id(asked),
        "work_id": None if work is None else identity.digest(work),
        "invocation": 1,
        "block": changes.get("invocation", 1),
        "order_index": 0,
        "status": Status.OK,
        "started_at": clock.utc_text(STARTED),
        "section_kind": asked.input.kind,
        "section_label": asked.input.section_label,
        "protocol": "featray",
        "asked": identity.canonical(cell.to_asked(asked)),
        "exclusive": "host",
        "work": work,
        "frames": asked.input.frames,
        "batches": asked.batches,
        "input_fps": asked.input.fps,
    }
    measured = _measured(asked) if changes.get("status", Status.OK) == Status.OK else {}
    columns |= measured | labels
    if labels["device"] == "cpu":
        columns |= dict.fromkeys(("gpu_uuid", "gpu_name", "gpu_memory_b", "compute_capability"), None) | changes
    return Row(**columns)


_ASKED = (
    "detector",
    "input",
    "device",
    "batch_size",
    "num_workers",
    "processes",
    "weights",
    "environment",
    "delay_s_per_frame",
)


def _measured(asked: Cell) -> dict[str, Any]:
    faces = asked.input.frames * (1 if asked.input.faces is None else asked.input.faces)
    return {
        "import_s": 8.0,
        "load_s": 2.0,
        "first_call_s": 1.5,
        "warmup_s": [1.5, 0.76, 0.76],
        "timed_s": [0.76] * 5,
        "unmet_rules": [],
        "stages_s": {"decode": 0.05, "face detection": 0.4, "emotion": 0.2, "other": 0.05},
        "profiled_ratio": 1.01,
        "fex_rows": faces,
        "faces": faces,
        "output_summary": make_summary(),
        "throttled": False,
    }


def make_rows(medians_s: Sequence[float], **changes: Any) -> list[Row]:
    """Make one row per invocation; the median of its five repeats is exactly the given one, in seconds per call.

    Invocations start a minute apart, the first at `started_at` (an aware datetime).
    """
    first = changes.pop("started_at", STARTED)
    row = make_row(**changes)
    return [
        dataclasses.replace(
            row,
            invocation=number,
            block=number,
            started_at=clock.utc_text(first + datetime.timedelta(minutes=number - 1)),
            timed_s=[median_s * share for share in (0.99, 1.0, 1.0, 1.0, 1.01)],
        )
        for number, median_s in enumerate(medians_s, start=1)
    ]


def make_joint_rows(medians_s: Sequence[float], processes: int = 2, **changes: Any) -> list[Row]:
    """Make rows of processes side by side: together they take so many seconds per call, each so many times as long."""
    rows = make_rows(medians_s, processes=processes, **changes)
    return [
        dataclasses.replace(
            row,
            process_timed_s={
                str(number): [processes * time_s for time_s in row.timed_s or ()] for number in range(1, processes + 1)
            },
        )
        for row in rows
    ]


def make_whole_rows(
    medians_s: Sequence[float],
    *gpus: Mapping[str, Any],
    processes: int = 1,
    paces: Sequence[float] = (1.0, 1.0),
    **changes: Any,
) -> list[Row]:
    """Make rows of all GPUs of the host `box` at the same time, by default of its RTX 3090 and its Blackwell.

    Together they take so many seconds per call; the speeds of the GPUs are as `paces`.
    """
    gpus = gpus or (RTX3090, BLACKWELL)
    names = {gpu["gpu_uuid"]: gpu["gpu_name"] for gpu in sorted(gpus, key=lambda gpu: str(gpu["gpu_uuid"]))}
    columns: dict[str, Any] = {
        "targets": cell.ALL,
        "target_id": f"all-{identity.digest({'gpus': list(names)})}@id-box",
        "gpus": names,
        "gpu_uuid": None,
        "gpu_name": " + ".join(dict.fromkeys(names.values())),
        "gpu_memory_b": min(gpu["gpu_memory_b"] for gpu in gpus),
        "compute_capability": None,
    }
    slowness = [sum(paces) * processes / pace for pace in paces for _ in range(processes)]
    return [
        dataclasses.replace(
            row,
            process_timed_s={
                str(number): [times * time_s for time_s in row.timed_s or ()]
                for number, times in enumerate(slowness, start=1)
            },
        )
        for row in make_rows(medians_s, processes=processes, **columns | changes)
    ]


def make_invocation(*cells: Cell, **changes: Any) -> Invocation:
    """Make the first invocation of a run on the RTX 3090; it measures its cells in the order given."""
    cells = cells or (make_cell(),)
    fields: dict[str, Any] = {
        "sweep": "demo",
        "run_id": "demo-1",
        "target_id": RTX3090["target_id"],
        "device": "cuda",
        "gpu_uuid": RTX3090["gpu_uuid"],
        "invocation": 1,
        "block": 1,
        "order": tuple(range(len(cells))),
        "cells": cells,
        "rules": Rules(),
    }
    return Invocation(**(fields | changes))
