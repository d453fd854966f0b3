"""Estimate text: an estimate as text for people.

Flow: `ArchiveEstimate` -> `text` and, on a terminal, `draw` -> `featray estimate`; `estimate_json` writes it for
programs. Pure.
"""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from featray.analysis import energy
from featray.analysis.advice import objectives
from featray.analysis.estimate.archive import ArchiveEstimate
from featray.analysis.estimate.footage import Footage
from featray.analysis.estimate.worker_share import WorkerShare
from featray.core import wording
from featray.rendering import recommendation_text
from featray.rendering.fitted_tables import FittedTable
from featray.rendering.whole_words import WholeWords

if TYPE_CHECKING:
    from rich.console import RenderableType

SHOWN = 20  # workers in a table of the terminal; --json has all
HEADINGS = ("machine", "setting", "films", "hours of film", "time (95%)", "memory", "energy (kWh)", "cost")
PLAN, ALONE = "The plan", "Each worker"
COLD_HEADINGS = ("machine", "frames/s", "start (s)", "J/frame", "J/face", "kWh per 1000 h of film", "all films alone")


def duration(time_s: float) -> str:
    """Write a duration of hours or days: `2 d 03 h`; shorter ones as everywhere."""
    hours = round(time_s / 3600)
    return f"{hours // 24} d {hours % 24:02d} h" if hours >= 48 else wording.duration(time_s)


def line(share: WorkerShare, footage: Footage) -> list[str]:
    """Write one worker of the plan, under `HEADINGS`."""
    film_s = sum(footage.films[film].duration_s for film in share.films)
    low_s, high_s = share.interval_s
    return [
        share.place,
        recommendation_text.name(share.forecast.unit),
        str(len(share.films)),
        wording.digits(film_s / 3600),
        f"{duration(share.time_s)} ({duration(low_s)} to {duration(high_s)})",
        _memory(share),
        _kwh(share.energy_j),
        wording.ABSENT if share.cost is None else wording.money(share.cost),
    ]


def _memory(share: WorkerShare) -> str:
    if share.memory_b is None:
        return wording.ABSENT
    return f"at most {wording.size(share.memory_b)}" if share.is_memory_a_bound else wording.size(share.memory_b)


def cold_line(share: WorkerShare, footage: Footage) -> list[str]:
    """Write what one worker is, and what all films would take on it alone, under `COLD_HEADINGS`."""
    forecast = share.forecast
    thousand_j = None if share.energy_j is None else share.energy_j / footage.duration_s * 3600 * 1000
    return [
        forecast.unit.target.place,
        wording.rate(forecast.hz),
        wording.ABSENT if forecast.start_s is None else wording.digits(forecast.start_s),
        wording.ABSENT if forecast.frame_j is None else wording.digits(forecast.frame_j),
        wording.ABSENT if forecast.face_j is None else wording.digits(forecast.face_j),
        _kwh(thousand_j),
        duration(share.time_s),
    ]


def _kwh(energy_j: float | None) -> str:
    return wording.ABSENT if energy_j is None else wording.digits(energy.kwh(energy_j))


def title(estimate: ArchiveEstimate) -> str:
    """Say what is estimated, and the answer."""
    footage, (low_s, high_s) = estimate.footage, estimate.interval_s
    films = f"{wording.count(len(footage.films), 'film')}, {wording.digits(footage.duration_s / 3600)} h"
    machines = wording.count(len({share.forecast.unit.target.host_id for share in estimate.shares}), "host")
    answer = f"{duration(estimate.time_s)} (95%: {duration(low_s)} to {duration(high_s)})"
    return f"{films}: {answer} on {machines}"


def sentences(estimate: ArchiveEstimate) -> Iterator[str]:
    """Say how good the plan is, what limits say, what is extrapolated and what to measure."""
    if len(estimate.shares) > 1 or estimate.time_s > estimate.bound_s * 1.005:
        yield f"No plan of whole films ends before {duration(estimate.bound_s)}"
    yield from _cut(estimate)
    yield from _limits(estimate)
    if estimate.energy_j is not None:
        yield f"Energy of the devices: {_kwh(estimate.energy_j)} kWh, their idle power included"
    else:
        yield "Energy: unknown, since not every worker has a device whose energy was measured"
    yield from (f"Measured: {wording.plain(text)}" for text in estimate.measured_together)
    yield from (f"No measured rows of {wording.short(name)}: submit a sweep there" for name in estimate.unmeasured)
    yield from (f"Not used: {wording.plain(text)}" for text in estimate.unused)
    yield from (f"Assumed: {found.assumption}. To know: {found.remedy}" for found in estimate.extrapolations)
    yield from (f"Caution: {wording.plain(caution)}" for caution in estimate.cautions)


