"""Logged detector: writes every call into a file of its own, so that a test knows what ran whatever featray says."""

import json
import os
import time
from pathlib import Path


class LoggedDetector:
    """Finds one face per frame and writes one line per call.

    Args:
        log: Folder; each process appends to a file of its own there.
        seconds: Duration of a call.
        frames: Frames that it reports for any input; the catalogue's short clip has 72.
    """

    def __init__(self, log: str, seconds: float = 0.0, frames: int = 72) -> None:
        """Open the log."""
        self._file = Path(log) / f"{os.getpid()}-{time.monotonic_ns()}.jsonl"
        self._seconds, self._frames = seconds, frames

    def detect(self, inputs: object, *, batch_size: int = 1, **_: object) -> list[dict[str, float]]:  # noqa: ARG002 - py-feat's signature
        """Take the time, write the line, and give the faces."""
        time.sleep(self._seconds)
        with self._file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"batch": batch_size}) + "\n")
        return [{"frame": float(index), "FaceScore": 1.0} for index in range(self._frames)]
