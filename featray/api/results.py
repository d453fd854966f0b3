"""Results: what the functions of featray return, as a notebook and a prompt show it.

Flow: a verb -> `Result` -> `repr`, `_repr_html_`, `to_frame`, `plot`.
"""

import abc
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from featray.core import wording
from featray.errors import NothingMatches, suggest

if TYPE_CHECKING:
    import pandas as pd

    from featray.rendering.notebook.summary import Summary
    from featray.rendering.page.plot import Plot


class Result(abc.ABC):
    """Base of what the functions return: a short text, tables in a notebook, and a frame with everything."""

    @abc.abstractmethod
    def summarize(self) -> "Summary":
        """Give the title, tables, remarks and records of this result."""

    def __repr__(self) -> str:
        from featray.rendering.notebook import summary

        return summary.as_text(self.summarize())

    def _repr_html_(self) -> str:
        """Show this result in a notebook."""
        from featray.rendering.notebook import summary

        return summary.as_html(self.summarize())

    def to_frame(self) -> "pd.DataFrame":
        """Give everything as a pandas DataFrame, in SI units; what is unknown is null."""
        import pandas as pd

        return pd.DataFrame([_without_empty(record) for record in self.summarize().records])


def _without_empty(value: Any) -> Any:
    """Make empty mappings null, at any depth: parquet has no type for a mapping without a key."""
    if isinstance(value, Mapping):
        return {key: _without_empty(part) for key, part in value.items()} or None
    return [_without_empty(part) for part in value] if isinstance(value, list | tuple) else value


def draw_kind(plots: "Sequence[Plot]", kind: str | None, input: str | None, *, dark: bool) -> Any:  # noqa: A002 - as in the report
    """Draw the plots of one kind as a figure of plotly.

    Args:
        plots: Of a report.
        kind: ratio, throughput, memory, changes, tradeoffs, length or stages; None takes the first that there is.
        input: Only of the input whose heading has this text; None takes all.
        dark: For a dark notebook.

    Raises:
        NothingMatches: there is no such plot; the message lists those that exist.
    """
    from featray.rendering.notebook import figures

    kinds = list(dict.fromkeys(plot.kind for plot in plots))
    wanted = kind if kind is not None else next(iter(kinds), None)
    chosen = [plot for plot in plots if plot.kind == wanted]
    if not chosen:
        raise NothingMatches(f"no plot {wanted!r}{suggest(wanted or '', kinds)}")
    matching = [plot for plot in chosen if input is None or input in plot.input or not plot.input]
    if not matching:
        raise NothingMatches(f"no plot of input {input!r}{suggest(input or '', [plot.input for plot in chosen])}")
    return figures.draw(matching, dark=dark)


def count_files(files: Sequence[object], make: Callable[[object], str] = str) -> str:
    """Name the files that were written: `to a.md, b.csv`; empty without any."""
    return f", written to {wording.listed(map(make, files))}" if files else ""
