"""Output tables: a detector's result as an `OutputTable`, and its weighted sums.

Flow: what `detect()` returned -> `read` -> `add_up` -> a row; `read` -> `OutputTable.thinned` -> the event of the row.
A result that is a list of mappings needs no third party; a table of pandas brings numpy.
"""

import math
import sys
import zlib
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from featray.core import output_families, output_sums, row_texts
from featray.core.output_sums import COUNT, FACES_MAX, MISSING, Sums
from featray.core.output_table import OutputTable

FaceColumns = dict[str, "array[float]"]

_LARGEST = 3.0e38  # of a 32-bit float
_VALUES_AT_ONCE = 1 << 14  # their signs take 2 MB


def read(result: Any) -> OutputTable:
    """Read a detector's result: its faces, ordered by frame and position, with every numeric column.

    A row whose `FaceScore` is not above 0 is a frame without a face, and is left out. A result without that column has
    a face in every row, and one without `frame` has a frame in every row.

    Args:
        result: A pandas table, or a list of mappings.
    """
    columns = _of_table(result) if hasattr(result, "columns") else _of_records(result)
    count = len(result)
    frames = [int(frame) for frame in columns[output_families.FRAME]] if output_families.FRAME in columns else None
    if frames is None:
        frames = list(range(count))
    scores = columns.get(output_families.SCORE)
    kept = [index for index in range(count) if scores is None or scores[index] > 0]
    places = _places(columns, count)
    kept.sort(key=lambda index: (frames[index], places[index]))
    values = {name: column for name, column in columns.items() if name not in output_families.LEFT_OUT}
    if kept != list(range(count)):
        values = {name: array("f", [column[index] for index in kept]) for name, column in values.items()}
    kept_frames = [frames[index] for index in kept]
    return OutputTable(frames=kept_frames, faces=_ranks(kept_frames), columns=values)


def _places(columns: Mapping[str, Sequence[float]], count: int) -> list[tuple[float, float]]:
    """Give the middle of each box; faces without boxes stay in the order in which they came."""
    boxes = [columns.get(name) for name in output_families.BOX]
    if any(column is None for column in boxes):
        return [(0.0, 0.0)] * count
    x, y, width, height = (column for column in boxes if column is not None)
    middles = ((x[index] + width[index] / 2, y[index] + height[index] / 2) for index in range(count))
    return [middle if all(map(math.isfinite, middle)) else (math.inf, math.inf) for middle in middles]


def _ranks(frames: Sequence[int]) -> list[int]:
    """Number the faces within each frame."""
    seen: dict[int, int] = {}
    ranks = []
    for frame in frames:
        ranks.append(seen.get(frame, 0))
        seen[frame] = ranks[-1] + 1
    return ranks


def _of_table(table: Any) -> FaceColumns:
    """Take the numeric columns; all at once, since a table of py-feat has 2000, and each alone takes it 0.2 ms."""
    numbers = table.select_dtypes("number", exclude="timedelta")
    block = numbers.to_numpy(dtype="float64", na_value=math.nan)
    columns: FaceColumns = {}
    for position, name in enumerate(map(str, numbers.columns)):
        values: array[float] = array("d" if name == output_families.FRAME else "f")
        values.frombytes(block[:, position].astype(f"float{8 * values.itemsize}").tobytes())
        columns[row_texts.plain(name)] = values
    return columns


def _of_records(records: Sequence[Mapping[str, Any]]) -> FaceColumns:
    names = list(dict.fromkeys(str(name) for record in records for name in record))
    columns: FaceColumns = {}
    for name in names:
        values = [record.get(name) for record in records]
        if all(value is None or isinstance(value, int | float) for value in values):
            numbers = [math.nan if value is None else float(value) for value in values]
            columns[row_texts.plain(name)] = array(
                "d" if name == output_families.FRAME else "f", map(_in_range, numbers)
            )
    return columns


def _in_range(value: float) -> float:
    return value if abs(value) <= _LARGEST or value != value else math.copysign(math.inf, value)


