"""Kept outputs: from a host to the store, and what happens where that fails."""

from pathlib import Path

from featray import store
from featray.running import kept_outputs
from tests.support import fake_outputs
from tests.support.builders import make_row


def test_an_output_reaches_the_store(tmp_path: Path) -> None:
    plain = fake_outputs.make_table().to_plain()
    assert kept_outputs.keep(str(tmp_path), [(make_row(), plain)]) == []
    assert store.outputs.find(tmp_path, make_row()) is not None


def test_an_output_that_cannot_be_kept_is_told_and_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "outputs").write_text("in the way")
    plain = fake_outputs.make_table().to_plain()
    (told,) = kept_outputs.keep(str(tmp_path), [(make_row(), plain)])
    assert told.startswith("the output of retinaface on short was not kept: cannot ")


def test_a_damaged_output_is_told(tmp_path: Path) -> None:
    (told,) = kept_outputs.keep(str(tmp_path), [(make_row(), {})])
    assert "not an output" in told
