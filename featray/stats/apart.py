"""Apart: the settings of one curve that were not all measured in the same blocks, compared pair by pair.

Flow: timings of each setting -> `compare` -> `steps.Steps`, for `curves`. Pure.

Each pair has the estimate that `estimates.estimate(pairing.pair(...))` gives it, or where a setting has few timings one
by what is known of such. The pairs are worked out together: settings with the same layout differ only in their times,
so all pairs of two layouts are rows of one array.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence
from statistics import fmean

import numpy as np
import numpy.typing as npt

from featray.stats.estimates import PAIRED_BLOCKS
from featray.stats.pairing import INVOCATIONS_MIN, Timing
from featray.stats.sessions import SESSION_FREEDOM_ASSUMED, SESSION_SD_ASSUMED, SESSIONS_MIN
from featray.stats.steps import FloatArray, Indices, Steps, pair_all

SettingTimings = Sequence[Timing]
BlockName = tuple[str, int]
PairEstimates = tuple[FloatArray, FloatArray, FloatArray]
"""Differences, standard errors and degrees of freedom, each of shape (pairs,)."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class BlockLayout:
    """Settings that were measured in the same blocks and sessions, in the same order."""

    places: tuple[BlockName, ...]  # of each timing
    sessions: tuple[str, ...]
    members: Indices  # places of the settings in the curve
    logs: FloatArray  # shape (settings of the curve, timings); only the members' rows are set
    begun_s: FloatArray  # the same shape; NaN where unknown
    processes: Indices  # the same shape; a number for each name, -1 where unknown

    @property
    def columns(self) -> dict[BlockName, int]:
        """Give the last timing of each block."""
        return {place: column for column, place in enumerate(self.places)}


def compare(curve: Sequence[SettingTimings], scatter_sd: float, scatter_freedom: float) -> Steps:
    """Compare each two settings.

    Args:
        curve: For each setting at least one timing.
        scatter_sd: Of single measurements, in log time.
        scatter_freedom: Degrees of freedom of that.
    """
    before, after = pair_all(len(curve))
    counts = np.array([len(setting) for setting in curve], dtype=np.int64)
    found = _compare_few(curve, counts, (before, after), scatter_sd, scatter_freedom)
    enough = np.minimum(counts[before], counts[after]) >= INVOCATIONS_MIN
    number_of = np.full((len(curve), len(curve)), -1)
    number_of[before, after] = np.arange(len(before))
    layouts = _gather([place for place, count in enumerate(counts) if count >= INVOCATIONS_MIN], curve)
    for first in layouts if enough.any() else []:
        for second in layouts:
            early, late = (side.ravel() for side in np.meshgrid(first.members, second.members, indexing="ij"))
            is_pair = early < late
            early, late = early[is_pair], late[is_pair]
            if len(early):
                for values, own in zip(found, _compare_layouts(first, second, early, late), strict=True):
                    values[number_of[early, late]] = own
    differences, errors, freedom = found
    return Steps(before=before, after=after, differences=differences, errors=((errors, freedom),))


def _compare_few(
    curve: Sequence[SettingTimings], counts: Indices, pairs: tuple[Indices, Indices], sd: float, freedom: float
) -> PairEstimates:
    """Compare settings of few timings by the scatter of single measurements and the assumed spread of sessions."""
    before, after = pairs
    means = np.array([fmean(timing.log for timing in setting) for setting in curve])
    sessions = [frozenset(timing.session for timing in setting) for setting in curve]
    kinds = list(dict.fromkeys(sessions))
    kind_of = {kind: number for number, kind in enumerate(kinds)}
    kind = np.array([kind_of[own] for own in sessions], dtype=np.int64)
    overlaps = np.array([[bool(own & other) for other in kinds] for own in kinds]).reshape(len(kinds), len(kinds))
    is_same = overlaps[kind[before], kind[after]]
    between = np.where(is_same, 0.0, 2 * SESSION_SD_ASSUMED**2)
    errors = np.sqrt(sd**2 * (1 / counts[before] + 1 / counts[after]) + between)
    return means[after] - means[before], errors, np.full(len(before), float(freedom))


