"""What reads a store: load, compare, report, suggest, recommend."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_origin

from featray.api.planning import PathLike
from featray.row import columns as row_columns

if TYPE_CHECKING:
    import pandas as pd

    from featray.comparing import Compared
    from featray.recommendation import Recommendation
    from featray.reporting import Reported, Suggested


def load(
    results: PathLike = "results",
    *,
    sweep: str | None = None,
    run_id: str | None = None,
    columns: Sequence[str] | None = None,
    every_attempt: bool = False,
) -> "pd.DataFrame":
    """Read stored rows, each once, the last attempt of each unit and invocation.

    Args:
        results: Store of rows: a folder or URI.
        sweep: Only rows of this sweep.
        run_id: Only rows of this run.
        columns: Only these columns, of those below.
        every_attempt: Also attempts that a later one replaced.

    Returns:
        One row per unit and invocation in the order in which they were measured; lists and dicts inside. Units are SI,
        and stand in the name: `_s` seconds, `_b` bytes, `_hz` hertz, `_w` watts, `_j` joules, `_c` degrees Celsius.
        What a host cannot tell is null, never 0.

    Raises:
        NothingMatches: a name in `columns` is none of the store's.
        StoreError: the store cannot be reached.

    Warns:
        StoreWarning: a file or row of the store could not be used; the text names it.
    """
    import warnings

    from featray import store

    frame, problems = store.load(results, sweep=sweep, run_id=run_id, columns=columns, every_attempt=every_attempt)
    for problem in problems:
        warnings.warn(str(problem), store.StoreWarning, stacklevel=2)
    return frame


def _documented() -> str:
    """List every column with its type and documentation, for `help`."""
    lines = [
        f"{each.name} ({_type_name(each.type)}{' or null' if each.nullable else ''}): {each.doc}"
        for each in row_columns()
    ]
    return "".join(f"        {line}\n" for line in lines)


def _type_name(kind: Any) -> str:
    items = get_args(kind)
    if get_origin(kind) is dict:
        return f"{_type_name(items[0])} -> {_type_name(items[1])}"
    return f"list of {_type_name(items[0])}" if items else str(kind.__name__)


load.__doc__ = f"{load.__doc__ or ''}\n    Columns:\n{_documented()}    "


def compare(
    baseline: str,
    candidate: str | None = None,
    *,
    over: Sequence[str] = (),
    margin_percent: float | None = None,
    results: str = "results",
) -> "Compared":
    """Judge every matching pair of two selections, or the units of one along `over`.

    Args:
        baseline: Sweep, run id, or filters such as `host=a,gpu="RTX 3090"`.
        candidate: The same.
        over: Keys that are meant to differ, such as gpu, torch, batch_size, au_model; what differs in every pair need
            not be named.
        margin_percent: Least difference that counts, 3 unless given; a target's noise floor counts where it is larger.
        results: Store of rows: a folder or URI.

    Raises:
        BadInput: an expression, a key or the margin is wrong.
        NothingMatches: a side, or what the sides have in common, is empty.
        StoreError: the store cannot be read.
    """
    import math

    from featray import comparing, errors, statistics

    if margin_percent is not None and not 0 < margin_percent < math.inf:
        raise errors.BadInput(f"a margin of {margin_percent:g} percent; expected more than 0, such as 3")
    margin = statistics.MARGIN if margin_percent is None else math.log1p(margin_percent / 100)
    return comparing.compare(results, baseline, candidate, over=over, margin=margin)


def report(
    *names: str,
    results: str = "results",
    baseline: str | None = None,
    form: str = "markdown",
    output: PathLike | None = None,
) -> "Reported":
    """Report what was measured, and keep the report under `RESULTS/reports`.

    Args:
        names: Sweeps (their latest run counts), run ids, or sweep files; none takes the latest run.
        results: Store of rows and reports: a folder or URI.
        baseline: Run to compare with; None takes the one that the sweep names.
        form: markdown, html or json.
        output: File to write instead; `-` writes none.

    Raises:
        BadInput: a name or the format is none.
        StoreError: the store cannot be read, or the report not written.
    """
    from featray import reporting

    path = Path(output) if output is not None else None
    return reporting.report(results, names, baseline=baseline, form=form, output=path)


def suggest(*names: str, results: str = "results", baseline: str | None = None) -> "Suggested":
    """Propose the sweeps that would settle what a report of the same arguments leaves open.

    Args:
        names: As in `report`.
        results: Store of rows: a folder or URI.
        baseline: As in `report`.

    Raises:
        BadInput: a name is none.
        StoreError: the store cannot be read.
    """
    from featray import reporting

    return reporting.suggest_sweeps(results, names, baseline=baseline)


def recommend(
    *,
    detector: str | None = None,
    host: str | None = None,
    input: str | None = None,  # noqa: A002 - the name of the column and of the option
    device: str | None = None,
    memory_limit_b: int | None = None,
    results: str = "results",
) -> "list[Recommendation]":
    """Recommend the setting to use for each input that was measured, with its throughput and the runners-up.

    Args:
        detector: Only this one.
        host: Only on this host, by name or id.
        input: Only for this input.
        device: cpu, cuda or mps.
        memory_limit_b: Most memory that the setting may take on its device, in bytes.
        results: Store of rows: a folder or URI.

    Raises:
        NothingMatches: nothing that was measured fits.
        StoreError: the store cannot be read.
    """
    from featray import recommendation, store, units

    wish = recommendation.Wish(detector=detector, host=host, input=input, device=device, memory_limit_b=memory_limit_b)
    return recommendation.recommend(units.gather(store.read(results, one_summary=True).rows), wish)
