"""The tables of the page."""

from featray.core.row import Row
from featray.rendering import notes
from featray.rendering.page import tables
from featray.rendering.page.tables import PageCell, PageTable
from tests.support.report_rows import make_failed_row, make_report, make_row


def units_table(rows: list[Row]) -> PageTable:
    report = make_report(rows)
    return tables.units(report, report.ordered(), {})


def column(table: PageTable, heading: str) -> list[PageCell]:
    index = [column.text for column in table.columns].index(heading)
    return [line.cells[index] for line in table.lines]


def test_a_cell_sorts_by_the_number_behind_its_text() -> None:
    table = units_table([make_row(gpu_memory_used_peak_b=3 * 2**30)])
    assert column(table, "memory") == [PageCell("3.0 GiB", 3 * 2**30, "n")]
    assert column(table, "fps") == [PageCell("100.0", 100.0, "n")]


def test_an_absent_figure_has_nothing_to_sort_by() -> None:
    table = units_table([make_failed_row("oom", frames=None)])
    assert column(table, "ms") == [PageCell("-", None, "n")]


def test_columns_of_numbers_are_known_as_such() -> None:
    table = units_table([make_row()])
    numbers = [column.text for column in table.columns if column.number]
    assert numbers == ["batch", "ms", "95% CI", "fps", "IQR", "calls", "memory", "rows"]


def test_host_target_and_run_have_columns_only_where_they_vary() -> None:
    headings = {column.text for column in units_table([make_row()]).columns}
    assert headings.isdisjoint({"host", "target", "run", "workers", "threads", "environment"})
    several = units_table([make_row(), make_row(target_id="GPU-2", run_id="other")])
    assert {"host", "target", "run"} <= {column.text for column in several.columns}


def test_a_partly_failed_unit_says_how_many_invocations_are_ok() -> None:
    table = units_table([make_row(), make_failed_row("crashed", "SIGSEGV", invocation=2)])
    assert [cell.text for cell in column(table, "status")] == ["1 of 2 ok; crashed: SIGSEGV"]


def test_a_best_setting_links_to_its_unit() -> None:
    report = make_report([make_row(), make_row(cell_id="b", batch_size=1, timed_s=[2.0])])
    table = tables.best(report, {unit.key: f"u{index}" for index, unit in enumerate(report.ordered())})
    assert [cell.link for cell in column(table, "detector")] == ["u1"]


def test_the_table_of_next_runs_sorts_by_time() -> None:
    run = notes.NextRun(name="q", cells=3, where="RTX 4000 of box", expected_s=150.0, reasons=("a", "b"))
    table = tables.next_runs(notes.Notes(next_runs=(run,)))
    assert column(table, "time") == [PageCell("2 min 30 s", 150.0, "n")]
    assert column(table, "why")[0].text == "a; b"
