"""Single cell: one cell measured once on this machine, in this process, without Ray: `featray measure`.

Flow: a cell's JSON, or its id in a sweep or store -> `CellToMeasure` -> one invocation -> `backends.inline` -> its row.
"""

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from featray import errors, store
from featray.backends.inline import Inline
from featray.core import cell, wording
from featray.core.argument_names import argument, flag
from featray.core.cell import Cell
from featray.core.choices import Exclusive, ProtocolName, WeightsKind
from featray.core.detectors import PYFEAT_CLASSES
from featray.core.events import EventKind
from featray.core.files import check_regular
from featray.core.row import Row
from featray.core.rules import Rules
from featray.measurement import weights
from featray.planning import placement, plan, target_selection
from featray.planning.inventory import Inventory, Target
from featray.planning.placement import PlacedUnit, Placement
from featray.planning.planned_invocation import PlannedInvocation, RunSettings
from featray.running import recorded_secrets
from featray.sweep import PYFEAT_RULES, Selector, Sweep, expand

NAME = "by-hand"  # as sweep, run and spool of the row; no store has it, because the row is printed and not stored

KNOWN_CLASSES = frozenset(
    {
        *PYFEAT_CLASSES,
        "featray.measurement.clockwork:Clockwork",
        "featray.measurement.fakes.clockwork:Clockwork",
        "featray.measurement.fakes.failing_detector:FailingDetector",
        "featray.measurement.fakes.hungry_detector:HungryDetector",
    }
)
"""Classes of py-feat and featray: what they do is known, wherever their name comes from."""

DEFAULT_RULES_NOTE = "measured with the default rules, because a row does not hold the rules of its sweep"


@dataclasses.dataclass(frozen=True, kw_only=True)
class CellToMeasure:
    """A cell, how to measure it, and what the user should know about that."""

    cell: Cell
    rules: Rules = dataclasses.field(default_factory=Rules)
    exclusive: Exclusive = Exclusive.HOST
    note: str | None = None


def read_file(path: Path) -> CellToMeasure:
    """Read a cell, as the column `asked` holds it, or a whole row, whose cell is measured again in the same way.

    Raises:
        BadInput: the file cannot be read, or holds no cell.
    """
    try:
        check_regular(path, or_open_pipe=True)
        value = json.loads(path.read_text(encoding="utf-8"))
        is_row = isinstance(value, dict) and "asked" in value
        asked = value["asked"] if is_row else value
        known = cell.from_asked(json.loads(asked) if isinstance(asked, str) else asked)
        return (
            _as_measured(known, value.get("protocol"), value.get("exclusive")) if is_row else CellToMeasure(cell=known)
        )
    except OSError as wrong:
        raise errors.BadInput(f"{path}: cannot be read ({wrong.strerror})") from wrong
    except (ValueError, AttributeError, RecursionError) as wrong:
        raise errors.BadInput(
            f"{path}: {wrong}; expected a cell's JSON, such as the column `asked` of a row"
        ) from wrong


def find_in_sweep(sweep: Sweep, cell_id: str) -> CellToMeasure:
    """Find a cell of a sweep by its id or by the beginning of one; the sweep's rules apply.

    Raises:
        NothingMatches: no cell, or several, have such an id.
    """
    cells = {cell.cell_id(known): known for known in expand(sweep)}
    matching = [known for known_id, known in cells.items() if known_id.startswith(cell_id)]
    if len(matching) != 1:
        number = "several cells" if matching else "no cell"
        raise errors.NothingMatches(f"{sweep.name}: {number} with id {cell_id!r}{errors.suggest(cell_id, cells)}")
    return CellToMeasure(cell=matching[0], rules=sweep.rules, exclusive=sweep.exclusive)


def find_in_store(results: str, cell_id: str, target_id: str | None = None) -> CellToMeasure:
    """Find a cell in the store by its id; its last row says how to measure it, on this target where there is one.

    Raises:
        NothingMatches: the store has no row of the cell that holds what was asked.
        BadInput: what the row holds is no cell.
    """
    rows = [row for row in store.read(results, cell_ids=[cell_id]).rows if row.asked is not None]
    rows = [row for row in rows if row.target_id == target_id] or rows
    if not rows or rows[-1].asked is None:
        raise errors.NothingMatches(
            f"{store.display_name(results)}: no measured row of cell {cell_id!r}; name its sweep with "
            f"{argument('sweep')}"
        )
    try:
        known = cell.from_asked(json.loads(rows[-1].asked))
    except (ValueError, RecursionError) as wrong:
        raise errors.BadInput(
            f"{store.display_name(results)}: row of cell {cell_id}: {wrong}; name its sweep with {argument('sweep')}"
        ) from wrong
    return _as_measured(known, rows[-1].protocol, rows[-1].exclusive)


