"""What a unit's work costs."""

import json

import pytest

from featray.analysis import prices, units
from featray.analysis.prices import PricedHost
from featray.analysis.unit import Unit
from tests.support.builders import BLACKWELL, CPU, RTX3090, SHELF, make_row, make_rows, make_whole_rows


def of(**columns: object) -> Unit:
    (unit,) = units.gather([make_row(**columns)])
    return unit


def test_a_unit_has_the_price_of_its_host_by_any_of_its_names() -> None:
    both = [of(), of(**SHELF)]
    assert [
        unit.price_per_hour
        for unit in prices.apply(
            both, [PricedHost(name="box", price_per_hour=2.0), PricedHost(name="id-shelf", price_per_hour=5.0)]
        )
    ] == [2.0, 5.0]
    assert [unit.price_per_hour for unit in prices.apply(both, [PricedHost(name="other", price_per_hour=2.0)])] == [
        None,
        None,
    ]


def test_1000_hours_of_film_cost_the_hours_that_they_take() -> None:
    (unit,) = prices.apply(
        [of(timed_s=[0.72])], [PricedHost(name="box", price_per_hour=2.0)]
    )  # 72 frames: 25 Hz are 4 times as fast as film
    assert prices.film_cost(unit) == pytest.approx(500.0)  # 250 hours
    assert prices.frame_cost(unit) == pytest.approx(2.0 / 360_000)  # 100 frames per second


def test_frames_that_the_clip_skips_and_its_rate_change_no_cost() -> None:
    asked = json.loads(make_row().asked or "")
    asked["input"] |= {"skip_frames": 9, "source_frames": 648}
    skipped = of(timed_s=[0.72], input_fps=60.0, asked=json.dumps(asked))
    assert skipped.realtime == pytest.approx(15.0)
    (unit,) = prices.apply([skipped], [PricedHost(name="box", price_per_hour=2.0)])
    assert prices.film_cost(unit) == pytest.approx(500.0)


def test_a_sustained_speed_sets_the_cost() -> None:
    (unit,) = prices.apply(
        [of(timed_s=[0.72], sustained_hz=[100.0, 50.0, 50.0])], [PricedHost(name="box", price_per_hour=2.0)]
    )
    assert prices.film_cost(unit) == pytest.approx(1000.0)
    assert prices.frame_cost(unit) == pytest.approx(2.0 / 180_000)
    assert prices.film_cost(unit, 25.0) == pytest.approx(2000.0)  # as slow as film


def test_without_a_price_a_time_or_a_film_there_is_no_cost() -> None:
    assert prices.film_cost(of()) is None
    images, failed = prices.apply(
        [of(input="multi-face"), of(status="oom", timed_s=None)], [PricedHost(name="box", price_per_hour=2.0)]
    )
    assert prices.film_cost(images) is None
    assert (prices.film_cost(failed), prices.frame_cost(failed)) == (None, None)


def test_of_a_named_host_only_the_gpus_that_it_names_may_work() -> None:
    rows = [*make_rows([0.72]), *make_rows([0.72], **BLACKWELL), *make_rows([0.72], **CPU), *make_whole_rows([0.4])]
    found = units.gather([*rows, *make_rows([0.72], **{**SHELF, "target_id": "GPU-1", "gpu_uuid": "GPU-1"})])

    def left(*gpus: str) -> list[str]:
        return [unit.target.name for unit in prices.allowed(found, [PricedHost(name="box", gpus=gpus)])]

    assert len(prices.allowed(found, [PricedHost(name="box")])) == 5
    assert left(str(BLACKWELL["gpu_uuid"])) == ["RTX PRO 6000 Blackwell", "CPU", "RTX 3090 of shelf"]
    assert left() == ["CPU", "RTX 3090 of shelf"]  # another host may use all that it has
    assert "2 GPUs" in left(str(BLACKWELL["gpu_uuid"]), str(RTX3090["gpu_uuid"]))
