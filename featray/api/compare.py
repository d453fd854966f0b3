"""`featray.compare`: two selections of a store, pair by pair."""

import dataclasses
import math
from collections.abc import Sequence

from featray import stats, store
from featray.analysis import comparison
from featray.analysis.comparison import Comparison
from featray.core.row import Row
from featray.errors import BadInput, NothingMatches


@dataclasses.dataclass(frozen=True, kw_only=True)
class Compared:
    """A comparison, and what of the store could not be used."""

    comparison: Comparison
    problems: tuple[str, ...]


def compare(
    baseline: str,
    candidate: str | None = None,
    *,
    over: Sequence[str] = (),
    margin_percent: float | None = None,
    results: str = "results",
) -> Compared:
    """Judge every matching pair of two selections, or the units of one along `over`.

    Args:
        baseline: Sweep, run id, or filters such as `host=a,gpu="RTX 3090"`.
        candidate: The same.
        over: Keys that are meant to differ, such as gpu, torch, batch_size, au_model; what differs in every pair need
            not be named.
        margin_percent: Least difference that counts, 3 unless given; a target's noise floor counts where it is larger.
        results: Store of rows: a folder or URI.

    Raises:
        BadInput: an expression, a key or the margin is wrong, or one side alone has nothing to vary.
        NothingMatches: a side, or what the sides have in common, is empty.
        StoreError: the store cannot be read.
    """
    if margin_percent is not None and not 0 < margin_percent < math.inf:
        raise BadInput(f"a margin of {margin_percent:g} percent; expected more than 0, such as 3")
    margin = stats.MARGIN if margin_percent is None else math.log1p(margin_percent / 100)
    return _judged(results, baseline, candidate, over, margin)


def _judged(results: str, baseline: str, candidate: str | None, over: Sequence[str], margin: float) -> Compared:
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
