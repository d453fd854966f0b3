"""Comparing: what two expressions mean in a store, and every pair of them judged.

Flow: expressions -> `store` -> `comparison` -> `cli.compare`, `api.compare`.
"""

import dataclasses
from collections.abc import Sequence

from featray import comparison, statistics, store
from featray.comparison import Comparison
from featray.errors import BadInput, NothingMatches
from featray.row import Row


@dataclasses.dataclass(frozen=True, kw_only=True)
class Compared:
    """A comparison, and what of the store could not be used."""

    comparison: Comparison
    problems: tuple[str, ...]


def compare(
    results: str,
    baseline: str,
    candidate: str | None = None,
    *,
    over: Sequence[str] = (),
    margin: float = statistics.MARGIN,
) -> Compared:
    """Compare two selections of a store, or the units of one with each other.

    Args:
        results: Store.
        baseline: Sweep, run id or filters.
        candidate: The same; None compares the units of `baseline` along `over`.
        over: Keys that are meant to differ.
        margin: Least log ratio that counts as a difference.

    Raises:
        BadInput: an expression or a key is wrong, or one side alone has nothing to vary.
        NothingMatches: a side, or what the sides have in common, is empty.
        StoreError: the store cannot be read.
    """
    if candidate is None and not over:
        raise BadInput("one side alone is compared along a key: add --over, such as --over batch_size, or a candidate")
    problems: dict[str, None] = {}  # in order, each once
    known = comparison.calibrations(store.read(results, sweep=comparison.CALIBRATION).rows)
    ours = _select(results, baseline, problems)
    if candidate is None:
        found = comparison.within(ours, over=over, margin=margin, calibrations=known)
    else:
        theirs = _select(results, candidate, problems)
        found = comparison.compare(ours, theirs, over=over, margin=margin, calibrations=known)
    if not found.pairs:
        raise NothingMatches(_nothing_in_common(ours, None if candidate is None else theirs, over))
    return Compared(comparison=found, problems=tuple(problems))


def _select(results: str, expression: str, problems: dict[str, None]) -> list[Row]:
    """Select, and say what was left out of the store when nothing is found: it may be what was meant.

    Where the expression names a run or a sweep, only its rows are read; the whole store only to say what there is.
    """
    name = comparison.named(expression)
    reading = store.read(results, named=name)
    if not reading.rows:
        reading = store.read(results)
    problems |= dict.fromkeys(map(str, reading.problems))
    try:
        return comparison.select(reading.rows, expression)
    except NothingMatches as missing:
        raise NothingMatches(f"{missing}{store.left_out(reading.problems)}") from None


def _nothing_in_common(ours: Sequence[Row], theirs: Sequence[Row] | None, over: Sequence[str]) -> str:
    """Say why no unit has a counterpart: other inputs, which are never compared, or no common setting."""
    if theirs is None:
        return f"no two units differ in {', '.join(over)} alone; each must be measured with two values of it at least"
    if {row.key() for row in ours} & {row.key() for row in theirs}:
        return "the sides are the same rows; name another run, or compare within one along a key: --over batch_size"
    inputs = [list(dict.fromkeys(row.section_label for row in side)) for side in (ours, theirs)]
    if not set(inputs[0]) & set(inputs[1]):
        sides = [", ".join(names[:SHOWN]) for names in inputs]
        return f"the sides have nothing in common: input {sides[0]} against {sides[1]}"
    return "no unit of one side agrees with a unit of the other in detector, input, device and settings"


SHOWN = 4  # inputs that a message lists
