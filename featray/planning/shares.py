"""Shares: which worker analyses which films, so that the last one ends as early as possible.

Flow: `analysis.estimate` -> `share_out` -> `Shares` -> `analysis.estimate`. Pure.

The longest film goes first, each to the worker that would end it first. Of few films, one then moves from the worker
that ends last, or changes places with a shorter one, as long as that ends earlier. No plan can end before `bound_s`.

Source: Graham (1969) for this order; Gonzalez, Ibarra & Sahni (1977) for machines of unlike speed.
"""

import dataclasses
from collections.abc import Callable, Sequence

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
    hz, start_s = _quantities(workers)
    ends_s, films = start_s.copy(), [list[int]() for _ in workers]
    for film in np.argsort(-sizes, kind="stable"):
        first = int(np.argmin(ends_s + sizes[film] / hz))
        ends_s[first] += sizes[film] / hz[first]
        films[first].append(int(film))
    if len(sizes) * len(workers) <= IMPROVED_MAX:
        _improve(sizes, hz, ends_s, films)
    busy_s = tuple(float(end) if own else 0.0 for end, own in zip(ends_s, films, strict=True))
    divided_s = _divided_bound(sizes, hz, start_s)
    return Shares(
        films=tuple(tuple(sorted(own, key=lambda film: (-sizes[film], film))) for own in films),
        busy_s=busy_s,
        bound_s=_bound(sizes, hz, start_s, divided_s, max(busy_s, default=0.0), np.sum),
        divided_bound_s=divided_s,
    )


IMPROVED_MAX = 2000  # films times workers: of more films, the last one is too short to matter
STEPS_MAX = 200
LEAST_GAIN = 1e-9  # of the time of the worker that ends last


def _improve(sizes: Quantities, hz: Quantities, ends_s: Quantities, films: list[list[int]]) -> None:
    """Let films move or change places while the worker that ends last then ends earlier; changes what it is given."""
    for _ in range(STEPS_MAX):
        last = max(range(len(films)), key=lambda worker: ends_s[worker] if films[worker] else 0.0)
        steps = [_best_step(sizes, hz, ends_s, films, last, other) for other in range(len(films)) if other != last]
        if not steps:
            return
        end_s, other, given, taken = min(steps)
        if end_s >= ends_s[last] * (1 - LEAST_GAIN):
            return
        frames = sizes[given] - (0.0 if taken is None else sizes[taken])
        ends_s[last] -= frames / hz[last]
        ends_s[other] += frames / hz[other]
        films[last].remove(given)
        films[other].append(given)
        if taken is not None:
            films[other].remove(taken)
            films[last].append(taken)


def _best_step(
    sizes: Quantities, hz: Quantities, ends_s: Quantities, films: list[list[int]], last: int, other: int
) -> tuple[float, int, int, int | None]:
    """Find what `last` gives to `other`, and what it takes for it, so that the later of both ends first.

    Returns:
        When the later one ends, `other`, the film that is given, and the one that is taken, which may be None.
    """
    given, taken = sizes[films[last]], np.concatenate([[0.0], sizes[films[other]]])
    frames = given[:, None] - taken[None, :]
    later_s = np.maximum(ends_s[last] - frames / hz[last], ends_s[other] + frames / hz[other])
    row, column = np.unravel_index(np.argmin(later_s), later_s.shape)
    return float(later_s[row, column]), other, films[last][row], films[other][column - 1] if column else None


def bound_s(frames: Sequence[float], hosts: Sequence[Sequence[Sequence[Worker]]]) -> float:
    """Give the seconds before which no plan of whole films ends, whatever the hosts use.

    Args:
        frames: Of each film, shape (films,), above 0.
        hosts: For each host the sets of workers of which it may use one, at least one; none is empty.
    """
    sizes = np.asarray(frames, dtype=float)
    sets = [workers for host in hosts for workers in host]
    hz, start_s = _quantities([worker for workers in sets for worker in workers])
    first_workers = np.cumsum([0, *map(len, sets)])[:-1]  # of each set
    first_sets = np.cumsum([0, *map(len, hosts)])[:-1]  # of each host

    def most(amounts: Quantities) -> float:
        """Add up what each host can do with the set that can do the most."""
        return float(np.maximum.reduceat(np.add.reduceat(amounts, first_workers), first_sets).sum())

    return _bound(sizes, hz, start_s, 0.0, float((start_s + sizes.sum() / hz).min()), most)


def _quantities(workers: Sequence[Worker]) -> tuple[Quantities, Quantities]:
    """Give the speeds and the starts of workers, each of shape (workers,)."""
    return np.array([worker.hz for worker in workers]), np.array([worker.start_s for worker in workers])


def _divided_bound(sizes: Quantities, hz: Quantities, start_s: Quantities) -> float:
    """Give the time at which the workers together could have analysed all frames; exact."""
    order = np.argsort(start_s)
    speed = np.cumsum(hz[order])
    ends_s = (sizes.sum() + np.cumsum((hz * start_s)[order])) / speed  # with only the first workers started
    return float(ends_s.min()) if sizes.size else 0.0


def _bound(
    sizes: Quantities,
    hz: Quantities,
    start_s: Quantities,
    low_s: float,
    high_s: float,
    most: Callable[[Quantities], float],
) -> float:
    """Give the earliest time at which, for every count k, the workers have room for k films of the k-th longest's size.

    Args:
        sizes: Frames of the films.
        hz: Speed of the workers.
        start_s: Start of the workers.
        low_s: A bound that is known.
        high_s: The end of a plan.
        most: Adds up what the workers can do.
    """
    lengths, longer = np.unique(-sizes, return_counts=True)
    counts = np.cumsum(longer)
    for _ in range(BISECTIONS):
        middle_s = (low_s + high_s) / 2
        room = np.maximum(middle_s - start_s, 0) * hz * (1 + 1e-12)  # a film that just fits is not refused by rounding
        if most(room) >= sizes.sum() and _has_room(room, -lengths, counts, most):
            high_s = middle_s
        else:
            low_s = middle_s
    return low_s


LENGTHS_CHECKED = 200  # of the distinct lengths, evenly spread: each is a bound of its own, so leaving some out is safe


def _has_room(
    room: Quantities, lengths: Quantities, counts: npt.NDArray[np.int64], most: Callable[[Quantities], float]
) -> bool:
    chosen = np.unique(np.linspace(0, len(lengths) - 1, LENGTHS_CHECKED).astype(int))
    return all(most(np.floor(room / lengths[index])) >= counts[index] for index in chosen)
