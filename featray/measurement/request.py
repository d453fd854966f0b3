"""Request: what the supervisor tells the child, beside the invocation itself.

    {"invocation": {...},              as `invocation.to_mapping` writes it
     "files": {cell_id: [path, ...]},  each cell's input on this host, cut to its frame limit
     "host": {column: value, ...},     columns of the row that the supervisor knows already
     "ffmpeg": "8.0.1 (pyav)",         what it put on the library path
     "cache": "/path"}                 featray's cache
All but the invocation may be left out, and then the invocation may stand alone.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from featray.core import invocation as invocations
from featray.core import row as rows
from featray.core.cell import Cell, cell_id
from featray.core.invocation import Invocation
from featray.measurement import weights


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChildRequest:
    """One invocation and what its host offers."""

    invocation: Invocation
    files: Mapping[str, Sequence[str]]
    context: Mapping[str, Any]
    ffmpeg: str | None
    cache: Path

    def files_of(self, cell: Cell) -> list[Path]:
        """Find a cell's input on this host; without word from the supervisor, where the sweep says."""
        return [Path(path) for path in self.files.get(cell_id(cell), cell.input.paths)]


def from_mapping(value: Any) -> ChildRequest:
    """Read a request.

    Raises:
        ValueError: it is not one; the message names what is wrong.
    """
    if not isinstance(value, Mapping):
        raise ValueError("not a request: a JSON object is expected")
    if not isinstance(value.get("invocation"), Mapping):
        value = {"invocation": value}
    known = {column.name for column in rows.columns()}
    cache = value.get("cache")
    return ChildRequest(
        invocation=invocations.from_mapping(value["invocation"]),
        files=value.get("files") or {},
        context={name: item for name, item in (value.get("host") or {}).items() if name in known},
        ffmpeg=value.get("ffmpeg"),
        cache=Path(cache) if cache else weights.featray_cache(),
    )