def _gather(chosen: Sequence[int], curve: Sequence[SettingTimings]) -> list[BlockLayout]:
    """Group settings by their layout."""
    groups: dict[tuple[tuple[BlockName, ...], tuple[str, ...]], list[int]] = {}
    for at in chosen:
        layout = tuple(timing.place for timing in curve[at]), tuple(timing.session for timing in curve[at])
        groups.setdefault(layout, []).append(at)
    number_of: dict[str | None, int] = {None: -1}
    for at in chosen:
        for timing in curve[at]:
            number_of.setdefault(timing.process, len(number_of))

    def table(members: Sequence[int], value: Callable[[Timing], float]) -> FloatArray:
        values = np.full((len(curve), len(curve[members[0]])), np.nan)
        values[members] = [[value(timing) for timing in curve[at]] for at in members]
        return values

    return [
        BlockLayout(
            places=places,
            sessions=sessions,
            members=np.array(members),
            logs=table(members, lambda timing: timing.log),
            begun_s=table(members, lambda timing: np.nan if timing.began_s is None else timing.began_s),
            processes=np.nan_to_num(table(members, lambda timing: number_of[timing.process]), nan=-1).astype(np.int64),
        )
        for (places, sessions), members in groups.items()
    ]


def _compare_layouts(first: BlockLayout, second: BlockLayout, early: Indices, late: Indices) -> PairEstimates:
    """Compare settings of one layout with those of another one, as `pairing.pair` and `estimates.estimate` do.

    Args:
        first: Layout of the earlier settings.
        second: Layout of the later ones; it may be the same.
        early: Their places, shape (pairs,).
        late: The same of the later settings.
    """
    shared = sorted({*first.places} & {*second.places})
    is_shared = np.array([~_interrupted(place, first, second, early, late) for place in shared]).reshape(-1, len(early))
    found = tuple(np.empty(len(early)) for _ in range(3))
    for pattern in np.unique(is_shared, axis=1).T if shared else [np.zeros(0, dtype=bool)]:
        rows = np.flatnonzero((is_shared == pattern[:, None]).all(axis=0))
        places = [place for place, is_kept in zip(shared, pattern, strict=True) if is_kept]
        own = _compare_pattern(places, first, second, early[rows], late[rows])
        for values, part in zip(found, own, strict=True):
            values[rows] = part
    differences, errors, freedom = found
    return differences, errors, freedom


def _interrupted(
    place: BlockName, first: BlockLayout, second: BlockLayout, early: Indices, late: Indices
) -> npt.NDArray[np.bool_]:
    """Say for each pair if another block began between its two timings of one block; not where a time is unknown."""
    ours = first.begun_s[early, first.columns[place]]
    theirs = second.begun_s[late, second.columns[place]]
    low, high = np.minimum(ours, theirs), np.maximum(ours, theirs)
    found = np.zeros(len(early), dtype=bool)
    for layout, side in ((first, early), (second, late)):
        for column, other in enumerate(layout.places):
            if other != place:
                begun = layout.begun_s[side, column]
                found |= (low < begun) & (begun < high)
    return found


def _compare_pattern(
    places: Sequence[BlockName], first: BlockLayout, second: BlockLayout, early: Indices, late: Indices
) -> PairEstimates:
    """Compare pairs that have the same blocks in common."""
    if len(places) < INVOCATIONS_MIN:
        return _compare_sessions(first, second, early, late)
    own, other = ([layout.columns[place] for place in places] for layout in (first, second))
    ours, theirs = first.logs[early][:, own], second.logs[late][:, other]
    if len(places) >= PAIRED_BLOCKS:
        return _compare_paired(ours, theirs)
    process = first.processes[early][:, own]
    is_one = ((process >= 0) & (process == second.processes[late][:, other])).all(axis=1)
    parts = zip(_compare_paired(ours, theirs), _compare_without_trend(ours, theirs), strict=True)
    differences, errors, freedom = (np.where(is_one, paired, trend) for paired, trend in parts)
    return differences, errors, freedom


