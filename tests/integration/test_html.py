"""The HTML report in a real browser."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import featray
from featray.analysis import diagnosis, units
from featray.core.row import Row
from featray.rendering import document, notes
from featray.rendering.page import html
from tests.support.builders import BLACKWELL, BOX, CPU, RTX3090, SHELF, make_row, make_rows
from tests.support.report_rows import make_report

pytestmark = pytest.mark.browser

SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TARGETS = ({**BOX, **RTX3090}, {**BOX, **BLACKWELL}, {**SHELF, **CPU, "target_id": "cpu@id-shelf"})
UNITS = 2 * 3 * 3  # detectors, targets, batches


def rows() -> list[Row]:
    made: list[Row] = []
    for place, target in enumerate(TARGETS):
        for detector, pace in (("img2pose", 2.0), ("retinaface", 1.0)):
            for batch in (1, 4, 16):
                call_s = (1 + place) * pace / batch**0.5
                memory = {"gpu_memory_used_peak_b": 2**30 * batch, "rss_peak_b": 2**30 * batch}
                made += make_rows(
                    [call_s, 1.02 * call_s, 0.98 * call_s], **target, detector=detector, batch_size=batch, **memory
                )
    return made


def hostile() -> list[Row]:
    name = "</script><script>document.title='broken in'</script>"
    return [make_row(detector=name, hostname=name, gpu_name=name), make_row(status="oom", reason=name, batch_size=64)]


FOUND = notes.Notes(
    headline=notes.Observation("headline", "The Blackwell is faster."),
    baseline="the RTX 3090",
    comparisons=(
        notes.PairNote(
            config="retinaface, short", baseline="a", candidate="b", speedup=1.5, low=1.4, high=1.6, verdict="FASTER"
        ),
        notes.PairNote(config="img2pose, short", baseline="a", candidate="b", speedup=1.1, verdict="INCONCLUSIVE"),
    ),
)


HOSTS = ("box", "shelf", "liquidswords2.example.org")
WITH_STAGES = {"decode": 0.1, "face detection": 0.6}


def six_targets(pace: float, **changes: Any) -> list[Row]:
    """Make two detectors on two inputs in two batches on three hosts of two GPUs, all with their vendors' names."""
    made: list[Row] = []
    for number, hostname in enumerate(HOSTS):
        host = {**BOX, "hostname": hostname, "host_id": f"id-{hostname}"}
        for gpu in (RTX3090, BLACKWELL):
            uuid = f"{str(gpu['target_id'])[:-1]}{number}"
            place = {**host, **gpu, "target_id": uuid, "gpu_uuid": uuid, **changes}
            for detector in ("img2pose", "mpdetector"):
                for clip in ("short", "multi-face"):
                    for batch in (1, 16):
                        times = [pace * share / batch**0.5 for share in (0.99, 1.0, 1.01)]
                        labels = {"detector": detector, "input": clip, "batch_size": batch, "stages_s": WITH_STAGES}
                        made += make_rows(times, **{**place, **labels})
    return made


def compared_page() -> str:
    ours, before = six_targets(0.8), six_targets(1.0, run_id="before-1", sweep="before")
    candidate_units, baseline_units = units.gather_sides(ours, before)
    report = document.build(candidate_units)
    found = diagnosis.diagnose(candidate_units, baseline_units)
    return html.render(report, notes.of_diagnosis(found, baseline_units, report.ordered()), version="0.1.0").page


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path="/usr/bin/chromium", args=list(SWITCHES))
        yield chromium
        chromium.close()


