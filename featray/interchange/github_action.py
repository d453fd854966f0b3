"""github-action-benchmark's `customSmallerIsBetter`: one entry per cell and target, with spread and verdict.

Source: the tool's README: a list of `{name, unit, value, range, extra}`.
"""

import collections
import json
import statistics
from collections.abc import Iterable, Mapping

from featray import inputs
from featray.row import Row
from featray.status import Status


def write(rows: Iterable[Row], verdicts: Mapping[tuple[str, str], str] | None = None) -> str:
    """Write the median duration of each cell on each target, in ms per frame or image.

    `range` is half the distance between the slowest and the fastest invocation; of a single imported figure, half of
    what its print leaves open. Units without a timing are left out.

    Args:
        rows: Of one run or of several; the name of an entry tells target and cell, not the run.
        verdicts: (cell id, target id) -> what a comparison said of it; ends up in `extra`.
    """
    cells: dict[tuple[str, str], list[Row]] = collections.defaultdict(list)
    for row in rows:
        if row.status == Status.OK and row.timed_s and row.frames:
            cells[row.cell_id, row.target_id].append(row)
    entries = [_entry(of_cell, (verdicts or {}).get(key)) for key, of_cell in cells.items()]
    return json.dumps(sorted(entries, key=lambda entry: entry["name"]), indent=2, ensure_ascii=False) + "\n"


def _entry(rows: list[Row], verdict: str | None) -> dict[str, str | float]:
    row = rows[0]
    per_unit_ms = 1000 / (row.frames or 1)
    medians = [statistics.median(each.timed_s or []) * per_unit_ms for each in rows]
    spread = (max(medians) - min(medians)) / 2
    if len(rows) == 1 and row.interval_s:
        spread = (row.interval_s[1] - row.interval_s[0]) / 2 * per_unit_ms
    said = [verdict] if verdict else []
    said += [f"run {row.run_id}", f"invocations {len(rows)}", f"target {row.target_id}"]
    said += ["synthetic weights"] if row.weights == "synthetic" else []
    return {
        "name": _name(row),
        "unit": "ms/frame" if row.section_kind == inputs.VIDEO else "ms/img",
        "value": round(statistics.median(medians), 6),
        "range": f"\u00b1 {spread:.3g}",
        "extra": "\n".join(said),
    }


def _name(row: Row) -> str:
    parts = [row.hostname, row.gpu_name, row.input, row.detector, row.device, f"b={row.batch_size}"]
    parts += [f"w={row.num_workers}" if row.num_workers else None, row.environment]
    return " ".join(part for part in parts if part)
