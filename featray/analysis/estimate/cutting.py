"""Cutting: whether long films, cut into pieces, end earlier.

Flow: `Footage`, workers and their plan of whole films -> `find` -> `Cut` -> `archive`. Pure.
"""

import dataclasses
import math
from collections.abc import Sequence

from featray.analysis.estimate import worker_share
from featray.analysis.estimate.footage import Footage
from featray.analysis.estimate.worker_share import WorkerShare
from featray.planning.shares import Shares

CUT_GAIN = 0.05  # of the time until the end: less is not worth cutting films
PIECES = 20  # of a worker on average: the last piece then ends within 5% of the others
PIECE_LEAST_S = 60.0  # of film: each call starts anew, which a minute of film makes small


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cut:
    """What cutting long films into pieces would bring."""

    piece_s: float  # seconds of film
    time_s: float  # until the last worker ends


def find(footage: Footage, workers: Sequence[WorkerShare], plan: Shares) -> Cut | None:
    """Find whether pieces would end earlier; None if not by `CUT_GAIN`."""
    if plan.divided_bound_s > plan.makespan_s * (1 - CUT_GAIN):
        return None
    rate = footage.frames / footage.duration_s
    piece = max(math.ceil(footage.frames / (PIECES * len(workers))), math.ceil(PIECE_LEAST_S * rate))
    parts = [part for film in footage.films for part in _pieces(film.frames, piece)]
    time_s = worker_share.share_out(parts, workers).makespan_s
    return Cut(piece_s=piece / rate, time_s=time_s) if time_s <= plan.makespan_s * (1 - CUT_GAIN) else None


def _pieces(frames: int, piece: int) -> list[int]:
    """Cut into equal pieces of at most so many frames."""
    count = math.ceil(frames / piece)
    return [frames // count + (number < frames % count) for number in range(count)]
