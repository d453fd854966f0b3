"""A detector for benchmarks that keeps every processor busy, so that other processes slow it down.

A sweep names it as `tests.support.burning_detector:BurningDetector`; featray must be installed from its checkout.
"""

import hashlib
import os
import threading
from collections.abc import Sequence


class BurningDetector:
    """Hashes so many MiB on each processor in `detect()`; hashing does not hold the interpreter lock.

    It finds one face in each of `frames` frames.
    """

    def __init__(self, frames: int, size_mib: int = 64) -> None:
        self._frames, self._data = frames, bytes(size_mib * 2**20)

    def detect(self, inputs: Sequence[str] | str, **_: object) -> list[dict[str, float]]:
        """Burn processor time; the inputs do not matter."""
        del inputs
        threads = [threading.Thread(target=hashlib.sha256, args=(self._data,)) for _ in range(os.cpu_count() or 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [{"frame": float(frame), "FaceScore": 1.0} for frame in range(self._frames)]
