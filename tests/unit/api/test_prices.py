"""Prices of a cluster file."""

from pathlib import Path

import pytest

import featray
from featray import store
from featray.errors import BadInput, NothingMatches
from tests.support.builders import BLACKWELL, make_rows

CLUSTER = "hosts: [{{name: {name}, address: 10.0.0.1{price}}}]"


def write(folder: Path, name: str = "box", price: str = ", price_per_hour: 2.0") -> Path:
    path = folder / "lab.yaml"
    path.write_text(CLUSTER.format(name=name, price=price), encoding="utf-8")
    return path


@pytest.fixture
def results(tmp_path: Path) -> str:
    store.append(tmp_path / "results", make_rows([0.72] * 3))  # 100 frames per second
    return str(tmp_path / "results")


def test_a_report_shows_what_1000_hours_of_film_cost(results: str, tmp_path: Path) -> None:
    text = featray.report(results=results, output="-", cluster=write(tmp_path)).text
    head, line = (
        next(line for line in text.splitlines() if mark in line) for mark in ("cost/1000 h at 25 fps", "| cuda |")
    )
    assert (head.split(" | ")[-1], line.split(" | ")[-1]) == ("cost/1000 h at 25 fps |", "500 |")  # 250 hours at 2.00
    assert "cost" not in featray.report(results=results, output="-").text


def test_the_cheapest_setting_can_be_asked_for(results: str, tmp_path: Path) -> None:
    (found,) = featray.recommend(results=results, prefer="cost", cluster=write(tmp_path))
    assert found.best.unit.price_per_hour == 2.0


def test_a_file_without_a_price_for_what_was_measured_says_what_is_missing(results: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no host has a price; give each host a `price_per_hour`"):
        featray.recommend(results=results, cluster=write(tmp_path, price=""))
    with pytest.raises(BadInput, match=r"none of its hosts with a price was measured \(other\); measured were box"):
        featray.recommend(results=results, cluster=write(tmp_path, name="other"))


def test_recommend_names_only_gpus_that_the_cluster_file_lists(tmp_path: Path) -> None:
    results = str(tmp_path / "results")
    store.append(results, [*make_rows([0.1] * 3), *make_rows([0.72] * 3, **BLACKWELL)])
    listed = f", gpus: [{BLACKWELL['gpu_uuid']}]"
    for price in ("", ", price_per_hour: 2.0"):  # a file that lists GPUs needs no price
        (found,) = featray.recommend(results=results, cluster=write(tmp_path, price=f"{price}{listed}"))
        assert found.best.unit.row.gpu_uuid == BLACKWELL["gpu_uuid"]
        assert found.runners_up == ()
    with pytest.raises(NothingMatches, match=r"left out: RTX 3090 of box: not listed under `gpus` of .*lab.yaml"):
        featray.recommend(results=results, detector="mpdetector", cluster=write(tmp_path, price=listed))
    with pytest.raises(NothingMatches, match="no measured GPU is one that its hosts may use; name it under `gpus`"):
        featray.recommend(results=results, cluster=write(tmp_path, price=", gpus: []"))
    assert featray.report(results=results, output="-", cluster=write(tmp_path)).text.count("| cuda |") > 1
