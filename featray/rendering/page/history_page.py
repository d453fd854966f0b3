"""History page: every machine's history as one page that needs no network and no other file.

Flow: `analysis.history` -> `history_plots`, `history_text` -> `render` -> `shell` -> `featray history --html`. Pure.
"""

from collections.abc import Sequence
from typing import Any

from featray.analysis.history import HistoryChange, Series
from featray.core import wording
from featray.rendering import history_text
from featray.rendering.page import history_plots, shell
from featray.rendering.page.plot import Plot

NOTE = (
    "Each point is one session with one software: what was measured without a reboot or a night between. Bars are 95% "
    "intervals for processes of that session. Imports are single figures; no step is looked for in them."
)
METHOD = (
    "A dotted line is a suspected step: on that day the machine may have changed as well as the version. A solid line "
    "is a step that a run with both versions side by side has confirmed."
)


def render(found: Sequence[tuple[Series, Sequence[HistoryChange]]], *, version: str, order: str) -> str:
    """Make the page.

    Args:
        found: Every series with its steps, machine by machine.
        version: featray's, for the foot of the page.
        order: What the points are ordered by, one of `history.ORDERS`.
    """
    plots = [history_plots.draw(series, changes, by_version=order == "version") for series, changes in found]
    machines = _machines(found, plots)
    page = {
        "contents": [(machine["anchor"], machine["name"]) for machine in machines],
        "machines": machines,
        "changes": [
            {"state": str(change.state), "name": f"{series.machine.place}, {series.name}", "text": _text(change)}
            for series, changes in found
            for change in changes
        ],
        "note": NOTE,
        "method": METHOD,
        "no_series": history_text.NO_SERIES,
    }
    return shell.render("history.html", page, plots, name="history", version=version)


def _text(change: HistoryChange) -> str:
    return wording.plain(history_text.sentence(change)).partition(": ")[2]


def _machines(found: Sequence[tuple[Series, Sequence[HistoryChange]]], plots: Sequence[Plot]) -> list[dict[str, Any]]:
    """Group the plots by machine, each with the index of its figure."""
    machines: dict[str, dict[str, Any]] = {}
    for index, ((series, _), drawn) in enumerate(zip(found, plots, strict=True)):
        machine = machines.setdefault(
            series.machine.target_id,
            {"anchor": f"m{len(machines)}", "name": wording.plain(series.machine.place), "plots": []},
        )
        machine["plots"].append({"index": index, "title": drawn.title, "height": drawn.height_px})
    return list(machines.values())
