"""The table of `featray plan`."""

from featray.cli import plan
from featray.core.cell import Cell
from featray.running.submission import Prepared
from tests.support.places import make_cell, make_plan, place


def table(*cells: Cell) -> tuple[list[str], list[tuple[str, ...]]]:
    """Give the headings between input and target, and those figures of every line."""
    placed = place(cells)
    drawn = plan.table(Prepared(plan=make_plan(placed), placement=placed))
    headings = [str(column.header) for column in drawn.columns]
    first, last = headings.index("device"), headings.index("target")
    columns = [[str(each) for each in column.cells] for column in drawn.columns[first:last]]
    return headings[first:last], list(zip(*columns, strict=True))


def test_settings_that_do_not_vary_are_left_out() -> None:
    headings, _ = table(make_cell(batch_size=1, threads=2), make_cell(batch_size=4, threads=2))
    assert headings == ["device", "batch"]


def test_threads_workers_and_environment_stand_where_they_vary() -> None:
    headings, lines = table(
        make_cell(threads=1), make_cell(threads=4, num_workers=2), make_cell(environment="new", requirements=("a==1",))
    )
    assert headings == ["device", "batch", "workers", "threads", "environment"]
    assert lines == [("cpu", "4", "0", "1", "-"), ("cpu", "4", "2", "4", "-"), ("cpu", "4", "0", "-", "new")]


def test_a_refused_cell_tells_its_settings_too() -> None:
    headings, lines = table(make_cell(threads=1), make_cell(device="cuda", threads=4))
    assert headings == ["device", "batch", "threads"]
    assert lines == [("cpu", "4", "1"), ("cuda", "4", "4")]
