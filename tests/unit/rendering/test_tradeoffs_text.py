"""The settings that no other one beats, as a table and as plots."""

import dataclasses
import json

from featray.analysis import units
from featray.analysis.unit import Unit
from featray.core.row import Row
from featray.rendering import document, json_report, markdown, notes, tradeoffs_text
from featray.rendering.document import Report
from featray.rendering.page import html
from tests.support.builders import make_rows

MIB = 1024**2


def rows(batch: int, seconds: float, mib: int, joules: float | None = None) -> list[Row]:
    """Five calls of 72 frames in each of three processes."""
    made = make_rows([seconds] * 3, batch_size=batch, gpu_memory_reserved_peak_b=mib * MIB)
    return [dataclasses.replace(row, energy_j=None if joules is None else joules * 72 * 5) for row in made]


ONE, EIGHT, SIXTEEN = rows(1, 7.2, 100, 3.0), rows(8, 0.9, 800, 1.0), rows(16, 0.9, 1600, 1.0)


def make_report(*settings: list[Row]) -> Report:
    return document.build(units.gather([row for setting in settings for row in setting]))


def no_drift(_: Unit) -> float | None:
    return None


def test_only_what_is_not_beaten_is_named_with_units_in_the_headings() -> None:
    lines = tradeoffs_text.lines(make_report(ONE, EIGHT, SIXTEEN).tradeoffs)
    assert tradeoffs_text.HEADINGS[4:] == ("fps", "ms/batch", "memory", "J/frame", "drift/tolerance")
    assert [line[3:] for line in lines] == [
        ("batch 1", "10.0", "100.0", "100.0 MiB", "3.0", "-"),
        ("batch 8", "80.0", "100.0", "800.0 MiB", "1.0", "-"),
    ]


def test_what_has_too_few_invocations_is_left_out_and_named() -> None:
    report = make_report(ONE, EIGHT, rows(2, 3.6, 200, 2.0)[:1])
    assert [line[3] for line in tradeoffs_text.lines(report.tradeoffs)] == ["batch 1", "batch 8"]
    (remark,) = tradeoffs_text.remarks(report.tradeoffs, report.too_few)
    assert remark == "Not counted, with fewer than 3 invocations: retinaface, short (72 frames), b=2, RTX 3090."
    assert remark in markdown.render(report)
    (unit,) = json.loads(json_report.render(report))["not_counted"]
    assert unit["run_id"] == report.units[-1].row.run_id
    assert make_report(ONE[:1], EIGHT[:1]).too_few == ()  # all have too few: none is left out


def test_without_a_choice_there_is_no_table() -> None:
    report = make_report(ONE)
    assert report.tradeoffs == ()
    assert tradeoffs_text.TITLE not in markdown.render(report)


def test_imports_have_no_table() -> None:
    assert (
        make_report(
            *([dataclasses.replace(row, source_file="a.md") for row in each] for each in (ONE, EIGHT))
        ).tradeoffs
        == ()
    )


def test_drift_is_a_share_of_the_tolerance() -> None:
    assert [tradeoffs_text.drift(share) for share in (0.0, 0.0999, 0.5, 3.0)] == ["< 0.1", "< 0.1", "0.50", "3.0"]


def test_the_table_stands_in_markdown_and_json() -> None:
    report = make_report(ONE, EIGHT, SIXTEEN)
    assert f"## {tradeoffs_text.TITLE}" in markdown.render(report)
    named = json.loads(json_report.render(report))["not_beaten"]
    assert [(each["batch_s"], each["energy_per_frame_j"], each["drift"]) for each in named] == [
        (0.1, 3.0, None),
        (0.1, 1.0, None),
    ]


def test_a_long_table_says_what_it_leaves_out() -> None:
    many = make_report(ONE, EIGHT).tradeoffs * 40
    assert (len(tradeoffs_text.lines(many)), tradeoffs_text.left_out(many)) == (60, 20)


def test_the_page_draws_all_settings_and_names_only_those() -> None:
    report = make_report(ONE, EIGHT, SIXTEEN)
    assert 'id="tradeoffs"' in html.render(report, version="1").page
    plots = [plot for plot in html.draw_plots(report, notes.NONE, report.ordered(), {}) if plot.kind == "tradeoffs"]
    assert [plot.title.partition(": speed against ")[2] for plot in plots[:3]] == [
        *("peak memory, GiB", "ms per batch", "J per frame"),
    ]
    assert len(plots) == 3  # no output was kept, so that there is no drift
    named, faint = plots[0].traces
    assert (named["mode"], named["text"]) == ("markers+text", ["b=1", "b=8"])
    assert (faint["mode"], faint["text"], faint["hovertext"]) == ("markers", ["b=16"], ["batch 16"])
    assert faint["opacity"] < named["opacity"]
