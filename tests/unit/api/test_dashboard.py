"""`featray.api.dashboard`: where the dashboard is, and the dashboard for Grafana."""

import json
import re
from typing import Any

import pytest

from featray.api.dashboard import dashboard, grafana
from featray.backends import COUNTERS, FIGURES
from tests.support.command import ROOT, Shell
from tests.support.token_boards import TokenBoard

DOCS = (ROOT / "docs" / "dashboard.md").read_text(encoding="utf-8")
NAMES = {f"ray_featray_{name}{'_total' if name in COUNTERS else ''}" for name in FIGURES}


def list_queries() -> list[str]:
    value: dict[str, Any] = json.loads(grafana())
    return [target["expr"] for panel in value["panels"] for target in panel["targets"]]


def test_the_dashboard_for_grafana_shows_every_figure_and_no_other() -> None:
    assert set(re.findall(r"ray_featray_\w+", " ".join(list_queries()))) == NAMES


def test_every_figure_is_documented() -> None:
    assert set(re.findall(r"ray_featray_\w+", DOCS)) == NAMES


def test_panels_do_not_overlap_and_name_the_chosen_prometheus() -> None:
    value = json.loads(grafana())
    cells = [
        (x, y)
        for panel in value["panels"]
        for place in [panel["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24  # columns of a dashboard
    assert {panel["datasource"]["uid"] for panel in value["panels"]} == {"${datasource}"}


def test_an_address_is_that_of_the_dashboard(monkeypatch: pytest.MonkeyPatch) -> None:
    with TokenBoard() as board:
        monkeypatch.setenv("RAY_AUTH_TOKEN", "s" * 20)
        for address in (f"{board.url}/", board.url.removeprefix("http://")):
            with dashboard(address) as login:
                assert login.url == board.url


def test_the_command_prints_a_link_or_the_file(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("featray.cli.dashboard.LINK_S", 0.05)
    monkeypatch.setenv("RAY_AUTH_TOKEN", "s" * 20)
    with TokenBoard() as board:
        ran = shell("dashboard", board.url)
    assert (ran.code, ran.out.startswith("http://127.0.0.1:")) == (1, True)
    assert "nobody opened the link" in ran.err
    assert json.loads(shell("dashboard", "--grafana").out)["title"] == "featray"
    assert "leave out the address" in shell.complain("dashboard", "http://127.0.0.1:8265", "--grafana")


def test_the_file_is_shipped() -> None:
    assert (ROOT / "clusters" / "grafana.json").read_text(encoding="utf-8") == grafana()
