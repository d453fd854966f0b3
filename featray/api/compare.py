"""`featray.compare`: two selections of a store, pair by pair.

Flow: two expressions -> `comparison.select` on the store's rows -> `comparison.compare` with `noise` -> `gate.judge` ->
`Compared`.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from featray import stats, store
from featray.analysis import comparison
from featray.analysis.comparison import Comparison, Noise, Pair, gate, keys
from featray.analysis.comparison.gate import Gate, Require
from featray.analysis.outputs import Outputs
from featray.analysis.unit import Unit
from featray.api import chosen_runs, given, noise
from featray.api import results as results_shown
from featray.api.results import Result
from featray.core import garbage
from featray.core.argument_names import argument
from featray.core.row import Row
from featray.errors import BadInput, NothingMatches, suggest
from featray.rendering import comparison_text, document, notes
from featray.rendering.notebook import summaries
from featray.rendering.notebook.summary import Summary
from featray.rendering.notes import Notes
from featray.rendering.page import ratio_plots
from featray.stats import Verdict

VERDICT_NAMES = {verdict.lower().replace(" ", "-"): verdict for verdict in Verdict}
"""Name in `--fail-if` -> verdict."""

SHOWN_INPUTS = 4  # that a message lists of each side

MARGIN_PERCENT_END = 100.0  # no margin is as large: with it even twice the time would be no difference


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class Compared(Result):
    """A comparison, what `fail_if` makes of it, and what of the store could not be used."""

    comparison: Comparison
    problems: tuple[str, ...]
    gate: Gate

    def summarize(self) -> Summary:
        """Show a line per pair; the frame has a row per pair."""
        return summaries.of_comparison(self.comparison, self.problems)

    def plot(self, *, dark: bool = False) -> Any:
        """Draw every pair's speedup with its 95% interval, as a figure of plotly.

        Raises:
            NothingMatches: no pair has a ratio.
        """
        pairs = [pair for pair in self.comparison.pairs if pair.decision is not None]
        shown = [
            dataclasses.replace(notes.pair_note(pair, with_target=False), config=_two_lines(pair)) for pair in pairs
        ]
        drawn = ratio_plots.draw(document.build([]), Notes(comparisons=tuple(shown)), {})
        return results_shown.draw_kind(drawn, "ratio", None, dark=dark)

    @property
    def failing(self) -> tuple[Pair, ...]:
        """List the pairs with a verdict of `fail_if`; one with a dagger is none of them."""
        return self.gate.failing

    @property
    def undecided(self) -> tuple[Pair, ...]:
        """List the pairs that neither fail nor have a verdict to rely on, those with a dagger included."""
        return self.gate.undecided

    @property
    def missing(self) -> tuple[Unit, ...]:
        """List the candidate's units without a number where the baseline has one, or else the baseline's."""
        return self.gate.missing

    @property
    def exit_code(self) -> int:
        """Give the exit code of `featray compare`: 0 passed or without `fail_if`, 1 failed, 6 unable to tell."""
        return self.gate.exit_code


@garbage.paused()
def compare(
    baseline: str,
    candidate: str | None = None,
    *,
    over: str | Sequence[str] = (),
    margin_percent: float | None = None,
    results: str = "results",
    fail_if: str | Sequence[str] = (),
    require: str | None = None,
) -> Compared:
    """Judge every matching pair of two selections, or the units of one selection along `over`.

    Args:
        baseline: Sweep, run id, or filters such as `host=a,gpu="RTX 3090"`.
        candidate: The same; None compares the baseline's units with each other along `over`.
        over: One key or several that are meant to differ, such as gpu, torch, batch_size, au_model, amp. A key that
            differs in every pair need not be named. Where a named key may move results, a pair has a ratio however far
            they moved, with the drift beside it; batch size, workers and threads may not.
        margin_percent: Smallest difference that counts, 3 by default.
        results: Store of rows: a folder or URI.
        fail_if: Verdicts that count as failing: slower, faster, equivalent, inconclusive, not-comparable.
        require: What `fail_if` must know to pass. `comparable` (default): every pair has a ratio, at least one is
            decided, and the candidate lost no unit of the baseline. `decided`: every pair is decided. `none`: nothing.

    Returns:
        The pairs with their verdicts, the units without a counterpart, and the failing, undecided and missing ones.

    Raises:
        BadInput: an expression, a key, a verdict, `require` or the margin is wrong, or one selection alone has no
            `over`, or has values of it of which none is known to be the baseline while `fail_if` asks for a direction.
        NothingMatches: a selection is empty, or the two have nothing in common.
        StoreError: the store cannot be read.
    """
    varied, failing = given.names("over", over), _read_verdicts(given.names("fail_if", fail_if))
    required = _read_require(require, is_gate=bool(fail_if))
    given.check_numbers({"margin_percent": margin_percent})
    if margin_percent is not None and not 0 < margin_percent < math.inf:
        raise BadInput(f"a margin of {margin_percent:g} percent; expected more than 0, such as 3")
    if margin_percent is not None and margin_percent >= MARGIN_PERCENT_END:
        raise BadInput(
            f"a margin of {margin_percent:g} percent: even twice the time would not count as a difference; "
            f"expected less than {MARGIN_PERCENT_END:g}, such as 3"
        )
    if candidate is None and not varied:
        along = argument("over", "batch_size")
        raise BadInput(f"one side alone is compared along a key: add {along}, or a candidate")
    margin = stats.MARGIN if margin_percent is None else math.log1p(margin_percent / 100)
    problems: dict[str, None] = {}  # in order, each once
    baseline_rows = _select(results, baseline, problems)
    candidate_rows = None if candidate is None else _select(results, candidate, problems)

    kept = store.outputs.KeptOutputs(results)
    kept_outputs = Outputs(kept.find, kept.has)

    def judge(known: Noise) -> Comparison:
        if candidate_rows is None:
            return comparison.compare_within(
                baseline_rows, over=varied, margin=margin, noise=known, outputs=kept_outputs
            )
        return comparison.compare(
            baseline_rows, candidate_rows, over=varied, margin=margin, noise=known, outputs=kept_outputs
        )

    compared = noise.judge(results, judge, lambda made: made.pairs)
    if not compared.pairs:
        unread = "".join(f"\n  left out: {problem}" for problem in problems)
        raise NothingMatches(f"{_nothing_in_common(baseline_rows, candidate_rows, varied)}{unread}")
    if compared.unordered and {Verdict.FASTER, Verdict.SLOWER} & failing:
        raise BadInput(_no_baseline(compared))
    return Compared(
        comparison=compared,
        problems=tuple(problems),
        gate=gate.judge(compared, failing, required),
    )


def _two_lines(pair: Pair) -> str:
    """Name a pair beside a plot: its detector, then what else it is."""
    detector, _, rest = comparison_text.name(pair).partition(" ")
    return f"{detector}\n{rest}"


def _read_verdicts(names: Sequence[str]) -> set[Verdict]:
    for name in names:
        if name.lower() not in VERDICT_NAMES:
            raise BadInput(f"{argument('fail_if', name)}: no such verdict{suggest(name, VERDICT_NAMES)}")
    return {VERDICT_NAMES[name.lower()] for name in names}


def _read_require(name: str | None, *, is_gate: bool) -> Require:
    if name is None:
        return Require.COMPARABLE if is_gate else Require.NONE
    if name.lower() not in tuple(Require):
        raise BadInput(f"{argument('require', name)}: no such requirement{suggest(name, tuple(Require))}")
    if not is_gate:
        gate = argument("fail_if", "slower")
        raise BadInput(f"{argument('require')} says how strict a gate is: add one, such as {gate}")
    return Require(name.lower())


def _select(results: str, expression: str, problems: dict[str, None]) -> list[Row]:
    """Select rows; an error also names the files that could not be read, since the caller may have meant their rows.

    Where the expression names a run or a sweep, only its rows are read. The whole store is read only to list what
    exists.
    """
    reading = store.read(results, named=comparison.find_name(expression))
    if not reading.rows:
        reading = store.read(results)
    problems |= dict.fromkeys(map(str, reading.problems))
    if not reading.rows:
        raise store.explain_no_rows(results, reading.problems)
    try:
        return comparison.select(reading.rows, expression)
    except NothingMatches as wrong:
        name = comparison.find_name(expression)
        unreadable = chosen_runs.explain_unreadable(results, name, reading.problems) if name else None
        raise unreadable or NothingMatches(f"{wrong}{store.format_problems(reading.problems)}") from None


def _no_baseline(compared: Comparison) -> str:
    """Say that nothing tells which side of a gate is the baseline."""
    pair = next(pair for pair in compared.pairs)
    values = [
        "/".join(f"{key}={keys.value(side, key)}" for key in compared.over) for side in (pair.baseline, pair.candidate)
    ]
    return (
        f"{argument('fail_if')} with a direction: nothing says whether {values[0]} or {values[1]} is the baseline; "
        "give both sides as BASELINE and CANDIDATE, such as environment=before environment=after"
    )


VARIED = ("environment", "batch_size", "num_workers", "device", "detector")
"""Columns that are keys of `over`, in the order in which people mean them when they name another key."""


def _nothing_in_common(baseline: Sequence[Row], candidate: Sequence[Row] | None, over: Sequence[str]) -> str:
    """Say why no unit has a counterpart."""
    if candidate is None:
        varied = [key for key in VARIED if len({getattr(row, key) for row in baseline}) > 1 and key not in over]
        options = " ".join(argument("over", key) for key in varied)
        hint = f"; the rows differ in {', '.join(varied)}: {options}" if varied else ""
        return f"no two units differ in {', '.join(over)} alone; measure each with at least two values of it{hint}"
    if {row.key() for row in baseline} & {row.key() for row in candidate}:
        along = argument("over", "batch_size")
        return f"the sides are the same rows; name another run, or compare within one along a key: {along}"
    inputs = [list(dict.fromkeys(row.section_label for row in side)) for side in (baseline, candidate)]
    if not set(inputs[0]) & set(inputs[1]):
        sides = [", ".join(names[:SHOWN_INPUTS]) for names in inputs]
        return f"the sides have nothing in common: input {sides[0]} against {sides[1]}"
    counts = [{row.processes or 1 for row in side} for side in (baseline, candidate)]
    if not counts[0] & counts[1]:
        return (
            f"the sides have other numbers of processes side by side; {argument('over', 'processes')} "
            "compares what these do together"
        )
    whole = [{row.gpus is not None for row in side} for side in (baseline, candidate)]
    if not whole[0] & whole[1]:
        along = argument("over", "targets")
        return f"one side is of all GPUs of a host at the same time; {along} compares these with one GPU"
    return "no unit of one side agrees with a unit of the other in detector, input, device and settings"
