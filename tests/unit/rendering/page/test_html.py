"""The HTML page: what it holds, that nothing from a store becomes markup, and that it stays small."""

import csv
import dataclasses
import io
import json
from html.parser import HTMLParser
from typing import Any

import plotly.graph_objects
import pytest

from featray.analysis.diagnosis import diagnose
from featray.core.row import Row
from featray.rendering import notes
from featray.rendering.page import html
from tests.support.report_rows import make_cpu_row, make_failed_row, make_report, make_row

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>&\"'\u2028"


class Page(HTMLParser):
    """The elements of a page, and what its scripts hold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.texts: list[str] = []
        self._section, self._tables = "", dict[str, list[list[str]]]()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "section":
            self._section = dict(attrs).get("id") or ""
        if tag == "tr":
            self._tables.setdefault(self._section, []).append([])
        if tag == "td":
            self._tables[self._section][-1].append("")
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1][0] == "script":
            self.scripts[-1] += data
        elif data.strip() and self.elements[-1][0] != "style":
            self.texts.append(data.strip())
        if self.elements and self._tables.get(self._section, [[]])[-1] and data.strip():
            self._tables[self._section][-1][-1] += data

    def lines(self, section: str) -> list[list[str]]:
        """List the cells of a section's table, line by line, without its head."""
        return [line for line in self._tables[section] if line]

    @property
    def drawing(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.scripts[0])
        return found


def rendered(rows: list[Row], found: notes.Notes = notes.NONE, **options: Any) -> html.Rendered:
    return html.render(make_report(rows), found, version="0.1.0", **options)


def several() -> list[Row]:
    three = [
        make_row(invocation=number, timed_s=[0.7 + number / 100], stages_s={"decode": 0.1, "face detection": 0.6})
        for number in (1, 2, 3)
    ]
    rows = [make_row(cell_id="b", batch_size=1, gpu_memory_used_peak_b=2**31), make_cpu_row(rss_peak_b=2**30)]
    return [*three, *rows, make_failed_row("oom", "no memory", cell_id="c", batch_size=64)]


def compared() -> notes.Notes:
    pairs = [
        notes.PairNote(
            config=f"retinaface, {verdict}",
            baseline="20 ms",
            candidate="10 ms",
            speedup=2.0,
            low=1.9,
            high=2.1,
            verdict=verdict,
            candidate_unit=("quickstart-1", "000000000001", "GPU-1"),
        )
        for verdict in ("FASTER", "SLOWER", "EQUIVALENT", "INCONCLUSIVE", "NOT COMPARABLE")
    ]
    return notes.Notes(
        headline=notes.Observation("headline", "Twice as fast."), baseline="before", comparisons=tuple(pairs)
    )


@pytest.mark.parametrize(
    "column", ["hostname", "detector", "input", "section_label", "description", "gpu_name", "reason", "run_id"]
)
def test_nothing_from_the_store_becomes_markup(column: str) -> None:
    rows = [make_failed_row("failed", cell_id="b", **{column: HOSTILE}), make_row(**{column: HOSTILE})]
    page = Page(rendered(rows).page)
    assert len(page.scripts) == 3
    assert "img" not in {tag for tag, _ in page.elements}
    assert page.drawing["figures"]


def test_a_page_of_50_units_is_small_and_brings_the_licence_of_plotly() -> None:
    rows = [make_row(cell_id=f"{index:012}", batch_size=1 + index) for index in range(50)]
    page = rendered(rows).page
    assert len(page.encode()) < 1_500_000
    assert "Licensed under the MIT license" in page


def test_a_page_without_plots_brings_no_plotly() -> None:
    assert len(rendered([]).page) < 60_000


def test_notes_of_people_and_findings_are_text_too() -> None:
    found = notes.Notes(
        headline=notes.Observation("headline", HOSTILE), observations=(notes.Observation("noisy", HOSTILE),)
    )
    page = Page(rendered([make_row()], found, hand_written=HOSTILE).page)
    assert len(page.scripts) == 3


def test_the_page_names_no_other_place() -> None:
    page = Page(rendered(several(), compared()).page)
    places = [attrs[key] for _, attrs in page.elements for key in ("src", "href", "action", "srcset") if key in attrs]
    assert places
    assert all(place and place.startswith(("#", "data:")) for place in places)


