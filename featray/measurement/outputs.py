"""Outputs: what one `detect()` call returned, as far as the same-work check needs it.

py-feat returns a table with one row per face, or one row without a score for a frame without a face. A custom detector
may return a list of mappings with the keys `FaceScore` and `frame` instead, which needs no third party.
"""

import dataclasses
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_LEFT_OUT = frozenset(
    {"frame", "input", "Identity"}
)  # where a row comes from, and the label of a cluster of embeddings
_EMBEDDING = re.compile(r"Identity_\d+")
_MEMBER = re.compile(r"(.+)_\d+")

_FAMILY = 20
"""More columns NAME_0, NAME_1, ... than this are landmarks (68 or 478). They are pooled into one entry `NAME_*`: 1434
mesh coordinates would make a row of 100 kB and say no more about equal work."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Output:
    """One call's result in numbers."""

    fex_rows: int
    faces: int  # rows with FaceScore > 0
    frames: int | None  # distinct frames; None where the result does not name them
    faces_by_frame: Mapping[int, int] | None  # number of a frame -> its faces; None as for `frames`
    summary: dict[str, list[float]]  # column -> [mean, population sd, non-null count]; NaN where the count is 0


def inspect(result: Any) -> Output:
    """Read a detector's result.

    Args:
        result: A pandas table, or a list of mappings.
    """
    if hasattr(result, "columns"):
        scores, frames, summary = _column(result, "FaceScore"), _column(result, "frame"), _summarise_table(result)
    else:
        columns = _columns(result)
        scores, frames, summary = columns.get("FaceScore"), columns.get("frame"), _summarise_columns(columns)
    return Output(
        fex_rows=len(result),
        faces=sum(map(_is_face, scores or ())),
        frames=None if frames is None else len(set(frames)),
        faces_by_frame=_count_by_frame(frames, scores, has_rows=len(result) > 0),
        summary=summary,
    )


def _is_face(score: Any) -> bool:
    return _is_number(score) and score > 0


def _count_by_frame(
    frames: Sequence[Any] | None, scores: Sequence[Any] | None, *, has_rows: bool
) -> dict[int, int] | None:
    if frames is None or scores is None:
        return None if has_rows else {}
    counts: dict[int, int] = {}
    for frame, score in zip(frames, scores, strict=True):
        counts[int(frame)] = counts.get(int(frame), 0) + _is_face(score)
    return counts


def _entries(names: Iterable[str]) -> dict[str, list[str]]:
    """Group column names into the entries of a summary: one entry per column, large numbered families pooled."""
    included = [name for name in names if name not in _LEFT_OUT and not _EMBEDDING.fullmatch(name)]
    families: dict[str, list[str]] = {}
    for name in included:
        if match := _MEMBER.fullmatch(name):
            families.setdefault(match[1], []).append(name)
    pooled = {member: family for family, members in families.items() if len(members) > _FAMILY for member in members}
    entries: dict[str, list[str]] = {}
    for name in included:
        entries.setdefault(f"{pooled[name]}_*" if name in pooled else name, []).append(name)
    return entries


def _summarise_table(table: Any) -> dict[str, list[float]]:
    numbers = table.select_dtypes("number")
    matrix = numbers.to_numpy(dtype=float)
    positions = {str(name): position for position, name in enumerate(numbers.columns)}
    summary = {}
    for entry, names in _entries(positions).items():
        values = matrix[:, [positions[name] for name in names]]
        finite = values[abs(values) < math.inf]  # neither NaN nor infinite
        count = float(finite.size)
        summary[entry] = [float(finite.mean()), float(finite.std()), count] if count else [math.nan, math.nan, 0.0]
    return summary


def _summarise_columns(columns: Mapping[str, Sequence[Any]]) -> dict[str, list[float]]:
    numeric = {name: values for name, values in columns.items() if not any(isinstance(value, str) for value in values)}
    summary = {}
    for entry, names in _entries(numeric).items():
        summary[entry] = _summarise([float(value) for name in names for value in numeric[name] if _is_number(value)])
    return summary


def _summarise(values: Sequence[float]) -> list[float]:
    if not values:
        return [math.nan, math.nan, 0.0]
    mean = math.fsum(values) / len(values)
    return [mean, math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values)), float(len(values))]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _columns(records: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {}
    for record in records:
        for name, value in record.items():
            columns.setdefault(str(name), []).append(value)
    return columns


def _column(table: Any, name: str) -> list[Any] | None:
    return table[name].tolist() if name in table.columns else None  # plain Python numbers
