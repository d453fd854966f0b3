"""Rows of one clip at several lengths, with a planted start-up, rate, curvature and memory."""

import dataclasses
import math
import random
from collections.abc import Sequence
from typing import Any

from featray.core import cell, identity, inputs
from featray.core.row import Row
from tests.support.builders import make_cell, make_row

LENGTHS = (72, 288, 1152)
MIB = 1024**2


def make_rows_of_lengths(
    *,
    startup_s: float = 0.8,
    frame_s: float = 0.012,
    curvature_s: float = 0.0,
    base_b: int = 1600 * MIB,
    frame_b: float = 0.0,
    noise: float = 0.01,
    processes: int = 5,
    lengths: Sequence[int] = LENGTHS,
    seed: int = 0,
    **changes: Any,
) -> list[Row]:
    """Make a row per length and process, in an order drawn for each process.

    A process is faster or slower as a whole, each call is noisy, and memory of a longer call before is kept.
    """
    chance, rows = random.Random(seed), []
    for number in range(1, processes + 1):
        pace, kept_b = math.exp(chance.gauss(0, 0.02)), 0.0
        for place, frames in enumerate(chance.sample(list(lengths), len(lengths))):
            mean_s = pace * (startup_s + frame_s * frames + curvature_s * frames**2)
            kept_b = max(kept_b, base_b + frame_b * frames + chance.gauss(0, MIB))
            columns = {
                "invocation": number,
                "process": f"process {number}",
                "order_index": place,
                "timed_s": [mean_s * math.exp(chance.gauss(0, noise))] * 3,
                "rss_peak_b": round(kept_b),
                "gpu_memory_reserved_peak_b": round(base_b + frame_b * frames),
            }
            rows.append(of_length(make_row(**{**columns, **changes}), frames))
    return rows


def of_length(row: Row, frames: int) -> Row:
    """Give a row of the short clip a length."""
    short = inputs.CATALOGUE["short"]
    if frames == short.source_frames:
        return row
    clip = dataclasses.replace(
        short,
        name=f"short-{frames}",
        frame_limit=frames if frames < short.source_frames else None,
        looped_frames=frames if frames > short.source_frames else None,
    )
    asked = make_cell(input=clip, device=row.device, batch_size=row.batch_size, detector=row.detector)
    return dataclasses.replace(
        row,
        input=clip.name,
        section_label=clip.section_label,
        frames=clip.frames,
        batches=asked.batches,
        faces=clip.frames,
        cell_id=cell.cell_id(asked),
        asked=identity.canonical(cell.to_asked(asked)),
    )
