"""Hungry detector: needs memory in proportion to its batch, for tests of searches and of limits.

A sweep names it as `{class: "featray.measurement.fakes.hungry_detector:HungryDetector"}`. It needs neither torch nor
py-feat. It finds one face per frame.
"""

import mmap
import resource
import time
from pathlib import Path

MIB = 1024**2


class HungryDetector:
    """Takes memory for each frame of a batch, and time for each frame and each batch.

    Args:
        mib_per_frame: Memory of each frame of a batch; the threads of a process reserve some 100 MiB besides.
        limit_mib: Most memory beyond that of the loaded process, as a real limit (`setrlimit`); None sets none.
        resident: Write to the memory. Otherwise it is reserved, which costs no time and counts for the limit alike.
        seconds_per_frame: Duration of a frame.
        seconds_per_batch: Additional duration of each batch.
        frames: Frames that it reports for any input; the catalogue's short clip has 72.
    """

    def __init__(
        self,
        mib_per_frame: float = 1.0,
        limit_mib: int | None = None,
        resident: bool = False,
        seconds_per_frame: float = 0.0,
        seconds_per_batch: float = 0.0,
        frames: int = 72,
    ) -> None:
        """Set the limit."""
        self._frame_b, self._resident = round(mib_per_frame * MIB), resident
        self._frame_s, self._batch_s, self._frames = seconds_per_frame, seconds_per_batch, frames
        if limit_mib is not None:
            _, hard = resource.getrlimit(resource.RLIMIT_AS)
            resource.setrlimit(resource.RLIMIT_AS, (_address_space_b() + limit_mib * MIB, hard))

    def detect(self, inputs: object, *, batch_size: int = 1, **_: object) -> list[dict[str, float]]:  # noqa: ARG002 - py-feat's signature
        """Take the memory of a batch, let the time of a call pass, and find one face per frame.

        Raises:
            OSError: the batch needs more than the limit (ENOMEM).
        """
        batch = min(batch_size, self._frames)
        with mmap.mmap(-1, max(1, batch * self._frame_b)) as taken:
            if self._resident:
                taken[:: mmap.PAGESIZE] = b"\x01" * len(range(0, len(taken), mmap.PAGESIZE))
            time.sleep(self._frames * self._frame_s + -(-self._frames // batch) * self._batch_s)
        return [{"frame": float(index), "FaceScore": 1.0} for index in range(self._frames)]


def _address_space_b() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()
