"""Clockwork: a detector that only lets time pass, for self-tests. It needs neither torch nor py-feat.

A sweep names it as `{class: "featray.measurement.clockwork:Clockwork", keywords: {seconds_per_frame: 0.002}}`.
"""

import random
import time
from collections.abc import Sequence

SPIN_S = 0.001  # last part of a wait, in a busy loop: sleeping alone overshoots by 0.05 to 1 ms


class Clockwork:
    """Spends a set time per frame in `detect()` and finds a set number of faces.

    Args:
        seconds_per_frame: Duration of one frame.
        seconds_per_call: Additional duration of each call.
        first_call_s: Additional duration of the first call.
        jitter: Standard deviation of a call's duration over its mean.
        process_jitter: The same between detectors: drawn once, when the detector is made.
        faces: Faces per frame.
        frames: Frames per call; None means one per input.
        talkative: Print on stdout, as some libraries do.
        seed: Of the jitter; None differs from process to process.
    """

    def __init__(
        self,
        seconds_per_frame: float = 0.0,
        seconds_per_call: float = 0.0,
        first_call_s: float = 0.0,
        jitter: float = 0.0,
        process_jitter: float = 0.0,
        faces: int = 1,
        frames: int | None = None,
        talkative: bool = False,
        seed: int | None = None,
    ) -> None:
        """Draw this detector's own pace."""
        self._per_frame_s, self._per_call_s, self._once_s = seconds_per_frame, seconds_per_call, first_call_s
        self._jitter, self._faces, self._frames, self._talkative = jitter, faces, frames, talkative
        self._random = random.Random(seed)
        self._pace = max(0.0, self._random.gauss(1.0, process_jitter))

    def detect(self, inputs: Sequence[str] | str, **_: object) -> list[dict[str, float]]:
        """Let the time of a call pass.

        Returns:
            One mapping per face: `frame`, counted from 0, and `FaceScore`, which is 0 where a frame has none.
        """
        count = 1 if isinstance(inputs, str) else len(inputs)
        frames = count if self._frames is None else self._frames
        mean_s = self._pace * (self._per_call_s + frames * self._per_frame_s)
        _wait(mean_s * max(0.0, self._random.gauss(1.0, self._jitter)) + self._once_s)
        self._once_s = 0.0
        if self._talkative:
            print(f"detected {frames} frames")
        score, per_frame = (1.0, self._faces) if self._faces else (0.0, 1)  # a frame without a face has a row too
        return [{"frame": float(frame), "FaceScore": score} for frame in range(frames) for _ in range(per_frame)]


def _wait(seconds: float) -> None:
    end = time.perf_counter() + seconds
    if seconds > SPIN_S:
        time.sleep(seconds - SPIN_S)
    while time.perf_counter() < end:
        pass


Clockwork.__module__ = "featray.measurement.clockwork"  # the name that sweeps use and that stored work ids hold
