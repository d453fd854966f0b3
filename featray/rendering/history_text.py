"""History text: every series as a line with a sparkline, and its steps as sentences.

Flow: `analysis.history` -> `lines`, `sentence` -> `featray history`, `page.history_page`. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence

from packaging.version import Version

from featray.analysis.comparison import Pair
from featray.analysis.history import ChangeState, HistoryChange, Point, Series
from featray.core import wording
from featray.planning import releases

BARS = "▁▂▃▄▅▆▇█"
SPARKLINE_LENGTH = 40  # characters: the last points of a series beside its name on 80 columns
MARKS = {ChangeState.SUSPECTED: "?", ChangeState.CONFIRMED: "!", ChangeState.REFUTED: "="}
LEGEND = "Bars are times per call from the least to the most, · is an import. Lower is faster."
RETRY = "When that is mended, `featray history --confirm --retry-failed` tries again"
NO_SERIES = "no measured or imported time fits"


def sparkline(points: Sequence[Point], length: int = SPARKLINE_LENGTH) -> str:
    """Draw the last points, scaled from the least time to the most; an import is a dot."""
    shown = points[-length:]
    measured = [point.call_s for point in shown if not point.is_imported]
    low, high = (min(measured), max(measured)) if measured else (0.0, 0.0)
    return "".join("·" if point.is_imported else _bar(point.call_s, low, high) for point in shown)


def _bar(value: float, low: float, high: float) -> str:
    """Choose a bar; what spreads by less than a tenth is drawn low, so that scatter does not look like a cliff."""
    span = max(high - low, 0.1 * low)
    return BARS[min(int((value - low) / span * len(BARS)), len(BARS) - 1)] if span else BARS[0]


def time(point: Point) -> str:
    """Write a point's time per call, with its interval if it has one: `0.76 s (0.75 to 0.77)`."""
    shown = f"{wording.seconds(point.call_s)} s"
    if point.interval_s is None:
        return f"{shown} (imported)" if point.is_imported else shown
    return f"{shown} ({' to '.join(map(wording.seconds, point.interval_s))})"


def date(point: Point) -> str:
    """Write the day of a point."""
    return point.moment[:DAY]


def sentence(change: HistoryChange) -> str:
    """Say what changed, when, by how much, and what is known of it."""
    step = change.step
    direction = "slower" if step.ratio > 1 else "faster"
    size = wording.times(step.ratio if step.ratio > 1 else 1 / step.ratio)
    interval = f"time ratio {wording.ratio(step.ratio)}, {wording.ratio(step.low)} to {wording.ratio(step.high)}"
    where = f"between {date(change.before)} and {date(change.after)}"
    return f"{change.state}: {size} {direction} {where} ({interval}). {_differing(change)} {_known(change)}"


def _differing(change: HistoryChange) -> str:
    if not change.differing:
        return "Nothing that was recorded changed there."
    return f"Changed there: {wording.listed(map(wording.short, change.differing))}."


def _known(change: HistoryChange) -> str:
    pair = change.pair
    if pair is not None:
        return f"Side by side in run {wording.short(pair.candidate.row.run_id)}: {_verdict(pair)}."
    if change.failures:
        return f"Side by side a version has no time: {'; '.join(change.failures).rstrip('.')}. {RETRY}."
    if change.can_be_confirmed:
        return "A sweep with both versions would tell: `featray history --confirm`."
    if change.before.software == change.after.software:
        return "py-feat and torch are the same on both sides, so the machine is the first suspect."
    return "A version is unknown or has local changes, so no sweep can measure both sides."


def _verdict(pair: Pair) -> str:
    """Write what both versions side by side showed: `SLOWER, ratio 1.1 (1.07 to 1.12)`."""
    decision, shown = pair.decision, [str(pair.verdict)]
    if decision is not None:
        known = None not in (decision.low, decision.high)
        interval = f" ({wording.ratio(decision.low or 0)} to {wording.ratio(decision.high or 0)})" if known else ""
        shown.append(f"ratio {wording.ratio(decision.ratio)}{interval}")
    return ", ".join(shown) + (f", because {pair.reasons[0]}" if pair.reasons else "")


