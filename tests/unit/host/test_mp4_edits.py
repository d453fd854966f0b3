"""The edit list of an MP4 file."""

import struct

import pytest

from featray.host import mp4_edits


def box(name: bytes, content: bytes, *, large: bool = False) -> bytes:
    if large:
        return struct.pack(">I4sQ", 1, name, 16 + len(content)) + content
    return struct.pack(">I4s", 8 + len(content), name) + content


def edits(*entries: tuple[int, int], version: int = 0) -> bytes:
    form = ">QqI" if version else ">IiI"
    listed = b"".join(struct.pack(form, duration, start, 1 << 16) for duration, start in entries)
    return box(b"elst", struct.pack(">II", version << 24, len(entries)) + listed)


def film(elst: bytes, *, large: bool = False) -> bytearray:
    track = box(b"trak", box(b"tkhd", b"x" * 12) + box(b"edts", elst))
    return bytearray(box(b"ftyp", b"isom") + box(b"mdat", b"elst" * 3, large=large) + box(b"moov", track))


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("version", [0, 1])
def test_the_last_edit_gets_the_duration_and_nothing_else_changes(version: int, large: bool) -> None:
    file = film(edits((40, -1), (500, 7), version=version), large=large)
    mp4_edits.end_at(file, 123)
    assert file == film(edits((40, -1), (123, 7), version=version), large=large)


def test_a_file_without_an_edit_list_is_refused() -> None:
    with pytest.raises(ValueError, match="the file has no box 'moov'"):
        mp4_edits.end_at(bytearray(box(b"ftyp", b"isom")), 1)
    with pytest.raises(ValueError, match="the edit list is empty or damaged"):
        mp4_edits.end_at(film(edits()), 1)