def test_every_plot_is_one_that_plotly_accepts() -> None:
    page = Page(rendered(several(), compared()).page)
    figures = page.drawing["figures"]
    assert len(figures) == 4  # ratios, throughput, memory, stages
    for figure in figures:
        plotly.graph_objects.Figure(data=figure["traces"], layout=figure["layout"])


def test_every_point_leads_to_a_line_of_the_page() -> None:
    page = Page(rendered(several(), compared()).page)
    ids = {attrs["id"] for _, attrs in page.elements if "id" in attrs}
    points = [
        point for figure in page.drawing["figures"] for trace in figure["traces"] for point in trace["customdata"]
    ]
    assert points
    assert set(points) <= ids


def test_throughput_comes_with_its_interval_where_there_are_invocations_enough() -> None:
    page = Page(rendered(several()).page)
    traces = [trace for trace in page.drawing["figures"][0]["traces"] if trace["x"] == [1, 16]]
    (bars,) = [trace["error_y"] for trace in traces]
    assert bars["array"][0] is None  # one invocation only
    assert bars["array"][1] > 0


def test_a_reason_that_all_pairs_share_is_shown_once() -> None:
    pairs = compared().comparisons
    alike = notes.Notes(comparisons=tuple(dataclasses.replace(each, reason="a single measurement") for each in pairs))
    page = rendered(several(), alike).page
    assert page.count("a single measurement") == 1
    assert "what to know" not in page
    unlike = notes.Notes(comparisons=(*alike.comparisons, *pairs))
    assert rendered(several(), unlike).page.count("a single measurement") == len(pairs)


def test_verdicts_have_marks_of_their_own() -> None:
    page = Page(rendered(several(), compared()).page)
    traces = page.drawing["figures"][0]["traces"]
    assert len({trace["marker"]["symbol"] for trace in traces}) == len(traces) == 5


def test_units_beyond_the_limit_go_to_a_csv_and_the_page_says_so() -> None:
    rows = [make_row(cell_id=f"{number:012}", batch_size=number + 1, asked="{}") for number in range(10)]
    made = rendered(rows, units_max=7, csv_name="demo.units.csv")
    assert "This page shows 7 of 10 units. The other 3 are in the CSV file beside it:" in made.page
    assert 'href="demo.units.csv"' in made.page
    assert made.csv is not None
    lines = list(csv.DictReader(io.StringIO(made.csv)))
    assert [line["batch_size"] for line in lines] == ["8", "9", "10"]
    assert lines[0]["command"] == "featray measure --cell 000000000007 --target GPU-1"


def test_a_page_that_goes_to_no_file_names_no_csv() -> None:
    rows = [make_row(cell_id=f"{number:012}", batch_size=number + 1) for number in range(10)]
    made = rendered(rows, units_max=7, csv_name=None)
    assert made.csv is None
    assert "This page shows 7 of 10 units. The other 3 are left out. Write the page to a file" in made.page
    assert ".csv" not in made.page.split("<main>")[0]


def test_a_page_with_room_for_all_needs_no_csv() -> None:
    assert rendered(several()).csv is None


def test_each_unit_says_how_to_measure_it_again() -> None:
    assert "featray measure --cell 000000000001 --target GPU-1" in rendered([make_row(asked="{}")]).page
    assert "imported: the exact settings are unknown" in rendered([make_row(asked=None)]).page


def seen(rows: list[Row]) -> Page:
    """Render rows as a reader sees them, with what the diagnosis finds."""
    report = make_report(rows)
    found = notes.of_diagnosis(diagnose(report.units), (), report.ordered())
    return Page(html.render(report, found, version="0.1.0").page)


def test_a_store_without_rows_says_so_and_draws_nothing() -> None:
    page = seen([])
    assert "There are no rows to report." in page.texts
    assert page.drawing["figures"] == []


def test_a_failure_without_anything_known_stands_in_its_line() -> None:
    page = seen([make_failed_row("oom", None, frames=None, hostname=None, host_id=None, gpu_name=None)])
    (line,) = page.lines("units")
    assert line[:3] == ["short", "retinaface", "cuda"]
    assert "oom" in line
    assert line.count("-") >= 5  # ms, CI, fps, IQR, memory: absent, and not 0
    assert any("oom" in text for text in page.texts if text != "oom")


def test_a_failure_is_told_with_its_reason_beside_the_numbers_of_the_others() -> None:
    page = seen([make_row(), make_failed_row("crashed", "SIGSEGV in libav", cell_id="b", batch_size=64)])
    assert [text for line in page.lines("units") for text in line if "SIGSEGV" in text] == ["crashed: SIGSEGV in libav"]
    assert sum("SIGSEGV in libav" in text for text in page.texts) == 2  # in the table and in the findings
    assert "100.0" in page.lines("units")[0]


