"""Invocations: what one fresh process is told to measure, and the words it speaks with its supervisor.

Flow: `plan.make` -> `Invocation` -> backend -> supervisor -> child, as one line of JSON on the child's stdin.
Standard library only, like everything the child imports.

The child answers on its stdout, one JSON object per line, tagged by `event`, one of `events.EventKind`:
    {"event": "loading"}                    import and load of the detector began
    {"event": "started", "cell_id": ...}    this cell's clock runs from now
    {"event": "row", "row": {...}}          the cell is done; the child waits for NEXT before it goes on
    {"event": "done"}                       all cells are done; the child exits 0
"""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from featray.core import cell as cells
from featray.core import identity
from featray.core.choices import Device, Exclusive, ProtocolName
from featray.core.row import Row

NEXT = "next"  # the supervisor has the row on disk; the child may start the next cell

WARMUP_MIN = 3
"""Untimed calls at the least: the fewest of which can be told that they agree (the protocol's STEADY_CALLS)."""

WARMUP_MAX = 8
"""Untimed calls at the most. A choice: more of them wait for a cell that settles late, fewer keep one that never does
from costing more than its timed calls, of which there are as many."""

WARMUP_TOLERANCE = 0.10
"""Share within which the last three untimed calls agree. Three calls of a steady cell lie, in 95 of 100 cases, within
3.31 times their sd (studentized range; Tukey 1953), so that a cell whose calls scatter by 3% passes. A tighter one
would send noisy cells to the maximum; a looser one would time a cell that still speeds up."""

REPEATS_MIN = 3
"""Timed calls at the least: the fewest whose median one stray call cannot move, and that have quartiles."""

REPEATS_MAX = 8
"""Timed calls at the most. A choice between calls and processes (Kalibera & Jones 2013): where calls scatter as much as
processes do, the median of 3, 8 and 16 calls leaves an invocation 20, 8 and 4% noisier than endless calls would, so
time beyond 8 is better spent on another invocation."""

MIN_TIME_S = 2.0
"""Timed seconds to reach. A choice: 13 readings of the sampler (every 0.15 s), enough for a median of clock and power;
more would cost every fast cell as much again."""

SPREAD_MAX = 0.05
"""Interquartile range over median to reach. That of normal calls is 1.35 sd, so it is an sd of 3.7%, with which the
median of three calls has a standard error of 2.5%: below the 3% that a verdict calls a difference."""

SLOW_CALL_S = 20.0
"""Seconds above which one untimed call is enough. A choice: start-up took 1.2 s in the report of 2026-05-14, so the
untimed call holds it many times over, and two further ones would add 40 s and more to every invocation of the cell."""

FEW_BATCHES = 4
"""Batches per call, below which the start-up of the first batch is over a quarter of the call."""

TIME_LIMIT_S = 600.0
"""Seconds for one cell. A choice: 8 untimed, 8 timed and 1 profiled call of just below SLOW_CALL_S take 340 s, and a
slower cell's five (1, 3 and 1) fit up to 120 s each. A longer limit lets a hang hold its host for longer."""

