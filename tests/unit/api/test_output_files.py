"""Output files: written under their names, or one clear error."""

from pathlib import Path

import pytest

from featray.api.output_files import write_files
from featray.errors import StoreError


def test_files_are_written_over_older_ones_and_named_in_order(tmp_path: Path) -> None:
    write_files(tmp_path / "out", {"a": "old"})
    assert write_files(tmp_path / "out", {"b": "1", "a": "2"}) == [tmp_path / "out" / "b", tmp_path / "out" / "a"]
    assert (tmp_path / "out" / "a").read_text(encoding="utf-8") == "2"


def test_a_folder_that_cannot_be_written_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StoreError, match=r"file/a: cannot be written"):
        write_files(tmp_path / "file", {"a": "text"})