def add_up(table: OutputTable) -> dict[str, str]:
    """Add up an output's values with the signs of `core.output_sums`.

    Returns:
        Family -> its sums as text, and `MISSING` -> those of the places without a value.
    """
    rows = [output_sums.mix(frame * FACES_MAX + face) for frame, face in zip(table.frames, table.faces, strict=True)]
    keys = {name: output_sums.mix(zlib.crc32(name.encode("utf-8", "replace"))) for name in table.columns}
    add = _add_with_numpy if "numpy" in sys.modules else _add
    sums, missing = {}, [Sums(0, (0.0,) * COUNT)]
    for family, names in output_families.group(table.columns).items():
        whole, holes = add(rows, [(keys[name], table.columns[name]) for name in names])
        sums[str(family)] = output_sums.encode(whole)
        missing.append(holes)
    totals = tuple(math.fsum(part.sums[index] for part in missing) for index in range(COUNT))
    return sums | {MISSING: output_sums.encode(Sums(sum(part.values for part in missing), totals))}


def _add(rows: Sequence[int], columns: Sequence[tuple[int, "array[float]"]]) -> tuple[Sums, Sums]:
    """Add up the columns of a family, and the places where they have no value."""
    sums, holes, counts = [0.0] * COUNT, [0.0] * COUNT, [0, 0]
    for key, values in columns:
        for row, value in zip(rows, values, strict=True):
            is_missing = not math.isfinite(value)
            counts[is_missing] += 1
            signs = output_sums.mix(row ^ key)
            target, added = (holes, output_sums.KINDS_OF_MISSING[str(value)]) if is_missing else (sums, value)
            for index in range(COUNT):
                target[index] += added if signs >> index & 1 else -added
    return Sums(counts[0], tuple(sums)), Sums(counts[1], tuple(holes))


def _add_with_numpy(rows: Sequence[int], columns: Sequence[tuple[int, "array[float]"]]) -> tuple[Sums, Sums]:
    """Do as `_add`, a hundred times as fast: an output may have a million values."""
    import numpy as np

    row_keys = np.array(rows, dtype=np.uint64)
    sums, holes, count = np.zeros(COUNT), np.zeros(COUNT), [0, 0]
    at_once = max(1, _VALUES_AT_ONCE // max(1, len(rows)))
    for block in (columns[start : start + at_once] for start in range(0, len(columns), at_once)):
        signs = _signs(row_keys ^ np.array([key for key, _ in block], dtype=np.uint64)[:, None])
        values = np.array([column for _, column in block], dtype=np.float64)
        is_finite = np.isfinite(values)
        sums += (signs @ np.where(is_finite, values, 0.0)[:, :, None]).sum(axis=(0, 2))
        count[0] += int(is_finite.sum())
        if not is_finite.all():
            kinds = np.where(np.isnan(values), 1.0, np.where(values > 0, 2.0, 3.0)) * ~is_finite
            holes += (signs @ kinds[:, :, None]).sum(axis=(0, 2))
            count[1] += int((~is_finite).sum())
    return Sums(count[0], tuple(sums.tolist())), Sums(count[1], tuple(holes.tolist()))


def _signs(numbers: Any) -> Any:
    """Hash numbers as `output_sums.mix` does, and give the lowest bits of each as signs.

    Args:
        numbers: Shape (columns, rows).

    Returns:
        Shape (columns, COUNT, rows).
    """
    import numpy as np

    step, (first, second) = np.uint64(output_sums.STEP), map(np.uint64, output_sums.MIXERS)
    mixed = numbers + step
    mixed = (mixed ^ (mixed >> np.uint64(30))) * first
    mixed = (mixed ^ (mixed >> np.uint64(27))) * second
    mixed = mixed ^ (mixed >> np.uint64(31))
    bits = (mixed[:, None, :] >> np.arange(COUNT, dtype=np.uint64)[:, None]) & np.uint64(1)
    return bits.astype(np.float64) * 2.0 - 1.0
