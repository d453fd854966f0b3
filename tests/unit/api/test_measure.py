"""`featray.measure`: a cell is named once."""

import json
from pathlib import Path

import pytest

import featray
from featray import store
from featray.core import cell
from featray.errors import BadInput
from tests.support.builders import make_cell, make_row


def test_a_file_and_an_id_are_one_too_many(tmp_path: Path) -> None:
    file = tmp_path / "cell.json"
    file.write_text(json.dumps(cell.to_asked(make_cell())), encoding="utf-8")
    with pytest.raises(BadInput, match=r"CELL\.json or cell_id='ID', not both"):
        featray.measure(file, cell_id="123")


def test_a_cell_must_be_named() -> None:
    with pytest.raises(BadInput, match=r"name a cell: a CELL\.json, or cell_id='ID' with sweep='FILE'"):
        featray.measure()


def test_a_class_that_the_store_alone_names_does_not_run(tmp_path: Path) -> None:
    asked = cell.to_asked(make_cell())
    asked["detector"]["class_name"] = "subprocess:Popen"
    store.append(str(tmp_path), [make_row(cell_id="foreign", asked=json.dumps(asked))])
    with pytest.raises(BadInput, match="runs the class 'subprocess:Popen'"):
        featray.measure(cell_id="foreign", results=str(tmp_path))
