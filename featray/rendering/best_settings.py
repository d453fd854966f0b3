"""Best settings: which batch to use of each detector on each input and target, and the table that shows it.

Flow: units -> `choose` -> `Report.best` -> `table` -> `markdown`, `terminal`, `page.tables`. Pure.
"""

import dataclasses
import itertools
from collections.abc import Sequence

from featray import stats
from featray.analysis import unit_wording
from featray.analysis.advice.settings import Setting, choose_in_runs
from featray.analysis.unit import Unit
from featray.core import report_order, wording
from featray.rendering import unit_text
from featray.rendering.columns import Columns

TITLE = "Settings to use"
NOTE = (
    "For each detector and machine: the smallest batch that is not known to be "
    f"{wording.margin(stats.MARGIN)} slower than the fastest. What failed comes last, as in `featray recommend`."
)


@dataclasses.dataclass(frozen=True)
class BestSetting:
    """The setting to use of one detector on one input and target."""

    unit: Unit
    equally_fast: tuple[int, ...]  # other batch sizes within the margin of the fastest, all larger


def choose(groups: Sequence[Sequence[Unit]]) -> tuple[BestSetting, ...]:
    """Choose the setting to use of each detector on every target.

    Args:
        groups: Units by input, in the order of the report.

    Returns:
        Empty where there was nothing to choose: a single target with one setting of each detector on each input.
    """
    measured = [[unit for unit in group if unit.logs and unit.row.frames] for group in groups]
    best = [setting for group in measured for setting in sorted(map(_setting, choose_in_runs(group)), key=_order)]
    places = {(setting.unit.row.run_id, setting.unit.row.target_id) for setting in best}
    return tuple(best) if len(places) > 1 or len(best) < sum(map(len, measured)) else ()


def _setting(chosen: Setting) -> BestSetting:
    own, alike = chosen.unit.row, [unit.row for unit in (chosen.fastest, *(pair.candidate for pair in chosen.equals))]
    others = {row.batch_size for row in alike if (row.num_workers, row.processes) == (own.num_workers, own.processes)}
    return BestSetting(chosen.unit, tuple(sorted(others - {own.batch_size})))


def _order(setting: BestSetting) -> tuple[object, ...]:
    row, target = setting.unit.row, setting.unit.target
    place = (target.host_name, target.host_id, target.device, target.target_id)
    return (report_order.detector_rank(row.detector), row.detector, *place, row.run_id, row.weights or "")


def title(best: Sequence[BestSetting]) -> str:
    """Head the table."""
    return f"{TITLE}, across hosts and devices" if len(_targets(best)) > 1 else TITLE


HEADINGS = (
    *("input", "detector", "host", "target", "run", "weights"),
    *("batch", "equally fast", "workers", "threads", "processes", "environment", "ms", "95% CI", "fps"),
)
"""Every column that the table can have."""


def table(best: Sequence[BestSetting], columns: Columns) -> tuple[list[str], list[list[str]]]:
    """Write the settings as headings and lines, without the columns that are the same everywhere."""
    optional = {
        "host": len(_targets(best)) > 1,
        "target": len(_targets(best)) > 1,
        "run": len({setting.unit.row.run_id for setting in best}) > 1,
        "weights": len({setting.unit.row.weights for setting in best}) > 1,
        "equally fast": any(setting.equally_fast for setting in best),
        "workers": columns.workers,
        "threads": columns.threads,
        "processes": columns.processes,
        "environment": columns.environment,
        "95% CI": columns.interval,
    }
    shown = [optional.get(heading, True) for heading in HEADINGS]
    lines = [list(itertools.compress(_line(setting), shown)) for setting in best]
    return list(itertools.compress(HEADINGS, shown)), lines


def _targets(best: Sequence[BestSetting]) -> set[str]:
    return {setting.unit.row.target_id for setting in best}


def _line(setting: BestSetting) -> list[str]:
    unit = setting.unit
    return [
        unit_text.section(unit.row),
        unit_wording.detector(unit.row),
        unit.target.host_name,
        unit.target.device_name,
        wording.shortened(unit.row.run_id),
        unit.row.weights or wording.ABSENT,
        str(unit.row.batch_size),
        wording.listed(setting.equally_fast) or wording.ABSENT,
        str(unit.row.num_workers),
        unit_text.threads(unit),
        str(unit.processes),
        unit_text.environment(unit),
        unit_text.frame_time(unit),
        unit_text.interval(unit),
        unit_text.throughput(unit),
    ]
