"""Request: what the supervisor sends to the child.

    {"invocation": {...},              as `core.invocation.to_mapping` writes it
     "files": {cell_id: [path, ...]},  each cell's input on this host, cut or looped
     "sources": {cell_id: path, ...},  the video that a cell's input was made from, where it was
     "host": {column: value, ...},     columns of the row that the supervisor knows already
     "ffmpeg": "8.0.1 (pyav)",         the FFmpeg on the library path
     "cache": "/path",                 featray's cache
     "lease": [7, 8],                  file descriptors that this process keeps open, and none that it starts
     "member": {"number": 2, "count": 4, "cpus": [1, 5]}}   which of several processes side by side this is
Everything but the invocation may be left out. An invocation without the mapping around it is a request too.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from featray.core import invocation, row
from featray.core.cell import Cell, cell_id
from featray.core.invocation import Invocation
from featray.measurement import weights


@dataclasses.dataclass(frozen=True, kw_only=True)
class JointMember:
    """Which of several processes side by side this is, and the processors that it is to keep to."""

    number: int  # from 1
    count: int
    cpus: tuple[int, ...] = ()  # empty: any

    def to_mapping(self) -> dict[str, Any]:
        """Write it as a JSON value."""
        return {"number": self.number, "count": self.count, "cpus": list(self.cpus)}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChildRequest:
    """One invocation, and what the child must know of its host."""

    invocation: Invocation
    files: Mapping[str, Sequence[str]]
    context: Mapping[str, Any]
    ffmpeg: str | None
    cache: Path
    sources: Mapping[str, str] = dataclasses.field(default_factory=dict)
    lease: tuple[int, ...] = ()
    member: JointMember | None = None  # None: this process measures alone

    def input_files(self, cell: Cell) -> list[Path]:
        """Return a cell's input files on this host: those of the request, else those that the sweep names."""
        return [Path(path) for path in self.files.get(cell_id(cell), cell.input.paths)]

    def cut_from(self, cell: Cell) -> Path | None:
        """Return the video that a cell's input was cut or looped from; None where the input is whole."""
        source = self.sources.get(cell_id(cell))
        return None if source is None else Path(source)


def from_mapping(value: Any) -> ChildRequest:
    """Read a request.

    Raises:
        ValueError: it is not a request; the message names what is wrong.
    """
    if not isinstance(value, Mapping):
        raise ValueError("not a request: a JSON object is expected")
    if not isinstance(value.get("invocation"), Mapping):
        value = {"invocation": value}
    names = {column.name for column in row.columns()}
    cache, member = value.get("cache"), value.get("member")
    return ChildRequest(
        invocation=invocation.from_mapping(value["invocation"]),
        files=value.get("files") or {},
        sources=value.get("sources") or {},
        context={name: item for name, item in (value.get("host") or {}).items() if name in names},
        ffmpeg=value.get("ffmpeg"),
        lease=tuple(map(int, value.get("lease") or ())),
        cache=Path(cache) if cache else weights.featray_cache(),
        member=JointMember(**{**member, "cpus": tuple(member["cpus"])}) if member else None,
    )
