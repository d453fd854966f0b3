"""Lines: the units of a report as lines of text, the same in every format."""

import itertools
import math

from featray import stats
from featray.analysis.units import Unit
from featray.core import inputs, wording
from featray.rendering import remarks
from featray.rendering.document import BestSetting, Columns, Report


def headings(columns: Columns, kind: str) -> list[str]:
    """Name the columns of a table of one kind of input."""
    video = kind == inputs.VIDEO
    optional = {"workers": columns.workers, "threads": columns.threads, "environment": columns.environment}
    last = {"calls": columns.calls, "95% CI": columns.interval, "IQR": columns.spread}
    return [
        *("device", "batch"),
        *(name for name, shown in optional.items() if shown),
        *("sec", "ms/frame" if video else "ms/img", "fps" if video else "rows"),
        *(name for name, shown in last.items() if shown),
    ]


def cells(unit: Unit, columns: Columns, kind: str) -> list[str]:
    """Write one unit as a line of its table; where there is no number, its status and reason stand."""
    texts = [unit.row.device, str(unit.row.batch_size)]
    texts += [text for text, shown in _optional(unit, columns) if shown]
    return [*texts, *_figures(unit, kind), *(text for text, shown in _calls(unit, columns) if shown)]


def _optional(unit: Unit, columns: Columns) -> list[tuple[str, bool]]:
    return [
        (str(unit.row.num_workers), columns.workers),
        (unit.threads or wording.ABSENT, columns.threads),
        (environment(unit), columns.environment),
    ]


def _calls(unit: Unit, columns: Columns) -> list[tuple[str, bool]]:
    return [
        (calls(unit), columns.calls),
        (interval(unit), columns.interval),
        (wording.ABSENT if unit.spread is None else wording.percent(unit.spread), columns.spread),
    ]


def calls(unit: Unit) -> str:
    """Count invocations and repeats: `3 x 5`, `2 of 3 x 5-8`; nothing measured is `0 of 3`."""
    done, asked = len(unit.measured), len(unit.rows)
    fewest, most = unit.repeats
    text = str(done) if done == asked else f"{done} of {asked}"
    if not done:
        return text
    return f"{text} x {fewest}" if fewest == most else f"{text} x {fewest}-{most}"


def interval(unit: Unit) -> str:
    """Write the 95% interval of the time per frame or image in ms; of the call in s where frames are unknown."""
    if unit.interval_s is None:
        return wording.ABSENT
    low, high = unit.interval_s
    frames = unit.row.frames
    if not frames:
        return f"{wording.seconds(low)} to {wording.seconds(high)} s"
    return f"{wording.milliseconds(low / frames)} to {wording.milliseconds(high / frames)}"


def _figures(unit: Unit, kind: str) -> list[str]:
    row, call_s = unit.row, unit.call_s
    if call_s is None:
        return [remarks.outcome(unit), wording.ABSENT, wording.ABSENT]
    per_frame = wording.ABSENT if unit.frame_s is None else wording.milliseconds(unit.frame_s)
    if kind == inputs.VIDEO:
        last = wording.rate(row.frames / call_s) if row.frames else wording.ABSENT
    else:
        last = wording.ABSENT if row.fex_rows is None else str(row.fex_rows)
    return [wording.seconds(call_s), per_frame, last]


def best_title(report: Report) -> str:
    """Head the table of the settings to use."""
    many = len({each.target.target_id for each in report.best}) > 1
    return "Settings to use, across hosts and devices" if many else "Settings to use"


BEST_NOTE = (
    "Of each detector on each target the smallest batch that is as good as its fastest, which is within "
    f"{wording.percent(math.expm1(stats.MARGIN))} of it, or within the target's own noise floor where that is "
    "larger. No two targets are averaged."
)


def best_table(report: Report) -> tuple[list[str], list[list[str]]]:
    """Write the settings to use, inputs first, without columns that are the same everywhere."""
    best, columns = report.best, report.columns
    places = {each.target.target_id for each in best}
    optional = {
        "host": len(places) > 1,
        "target": len(places) > 1,
        "run": len({each.run_id for each in best}) > 1,
        "weights": len({each.unit.row.weights for each in best}) > 1,
        "workers": columns.workers,
        "threads": columns.threads,
        "environment": columns.environment,
        "as good": any(each.as_good for each in best),
        "95% CI": columns.interval,
    }
    shown = [optional.get(heading, True) for heading in BEST]
    return list(itertools.compress(BEST, shown)), [list(itertools.compress(_best_line(each), shown)) for each in best]


BEST = (
    *("input", "detector", "host", "target", "run", "weights"),
    *("batch", "as good", "workers", "threads", "environment", "ms", "95% CI", "fps"),
)
"""Every column of the settings to use."""


def _best_line(best: BestSetting) -> list[str]:
    unit, row = best.unit, best.unit.row
    throughput = wording.rate(row.frames / unit.call_s) if unit.call_s is not None and row.frames else wording.ABSENT
    return [
        best.heading,
        best.detector,
        wording.shortened(best.target.host_name),
        best.target.device_name,
        wording.shortened(best.run_id),
        row.weights or wording.ABSENT,
        str(row.batch_size),
        wording.listed(best.as_good) or wording.ABSENT,
        str(row.num_workers),
        unit.threads or wording.ABSENT,
        environment(unit),
        wording.ABSENT if unit.frame_s is None else wording.milliseconds(unit.frame_s),
        interval(unit),
        throughput,
    ]


def environment(unit: Unit) -> str:
    """Name a unit's environment."""
    return wording.shortened(unit.row.environment or "host's own", 40)