def _cut(estimate: ArchiveEstimate) -> Iterator[str]:
    if estimate.cut is None and not any(share.forecast.grows for share in estimate.shares):
        yield "Cutting films into pieces would bring less than 5%"
    elif estimate.cut is not None:
        piece, time = duration(estimate.cut.piece_s), duration(estimate.cut.time_s)
        yield f"Cut films longer than {piece} into pieces of that length: then all ends after {time}"


def _limits(estimate: ArchiveEstimate) -> Iterator[str]:
    terms = estimate.terms
    limit_s = terms.constraints.max_latency_s
    if limit_s is not None:
        longest = max((share.forecast.unit for share in estimate.shares), key=objectives.batch_s)
        limit = f"{wording.milliseconds(limit_s)} ms per batch"
        yield f"Limit of {limit}: met, the longest takes {objectives.per_batch(longest)} on the measured clip"
    if terms.deadline_s is not None:
        yield f"Deadline of {duration(terms.deadline_s)}: {_held(estimate.deadline_met)}"
    if estimate.cost is not None:
        low, high = (wording.money(bound or 0) for bound in (estimate.cost_low, estimate.cost_high))
        yield f"Cost: {wording.money(estimate.cost)} (95%: {low} to {high})"
    if terms.budget is None:
        return
    if estimate.cost is None:
        yield "Budget: not checked, since a price is unknown; write `price_per_hour` of every host in the cluster file"
    else:
        yield f"Budget of {wording.money(terms.budget)}: {_held(estimate.budget_met)}{_cheaper(estimate)}"


def _cheaper(estimate: ArchiveEstimate) -> str:
    """Name the fastest target that keeps to a budget alone, where the plan, which is the fastest, does not."""
    terms = estimate.terms
    budget, deadline_s = terms.budget or math.inf, terms.deadline_s or math.inf
    kept = [share for share in estimate.alone if (share.cost or math.inf) <= budget and share.time_s <= deadline_s]
    if estimate.budget_met is not False or not kept:
        return ""
    first = min(kept, key=lambda share: share.time_s)
    spent = f"{duration(first.time_s)}, cost {wording.money(first.cost or 0)}"
    return f". {first.forecast.unit.target.place} alone keeps to it: {spent}"


def _held(held: bool | None) -> str:
    return {True: "met", False: "not met", None: "open, since it lies within the 95% interval"}[held]


def text(estimate: ArchiveEstimate) -> str:
    """Write an estimate: the answer, the plan, what each worker is, and sentences."""
    plan = [line(share, estimate.footage) for share in estimate.shares]
    alone = [cold_line(share, estimate.footage) for share in estimate.alone]
    parts = [title(estimate), "", *_table(HEADINGS, plan), "", *_table(COLD_HEADINGS, alone), ""]
    return "\n".join([*parts, *(f"- {sentence}" for sentence in sentences(estimate))])


def draw(estimate: ArchiveEstimate) -> "RenderableType":
    """Make a rich renderable of what `text` says, for a terminal of any width."""
    from rich.console import Group

    plan = [line(share, estimate.footage) for share in estimate.shares]
    alone = [cold_line(share, estimate.footage) for share in estimate.alone]
    return Group(
        WholeWords(title(estimate)),
        *_fitted(PLAN, HEADINGS, 2, plan),
        *_fitted(ALONE, COLD_HEADINGS, 1, alone),
        WholeWords(""),
        *(WholeWords(f"- {sentence}") for sentence in sentences(estimate)),
    )


def _fitted(
    title: str, headings: Sequence[str], keys: int, lines: Sequence[Sequence[str]]
) -> "Iterator[RenderableType]":
    yield FittedTable(title=title, headings=headings, keys=keys, groups=[lines[:SHOWN]])
    yield from map(WholeWords, _left_out(lines))


def _table(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    shown = [headings, *([wording.plain(cell) for cell in line] for line in lines[:SHOWN])]
    widths = [max(len(line[column]) for line in shown) for column in range(len(headings))]
    rows = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in shown]
    return [*rows, *_left_out(lines)]


def _left_out(lines: Sequence[Sequence[str]]) -> list[str]:
    return [f"and {len(lines) - SHOWN} more, which --json lists"] if len(lines) > SHOWN else []
