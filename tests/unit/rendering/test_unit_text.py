"""Each figure of a unit as text: the same in every format, finding and recommendation."""

import functools
import io
import json
import re
from collections.abc import Mapping

import pytest
from rich.console import Console

from featray.analysis import units
from featray.analysis.advice import recommendation
from featray.analysis.diagnosis import diagnose
from featray.core.row import Row
from featray.rendering import document, json_report, markdown, notes, recommendation_text, terminal, unit_text
from featray.rendering.page import html
from tests.support.report_rows import make_failed_row, make_row

GIB = 2**30
CLIP_RATE = "30.00"  # the frame rate of the clip, which the headline names too


def measured(call_s: float, **columns: object) -> list[Row]:
    """Make three invocations of one unit."""
    return [
        make_row(invocation=number, timed_s=[call_s * share for share in (0.98, 1.0, 1.02)], **columns)
        for number in (1, 2, 3)
    ]


def one_store(call_s: float) -> list[Row]:
    """Make two batches, the larger twice as fast, with stages and memory."""
    return [
        *measured(2 * call_s, cell_id="a", batch_size=1, gpu_memory_used_peak_b=1.5 * GIB),
        *measured(
            call_s,
            cell_id="b",
            stages_s={"decode": 0.063 * call_s, "face detection": 0.937 * call_s},
            gpu_memory_used_peak_b=3.25 * GIB,
        ),
    ]


@functools.cache
def every_text(call_s: float) -> Mapping[str, str]:
    """Write one store in every way that featray can."""
    gathered = units.gather(one_store(call_s))
    report = document.build(gathered)
    found = notes.of_diagnosis(diagnose(gathered), (), report.ordered())
    screen = Console(file=io.StringIO(), width=200)
    screen.print(terminal.draw(report))
    assert isinstance(screen.file, io.StringIO)
    page = html.render(report, found, version="0.1.0").page
    drawing = page.partition('id="data">')[2].partition("</script>")[0]
    data = json.loads(json_report.render(report, found))
    return {
        "markdown": markdown.render(report, found),
        "terminal": screen.file.getvalue(),
        "page": page.partition("<main>")[2].partition("</main>")[0],
        "plots": "\n".join(text for figure in json.loads(drawing)["figures"] for text in hovers(figure)),
        "JSON": "\n".join(
            [data["notes"]["headline"]["text"], *(each["text"] for each in data["notes"]["observations"])]
        ),
        "recommend": recommendation_text.text(recommendation.recommend(gathered)),
    }


def hovers(figure: Mapping[str, list[Mapping[str, list[str]]]]) -> list[str]:
    return [text for trace in figure["traces"] for text in trace["text"]]


def where(figure: str, call_s: float) -> set[str]:
    """List the texts that have a figure in just these digits."""
    pattern = re.compile(rf"(?<![\d.]){re.escape(figure)}(?![\d.]*\d)")
    return {form for form, text in every_text(call_s).items() if pattern.search(text)}


EVERYWHERE = {"markdown", "terminal", "page", "plots", "JSON", "recommend"}


@pytest.mark.parametrize(("call_s", "figure"), [(0.5437, "132.4"), (1028.4, "0.070")])
def test_throughput_reads_the_same_everywhere(call_s: float, figure: str) -> None:
    assert where(figure, call_s) == EVERYWHERE
    rates = {rate for text in every_text(call_s).values() for rate in re.findall(r"([\d.]+) fps", text)}
    assert figure in rates
    assert rates - {CLIP_RATE} <= {figure, *unit_rates(call_s)}


def unit_rates(call_s: float) -> set[str]:
    return {unit_text.throughput(unit) for unit in units.gather(one_store(call_s))}


@pytest.mark.parametrize(("call_s", "figure"), [(0.5437, "7.6"), (0.0137, "0.19")])
def test_the_time_per_frame_reads_the_same_in_tables_and_plots(call_s: float, figure: str) -> None:
    assert where(figure, call_s) >= {"markdown", "terminal", "page", "plots"}
    times = {time for text in every_text(call_s).values() for time in re.findall(r"([\d.]+) ms/frame", text)}
    assert times == {unit_text.frame_time(unit) for unit in units.gather(one_store(call_s))}


@pytest.mark.parametrize(("call_s", "figure"), [(0.5437, "0.54"), (0.0137, "0.014")])
def test_the_seconds_of_a_call_read_the_same_in_every_table(call_s: float, figure: str) -> None:
    assert where(figure, call_s) >= {"markdown", "terminal"}


def test_a_share_reads_the_same_in_tables_and_plots() -> None:
    assert where("6.3%", 0.5437) >= {"plots"}
    assert where("94%", 0.5437) >= {"plots"}
    assert where("2.0%", 0.5437) >= {"markdown", "terminal", "page"}  # IQR


def test_memory_reads_the_same_in_tables_and_plots() -> None:
    assert where("3.2 GiB", 0.5437) >= {"page", "plots"}
    sizes = {size for text in every_text(0.5437).values() for size in re.findall(r"([\d.]+) GiB", text)}
    assert sizes == {"1.5", "3.2"}


def test_an_interval_is_in_ms_per_frame_and_of_a_call_in_s_where_the_frames_are_unknown() -> None:
    known, unknown = (units.gather(measured(0.72, frames=frames))[0] for frames in (72, None))
    assert unit_text.interval(known) == "10.0 to 10.0"
    assert unit_text.interval(unknown) == "0.72 to 0.72 s"


def test_calls_count_invocations_and_repeats() -> None:
    assert unit_text.calls(units.gather(measured(1.0))[0]) == "3 x 3"
    partly = [make_row(), make_row(invocation=2, timed_s=[1.0, 1.0]), make_failed_row("crashed", invocation=3)]
    assert unit_text.calls(units.gather(partly)[0]) == "2 of 3 x 1-2"
    assert unit_text.calls(units.gather([make_failed_row("oom")])[0]) == "0 of 1"


def test_what_was_not_measured_is_absent() -> None:
    (unit,) = units.gather([make_failed_row("oom", "no memory", frames=None, fex_rows=None)])
    figures = (unit_text.call_time, unit_text.frame_time, unit_text.throughput, unit_text.interval, unit_text.memory)
    assert {write(unit) for write in figures} == {"-"}
    assert unit_text.outcome(unit) == "oom: no memory"


def test_an_input_is_named_as_in_py_feats_reports() -> None:
    assert unit_text.section(make_row()) == "Video: short (72 frames)"
    images = make_row(section_kind="images", section_label="16 x multi_face.jpg = 80 faces")
    assert unit_text.section(images) == "Images: 16 x multi_face.jpg = 80 faces"
