"""The table of what grows with the length of a clip."""

import json

from featray.analysis import lengths, units
from featray.rendering import document, json_report, lengths_text, markdown, notes
from featray.rendering.document import Report
from featray.rendering.page import html
from tests.support.builders import CPU, make_row
from tests.support.clip_lengths import MIB, make_rows_of_lengths, of_length


def make_report(**planted: float | int) -> Report:
    return document.build(units.gather(make_rows_of_lengths(noise=0.0, **planted)))  # type: ignore[arg-type]


def test_a_line_has_start_up_rate_curvature_and_memory_with_intervals() -> None:
    series = lengths.gather(units.gather(make_rows_of_lengths(curvature_s=1e-5, frame_b=0.02 * MIB)))
    (line,) = lengths_text.lines(series)
    figures = dict(zip(lengths_text.HEADINGS, line, strict=True))
    assert [figures[name] for name in ("clip", "target", "settings", "frames")] == [
        *("single_face.mp4", "RTX 3090", "batch 16", "72, 288, 1152"),
    ]
    assert all(" to " in text for text in line[5:])
    assert figures["GPU memory per 1000 frames"].startswith("20.0 MiB (")


def test_two_lengths_have_no_curvature_and_a_cpu_no_memory_of_a_gpu() -> None:
    (line,) = lengths_text.lines(lengths.gather(units.gather(make_rows_of_lengths(lengths=(72, 288), **CPU))))
    assert (line[-3], line[-1]) == ("-", "-")


def test_a_fit_that_cannot_be_is_left_out_with_its_reason() -> None:
    bent = make_rows_of_lengths(startup_s=0.05, curvature_s=1e-5, lengths=(288, 1152))
    failed = [of_length(make_row(status="oom", timed_s=None, invocation=number), 4608) for number in range(1, 6)]
    report = document.build(units.gather([*bent, *failed]))
    why = "the lengths do not lie on a line, which would start below 0; measure three lengths or more"
    (line,) = lengths_text.lines(report.lengths)
    assert line[4:8] == ("288, 1152 (without a number: 4608)", "-", "-", "-")
    (sentence,) = lengths_text.sentences(report.lengths)
    assert f"time not fitted: {why}" in sentence
    assert f"single_face.mp4, RTX 3090, batch 16: time not fitted: {why}" in markdown.render(report)
    (fit,) = json.loads(json_report.render(report))["lengths"]
    assert (fit["startup_s"], fit["frame_s"], fit["reason"]) == (None, None, why)
    assert fit["without_number"] == [4608]


def test_a_report_has_the_table_only_where_a_clip_has_several_lengths() -> None:
    with_lengths, without = make_report(), make_report(lengths=(72,))  # type: ignore[arg-type]
    assert "## Length of the clip" in markdown.render(with_lengths)
    assert "Length of the clip" not in markdown.render(without)
    assert json.loads(json_report.render(without))["lengths"] == []


def test_the_json_report_has_the_fits_in_si_units() -> None:
    (fit,) = json.loads(json_report.render(make_report(startup_s=0.5)))["lengths"]
    assert (fit["frames"], fit["processes"], len(fit["units"])) == ([72, 288, 1152], 5, 3)
    assert 0.45 < fit["startup_s"]["low"] < fit["startup_s"]["value"] < fit["startup_s"]["high"] < 0.55


def test_the_page_draws_time_and_memory_against_the_length() -> None:
    report = make_report(frame_b=0.02 * MIB)
    page = html.render(report, version="1").page
    assert 'id="lengths"' in page
    plots = [plot for plot in html.draw_plots(report, notes.NONE, report.ordered(), {}) if plot.kind == "length"]
    assert [plot.title for plot in plots] == ["single_face.mp4: time per frame", "single_face.mp4: peak memory"]
    assert plots[0].traces[0]["x"] == [72, 288, 1152]
