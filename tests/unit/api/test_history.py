"""`featray.history`: the store's history as text, JSON, frame and page."""

import json
import re
from pathlib import Path

import pytest

from featray import store
from featray.api import history, suggest
from featray.errors import BadInput, NothingMatches
from tests.support.histories import make_history, make_session


@pytest.fixture
def stepping(tmp_path: Path) -> str:
    """A store with a step of 10%, and a detector without one."""
    folder = str(tmp_path / "results")
    store.append(folder, [*make_history(10, 10), *make_history(10, 10, ratio=1.0, detector="img2pose")])
    return folder


def test_the_terminal_shows_a_sparkline_and_the_step(stepping: str) -> None:
    text = history(results=stepping).text()
    assert "RTX 3090 of box" in text
    assert re.search("[▁▂]{10}[▆▇█]{10}", text)
    assert text.count("SUSPECTED: 1.10x slower between 2026-01-10 and 2026-01-11") == 1
    assert "featray history --confirm" in text


def test_json_has_every_point_and_step(stepping: str) -> None:
    found = json.loads(history(results=stepping).to_json())
    by_detector = {one["detector"]: one for one in found["series"]}
    points = by_detector["retinaface"]["points"]
    assert len(points) == 20
    assert points[0]["low_s"] < points[0]["call_s"] < points[0]["high_s"]
    (change,) = by_detector["retinaface"]["changes"]
    assert (change["state"], change["side_by_side"]) == ("SUSPECTED", None)
    assert by_detector["img2pose"]["changes"] == []


def test_the_frame_has_a_row_per_point(stepping: str) -> None:
    found = history(results=stepping)
    assert len(found.to_frame()) == 40
    assert repr(found).startswith("History: 2 series, 1 suspected step")


def test_the_page_has_a_plot_per_series_and_needs_no_network(stepping: str, tmp_path: Path) -> None:
    found = history(results=stepping, output=tmp_path / "pages" / "history.html")
    assert found.written is not None
    text = found.written.read_text(encoding="utf-8")
    assert text.count('class="plot"') == 2
    assert "default-src 'none'" in text
    data = json.loads(re.findall(r'id="data">(.*?)</script>', text)[0])
    first, second = data["figures"]
    assert sorted(len(figure["layout"]["shapes"]) for figure in (first, second)) == [0, 1]
    assert len(first["traces"][0]["error_y"]["array"]) == len(first["traces"][0]["x"]) == 20


def test_names_of_the_store_are_text_on_the_page(tmp_path: Path) -> None:
    store.append(tmp_path, make_session(1, 0.76, hostname="<script>alert(1)</script>"))
    assert "<script>alert" not in history(results=str(tmp_path)).to_html()


def test_only_what_is_asked_for_is_shown(stepping: str) -> None:
    assert [one.unit.row.detector for one, _ in history(results=stepping, detector="img2pose").series] == ["img2pose"]
    assert len(history(results=stepping, host="box", input="short").series) == 2
    with pytest.raises(NothingMatches, match="detectors: img2pose, retinaface"):
        history(results=stepping, detector="mpdetector")
    with pytest.raises(BadInput, match="expected date or version"):
        history(results=stepping, order="day")


def test_versions_can_be_the_axis(stepping: str) -> None:
    assert "versions, oldest first" in history(results=stepping, order="version").to_html()


def test_an_empty_store_says_so(tmp_path: Path) -> None:
    with pytest.raises(NothingMatches, match="holds no rows; submit a sweep"):
        history(results=str(tmp_path))


def test_the_confirming_sweep_is_suggested(stepping: str, tmp_path: Path) -> None:
    suggested = suggest(results=stepping, history=True, output=tmp_path / "sweeps")
    (file,) = suggested.written
    assert re.fullmatch(r"confirm-[0-9a-f]{6}\.yaml", file.name)
    with pytest.raises(BadInput, match="name no sweep"):
        suggest("demo", results=stepping, history=True)