def _compare_paired(ours: FloatArray, theirs: FloatArray) -> PairEstimates:
    """Use the differences within each process or block; both sides have the shape (pairs, blocks)."""
    differences, blocks = theirs - ours, ours.shape[1]
    errors = np.sqrt(differences.var(axis=1, ddof=1) / blocks)
    return differences.mean(axis=1), errors, np.full(len(ours), float(blocks - 1))


def _compare_without_trend(ours: FloatArray, theirs: FloatArray) -> PairEstimates:
    """Use what a common linear trend over the blocks leaves; both sides have the shape (pairs, blocks)."""
    count = ours.shape[1]
    blocks = np.arange(count) - (count - 1) / 2
    centred = [side - side.mean(axis=1, keepdims=True) for side in (ours, theirs)]
    slopes = sum(side @ blocks for side in centred) / (2 * (blocks**2).sum())
    freedom = count - 1.5
    variances = [((side - np.outer(slopes, blocks)) ** 2).sum(axis=1) / freedom for side in centred]
    correction = min(1.0, (count - INVOCATIONS_MIN) / 2)
    errors = np.sqrt(sum(variances) / count)
    differences = theirs.mean(axis=1) - ours.mean(axis=1)
    return differences, errors, _freedom([(part, freedom + correction) for part in variances]) - correction


def _compare_sessions(first: BlockLayout, second: BlockLayout, early: Indices, late: Indices) -> PairEstimates:
    """Use two levels, processes within sessions and sessions; of two single sessions the longer is cut."""
    sides = [(first, early), (second, late)]
    single = all(len({*layout.sessions}) == 1 for layout, _ in sides)
    most = min(len(layout.sessions) for layout, _ in sides) if single else None
    split = [_by_session(layout, most) for layout, _ in sides]
    means = [
        np.stack([layout.logs[own][:, columns].mean(axis=1) for columns in sessions], axis=1)
        for (layout, own), sessions in zip(sides, split, strict=True)
    ]
    counts = [len(sessions) for sessions in split]
    if min(counts) >= SESSIONS_MIN:
        parts = [(own.var(axis=1, ddof=1) / own.shape[1], float(own.shape[1] - 1)) for own in means]
    else:
        pooled = [_pool(layout.logs[own], sessions) for (layout, own), sessions in zip(sides, split, strict=True)]
        shares = [fmean(1 / len(columns) for columns in sessions) / len(sessions) for sessions in split]
        parts = [(within * share, freedom) for (within, freedom), share in zip(pooled, shares, strict=True)]
        between = SESSION_SD_ASSUMED**2 * sum(1 / count for count in counts)
        parts.append((np.full(len(early), between), float(SESSION_FREEDOM_ASSUMED)))
    differences = means[1].mean(axis=1) - means[0].mean(axis=1)
    return differences, np.sqrt(sum(part for part, _ in parts)), _freedom(parts)


def _by_session(layout: BlockLayout, most: int | None) -> list[list[int]]:
    """List the timings of each session, of the first `most` timings."""
    sessions: dict[str, list[int]] = {}
    for column, session in enumerate(layout.sessions[:most]):
        sessions.setdefault(session, []).append(column)
    return list(sessions.values())


def _pool(logs: FloatArray, sessions: Sequence[Sequence[int]]) -> tuple[FloatArray, float]:
    """Pool the variance between processes over sessions, with its degrees of freedom, as `sessions.pooled` does."""
    freedom = sum(len(columns) - 1 for columns in sessions)
    if freedom == 0:
        return np.zeros(len(logs)), 1.0
    squares = [(len(columns) - 1) * logs[:, columns].var(axis=1, ddof=1) for columns in sessions if len(columns) > 1]
    return np.sum(squares, axis=0) / freedom, float(freedom)


def _freedom(parts: Sequence[tuple[FloatArray, float]]) -> FloatArray:
    """Compute Satterthwaite's degrees of freedom of sums of variances, as `estimates` does."""
    squares = np.sum([part**2 / freedom for part, freedom in parts], axis=0)
    total = np.sum([part for part, _ in parts], axis=0)
    known = np.where(squares > 0, squares, 1.0)
    return np.where(squares > 0, total**2 / known, math.fsum(freedom for _, freedom in parts))
