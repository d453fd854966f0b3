"""Growing detector: one whose time and memory depend on the length of a video, for self-tests.

A sweep names it as `{class: "tests.support.growing_detector:GrowingDetector", keywords: {...}}`.
"""

import functools
import random
import time

from featray.measurement.fakes.clockwork import SPIN_S


class GrowingDetector:
    """Takes a planted time and holds planted memory in each call; finds one face in every frame.

    Args:
        seconds_per_call: Start-up: the part that does not depend on the length.
        seconds_per_frame: Rate.
        seconds_per_frame_squared: Curvature: what grows with the square of the length.
        bytes_per_frame: Memory that a call takes at its peak.
        jitter: Standard deviation of a call's time over its mean.
        process_jitter: The same between detectors: drawn once, when the detector is made.
        seed: Of both; None differs from process to process.
    """

    def __init__(
        self,
        seconds_per_call: float = 0.0,
        seconds_per_frame: float = 0.0,
        seconds_per_frame_squared: float = 0.0,
        bytes_per_frame: int = 0,
        jitter: float = 0.0,
        process_jitter: float = 0.0,
        seed: int | None = None,
    ) -> None:
        """Draw this detector's own pace."""
        self._seconds = seconds_per_call, seconds_per_frame, seconds_per_frame_squared
        self._bytes_per_frame, self._jitter = bytes_per_frame, jitter
        self._random = random.Random(seed)
        self._pace = max(0.0, self._random.gauss(1.0, process_jitter))

    def detect(self, inputs: str, **_: object) -> list[dict[str, float]]:
        """Let the time of a call on a video pass.

        Returns:
            One mapping per frame: `frame`, counted from 0, and `FaceScore`.
        """
        frames = _count_frames(inputs)
        per_call, per_frame, per_frame_squared = self._seconds
        mean_s = self._pace * (per_call + frames * per_frame + frames**2 * per_frame_squared)
        end = time.perf_counter() + mean_s * max(0.0, self._random.gauss(1.0, self._jitter))
        held = b"\x01" * (frames * self._bytes_per_frame)  # written, so that it is resident
        del held  # giving it back takes time too, which must not come on top
        found = [{"frame": float(frame), "FaceScore": 1.0} for frame in range(frames)]
        time.sleep(max(0.0, end - time.perf_counter() - SPIN_S))
        while time.perf_counter() < end:
            pass
        return found


@functools.cache
def _count_frames(path: str) -> int:
    """Count the frames that a video shows, from its packets."""
    import av

    with av.open(path) as container:
        packets = container.demux(container.streams.best("video"))
        return sum(1 for packet in packets if packet.size and not packet.is_discard)
