"""Shares: which worker analyses which films, so that the last one ends as early as possible.

Flow: `analysis.estimate` -> `share_out` -> `Shares` -> `analysis.estimate`. Pure.

The longest film goes first, each to the worker that would end it first. No plan can end before `bound_s`.

Source: Graham (1969) for this order; Gonzalez, Ibarra & Sahni (1977) for machines of unlike speed.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

BISECTIONS = 60  # halvings of the bound's bracket: the error is below a part in 10^15 of it

Quantities = npt.NDArray[np.float64]
"""Frames, or frames per second or seconds, of each film or worker."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Worker:
    """One process on one target: frames per second, and seconds before its first frame."""

    hz: float
    start_s: float = 0.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shares:
    """A plan. `busy_s` is 0 for a worker that gets nothing: it is not started."""

    films: tuple[tuple[int, ...], ...]  # of each worker: positions in the list of films, the longest first
    busy_s: tuple[float, ...]  # of each worker, start included
    bound_s: float  # no plan of whole films ends before this
    divided_bound_s: float  # no plan ends before this, even if films are cut

    @property
    def makespan_s(self) -> float:
        """Give the seconds until the last worker ends."""
        return max(self.busy_s, default=0.0)


def share_out(frames: Sequence[float], workers: Sequence[Worker]) -> Shares:
    """Share films out over workers.

    Args:
        frames: Of each film, shape (films,), above 0.
        workers: At least one; each with a speed above 0.
    """
    sizes = np.asarray(frames, dtype=float)
    hz, start_s = (np.array([getattr(worker, name) for worker in workers]) for name in ("hz", "start_s"))
    ends_s, films = start_s.copy(), [list[int]() for _ in workers]
    for film in np.argsort(-sizes, kind="stable"):
        first = int(np.argmin(ends_s + sizes[film] / hz))
        ends_s[first] += sizes[film] / hz[first]
        films[first].append(int(film))
    busy_s = tuple(float(end) if own else 0.0 for end, own in zip(ends_s, films, strict=True))
    divided_s = _divided_bound(sizes, hz, start_s)
    return Shares(
        films=tuple(map(tuple, films)),
        busy_s=busy_s,
        bound_s=_whole_bound(sizes, hz, start_s, divided_s, max(busy_s, default=0.0)),
        divided_bound_s=divided_s,
    )


def bound_s(frames: Sequence[float], workers: Sequence[Worker]) -> float:
    """Give the seconds before which no plan of whole films ends, without making one.

    Args:
        frames: Of each film, shape (films,), above 0.
        workers: At least one; each with a speed above 0.
    """
    sizes = np.asarray(frames, dtype=float)
    hz, start_s = (np.array([getattr(worker, name) for worker in workers]) for name in ("hz", "start_s"))
    on_one_s = float((start_s + sizes.sum() / hz).min())
    return _whole_bound(sizes, hz, start_s, _divided_bound(sizes, hz, start_s), on_one_s)


def _divided_bound(sizes: Quantities, hz: Quantities, start_s: Quantities) -> float:
    """Give the time at which the workers together could have analysed all frames; exact."""
    order = np.argsort(start_s)
    speed = np.cumsum(hz[order])
    ends_s = (sizes.sum() + np.cumsum((hz * start_s)[order])) / speed  # with only the first workers started
    return float(ends_s.min()) if sizes.size else 0.0


def _whole_bound(sizes: Quantities, hz: Quantities, start_s: Quantities, low_s: float, high_s: float) -> float:
    """Give the earliest time at which, for every count k, the workers have room for k films of the k-th longest's size.

    Args:
        sizes: Frames of the films.
        hz: Speed of the workers.
        start_s: Start of the workers.
        low_s: A bound that is known.
        high_s: The end of a plan.
    """
    lengths, longer = np.unique(-sizes, return_counts=True)
    counts = np.cumsum(longer)
    for _ in range(BISECTIONS):
        middle_s = (low_s + high_s) / 2
        room = np.maximum(middle_s - start_s, 0) * hz * (1 + 1e-12)  # a film that just fits is not refused by rounding
        if _has_room(room, -lengths, counts):
            high_s = middle_s
        else:
            low_s = middle_s
    return low_s


LENGTHS_CHECKED = 200  # of the distinct lengths, evenly spread: each is a bound of its own, so leaving some out is safe


def _has_room(room: Quantities, lengths: Quantities, counts: npt.NDArray[np.int64]) -> bool:
    chosen = np.unique(np.linspace(0, len(lengths) - 1, LENGTHS_CHECKED).astype(int))
    return all(np.floor(room / lengths[index]).sum() >= counts[index] for index in chosen)
