"""`featray.measure`: a cell is named once."""

import json
from pathlib import Path

import pytest

import featray
from featray.core import cell
from featray.errors import BadInput
from tests.support.builders import make_cell


def test_a_file_and_an_id_are_one_too_many(tmp_path: Path) -> None:
    file = tmp_path / "cell.json"
    file.write_text(json.dumps(cell.to_asked(make_cell())), encoding="utf-8")
    with pytest.raises(BadInput, match=r"CELL\.json or --cell ID, not both"):
        featray.measure(file, cell_id="123")


def test_a_cell_must_be_named() -> None:
    with pytest.raises(BadInput, match=r"name a cell: a CELL\.json, or --cell ID with --sweep FILE"):
        featray.measure()
