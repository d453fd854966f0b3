"""Stalling detector: stops in the middle of a cell for good, so that a test can act at that moment on any machine."""

import contextlib
import os
import time
from pathlib import Path


class StallingDetector:
    """Finds one face per frame, and once stalls in the second cell of a process.

    Args:
        stalled: Path of a file that it makes when it stalls; while that exists nothing else stalls. It goes on as soon
            as somebody writes into the file.
        frames: Frames that it reports for any input; the catalogue's short clip has 72.
    """

    def __init__(self, stalled: str, frames: int = 72) -> None:
        """Remember no cell yet."""
        self._stalled, self._frames = stalled, frames
        self._batch_sizes: set[int] = set()

    def detect(self, inputs: object, *, batch_size: int = 1, **_: object) -> list[dict[str, float]]:  # noqa: ARG002 - py-feat's signature
        """Find one face per frame, or stall."""
        self._batch_sizes.add(batch_size)
        if len(self._batch_sizes) > 1:
            with contextlib.suppress(FileExistsError):
                os.close(os.open(self._stalled, os.O_CREAT | os.O_EXCL))
                while not Path(self._stalled).stat().st_size:
                    time.sleep(0.05)
        return [{"frame": float(index), "FaceScore": 1.0} for index in range(self._frames)]