def refuse_strange_class(chosen: CellToMeasure, sweep: Sweep | None = None) -> None:
    """Refuse a cell whose detector is a class that neither py-feat, featray nor the caller's sweep names.

    Measuring imports the module of the class and calls the class. Whoever wrote the store or the file chose both.

    Raises:
        BadInput: the class must be trusted first; the message names it.
    """
    named = {known.detector.class_name for known in expand(sweep)} if sweep is not None else set()
    class_name = chosen.cell.detector.class_name
    if class_name not in named and class_name not in KNOWN_CLASSES:
        raise errors.BadInput(
            f"the cell runs the class {wording.short(class_name)!r}, which is not py-feat's; if you trust it, say "
            f"{flag('trust')}, or name its sweep with {argument('sweep')}"
        )


def _as_measured(known: Cell, protocol: Any, exclusive: Any) -> CellToMeasure:
    """Take from a row how it was measured, as far as it says so."""
    lease = Exclusive(exclusive) if exclusive in tuple(Exclusive) else Exclusive.HOST
    if protocol == ProtocolName.PYFEAT:
        return CellToMeasure(cell=known, rules=PYFEAT_RULES, exclusive=lease)
    return CellToMeasure(
        cell=known, exclusive=lease, note=f"{DEFAULT_RULES_NOTE}; name the sweep with {argument('sweep')}"
    )


def measure(chosen: CellToMeasure, *, target_id: str | None, holder: str, say: Callable[[str], None]) -> Row:
    """Measure one cell once.

    Args:
        chosen: The cell, and how to measure it.
        target_id: GPU UUID or other target id of this machine; None takes the first that fits.
        holder: Shown to others who wait for this machine.
        say: Called with the reason when it has to wait.

    Raises:
        NothingMatches: this machine has no such target.
        BadInput: the cell comes from a row, which has digests instead of secrets.
        NotReady: weights are missing.
        BackendError: this machine cannot start the measuring process.
    """
    recorded_secrets.check_values(
        [chosen.cell], f"cannot measure this cell from its row (name its sweep with {argument('sweep')})"
    )
    backend = Inline(holder=holder)
    planned = _plan(chosen, _target(chosen.cell, backend.inventory(), target_id))
    missing = backend.fetch(_needs(planned)) if chosen.cell.weights == WeightsKind.PRETRAINED else {}
    if missing:
        raise errors.NotReady("\n".join(reason for reasons in missing.values() for reason in reasons))
    backend.start(planned, NAME)
    try:
        return _wait_for_row(backend, say)
    finally:
        backend.close()
        backend.forget(NAME, backend.collect(NAME))


def _target(known: Cell, inventory: Inventory, target_id: str | None) -> Target:
    placed = placement.match([known], inventory, Selector())
    fitting = [unit.target for unit in placed.units if target_id in (None, unit.target.target_id)]
    if fitting:
        return fitting[0]
    if target_id is not None:
        target_ids = [target.target_id for target in target_selection.select(inventory, Selector())]
        raise errors.NothingMatches(f"target {target_id!r} cannot run this cell{errors.suggest(target_id, target_ids)}")
    raise errors.NothingMatches("; ".join(refusal.reason for refusal in placed.refusals))


def _plan(chosen: CellToMeasure, target: Target) -> PlannedInvocation:
    unit = PlacedUnit(cell=chosen.cell, cell_id=cell.cell_id(chosen.cell), target=target)
    run = RunSettings(sweep=NAME, run_id=NAME, rules=chosen.rules, exclusive=chosen.exclusive)
    return plan.make(Placement(units=(unit,), refusals=()), (), run, invocations_needed=lambda *_: 1).invocations[0]


def _needs(planned: PlannedInvocation) -> Mapping[str, tuple[weights.HubFile, ...]]:
    return {planned.target.host.host_id: weights.list_required(planned.invocation.cells[0].detector)}


def _wait_for_row(backend: Inline, say: Callable[[str], None]) -> Row:
    row: Row | None = None
    holder = ""
    while True:
        for event in backend.poll(1.0):
            if event.kind == EventKind.WAITING and event.text != holder:
                holder = event.text or ""
                say(f"waiting for this machine, held by {holder}")
            row = event.row or row
            if event.kind == EventKind.ENDED and row is not None:
                return row
            if event.kind == EventKind.ENDED:
                raise errors.BackendError(f"nothing was measured: {event.text}")
