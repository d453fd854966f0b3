"""By hand: one cell on this machine, in this process, without Ray: `featray measure`.

Flow: a cell's JSON, or its id in a sweep or store -> one invocation -> `backends.inline` -> its row.
"""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from featray import errors, store
from featray.backends.inline import Inline
from featray.core import cell
from featray.core.cell import Cell
from featray.core.events import EventKind
from featray.core.invocation import Invocation, Rules
from featray.core.row import Row
from featray.measurement import weights
from featray.planning import placement, plan
from featray.planning.inventory import Inventory, Target
from featray.planning.placement import PlacedUnit, Placement
from featray.sweep import PYFEAT_RULES, Selector, Sweep, expand

SPOOL = "by-hand"  # a store of this name does not exist; the row is printed instead


@dataclasses.dataclass(frozen=True, kw_only=True)
class FoundCell:
    """A cell, how it is to be measured, and what to say about that."""

    cell: Cell
    rules: Rules = dataclasses.field(default_factory=Rules)
    exclusive: str = "host"
    note: str | None = None


DEFAULTS = "measured under the default rules: a row does not hold its sweep's; name it with --sweep"


def from_file(path: Path) -> FoundCell:
    """Read a cell as `asked` in a row, or a whole row, which is measured again as it was.

    Raises:
        BadInput: the file cannot be read, or holds no cell.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        is_row = isinstance(value, dict) and "asked" in value
        asked = value["asked"] if is_row else value
        what = cell.from_asked(json.loads(asked) if isinstance(asked, str) else asked)
        return _as_measured(what, value.get("protocol"), value.get("exclusive")) if is_row else FoundCell(cell=what)
    except OSError as wrong:
        raise errors.BadInput(f"{path}: cannot be read ({wrong.strerror})") from wrong
    except (ValueError, AttributeError, RecursionError) as wrong:
        raise errors.BadInput(
            f"{path}: {wrong}; expected a cell's JSON, such as the column `asked` of a row"
        ) from wrong


def from_sweep(sweep: Sweep, cell_id: str) -> FoundCell:
    """Find a cell of a sweep by its id, or by an unambiguous beginning of it; the sweep's rules hold.

    Raises:
        NothingMatches: no cell, or several, have such an id.
    """
    found = [each for each in expand(sweep) if cell.cell_id(each).startswith(cell_id)]
    if len(found) != 1:
        known = [cell.cell_id(each) for each in expand(sweep)]
        many = "several cells" if found else "no cell"
        raise errors.NothingMatches(f"{sweep.name}: {many} with id {cell_id!r}{errors.suggest(cell_id, known)}")
    return FoundCell(cell=found[0], rules=sweep.rules, exclusive=sweep.exclusive)


def from_store(results: str, cell_id: str, target_id: str | None = None) -> FoundCell:
    """Find a cell in the store by its id; it is measured as its last row was, on the target if it was measured there.

    Raises:
        NothingMatches: the store has no row of it that says what was asked.
        BadInput: what the row says was asked is no cell.
    """
    rows = [row for row in store.read(results, cell_ids=[cell_id]).rows if row.asked is not None]
    rows = [row for row in rows if row.target_id == target_id] or rows
    if not rows or rows[-1].asked is None:
        raise errors.NothingMatches(
            f"{store.shown(results)}: no measured row of cell {cell_id!r}; name its sweep with --sweep"
        )
    try:
        what = cell.from_asked(json.loads(rows[-1].asked))
    except (ValueError, RecursionError) as wrong:
        raise errors.BadInput(
            f"{store.shown(results)}: row of cell {cell_id}: {wrong}; name its sweep with --sweep"
        ) from wrong
    return _as_measured(what, rows[-1].protocol, rows[-1].exclusive)


def _as_measured(what: Cell, protocol: Any, exclusive: Any) -> FoundCell:
    """Take from a row how it was measured, as far as it tells."""
    alone = exclusive if exclusive in ("host", "gpu") else "host"
    if protocol == "pyfeat":
        return FoundCell(cell=what, rules=PYFEAT_RULES, exclusive=alone)
    return FoundCell(cell=what, exclusive=alone, note=DEFAULTS)


def measure(
    what: Cell, *, rules: Rules, exclusive: str, target_id: str | None, holder: str, say: Callable[[str], None]
) -> Row:
    """Measure one cell once.

    Args:
        what: The cell.
        rules: How to measure it.
        exclusive: What to lease, `host` or `gpu`.
        target_id: GPU UUID or other target id of this machine; None takes the first that fits.
        holder: Shown to others who wait for this machine.
        say: Told why it waits.

    Raises:
        NothingMatches: this machine has no such target.
        NotReady: weights are missing.
    """
    backend = Inline(holder=holder)
    target = _target(what, backend.inventory(), target_id)
    unit = PlacedUnit(cell=what, cell_id=cell.cell_id(what), target=target)
    campaign = plan.Campaign(sweep="by-hand", run_id="by-hand", rules=rules, exclusive=exclusive)
    work = plan.make(Placement(units=(unit,), refusals=()), (), campaign, wanted=lambda *_: 1)
    planned = work.invocations[0]
    missing = backend.fetch(_needs(planned.invocation, target)) if what.weights == weights.PRETRAINED else {}
    if missing:
        raise errors.NotReady("\n".join(text for found in missing.values() for text in found))
    backend.start(planned, SPOOL)
    try:
        return _row(backend, say)
    finally:
        backend.close()
        backend.forget(SPOOL, backend.collect(SPOOL))


def _row(backend: Inline, say: Callable[[str], None]) -> Row:
    row: Row | None = None
    told = ""
    while True:
        for event in backend.poll(1.0):
            if event.kind == EventKind.WAITING and event.text != told:
                told = event.text or ""
                say(f"waiting for this machine, held by {told}")
            row = event.row or row
            if event.kind == EventKind.ENDED and row is not None:
                return row


def _needs(invocation: Invocation, target: Target) -> dict[str, Any]:
    return {target.host.host_id: weights.required(invocation.cells[0].detector)}


def _target(what: Cell, inventory: Inventory, target_id: str | None) -> Target:
    placed = placement.match([what], inventory, Selector())
    fitting = [unit.target for unit in placed.units if target_id in (None, unit.target.target_id)]
    if fitting:
        return fitting[0]
    if target_id is not None:
        known = [target.target_id for target in inventory.targets()]
        raise errors.NothingMatches(f"target {target_id!r} cannot run this cell{errors.suggest(target_id, known)}")
    raise errors.NothingMatches("; ".join(refusal.reason for refusal in placed.refusals))
