"""Invocations: what one fresh process measures, and the protocol between that process and its supervisor.

Flow: `planning.plan` -> `Invocation` -> backend -> supervisor -> child, as one line of JSON on the child's stdin.
Standard library only, like everything the child imports.

The child answers on its stdout, one JSON object per line, tagged by `event`, one of `events.EventKind`:
    {"event": "loading"}                    import and load of the detector began
    {"event": "started", "cell_id": ...}    this cell began; its time limit runs
    {"event": "assembled"}                  side by side only: it waits for GO, which comes when all of them wait
    {"event": "timed"}                      side by side only: its calls are timed; it calls on until STOP comes
    {"event": "row", "row": {...}}          the cell is done; the child waits for NEXT before it goes on
    {"event": "done"}                       all cells are done; the child exits 0
"""

import dataclasses
import functools
from collections.abc import Iterable, Mapping
from typing import Any

from featray.core import identity, row_texts, secret_values
from featray.core.cell import Cell, cell_id, from_asked, list_secrets, to_asked, to_recorded
from featray.core.choices import Device, Exclusive, ProtocolName
from featray.core.row import Row
from featray.core.rules import Rules

NEXT = "next"  # the supervisor has the row on disk; the child may start the next cell
GO = "go"  # all processes of a joint run are ready for the next part
STOP = "stop"  # all processes of a joint run have timed their calls


@dataclasses.dataclass(frozen=True, kw_only=True)
class Invocation:
    """One fresh process: one detector, one target, its cells in the order in which they are to be measured."""

    sweep: str
    run_id: str
    description: str | None = None
    baseline: str | None = None
    environments: tuple[str, ...] = ()  # the sweep's, in its order
    reference: str | None = None  # as `Reference.text` writes it
    search_limits: str | None = None  # as `Search.limits_text` writes them
    target_id: str
    device: Device
    gpu_uuid: str | None = None  # the only GPU the child may see
    gpus: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """UUID -> model of the GPUs that work at the same time; each child sees one of them. Empty on one target."""
    invocation: int  # from 1
    block: int  # from 1
    attempt: int = 1
    order: tuple[int, ...]  # order_index of each cell, parallel to `cells`
    cells: tuple[Cell, ...]
    rules: Rules
    exclusive: Exclusive = Exclusive.HOST

    @property
    def name(self) -> str:
        """Name the task for people: `quickstart/retinaface/cpu/invocation-2`."""
        retry = f"-attempt-{self.attempt}" if self.attempt > 1 else ""
        environment = self.cells[0].environment
        detector = self.cells[0].detector.name + (f"@{environment}" if environment else "")
        device = f"all-{self.device}" if self.gpus else self.device
        return f"{self.sweep}/{detector}/{device}/invocation-{self.invocation}{retry}"

    @functools.cached_property
    def indices(self) -> Mapping[str, int]:
        """Map the id of each of its cells to the cell's place in `cells`."""
        return {cell_id(cell): index for index, cell in enumerate(self.cells)}

    @functools.cached_property
    def written_rules(self) -> str:
        """Write its rules as a row holds them."""
        return identity.canonical(dataclasses.asdict(self.rules))


def to_mapping(invocation: Invocation) -> dict[str, Any]:
    """Write an invocation as a JSON value, secrets included: for the host and the child, never for a row."""
    return dataclasses.asdict(dataclasses.replace(invocation, cells=())) | {
        "device": str(invocation.device),
        "exclusive": str(invocation.exclusive),
        "rules": dataclasses.asdict(invocation.rules) | {"protocol": str(invocation.rules.protocol)},
        "order": list(invocation.order),
        "environments": list(invocation.environments),
        "cells": [to_asked(cell) for cell in invocation.cells],
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
                "environments": tuple(value["environments"]),
                "cells": tuple(map(from_asked, value["cells"])),
                "device": Device(value["device"]),
                "exclusive": Exclusive(value["exclusive"]),
                "rules": Rules(**value["rules"] | {"protocol": ProtocolName(value["rules"]["protocol"])}),
            }
        )
    except KeyError as missing:
        raise ValueError(f"not an invocation: {missing.args[0]} is missing") from missing
    except TypeError as wrong:
        raise ValueError(f"not an invocation: {wrong}") from wrong


def record(invocation: Invocation, cell: Cell, **columns: Any) -> Row:
    """Make the row of one of an invocation's cells: keys and labels from what was asked, the rest from the caller.

    Args:
        invocation: Where the cell belongs.
        cell: One of its cells.
        columns: Every other column of `row.Row`; `status` and `started_at` are required, and a column given here wins.
            The cell's secrets in their texts, such as an address in an installer's message, become digests, and texts
            that are too long for a row are shortened (`row_texts`).
    """
    secrets = list_secrets(cell)
    texts = {key: secret_values.hidden(text, secrets) for key, text in columns.items() if isinstance(text, str)}
    given = {key: row_texts.bounded(key, value) for key, value in (columns | texts).items()}
    index = invocation.indices[cell_id(cell)]
    asked: dict[str, Any] = {
        "sweep": invocation.sweep,
        "run_id": invocation.run_id,
        "cell_id": cell_id(cell),
        "target_id": invocation.target_id,
        "invocation": invocation.invocation,
        "block": invocation.block,
        "order_index": invocation.order[index],
        "attempt": invocation.attempt,
        "description": invocation.description,
        "baseline": invocation.baseline,
        "reference": invocation.reference,
        "search_limits": invocation.search_limits,
        "environments": list(invocation.environments) or None,
        "detector": cell.detector.name,
        "input": cell.input.name,
        "section_kind": cell.input.kind,
        "section_label": cell.input.section_label,
        "device": str(cell.device),
        "batch_size": cell.batch_size,
        "num_workers": cell.num_workers,
        "processes": cell.processes,
        "gpus": dict(invocation.gpus) or None,
        "weights": str(cell.weights) if cell.detector.is_pyfeat else None,
        "environment": cell.environment,
        "protocol": str(invocation.rules.protocol),
        "rules": invocation.written_rules,
        "asked": identity.canonical(to_recorded(cell)),
        "exclusive": str(invocation.exclusive),
        "frames": cell.input.frames,
        "batches": cell.batches,
        "input_fps": cell.input.fps,
        "delay_s_per_frame": cell.delay_s_per_frame,
    }
    return Row(**(asked | given))


def why_skipped(exhausted: Cell) -> str:
    """Say why a larger batch than one that ran out of memory is not tried."""
    return f"batch {exhausted.batch_size} already ran out of memory"


def larger_batches(cell: Cell, others: Iterable[Cell]) -> list[Cell]:
    """List the cells that need at least as much memory as one that ran out of it: same all but a larger batch."""
    return [
        other
        for other in others
        if other.batch_size > cell.batch_size and dataclasses.replace(other, batch_size=cell.batch_size) == cell
    ]