def lines(found: Sequence[tuple[Series, Sequence[HistoryChange]]]) -> Iterator[str]:
    """Write every series, machine by machine, each with its steps below it."""
    if not found:
        yield NO_SERIES
        return
    machine = None
    for series, changes in found:
        if series.machine.target_id != machine:
            machine = series.machine.target_id
            yield f"{'' if series is found[0][0] else chr(10)}{wording.plain(series.machine.place)}"
        yield f"  {wording.plain(series.name)}"
        yield f"    {sparkline(series.points)}  {_span(series)}"
        yield from (f"    {wording.plain(line)}" for line in _compared(series.points))
        yield from (f"    {MARKS[change.state]} {wording.plain(sentence(change))}" for change in changes)
    yield f"\n{LEGEND}"


def _compared(points: Sequence[Point]) -> Iterator[str]:
    """Say what each environment took, where only these tell points apart: `side by side on 2026-05-14: 1.0 0.76 s`.

    Each run has a line of its own, with its environments in the order of its sweep.
    """
    by_run: dict[str, list[Point]] = {}
    for point in filter(lambda point: point.is_compared, points):
        for run_id in dict.fromkeys(row.run_id for row in point.rows):
            by_run.setdefault(run_id, []).append(point)
    last = {tuple(map(id, members)): run_id for run_id, members in by_run.items()}  # runs of one session share points
    runs = sorted((_began(by_run[run_id], run_id), run_id) for run_id in last.values())
    shown = runs[-RUNS_SHOWN:]
    if left_out := len(runs) - len(shown):
        yield f"side by side in {wording.count(left_out, 'earlier run')}: see --json"
    days = [moment[:DAY] for moment, _ in shown]
    for (_, run_id), day in zip(shown, days, strict=True):
        members = sorted(by_run[run_id], key=lambda point: (point.place(run_id), _version(point), point.moment))
        listed = wording.phrases([f"{environment(point)} {time(point)}" for point in members], COMPARED_SHOWN)
        sweep = f" in sweep {_sweep(members, run_id)}" if days.count(day) > 1 else ""
        yield f"side by side on {day}{sweep}: {listed}"


def _began(points: Sequence[Point], run_id: str) -> str:
    return min(row.started_at for point in points for row in point.rows if row.run_id == run_id)


def _sweep(points: Sequence[Point], run_id: str) -> str:
    names = (row.sweep for point in points for row in point.rows if row.run_id == run_id)
    return wording.short(next(names, None) or run_id)


def _version(point: Point) -> Version:
    return releases.order(point.environments[0] if point.environments else None)


DAY = len("2026-05-14")  # characters of a moment
RUNS_SHOWN = 4  # of a series, whose environments are listed
COMPARED_SHOWN = 8  # environments of one run


def environment(point: Point) -> str:
    """Name the environment of a point: `2.1`; `no environment` is the machine's own."""
    return wording.short(", ".join(point.environments)) or "no environment"


def software(point: Point) -> str:
    """Name the software of a point, and its environment where only that tells it apart."""
    return f"{point.software.text}, environment {environment(point)}" if point.is_compared else point.software.text


def _span(series: Series) -> str:
    """Say how the time moved: an arrow goes from earlier to later, never between environments that were compared."""
    count = wording.count(len(series.points), "point")
    moving = [point for point in series.points if not point.is_compared]
    if not moving:
        days = dict.fromkeys(date(point) for point in series.points)
        return f"{count} of environments side by side, {' to '.join(dict.fromkeys((min(days), max(days))))}"
    first, last = moving[0], moving[-1]
    if first is last:
        more = f", {count}" if len(series.points) > 1 else ""
        return f"{time(last)} on {date(last)}, {software(last)}{more}"
    return f"{time(first)} on {date(first)} -> {time(last)} on {date(last)}, {count}"


def counts(found: Sequence[tuple[Series, Sequence[HistoryChange]]]) -> Mapping[ChangeState, int]:
    """Count the steps of each state."""
    states = [change.state for _, changes in found for change in changes]
    return {state: states.count(state) for state in ChangeState}
