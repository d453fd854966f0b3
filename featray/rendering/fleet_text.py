"""Fleet text: a fleet plan as text for people and as JSON for scripts.

Flow: `planning.fleet_plan.FleetPlan` -> `table`, `said`, `to_json` -> `featray plan --fleet`, notebooks. Pure.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from featray.core import json_text, wording
from featray.planning.fleet_plan import FleetLack, FleetPlan, HostShare

SHOWN = 20  # hosts in a table of the terminal
AT_MOST = "at most"
HEADINGS = ("host", "devices", "units", "left", "time", AT_MOST, "price/h", "cost", AT_MOST)
PRICES = 6  # columns before those of prices
INDENT = "    "  # of what stands below its line


def table(plan: FleetPlan, shown: int | None = SHOWN, width: int | None = None) -> list[str]:
    """Draw a line per host, without columns that say nothing.

    Args:
        plan: The plan.
        shown: At most so many hosts; None shows all.
        width: Of the terminal: where the columns do not fit, those of prices stand below each host; None: any width.
    """
    lines, kept = [list(HEADINGS), *map(line, plan.shares[:shown])], _columns(plan)
    drawn = _draw(_pick(lines, kept))
    if width is not None and max(map(len, drawn)) > width:
        drawn = _draw_folded(lines, kept)
    left = len(plan.shares) - len(lines) + 1
    more = f"and {wording.count(left, 'more host')}, which end no later; --all lists them"
    return [*drawn, *([more] if left else [])]


def _columns(plan: FleetPlan) -> list[int]:
    """List the columns that say something of a plan."""
    differs = any(share.figures.time_max_s > share.figures.time_s for share in plan.shares)
    has_most = differs and not plan.cells_of_unknown_time
    columns = range(len(HEADINGS) if plan.has_prices else PRICES)
    return [column for column in columns if has_most or HEADINGS[column] != AT_MOST]


def _pick(lines: Sequence[Sequence[str]], columns: Sequence[int]) -> list[list[str]]:
    return [[texts[column] for column in columns] for texts in lines]


def _draw_folded(lines: Sequence[Sequence[str]], columns: Sequence[int]) -> list[str]:
    """Draw lines with the columns of prices below each."""
    first = [column for column in columns if column < PRICES]
    heading, *drawn = _draw(_pick(lines, first))
    rest = [column for column in columns if column >= PRICES]
    below = [", ".join(f"{HEADINGS[column]} {texts[column]}" for column in rest) for texts in lines[1:]]
    folded = [(above, INDENT + text) if text else (above,) for above, text in zip(drawn, below, strict=True)]
    return [heading, *itertools.chain.from_iterable(folded)]


def said(plan: FleetPlan) -> list[str]:
    """Say what cannot run, what is unknown, and the sum, a line each."""
    return [*(f"- {sentence}" for sentence in sentences(plan)), title(plan)]


def line(share: HostShare) -> list[str]:
    """Write one host under `HEADINGS`."""
    figures = share.figures
    return [
        wording.short(share.host.hostname),
        str(len(share.devices)),
        str(figures.units),
        str(figures.left),
        wording.duration(figures.time_s),
        wording.duration(figures.time_max_s),
        *(
            wording.ABSENT if price is None else wording.money(price)
            for price in (share.price_per_hour, share.cost, share.cost_max)
        ),
    ]


def _draw(lines: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]


def title(plan: FleetPlan) -> str:
    """Say the sum in one line."""
    counts = f"{wording.count(plan.cells, 'cell')}, {wording.count(plan.units, 'unit')}"
    where = f"on {wording.count(len(plan.shares), 'host')}"
    if not plan.left:
        return f"{plan.sweep}: {counts} {where}: nothing left to measure"
    times = f"{'at least ' if plan.cells_of_unknown_time else ''}{wording.duration(plan.time_s)}"
    if plan.time_max_s > plan.time_s and not plan.cells_of_unknown_time:
        times += f", at most {wording.duration(plan.time_max_s)}"
    return f"{plan.sweep}: {counts} {where}, {wording.count(plan.left, 'measurement')} left: {times}{_cost(plan)}"


def _cost(plan: FleetPlan) -> str:
    if not plan.has_prices:
        return ""
    most = f", at most {wording.money(plan.cost_max)}" if plan.cost_max > plan.cost else ""
    known = f" for the {len(plan.shares) - len(plan.unpriced)} hosts with a price" if plan.unpriced else ""
    return f"; cost {wording.money(plan.cost)}{most}{known}"


def sentences(plan: FleetPlan) -> Iterator[str]:
    """Say what cannot run and why, which hosts do nothing, and what is unknown."""
    for refusal in plan.refusals:
        where = f" on {_hosts(refusal)}" if refusal.hosts else ""
        yield f"cannot run: {wording.count(refusal.units or 0, 'unit')}{where}: {wording.plain(refusal.reason)}"
    for idle in plan.idle:
        yield f"measures nothing: {_hosts(idle)}: {wording.plain(idle.reason)}"
    for lack in plan.lacks:
        remedy = f"; {wording.plain(lack.remedy)}" if lack.remedy else ""
        yield f"missing on {_hosts(lack)}: {wording.plain(lack.reason)}{remedy}"
    yield from map(wording.plain, plan.remarks)
    if plan.is_shared_out:
        yield "cells run on whichever host is free; a host without rows is taken to be as fast as the others"
    if plan.has_prices and plan.unpriced:
        yield f"price unknown: {wording.listed(plan.unpriced)}; write price_per_hour of each host in the cluster file"
    if plan.unknown_prices:
        yield f"the cluster file has hosts that are not in the inventory: {wording.listed(plan.unknown_prices)}"


def _hosts(lack: FleetLack) -> str:
    return wording.counted(lack.hosts, "host")


def to_json(plan: FleetPlan) -> str:
    """Write a fleet plan for scripts."""
    return json_text.write(record(plan))


def record(plan: FleetPlan) -> dict[str, Any]:
    """Write a fleet plan as plain values. Costs are null where no price is known."""
    return {
        "sweep": plan.sweep,
        "run_id": plan.run_id,
        "cells": plan.cells,
        "units": plan.units,
        "left": plan.left,
        "time_s": plan.time_s,
        "time_max_s": plan.time_max_s,
        "cells_of_unknown_time": plan.cells_of_unknown_time,
        "cost": plan.cost if plan.has_prices else None,
        "cost_max": plan.cost_max if plan.has_prices else None,
        "without_price": list(plan.unpriced),
        "hosts": [host_record(share) for share in plan.shares],
        "cannot_run": [_lack(refusal) | {"units": refusal.units} for refusal in plan.refusals],
        "idle": [_lack(idle) for idle in plan.idle],
        "remarks": list(plan.remarks),
        "missing": [_lack(lack) | {"remedy": lack.remedy} for lack in plan.lacks],
    }


def host_record(share: HostShare) -> dict[str, Any]:
    """Write one host as plain values."""
    figures = share.figures
    return {
        "host_id": share.host.host_id,
        "hostname": share.host.hostname,
        "devices": list(share.devices),
        "units": figures.units,
        "done": figures.done,
        "left": figures.left,
        "invocations": figures.invocations,
        "time_s": figures.time_s,
        "time_max_s": figures.time_max_s,
        "price_per_hour": share.price_per_hour,
        "cost": share.cost,
        "cost_max": share.cost_max,
    }


def _lack(lack: FleetLack) -> dict[str, Any]:
    return {"reason": lack.reason, "hosts": list(lack.hosts)}
