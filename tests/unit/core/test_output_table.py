"""Output tables: written, read back, and thinned."""

import json
import math
from array import array

import pytest

from featray.core import output_table
from featray.core.output_table import OutputTable


def make_table(faces: int = 3) -> OutputTable:
    return OutputTable(
        frames=list(range(faces)),
        faces=[0] * faces,
        columns={"AU01": array("f", [0.5] * faces), "AU02": array("f", [math.nan] * faces)},
    )


def test_a_table_is_read_back_from_json() -> None:
    again = output_table.from_plain(json.loads(json.dumps(make_table().to_plain())))
    assert (again.frames, again.faces, list(again.columns)) == ([0, 1, 2], [0, 0, 0], ["AU01", "AU02"])
    assert list(again.columns["AU01"]) == [0.5] * 3
    assert all(map(math.isnan, again.columns["AU02"]))


def test_a_table_without_faces_is_read_back() -> None:
    again = output_table.from_plain(OutputTable(frames=[], faces=[], columns={}).to_plain())
    assert (len(again), dict(again.columns)) == (0, {})


@pytest.mark.parametrize(
    "damage", [{"faces": 4}, {"columns": ["AU01"]}, {"values": "?"}, {"values": "AAAA"}, {"places": None}]
)
def test_a_damaged_table_is_refused(damage: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not an output"):
        output_table.from_plain(make_table().to_plain() | damage)


def test_a_long_output_keeps_every_second_or_fourth_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output_table, "VALUES_MAX", 8)
    assert make_table(4).thinned().frames == [0, 1, 2, 3]
    assert make_table(5).thinned().frames == [0, 2, 4]
    thinned = make_table(9).thinned()
    assert thinned.frames == [0, 4, 8]
    assert len(thinned.columns["AU01"]) == 3


def test_frames_are_numbered_anew() -> None:
    assert make_table().renumbered(18).frames == [0, 18, 36]
    assert make_table().renumbered(1).frames == [0, 1, 2]