def test_unknown_frames_leave_rates_absent_and_their_plots_out() -> None:
    page = seen([make_row(frames=None, torch=None)])
    (line,) = page.lines("units")
    assert "ok" in line
    assert "nan" not in " ".join(page.texts).lower().split()
    assert page.drawing["figures"] == []


def test_unicode_is_kept_and_a_very_long_name_loses_its_middle() -> None:
    page = seen([make_row(detector="顔検出器 ✓", hostname="böx", section_label="ü" * 400 + " end")])
    assert "顔検出器 ✓" in page.texts
    assert any("böx" in text for text in page.texts)
    assert max(map(len, page.texts)) < 400
    (title,) = [text for text in page.texts if text.startswith("Video: ü")]
    assert "…" in title
    assert title.endswith(" end")


def test_three_hosts_of_two_gpus_are_six_targets_that_are_told_apart() -> None:
    page = seen(
        [
            make_row(hostname=f"box{host}", host_id=f"h{host}", target_id=f"GPU-{host}{gpu}", gpu_name=f"NVIDIA {name}")
            for host in range(3)
            for gpu, name in enumerate(("GeForce RTX 3090", "L40S"))
        ]
    )
    chips = [
        attrs["data-value"] for tag, attrs in page.elements if tag == "button" and attrs.get("data-group") == "target"
    ]
    assert sorted(dict.fromkeys(map(str, chips))) == [f"GPU-{host}{gpu}" for host in range(3) for gpu in range(2)]
    places = {(line[2], line[3]) for line in page.lines("units")}
    assert places == {(f"box{host}", name) for host in range(3) for name in ("RTX 3090", "L40S")}
    (plot,) = page.drawing["figures"]
    assert len({trace["name"] for trace in plot["traces"]}) == 6
    assert "retinaface, L40S of box2" in {trace["name"] for trace in plot["traces"]}


def test_five_hundred_units_stay_under_six_megabytes() -> None:
    rows = [
        make_row(
            cell_id=f"{number:012}",
            target_id=f"GPU-00000000-0000-4000-8000-{number % 6:012}",
            batch_size=2 ** (number % 8),
            detector=f"detector-{number // 48}",
            invocation=invocation,
            stages_s={"decode": 0.1, "face detection": 0.4, "emotion": 0.1, "other": 0.05},
            gpu_memory_used_peak_b=2**31,
            asked="{}",
        )
        for number in range(500)
        for invocation in (1, 2, 3)
    ]
    assert len(rendered(rows).page.encode()) < 6_000_000


def test_the_next_runs_stand_in_a_table_with_the_command_that_writes_them() -> None:
    run = notes.NextRun(
        name="q-headroom", cells=3, where="RTX 4000 of box", expected_s=150.0, reasons=(HOSTILE, "b=64 is untried")
    )
    text = rendered([make_row()], notes.Notes(next_runs=(run,), next_command=f"featray suggest {HOSTILE}")).page
    page = Page(text)
    assert ("section", {"id": "next"}) in page.elements
    assert ("td", {"class": "n", "data-v": "150.0"}) in page.elements
    assert "b=64 is untried" in text
    assert "<script>alert" not in text


def test_no_line_breaks_an_arrow_and_the_rest_of_the_text_stays_escaped() -> None:
    found = notes.Notes(observations=(notes.Observation("stack", "torch 2.5 -> <b>2.11</b>"),))
    page = rendered([make_row()], found).page
    assert 'torch 2.5 <span class="whole">-&gt;</span> &lt;b&gt;2.11&lt;/b&gt;' in page


def test_notes_of_people_are_markdown_and_html_in_them_stays_text() -> None:
    text = "## Why\n\n- **cold** start\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n<img src=x> [x](javascript:alert(1))"
    page = rendered([make_row()], hand_written=text).page
    assert "<h2>Why</h2>" in page
    assert "<strong>cold</strong>" in page
    assert "<td>1</td>" in page
    assert "&lt;img src=x&gt;" in page
    assert 'href="javascript:' not in page


def test_a_command_in_a_note_of_a_section_is_set_as_code() -> None:
    page = rendered(several()).page
    assert "as in <code>featray recommend</code>." in page
    assert "`featray" not in page.partition("<script")[0]
