"""MP4 edits: hides the frames at the end of an MP4 file that are stored only because others are decoded from them.

Flow: `cuts.cut` -> `end_at`. Standard library only.
An MP4 file says in its edit list which span of the stored frames is shown. FFmpeg writes a list that shows all of them,
and has no option to show fewer. Source of the layout: ISO/IEC 14496-12, boxes `edts` and `elst`.
"""

import mmap
import struct
from collections.abc import Iterator

Content = bytearray | mmap.mmap
"""A file that is changed in place: most of it is never read."""

_HEADER = struct.Struct(">I4s")
_LARGE = struct.Struct(">Q")  # size of a box of over 4 GiB, after its header
_PATH = (b"moov", b"trak", b"edts", b"elst")


def end_at(file: Content, units: int) -> None:
    """Let the first track's last edit show so many units of the file's time scale.

    Args:
        file: The whole file; changed in place.
        units: Duration from the first shown frame to the first hidden one.

    Raises:
        ValueError: the file has no edit list.
    """
    start, end = 0, len(file)
    for name in _PATH:
        start, end = _find(file, start, end, name)
    version, entries = file[start], struct.unpack_from(">I", file, start + 4)[0]
    duration = struct.Struct(">Q" if version else ">I")
    entry_size = 2 * duration.size + 4  # duration, start in the media, rate
    if not entries or start + 8 + entries * entry_size > end:
        raise ValueError("the edit list is empty or damaged")
    duration.pack_into(file, start + 8 + (entries - 1) * entry_size, units)


def _find(file: Content, start: int, end: int, name: bytes) -> tuple[int, int]:
    """Find a box among those between two offsets; return where its content starts and ends."""
    for found, content, box_end in _boxes(file, start, end):
        if found == name:
            return content, box_end
    raise ValueError(f"the file has no box '{name.decode()}'")


def _boxes(file: Content, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    while start + _HEADER.size <= end:
        size, name = _HEADER.unpack_from(file, start)
        content = start + _HEADER.size
        if size == 1:
            size, content = _LARGE.unpack_from(file, content)[0], content + _LARGE.size
        box_end = start + size if size else end
        if box_end <= start:
            return
        yield name, content, min(box_end, end)
        start = box_end
