"""`featray.load`: stored rows as a DataFrame."""

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, get_args, get_origin

from featray import store
from featray.api.arguments import PathLike
from featray.core import row

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
    """Read stored rows, each once; of several attempts only the one that counts.

    Args:
        results: Store of rows: a folder or URI.
        sweep: Only rows of this sweep.
        run_id: Only rows of this run.
        columns: Only these columns, of those below.
        every_attempt: Also attempts that a later one replaced.

    Returns:
        One row per unit and invocation, in the order of measuring; some columns hold lists or dicts. Units are SI and
        part of the column's name: `_s` seconds, `_b` bytes, `_hz` hertz, `_w` watts, `_j` joules, `_c` degrees Celsius.
        What a host cannot tell is null, never 0.

    Raises:
        NothingMatches: a name in `columns` is no column.
        StoreError: the store cannot be reached.

    Warns:
        StoreWarning: a file or row of the store could not be used; the text names it.
    """
    frame, problems = store.load(results, sweep=sweep, run_id=run_id, columns=columns, every_attempt=every_attempt)
    for problem in problems:
        warnings.warn(str(problem), store.StoreWarning, stacklevel=2)
    return frame


def _describe_columns() -> str:
    """List every column with its type and documentation, for `help`."""
    lines = [
        f"{column.name} ({_type_name(column.type)}{' or null' if column.nullable else ''}): {column.doc}"
        for column in row.columns()
    ]
    return "".join(f"        {line}\n" for line in lines)


def _type_name(kind: Any) -> str:
    items = get_args(kind)
    if get_origin(kind) is dict:
        return f"{_type_name(items[0])} -> {_type_name(items[1])}"
    return f"list of {_type_name(items[0])}" if items else str(kind.__name__)


load.__doc__ = f"{load.__doc__ or ''}\n    Columns:\n{_describe_columns()}    "
