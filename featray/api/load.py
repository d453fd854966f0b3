"""`featray.load`: stored rows as a DataFrame."""

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, get_args, get_origin

from featray import store
from featray.api.named import PathLike
from featray.core.row import columns as row_columns

if TYPE_CHECKING:
    import pandas as pd


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
