"""Face counts: how many faces each frame of a call has, and how a row holds that.

Flow: `measurement.outputs` -> counts in the order of frames -> `to_runs` -> a row -> `from_runs` -> `analysis`.
Standard library only. A row holds runs of equal counts: a film in which a face comes and goes ten times is twenty runs,
however long it is.
"""

import itertools
from collections.abc import Mapping, Sequence

Counts = tuple[int, ...]
"""Faces of each frame, in the order of the frames."""


def in_order(found: Mapping[int, int], frames: int, step: int) -> Counts | None:
    """Put the counts of a call's frames in order; a frame that is not named has no face.

    Args:
        found: Number of a frame -> its faces.
        frames: How many frames the call analysed.
        step: Difference between the numbers of two neighbouring frames.

    Returns:
        One count per frame; None if other frames than planned are named.
    """
    planned = range(0, frames * step, step)
    if not all(number in planned for number in found):
        return None
    return tuple(found.get(number, 0) for number in planned)


def to_runs(counts: Sequence[int]) -> list[int]:
    """Write counts as runs: `[1, 70, 0, 2]` means one face in 70 frames, then none in 2."""
    return [number for count, run in itertools.groupby(counts) for number in (count, len(tuple(run)))]


def from_runs(runs: Sequence[int]) -> Counts:
    """Read counts back from `to_runs`."""
    pairs = zip(runs[::2], runs[1::2], strict=True)
    return tuple(itertools.chain.from_iterable(itertools.repeat(count, length) for count, length in pairs))


def differing_share(first: Sequence[int], second: Sequence[int]) -> float:
    """Give the share of frames that have other numbers of faces; 1 where the numbers of frames differ."""
    if len(first) != len(second):
        return 1.0
    differing = sum(one != other for one, other in zip(first, second, strict=True))
    return differing / len(first) if first else 0.0
