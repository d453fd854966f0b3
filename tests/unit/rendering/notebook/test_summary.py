"""Summaries of results: text, HTML and records."""

from featray.core.row import columns
from featray.rendering.notebook import summaries, summary
from featray.rendering.notebook.summary import Summary, make_table
from tests.support.report_rows import make_report, make_row

HOSTILE = "<script>alert(1)</script>"


def test_a_text_has_the_title_the_first_lines_and_says_how_many_more() -> None:
    table = make_table("Units", ("detector", "ms"), [[f"d{number}", f"{number}.0"] for number in range(10)])
    text = summary.as_text(Summary(title="Ten units", tables=(table,), remarks=("one", "two", "three", "four")))
    assert text.split("\n")[:4] == ["Ten units", "Units", "detector   ms", "d0        0.0"]
    assert "and 2 more; to_frame() has all" in text
    assert text.endswith("- three\n- and 1 more")


def test_a_text_never_exceeds_its_length() -> None:
    wide = make_table("Wide", [f"column {number}" for number in range(60)], [["x" * 500] * 60] * 100)
    assert len(summary.as_text(Summary(title="t" * 9000, tables=(wide,), remarks=("r" * 9000,) * 9))) <= 2000


def test_html_escapes_what_comes_from_a_store_and_says_what_it_leaves_out() -> None:
    table = make_table(HOSTILE, ("detector", "ms"), [[HOSTILE, "1.0"]] * 60)
    html = summary.as_html(Summary(title=HOSTILE, tables=(table,), remarks=(HOSTILE,)))
    assert "<script>" not in html
    assert "and 10 more" in html
    assert html.count('<td class="n">1.0</td>') == 50


def test_colours_follow_the_text_colour_of_the_notebook() -> None:
    html = summary.as_html(Summary(title="t"))
    assert "currentColor" in html
    assert "#" not in html.partition("</style>")[0]  # a fixed colour would vanish on a light or on a dark ground


def test_a_report_shows_its_tables_and_has_a_record_per_unit() -> None:
    rows = [make_row(), make_row(cell_id="2", batch_size=32)]
    shown = summaries.of_report(make_report(rows), "Report")
    assert [line.cells[0].text for line in shown.tables[-1].lines] == ["retinaface", "retinaface"]
    assert [record["batch_size"] for record in shown.records] == [16, 32]


def test_a_row_is_shown_with_its_outcome_and_has_every_column_in_its_frame() -> None:
    shown = summaries.of_row(make_row(status="oom", reason="CUDA out of memory"))
    assert "oom" in shown.title
    assert ["reason", "CUDA out of memory"] in [[cell.text for cell in line.cells] for line in shown.tables[0].lines]
    assert list(shown.records[0]) == [column.name for column in columns()]
