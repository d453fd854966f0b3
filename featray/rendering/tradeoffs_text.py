"""Tradeoffs text: the settings of each detector, target and run that no other one beats in everything, as a table.

Flow: units, drifts -> `choose` -> `Report.tradeoffs` -> `lines` -> `markdown`, `page.tables`; `to_plain` ->
`json_report`. Pure. The rule is that of `advice.objectives`. Imports have no table: of them only labels are known.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from featray import stats
from featray.analysis import unit_wording
from featray.analysis.advice import candidates, objectives
from featray.analysis.advice.candidates import Candidate
from featray.analysis.advice.objectives import DRIFT_LEAST, Tradeoff
from featray.analysis.unit import Unit
from featray.analysis.unit_drifts import DriftOf
from featray.core import wording
from featray.rendering import unit_text

TITLE = "Settings that no other one beats"
NOTE = (
    "For each detector, input, machine and run: no other setting is at least as good in speed, time of a batch, "
    "memory, energy and drift. Differences within 3% count as equal. Drift is a share of the tolerance: beyond 1 the "
    "results are others. A figure that one of the settings lacks counts for none."
)
HEADINGS = (
    *("input", "detector", "target", "setting"),
    *("fps", "ms/batch", "memory", "J/frame", "drift/tolerance"),
)
"""Images have images per second under fps, and joules per image."""

MOST_LINES = 60  # of the table; the JSON report has all


def choose(units: Iterable[Unit], drift_of: DriftOf) -> tuple[Tradeoff, ...]:
    """Choose the settings to name: of each detector, input, target and run with a choice.

    Args:
        units: Of a report.
        drift_of: Gives the drift of each.
    """
    chosen: list[Tradeoff] = []
    for members in _lineups(units):
        rank = min(each.rank for each in members)
        rivals = [each for each in members if each.rank == rank]
        if len(rivals) > 1:
            chosen += objectives.undominated(rivals, drift_of)
    return tuple(chosen)


def _lineups(units: Iterable[Unit]) -> list[list[Candidate]]:
    timed = [
        [each for each in members if each.is_timed and not each.unit.is_imported]
        for members in candidates.gather_in_runs(units)
    ]
    return [lineup for members in timed for lineup in candidates.group_by_lineup(members).values()]


def too_few(units: Iterable[Unit], tradeoffs: Sequence[Tradeoff]) -> tuple[Unit, ...]:
    """List the units that the table leaves out because they have too few invocations and others have enough.

    Args:
        units: Of a report.
        tradeoffs: Its table; what it has no line of has no choice either.
    """
    shown = {tradeoff.candidate.unit.key for tradeoff in tradeoffs}
    with_lines = [lineup for lineup in _lineups(units) if any(each.unit.key in shown for each in lineup)]
    return tuple(each.unit for lineup in with_lines for each in candidates.too_few(lineup))


def remarks(tradeoffs: Sequence[Tradeoff], few: Sequence[Unit]) -> list[str]:
    """Say what the table leaves out."""
    sentences = []
    if few:
        names = wording.phrases([unit_wording.unit(unit) for unit in few])
        sentences.append(f"Not counted, with fewer than {stats.INVOCATIONS_MIN} invocations: {names}.")
    if more := left_out(tradeoffs):
        sentences.append(f"{wording.count(more, 'more setting')}: see the JSON report.")
    return sentences


def lines(tradeoffs: Sequence[Tradeoff]) -> list[tuple[str, ...]]:
    """Write the table, with as many lines as it has room for."""
    return [_line(tradeoff) for tradeoff in tradeoffs[:MOST_LINES]]


def left_out(tradeoffs: Sequence[Tradeoff]) -> int:
    """Count the lines that the table has no room for."""
    return max(0, len(tradeoffs) - MOST_LINES)


def _line(tradeoff: Tradeoff) -> tuple[str, ...]:
    unit = tradeoff.candidate.unit
    return (
        unit_text.section(unit.row),
        unit_wording.detector(unit.row),
        unit_wording.place(unit),
        setting(unit),
        wording.rate(tradeoff.hz),
        wording.milliseconds(tradeoff.batch_s) + objectives.of_frames(unit),
        wording.ABSENT if tradeoff.memory_b is None else wording.size(tradeoff.memory_b),
        wording.ABSENT if tradeoff.frame_j is None else wording.digits(tradeoff.frame_j),
        wording.ABSENT if tradeoff.drift is None else drift(tradeoff.drift),
    )


def drift(share: float) -> str:
    """Write a drift as a share of the tolerance; below `DRIFT_LEAST` its size says nothing."""
    return f"< {DRIFT_LEAST:g}" if share < DRIFT_LEAST else wording.digits(share)


def setting(unit: Unit) -> str:
    """Name what was set: `batch 16, 2 workers`."""
    return ", ".join(unit_text.settings(unit))


def to_plain(tradeoffs: Iterable[Tradeoff]) -> list[dict[str, Any]]:
    """Write every setting for programs, in SI units."""
    return [
        {
            "unit": dict(zip(("run_id", "cell_id", "target_id"), tradeoff.candidate.unit.key, strict=True)),
            "frames_per_s": tradeoff.hz,
            "batch_s": tradeoff.batch_s,
            "batch_frames": objectives.batch_frames(tradeoff.candidate.unit),
            "memory_b": tradeoff.memory_b,
            "energy_per_frame_j": tradeoff.frame_j,
            "drift": tradeoff.drift,
        }
        for tradeoff in tradeoffs
    ]