LOAD_LIMIT_S = 600.0
"""Seconds for import, weights and load. Measured on two cores: import without bytecode 17 to 50 s, all synthetic
weights 40 s, construction 4 s. The rest is for weights over a network: 1.3 GB in it are 2.6 MB/s."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rules:
    """How a cell is measured: warm-up and repeats under stop rules.

    A rule that is not reached within its maximum is named in the row's `unmet_rules`. The default of each says where it
    comes from, or what it trades off where it is a choice.
    """

    protocol: ProtocolName = ProtocolName.FEATRAY
    warmup_min: int = WARMUP_MIN
    warmup_max: int = WARMUP_MAX
    warmup_tolerance: float = WARMUP_TOLERANCE  # the last three warm-up calls agree within this share
    repeats_min: int = REPEATS_MIN
    repeats_max: int = REPEATS_MAX
    min_time_s: float = MIN_TIME_S  # timed seconds to reach
    spread_max: float = SPREAD_MAX  # IQR / median to reach
    slow_call_s: float | None = SLOW_CALL_S  # a cell this slow needs one warm-up call only; None: none is
    stages: bool = True  # profile one more call, stage by stage, after the timed ones
    time_limit_s: float = TIME_LIMIT_S  # for one cell, warm-up and stages included
    load_limit_s: float = LOAD_LIMIT_S  # for import, weights and load together


@dataclasses.dataclass(frozen=True, kw_only=True)
class Invocation:
    """One fresh process: one detector, one target, its cells in the order in which they are to be measured."""

    sweep: str
    run_id: str
    description: str | None = None
    baseline: str | None = None
    target_id: str
    device: Device
    gpu_uuid: str | None = None  # the only GPU the child may see
    invocation: int  # from 1
    block: int  # from 1
    attempt: int = 1
    order: tuple[int, ...]  # order_index of each cell, parallel to `cells`
    cells: tuple[cells.Cell, ...]
    rules: Rules
    exclusive: Exclusive = Exclusive.HOST

    @property
    def name(self) -> str:
        """Name the task for people: `quickstart/retinaface/cpu/invocation-2`."""
        retry = f"-attempt-{self.attempt}" if self.attempt > 1 else ""
        where = self.cells[0].environment
        detector = self.cells[0].detector.name + (f"@{where}" if where else "")
        return f"{self.sweep}/{detector}/{self.device}/invocation-{self.invocation}{retry}"


def to_mapping(invocation: Invocation) -> dict[str, Any]:
    """Write an invocation as a JSON value."""
    return dataclasses.asdict(dataclasses.replace(invocation, cells=())) | {
        "device": str(invocation.device),
        "exclusive": str(invocation.exclusive),
        "rules": dataclasses.asdict(invocation.rules) | {"protocol": str(invocation.rules.protocol)},
        "order": list(invocation.order),
        "cells": [cells.asked(each) for each in invocation.cells],
    }


def from_mapping(value: Mapping[str, Any]) -> Invocation:
    """Read an invocation back from `to_mapping`.

    Raises:
        ValueError: a field is missing or unknown; the message names it.
    """
    try:
        return Invocation(
            **{
                **value,
                "order": tuple(value["order"]),
                "cells": tuple(cells.from_asked(each) for each in value["cells"]),
                "device": Device(value["device"]),
                "exclusive": Exclusive(value["exclusive"]),
                "rules": Rules(**value["rules"] | {"protocol": ProtocolName(value["rules"]["protocol"])}),
            }
        )
    except KeyError as missing:
        raise ValueError(f"not an invocation: {missing.args[0]} is missing") from missing
    except TypeError as wrong:
        raise ValueError(f"not an invocation: {wrong}") from wrong


def record(invocation: Invocation, cell: cells.Cell, **columns: Any) -> Row:
    """Make the row of one of an invocation's cells: keys and labels from what was asked, the rest from the caller.

    Args:
        invocation: Where the cell belongs.
        cell: One of its cells.
        columns: Every other column of `row.Row`; `status` and `started_at` are required, and a column given here wins.
    """
    index = invocation.cells.index(cell)
    known: dict[str, Any] = {
        "sweep": invocation.sweep,
        "run_id": invocation.run_id,
        "cell_id": cells.cell_id(cell),
        "target_id": invocation.target_id,
        "invocation": invocation.invocation,
        "block": invocation.block,
        "order_index": invocation.order[index],
        "attempt": invocation.attempt,
        "description": invocation.description,
        "baseline": invocation.baseline,
        "detector": cell.detector.name,
        "input": cell.input.name,
        "section_kind": cell.input.kind,
        "section_label": cell.input.section_label,
        "device": str(cell.device),
        "batch_size": cell.batch_size,
        "num_workers": cell.num_workers,
        "weights": str(cell.weights) if cell.detector.is_pyfeat else None,
        "environment": cell.environment,
        "protocol": str(invocation.rules.protocol),
        "asked": identity.canonical(cells.asked(cell)),
        "exclusive": str(invocation.exclusive),
        "frames": cell.input.frames,
        "batches": cell.batches,
        "input_fps": cell.input.fps,
        "delay_s_per_frame": cell.delay_s_per_frame,
    }
    return Row(**(known | columns))


def why_skipped(exhausted: cells.Cell) -> str:
    """Say why a larger batch than one that ran out of memory is not tried."""
    return f"batch {exhausted.batch_size} already ran out of memory"


def larger_batches(cell: cells.Cell, others: Iterable[cells.Cell]) -> list[cells.Cell]:
    """List the cells that need at least as much memory as one that ran out of it: same all but a larger batch."""
    same = dataclasses.replace
    return [
        other
        for other in others
        if other.batch_size > cell.batch_size and same(other, batch_size=cell.batch_size) == cell
    ]