class Opened:
    """A page, and what it complained of or asked the network for."""

    def __init__(self, browser: Any, file: Path, **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(file.as_uri())

    def scroll(self) -> None:
        """Go past every plot, so that each is drawn."""
        for plot in self.page.query_selector_all(".plot"):
            plot.scroll_into_view_if_needed()
        self.page.wait_for_function("document.querySelectorAll('.plot:not([data-drawn])').length === 0")

    def texts(self, table: str, column: int) -> list[str]:
        cells = self.page.query_selector_all(f"{table} tbody tr:not([hidden]) td:nth-child({column})")
        return [cell.inner_text() for cell in cells]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(html.render(make_report(rows()), FOUND, version="0.1.0").page, encoding="utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_draws_every_plot_without_a_complaint_or_a_request(
    browser: Any, file: Path, scheme: str, width: int
) -> None:
    opened = Opened(browser, file, color_scheme=scheme, viewport={"width": width, "height": 900})
    opened.scroll()
    assert opened.complaints == []
    assert opened.requests == [file.as_uri()]
    plots = opened.page.query_selector_all(".plot")
    assert len(plots) == 6  # ratios, throughput, two of what is traded, stages, memory
    assert all(plot.query_selector(".main-svg") for plot in plots)
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    opened.context.close()


def test_light_and_dark_differ_and_the_button_switches(browser: Any, file: Path) -> None:
    opened = Opened(browser, file, color_scheme="light")
    opened.scroll()
    ground = "getComputedStyle(document.body).backgroundColor"
    line = "document.querySelector('.plot[data-figure=\"1\"] .scatterlayer path.js-line').style.stroke"
    before = opened.page.evaluate(ground), opened.page.evaluate(line)
    opened.page.click("#theme")
    opened.page.wait_for_function(f"{line} !== {before[1]!r}")
    assert opened.page.evaluate(ground) != before[0]
    opened.context.close()


def test_a_click_on_a_heading_sorts_by_number_and_again_the_other_way(browser: Any, file: Path) -> None:
    opened = Opened(browser, file)
    headings = opened.page.query_selector_all("#units th")
    place = next(index for index, each in enumerate(headings, start=1) if each.inner_text().startswith("fps"))
    headings[place - 1].query_selector("button").click()
    rising = [float(text) for text in opened.texts("#units", place)]
    assert len(rising) == UNITS
    assert rising == sorted(rising)
    headings[place - 1].query_selector("button").click()
    assert [float(text) for text in opened.texts("#units", place)] == rising[::-1]
    assert headings[place - 1].get_attribute("aria-sort") == "descending"
    opened.context.close()


def test_words_filter_a_table(browser: Any, file: Path) -> None:
    opened = Opened(browser, file)
    opened.page.fill("#units .find", "retinaface blackwell")
    assert len(opened.texts("#units", 1)) == 3
    assert opened.page.inner_text("#units .count") == f"3 of {UNITS} lines"
    opened.context.close()


def test_the_legend_filters_plots_and_tables(browser: Any, file: Path) -> None:
    opened = Opened(browser, file)
    opened.scroll()
    lines = "document.querySelectorAll('.plot[data-figure=\"1\"] .scatterlayer .trace').length"
    assert opened.page.evaluate(lines) == 6
    opened.page.click(".chip[data-value=img2pose]")
    opened.page.wait_for_function(f"{lines} === 3")
    assert set(opened.texts("#units", 2)) == {"retinaface"}
    opened.context.close()


@pytest.fixture(scope="module")
def six(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "six.html"
    path.write_text(compared_page(), encoding="utf-8")
    return path


@pytest.mark.parametrize("width", [1100, 390])
def test_names_leave_the_bars_their_room_with_six_targets(browser: Any, six: Path, width: int) -> None:
    opened = Opened(browser, six, viewport={"width": width, "height": 900})
    opened.scroll()
    plots = "Array.from(document.querySelectorAll('#baseline .plot, #stages .plot'))"
    shares = opened.page.evaluate(f"{plots}.map(plot => plot._fullLayout._size.w / plot.clientWidth)")
    assert len(shares) == 6 + 2  # a plot of ratios for each target, of stages for each input
    assert min(shares) > 0.5
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    opened.context.close()


def test_rows_of_a_plot_fill_it_and_a_target_is_named_once(browser: Any, six: Path) -> None:
    opened = Opened(browser, six, viewport={"width": 1100, "height": 900})
    opened.scroll()
    titles = [each.inner_text() for each in opened.page.query_selector_all("#baseline figcaption")]
    assert titles[:2] == ["RTX 3090 of box", "RTX PRO 6000 Blackwell of box"]
    ranges = opened.page.evaluate(
        "() => Array.from(document.querySelectorAll('#baseline .plot')).map(plot => plot._fullLayout.yaxis.range)"
    )
    assert ranges == [[3.5, -0.5]] * 6  # two detectors on two inputs
    axes = [each.text_content() for each in opened.page.query_selector_all("#baseline .xtitle")]
    assert len(axes) == 6
    assert all("faster →" in text for text in axes)
    opened.context.close()


def test_filters_reach_comparisons_ratios_and_stages(browser: Any, six: Path) -> None:
    opened = Opened(browser, six, viewport={"width": 1100, "height": 900})
    opened.scroll()
    count = "plot => plot.querySelectorAll('.ytick').length"
    bars = f"() => Array.from(document.querySelectorAll('#stages .plot')).map({count})"
    ratios = f"() => Array.from(document.querySelectorAll('#baseline figure:not([hidden]) .plot')).map({count})"
    assert (opened.page.evaluate(bars), opened.page.evaluate(ratios)) == ([12, 12], [4] * 6)
    opened.page.click(".filters .chip[data-value=img2pose]")
    opened.page.wait_for_function(f"JSON.stringify(({bars})()) === '[6,6]'")
    assert opened.page.evaluate(ratios) == [2] * 6
    assert len(opened.texts("#baseline", 1)) == 12
    opened.page.click(".filters .chip[data-group=target] >> nth=0")
    opened.page.wait_for_function(f"JSON.stringify(({bars})()) === '[5,5]'")
    assert opened.page.evaluate(ratios) == [2] * 5
    opened.page.click(".filters .chip[data-group=input] >> nth=0")
    opened.page.wait_for_function(f"JSON.stringify(({ratios})()) === '[1,1,1,1,1]'")
    assert len(opened.texts("#baseline", 1)) == 5
    assert opened.complaints == []
    opened.context.close()


def test_the_legend_stays_in_sight_beside_the_plots_and_moves_with_the_filters(browser: Any, six: Path) -> None:
    opened = Opened(browser, six, viewport={"width": 1100, "height": 700})
    opened.scroll()
    opened.page.click("#throughput .legend .chip[data-value=img2pose]")
    pressed = "() => Array.from(document.querySelectorAll('.chip[data-value=img2pose]')).map(chip => chip.ariaPressed)"
    assert set(opened.page.evaluate(pressed)) == {"false"}
    last = opened.page.query_selector_all("#throughput figure")[-1]
    last.evaluate("figure => scrollTo(0, figure.getBoundingClientRect().bottom + scrollY - innerHeight)")
    legend = opened.page.query_selector("#throughput .legend").bounding_box()
    assert 0 <= legend["y"] < 700
    opened.context.close()


def test_a_click_on_a_point_leads_to_its_unit(browser: Any, file: Path) -> None:
    opened = Opened(browser, file)
    opened.scroll()
    opened.page.eval_on_selector(
        ".plot[data-figure='1']",
        "plot => plot.emit('plotly_click', {points: [{customdata: plot.data[0].customdata[2]}]})",
    )
    chosen = opened.page.wait_for_selector("tr.chosen")
    assert "featray measure --cell" in chosen.inner_text()
    assert opened.page.url.endswith("#" + chosen.get_attribute("id"))
    opened.context.close()


def save(opened: Opened, button: str) -> tuple[str, bytes]:
    """Click a button that saves; return the name of the file and what is in it."""
    with opened.page.expect_download() as started:
        opened.page.click(button)
    return started.value.suggested_filename, Path(started.value.path()).read_bytes()


def test_a_table_is_saved_as_it_is_shown_in_three_forms(browser: Any, file: Path) -> None:
    opened = Opened(browser, file)
    opened.page.fill("#units .find", "retinaface blackwell")
    name, csv_bytes = save(opened, "#units .save >> nth=0")
    lines = list(csv.reader(io.StringIO(csv_bytes.decode())))
    assert name == "demo-units.csv"
    assert [line[lines[0].index("batch")] for line in lines[1:]] == ["1", "4", "16"]
    name, markdown = save(opened, "#units .save >> nth=1")
    assert (name, len(markdown.decode().splitlines())) == ("demo-units.md", 2 + 3)
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in markdown.decode().splitlines()} == {len(lines[0]) + 1}
    name, latex = save(opened, "#units .save >> nth=2")
    text = latex.decode()
    assert name == "demo-units.tex"
    assert re.search(r"\\begin\{tabular\}\{[lr]+\}\n\\toprule", text)
    assert text.count("\\\\\n") == 1 + 3
    assert "1\\%" in text or "\\%" in text
    assert opened.complaints == []
    opened.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_plot_is_saved_light_with_its_title_and_the_names_of_its_lines(browser: Any, file: Path, scheme: str) -> None:
    opened = Opened(browser, file, color_scheme=scheme)
    name, svg = save(opened, "#throughput .save >> nth=0")
    text = svg.decode()
    assert name.startswith("demo-throughput-")
    assert name.endswith(".svg")
    assert text.startswith("<svg")
    assert "Video: short" in text
    assert text.count('class="traces"') == 6  # lines in the legend: two detectors on three targets
    assert "rgb(255, 255, 255)" in text
    assert "#0072b2" in text or "rgb(0, 114, 178)" in text
    name, png = save(opened, "#throughput .save >> nth=1")
    assert name.endswith(".png")
    assert png.startswith(b"\x89PNG")
    assert int.from_bytes(png[16:20], "big") == 1800  # pixels: 900 wide, twice as fine
    assert opened.page.evaluate("document.documentElement.dataset.theme") == "auto"
    assert opened.complaints == []
    opened.context.close()


def test_the_index_of_a_store_leads_to_its_pages_on_a_phone_too(browser: Any, history: Path, tmp_path: Path) -> None:
    written = featray.report_all(str(history), output=tmp_path)
    opened = Opened(browser, written.index, viewport={"width": 390, "height": 900})
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390
    opened.page.click("a[href='2026-05-14-c716340.html']")
    opened.page.wait_for_selector("#units")
    assert opened.page.title() == "featray: 2026-05-14-c716340"
    assert opened.complaints == []
    opened.context.close()


def test_hostile_names_are_shown_as_they_are(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "hostile.html"
    path.write_text(html.render(make_report(hostile()), version="0.1.0").page, encoding="utf-8")
    opened = Opened(browser, path)
    opened.scroll()
    assert opened.page.title().startswith("featray: ")
    assert "<script>document.title" in opened.page.inner_text("#units")
    assert opened.complaints == []
    opened.context.close()


def test_a_store_without_rows_makes_a_page_too(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "empty.html"
    path.write_text(html.render(make_report([]), version="0.1.0").page, encoding="utf-8")
    opened = Opened(browser, path)
    assert "There are no rows to report." in opened.page.inner_text("main")
    assert opened.complaints == []
    opened.context.close()


def test_the_printed_page_has_every_plot_in_light_colours_without_scrolling(browser: Any, file: Path) -> None:
    opened = Opened(browser, file, color_scheme="dark", viewport={"width": 1280, "height": 300})
    assert len(opened.page.query_selector_all(".plot[data-drawn]")) < 4
    opened.page.evaluate(
        "addEventListener('beforeprint', () => { window.printed = getComputedStyle(document.body).backgroundColor; })"
    )
    paper = opened.page.pdf(format="A4", print_background=True)
    assert paper.startswith(b"%PDF")
    assert len(opened.page.query_selector_all(".plot[data-drawn] .main-svg")) >= 4
    assert opened.page.evaluate("window.printed") == "rgb(255, 255, 255)"
    assert opened.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 27)"
    assert opened.complaints == []
    opened.context.close()
