"""Time estimates: how long a cell should take on a target. Pure.

Flow: stored calls -> `measured_s` -> `known_times` -> `plan.make`, which expects the same again, or else what `guess_s`
says.
"""

from collections.abc import Iterable, Mapping

from featray.core.cell import Cell
from featray.core.choices import Device, ProtocolName
from featray.core.rules import Rules
from featray.core.stored_unit import StoredUnit

LOAD_S = 15.0  # until the store knows: start, import, load of a child; import 7 to 9 s, build 1 to 4 s on 2 cores

GUESSED_S_PER_FRAME = {Device.CPU: 1.2, Device.MPS: 0.15, Device.CUDA: 0.04}
"""Used until the store has times: 0.9 to 1.5 s per frame on a 2-core CPU; 6 to 120 ms on the GPUs of py-feat's
reports."""

Durations = Mapping[tuple[str, str], float]
"""(cell_id, target_id) -> seconds of warm-up and timed calls."""


def measured_s(units: Iterable[StoredUnit]) -> Durations:
    """Give the seconds of each unit's last row that has times.

    Args:
        units: In the order in which they were measured.
    """
    return {(unit.cell_id, unit.target_id): unit.calls_s for unit in units if unit.calls_s is not None}


def expect_s(cell: Cell, rules: Rules, stored_s: float | None, *, gpus: int = 1) -> float:
    """Expect a cell's seconds: its calls as stored, else as guessed, and the sustained run.

    Calls that are too short to time alone fill `min_time_s`. Rows of several processes hold the time of their calls
    shared out over all processes, and each process makes so many. `gpus` work at the same time.
    """
    calls_s = guess_s(cell, rules) if stored_s is None else max(stored_s * cell.processes * gpus, rules.min_time_s)
    return calls_s + rules.sustained_time_s


def can_guess(cell: Cell) -> bool:
    """Return True if `guess_s` knows something of a cell's calls: they are py-feat's, or have a delay."""
    return cell.detector.is_pyfeat or bool(cell.delay_s_per_frame)


def guess_s(cell: Cell, rules: Rules) -> float:
    """Guess a cell's seconds where nothing is stored: frames x a typical rate x the fewest calls."""
    calls = 2 if rules.protocol == ProtocolName.PYFEAT else rules.warmup_min + rules.repeats_min + int(rules.stages)
    rate = GUESSED_S_PER_FRAME[cell.device] if cell.detector.is_pyfeat else 0.0
    return cell.input.frames * (rate + cell.delay_s_per_frame) * calls * cell.processes  # no faster together than alone
