"""`featray.report_all`: a page per run, an index of them, and their history."""

import re
from pathlib import Path

import pytest

from featray import store
from featray.api import report_all
from featray.errors import BadInput, NothingMatches
from tests.support.builders import make_row
from tests.support.command import Shell
from tests.support.histories import make_session


def links(page: Path) -> list[str]:
    """List the files that a page links to."""
    found = re.findall(r'href="([^"#]+)', page.read_text(encoding="utf-8"))
    return [link for link in found if not link.startswith("data:")]


def test_every_run_has_a_page_and_the_index_links_to_each(results: str) -> None:
    told: list[tuple[int, int, str]] = []
    written = report_all(results=results, tell=lambda number, total, page: told.append((number, total, page.name)))
    folder = Path(results) / "reports"
    assert [page.name for page in written.pages] == ["old-1.html", "old-2.html", "new-1.html"]
    assert told == [(1, 3, "old-1.html"), (2, 3, "old-2.html"), (3, 3, "new-1.html")]
    assert written.index == folder / "index.html"
    assert {"old-1.html", "old-2.html", "new-1.html", "history.html"} == set(links(written.index))
    assert all((folder / link).exists() for link in links(written.index))
    assert len(written.to_frame()) == 3


def test_the_index_has_a_section_per_sweep_with_the_latest_run_first(results: str) -> None:
    text = report_all(results=results).index.read_text(encoding="utf-8")
    assert re.findall(r"<h2>(.*?)</h2>", text) == ["new", "old"]
    assert text.index("old-2.html") < text.index("old-1.html")
    assert len(text) < 60_000  # no plotly: a list needs none


def test_a_history_leads_to_its_plot(tmp_path: Path) -> None:
    for day in (1, 2, 3):
        store.append(tmp_path, make_session(day, 0.76))
    written = report_all(results=str(tmp_path))
    assert written.history is not None
    assert 'href="history.html#p0"' in written.index.read_text(encoding="utf-8")
    assert 'id="p0"' in written.history.read_text(encoding="utf-8")


def test_runs_without_any_time_have_pages_and_no_history(tmp_path: Path) -> None:
    store.append(tmp_path, [make_row(status="failed", reason="<b>no</b>")])
    written = report_all(results=str(tmp_path))
    assert (written.history, [page.name for page in written.pages]) == (None, ["demo-1.html"])
    assert "<b>no" not in written.index.read_text(encoding="utf-8")


def test_runs_whose_names_become_one_file_name_have_pages_of_their_own(tmp_path: Path) -> None:
    for run_id in ("a/b", "a_b", "index", "history"):
        store.append(tmp_path / "r", [make_row(run_id=run_id)])
    names = [page.name for page in report_all(results=str(tmp_path / "r")).pages]
    assert sorted(names) == ["a_b-2.html", "a_b.html", "history-2.html", "index-2.html"]


def test_a_name_of_the_store_is_text_in_the_index(tmp_path: Path) -> None:
    store.append(tmp_path, [make_row(run_id="<script>x", sweep="<script>y", hostname="<script>z")])
    text = report_all(results=str(tmp_path)).index.read_text(encoding="utf-8")
    assert "<script>x" not in text
    assert "<script>y" not in text
    assert "<script>z" not in text


def test_an_empty_store_and_one_without_a_folder_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NothingMatches, match="holds no rows; submit a sweep"):
        report_all(results=str(tmp_path))
    with pytest.raises(BadInput, match="no folder to put pages in; name one with -o"):
        report_all(results="s3://bucket/results")


def test_the_command_says_how_far_it_is_and_refuses_what_chooses_a_run(shell: Shell) -> None:
    store.append(shell.folder / "results", [make_row()])
    ran = shell("report", "--all", "-o", "pages")
    assert ran.err.splitlines() == ["[1/1] pages/demo-1.html", "history: pages/history.html", "index: pages/index.html"]
    assert "leave out a sweep or run" in shell.complain("report", "demo", "--all")
    assert "leave out --format json" in shell.complain("report", "--all", "--format", "json")
    assert "name a folder" in shell.complain("report", "--all", "-o", "all.html")
