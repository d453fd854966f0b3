"""Changes text: the table of what changes, and the plot beside it."""

import pandas as pd

from featray.analysis import unit_drifts, units
from featray.analysis.outputs import Outputs
from featray.core.reference import Reference
from featray.rendering import changes_text, document, json_report, markdown
from featray.rendering.document import Report
from featray.rendering.page import html
from tests.support import fake_outputs
from tests.support.builders import make_rows
from tests.support.fake_outputs import make_fex, make_table

FEX = make_fex()
OUTPUTS = {
    1: FEX,
    2: fake_outputs.noisy(FEX, 1e-6),
    4: fake_outputs.noisy(FEX, 2e-6),
    8: fake_outputs.moved(FEX, fake_outputs.AUS, 0.16),
    16: FEX.drop(index=range(8)),
}


def make_report(outputs: dict[int, pd.DataFrame] = OUTPUTS, named: Reference | None = None) -> Report:
    rows = [row for batch in outputs for row in make_rows([1.0, 1.0, 1.0], batch_size=batch)]
    gathered = units.gather(rows)
    tables = {batch: make_table(fex) for batch, fex in outputs.items()}
    changes = unit_drifts.find(gathered, [], Outputs(lambda row: tables[row.batch_size]), named)
    return document.build(gathered, changes)


def report_of(*batches: int) -> Report:
    return make_report({batch: OUTPUTS[batch] for batch in (1, *batches)})


def test_units_within_tolerance_share_a_line_per_family() -> None:
    lines = changes_text.lines(report_of(2, 4))
    assert {line.texts[0] for line in lines} == {"2 settings within tolerance"}
    assert [line.texts[2] for line in lines][:3] == ["boxes", "face scores", "landmarks"]
    assert not any(line.is_beyond for line in lines)


def test_a_unit_beyond_tolerance_has_a_line_for_each_family_that_moved() -> None:
    first, *others = changes_text.lines(report_of(2, 8))
    assert first.texts[2:] == ("action units", "0.16", "0.16", "0.16", "0.15", "100%")
    assert first.is_beyond
    assert "b=8" in first.texts[0]
    assert "b=1" in first.texts[1]
    assert not any(line.is_beyond for line in others)


def test_lost_faces_have_a_line() -> None:
    (line,) = changes_text.lines(report_of(16))
    assert line.texts[2] == "faces"
    assert line.texts[-1] == "95%"  # 2 x 72 of 152


def test_a_report_without_outputs_has_no_table() -> None:
    assert changes_text.TITLE not in markdown.render(document.build(units.gather(make_rows([1.0]))))


def test_every_format_shows_what_changes() -> None:
    report = make_report()
    assert f"## {changes_text.TITLE}" in markdown.render(report)
    assert '"what_changes": [' in json_report.render(report)
    page = html.render(report, version="0").page
    assert 'id="changes"' in page
    assert "drift / tolerance" in page


def test_points_of_the_plot_link_to_their_units() -> None:
    from featray.rendering.page import change_plots, legend

    report = make_report()
    anchors = {unit.key: f"u{index}" for index, unit in enumerate(report.ordered())}
    (plot,) = change_plots.draw(report, report.ordered(), legend.of_report(report), anchors)
    (trace,) = plot.traces
    assert trace["customdata"] == ["u0", "u1", "u2", "u3", "u4"]
    heights = dict(zip((1, 2, 4, 8, 16), trace["y"], strict=True))
    assert heights[1] == change_plots.LEAST  # the reference
    assert heights[2] < 1 < heights[8] < heights[16]


def test_the_note_says_what_the_reference_is() -> None:
    assert "the same models on the same input, in float32, on a CPU" in changes_text.note(make_report())
    named = changes_text.note(make_report(named=Reference(batch_size=4)))
    assert "the same models on the same input, with batch_size 4, as asked for." in named
    assert "no kept output" not in named
    lacking = changes_text.note(make_report(named=Reference(device="cpu")))
    assert "4 settings have no kept output of it; the reference is the plainest one." in lacking


def test_every_format_names_the_reference() -> None:
    report = make_report(named=Reference(batch_size=4))
    assert "with batch_size 4, as asked for" in markdown.render(report)
    assert "with batch_size 4, as asked for" in html.render(report, version="0").page


def test_terminals_and_notebooks_show_what_changes_too() -> None:
    from rich.console import Console

    from featray.rendering import terminal
    from featray.rendering.notebook import summaries

    console = Console(width=240)
    with console.capture() as captured:
        console.print(terminal.draw(make_report()))
    assert changes_text.TITLE in captured.get()
    assert changes_text.TITLE in [table.title for table in summaries.of_report(make_report(), "x").tables]
