"""Searches: what a sweep file says of its search -> the values that it may measure.

Flow: `schema.SweepFileContent` -> `find_problems`, `resolve` -> `grid.Search` -> `sweep_file.load`. Pure.
Any axis that holds whole numbers can be searched: an axis that is added to `schema.AxesEntry` joins by itself.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from featray.sweep.grid import Search
from featray.sweep.schema import AxesEntry, SweepFileContent
from featray.sweep.search_section import SearchEntry, ladder
from featray.yamlfile import FileProblem
from featray.yamlfile.messages import explain


def find_problems(file: SweepFileContent) -> Iterator[FileProblem]:
    """Find what does not go together: axes and search, and a search on whichever machine is free."""
    if not file.axes.batch_size and "batch_size" not in file.search:
        yield FileProblem(("axes",), "the key 'batch_size' is missing")
    for axis, entry in file.search.items():
        if axis in file.axes.model_fields_set:
            yield FileProblem(("search", axis), f"axes.{axis} lists its values; keep one of the two")
        yield from _out_of_bounds(axis, entry)
    if len(file.search) > 1:
        others = list(file.search)[1:]
        yield FileProblem(
            ("search", others[0]), f"a second setting to search; search one, and list values of {others[0]} in axes"
        )
    if file.search and file.interchangeable:
        what = "a search compares times of one target; expected interchangeable: false, or no search"
        yield FileProblem(("interchangeable",), what)


def _out_of_bounds(axis: str, entry: SearchEntry) -> Iterator[FileProblem]:
    """Check the ends of the range as if they were values of the axis."""
    first = _first(axis, entry)
    if first >= entry.max:
        yield FileProblem(("search", axis, "max"), f"expected more than {first}, where the search begins")
    for key, value in (("min", first), ("max", entry.max)):
        try:
            AxesEntry.model_validate({"device": "cpu", axis: value})
        except ValidationError as wrong:
            _, message = explain(wrong.errors(include_url=False)[0], AxesEntry)
            yield FileProblem(("search", axis, key), message)


def _first(axis: str, entry: SearchEntry) -> int:
    """Give where a search begins: as the file says, else the axis's own default, else 1."""
    if entry.min is not None:
        return entry.min
    usual = AxesEntry.model_fields[axis].default
    return usual[0] if usual and isinstance(usual[0], int) else 1


def resolve(file: SweepFileContent) -> Search | None:
    """Give the search of a file without problems; None if it has none."""
    for axis, entry in file.search.items():
        values = ladder(_first(axis, entry), entry.max)
        return Search(axis=axis, values=values, memory_limit_b=entry.memory, latency_limit_s=entry.latency)
    return None


def axes(file: SweepFileContent, search: Search | None) -> Mapping[str, Any]:
    """Give the values of each axis, with those that the search may measure."""
    return {**file.axes.model_dump(), **({search.axis: search.values} if search else {})}
