"""Kept outputs: the output of each unit on its way from a host to the store.

Flow: the runner's events and the hosts' spools -> `keep` -> `store.outputs`.
"""

from collections.abc import Iterable

from featray import store
from featray.core import output_table
from featray.core.output_table import PlainOutput
from featray.core.row import Row
from featray.errors import StoreError


def keep(results: str, outputs: Iterable[tuple[Row, PlainOutput]]) -> list[str]:
    """Keep outputs before their rows are stored; return what could not be kept, and why.

    Without its output a row loses its drift, but no time: so nothing here ends a run.
    """
    problems = []
    for row, output in outputs:
        try:
            store.outputs.keep(results, row, output_table.from_plain(output))
        except (StoreError, ValueError) as wrong:
            problems.append(f"the output of {row.detector} on {row.input} was not kept: {wrong}")
    return problems
