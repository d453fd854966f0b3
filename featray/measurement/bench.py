"""Bench: measures one cell after another with a loaded detector.

Flow: `invocation_run` -> `Bench.measure` -> `cell_run` -> columns of the cell's row.
"""

import dataclasses
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from featray.core.cell import Cell
from featray.core.choices import ProtocolName
from featray.core.output_table import OutputTable
from featray.core.rules import Rules
from featray.core.status import Status
from featray.measurement import ffmpeg, outcome
from featray.measurement.cell_run import CellRun, Instruments, TimeSpan
from featray.measurement.detector import LoadedDetector
from featray.measurement.frames import check_copy
from featray.measurement.outcome import Failure
from featray.measurement.protocol import JointRun
from featray.measurement.telemetry import EnergySource, GpuSource, Sampler


class Bench:
    """A loaded detector, the measuring rules, and the instruments."""

    def __init__(
        self,
        loaded: LoadedDetector,
        *,
        rules: Rules,
        gpu: GpuSource | None = None,
        processors: EnergySource | None = None,
        sampled: bool = True,
        sleep: Callable[[float], None] = time.sleep,
        others: JointRun | None = None,
    ) -> None:
        """Set the instruments up.

        Args:
            loaded: The detector.
            rules: How to measure.
            gpu: The GPU to read, if any.
            processors: The energy counter of the processors, if any.
            sampled: Read the machine during the timed calls; False serves to measure what reading costs.
            sleep: Waits for a GPU to cool, and for an injected delay.
            others: The processes that run side by side with this one; None: it is alone.
        """
        sampler = Sampler(gpu, processors=processors) if sampled and rules.protocol == ProtocolName.FEATRAY else None
        self._instruments = Instruments(
            loaded=loaded, rules=rules, gpu=gpu, sampler=sampler, sleep=sleep, others=others
        )
        self._ffmpeg: str | None = None
        self._checked_copies: set[tuple[Path, int]] = set()
        self.output: OutputTable | None = None  # of the last timed call of the cell measured last
        self.timed_spans: list[TimeSpan] = []  # of the same cell, as `CellRun` has them
        self.other_spans: list[TimeSpan] = []

    def measure(self, cell: Cell, files: Sequence[Path], cut_from: Path | None = None) -> dict[str, Any]:
        """Measure one cell.

        Args:
            cell: What to measure.
            files: Its input on this host.
            cut_from: The video that `files` was cut or looped from, if it was; their frames are compared first.

        Returns:
            Columns of its row: measurement, resources and identity.

        Raises:
            WrongWork: a call found other faces or frames than planned.
            Refused: the detector did not compute on the device that was asked for, or a copy is not what py-feat sees.
            Exception: whatever the detector raises.
        """
        self._check_copy(cell, files, cut_from)
        self.output = None
        cell_run = CellRun(self._instruments, cell, files)
        columns = cell_run.run()
        self.output, self.timed_spans, self.other_spans = cell_run.output, cell_run.timed_spans, cell_run.other_spans
        self._ffmpeg = self._ffmpeg or ffmpeg.describe(ffmpeg.find_loaded())  # empty until a call has loaded one
        return columns | ({"ffmpeg": self._ffmpeg} if self._ffmpeg else {})

    def explain(self, cell: Cell, files: Sequence[Path], failure: Failure) -> Failure:
        """Explain a failed cell by its input, where a frame of it is at fault: another attempt would fail too."""
        if failure.status is not Status.FAILED:
            return failure
        fault = outcome.attempt(lambda: self._instruments.loaded.find_fault(cell, files))
        if not isinstance(fault, str):
            return failure
        return dataclasses.replace(failure, status=Status.UNSUPPORTED, reason=f"input {cell.input.name}: {fault}")

    def _check_copy(self, cell: Cell, files: Sequence[Path], cut_from: Path | None) -> None:
        """Compare a copy with its source, once per process; what a detector of the user's own decodes is unknown."""
        if cut_from is None or cut_from in files or not self._instruments.loaded.spec.is_pyfeat:
            return
        frames, is_loop = cell.input.clip_frames, cell.input.looped_frames is not None
        if (cut_from, frames) not in self._checked_copies:
            check_copy(files[0], cut_from, frames, self._instruments.loaded.open_video, is_loop=is_loop)
            self._checked_copies.add((cut_from, frames))
