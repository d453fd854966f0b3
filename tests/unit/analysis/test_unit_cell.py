"""Unit cell: the cell that a unit measured, from what was asked or from an import's labels."""

from featray.analysis import unit_cell
from featray.core.cell import cell_id
from tests.support.builders import make_row
from tests.support.followups import gather_one


def test_a_measured_unit_gives_its_cell() -> None:
    row = make_row(num_workers=2, threads=4)
    cell = unit_cell.of_unit(gather_one(row))
    assert cell is not None
    assert cell_id(cell) == row.cell_id


def test_an_imported_unit_gives_the_cell_of_the_catalogue() -> None:
    row = make_row(asked=None, work=None, source_file="a.md", omp_num_threads="1")
    cell = unit_cell.of_unit(gather_one(row))
    assert cell is not None
    assert (cell.detector.name, cell.input.name, cell.threads) == ("retinaface", "short", 1)


def test_an_imported_unit_that_is_not_in_the_catalogue_gives_none() -> None:
    assert unit_cell.of_unit(gather_one(make_row(asked=None, detector="their own"))) is None
    assert unit_cell.of_unit(gather_one(make_row(asked="broken"))) is None
