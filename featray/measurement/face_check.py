"""Face check: whether each call of a cell finds the frames and faces that it is to find.

Flow: `cell_run` -> `FaceCheck.check` after every call -> `FaceCheck.columns` of the row.
An input either declares how many faces each of its frames has, or has any number: then the first call of a cell fixes
the number of each frame, and all later calls must find the same.
"""

import statistics
from collections.abc import Sequence
from typing import Any

from featray.core import face_counts
from featray.core.face_counts import Counts
from featray.core.inputs import Input
from featray.measurement.outcome import WrongWork
from featray.measurement.outputs import Output


class FaceCheck:
    """What the calls of one cell found in their frames."""

    def __init__(self, clip: Input, *, names_every_frame: bool) -> None:
        """Take the input as it was asked for; nothing is found yet.

        Args:
            clip: The input.
            names_every_frame: The detector's output has a row for a frame without a face, as py-feat's has.
        """
        self._clip, self._names_every_frame = clip, names_every_frame
        self._counts: Counts | None = None  # of the first call
        self.frame_factor = 1
        """What a number of a frame in the last output is multiplied by to be the frame's number in the clip.

        py-feat numbers the frames of a tensor 0, 1, 2, whatever was skipped when they were decoded.
        """

    def check(self, output: Output) -> None:
        """Check one call's output.

        Raises:
            WrongWork: it has other frames or faces than planned, or than the first call.
        """
        clip = self._clip
        counts = self._count(output)
        if clip.faces is None:
            is_incomplete = self._names_every_frame and output.frames != clip.frames
            if is_incomplete or (output.frames is not None and counts is None):
                raise WrongWork(f"found {output.frames} frames, planned were {clip.frames}")
            self._compare_with_first(counts)
        elif output.frames not in (None, clip.frames) or output.faces != clip.frames * clip.faces:
            raise WrongWork(
                f"found {output.faces} faces in {output.frames} frames, "
                f"planned were {clip.frames * clip.faces} faces in {clip.frames} frames"
            )
        self._counts = counts if self._counts is None else self._counts

    def columns(self, timed_s: Sequence[float]) -> dict[str, Any]:
        """Give the columns of the row: faces per frame, and the time per face."""
        if not self._counts:
            return {}
        faces = sum(self._counts)
        return {
            "faces_min": min(self._counts),
            "faces_mean": faces / len(self._counts),
            "faces_max": max(self._counts),
            "face_counts": face_counts.to_runs(self._counts),
            "face_s": statistics.median(timed_s) / faces if faces else None,
        }

    def _count(self, output: Output) -> Counts | None:
        """Put the faces of each frame in order; frames may be numbered as in the clip, or from 0 to the last."""
        if output.faces_by_frame is None:
            return None
        skipped = self._clip.skip_frames or 1
        for step in (skipped, 1):
            counts = face_counts.in_order(output.faces_by_frame, self._clip.frames, step)
            if counts is not None:
                self.frame_factor = skipped // step
                return counts
        return None

    def _compare_with_first(self, counts: Counts | None) -> None:
        if self._counts is None or counts is None or counts == self._counts:
            return
        differing = [index for index, pair in enumerate(zip(counts, self._counts, strict=True)) if pair[0] != pair[1]]
        first = differing[0]
        raise WrongWork(
            f"found other numbers of faces than the first call in {len(differing)} of {len(counts)} frames, "
            f"such as {counts[first]} instead of {self._counts[first]} in frame {first + 1}"
        )
