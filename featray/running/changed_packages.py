"""Changed packages: what hosts have of another version than when a run was measured there.

Flow: store, `Placement`, what is planned -> `describe` -> `preparation`. Reads the store.
"""

from collections.abc import Collection, Iterator, Sequence

from featray import store
from featray.core import wording
from featray.core.argument_names import flag
from featray.core.status import Status
from featray.planning.inventory import Host
from featray.planning.placement import Placement

PACKAGES = (("torch", "torch"), ("pyfeat", "py-feat"), ("featray", "featray"))
"""(column of a row, package of a host) whose versions must not change within a run."""

COLUMNS = ("cell_id", "target_id", "environment", "status", "source_file", "replayed")

_Unit = tuple[str, str]
"""(cell_id, target_id)."""

_Change = tuple[str, str, str]
"""A package, its version in rows, and its version on their hosts now."""


def describe(results: str, run_id: str, placement: Placement, due: Collection[_Unit]) -> list[str]:
    """Say what has changed since a run was measured, outside the sweep's environments: a sentence per change.

    Args:
        results: Store.
        run_id: The run.
        placement: Where its cells run now.
        due: Units that get new rows.

    Raises:
        StoreError: the store cannot be read.
    """
    changed: dict[_Change, list[tuple[_Unit, Host]]] = {}
    for change, unit, host in _find(results, run_id, placement):
        changed.setdefault(change, []).append((unit, host))
    return [_sentence(change, run_id, rows, due) for change, rows in changed.items()]


def _find(results: str, run_id: str, placement: Placement) -> Iterator[tuple[_Change, _Unit, Host]]:
    """Find each package that a row was measured with and that its host has of another version now."""
    targets = placement.targets
    frame, _ = store.load(results, run_id=run_id, columns=[*COLUMNS, *(column for column, _ in PACKAGES)])
    for row in frame.astype(object).where(frame.notna(), None).to_dict("records"):
        target = targets.get(row["target_id"])
        if target is None or row["status"] != Status.OK or row["environment"] or row["source_file"] or row["replayed"]:
            continue
        for column, package in PACKAGES:
            before, now = row[column], target.host.packages.get(package)
            if before and now and before != now:
                yield (package, before, now), (row["cell_id"], row["target_id"]), target.host


def _sentence(change: _Change, run_id: str, rows: Sequence[tuple[_Unit, Host]], due: Collection[_Unit]) -> str:
    package, before, now = change
    names = sorted({host.host_id: host.hostname for _, host in rows}.values())
    where, they_have = wording.counted(names, "host"), "they now have"
    if len(names) == 1:
        where, they_have = names[0], f"{names[0]} now has"
    were = f"{wording.count(len(rows), 'row')} of {run_id} {'was' if len(rows) == 1 else 'were'}"
    return (
        f"{were} measured on {where} with {package} {before}, but {they_have} {now}"
        f"{_stale([unit for unit, _ in rows], due)}; {flag('rerun')} measures everything again"
    )


def _stale(measured: Sequence[_Unit], due: Collection[_Unit]) -> str:
    """Say which rows will be stale: those of units that get new ones, which are of another context."""
    count = sum(unit in due for unit in measured)
    which = "them" if count == len(measured) else f"{count} of them"
    return f": new rows beside them make {which} stale" if count else ""
