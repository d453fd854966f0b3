"""An estimate as text for people."""

import io
from typing import Any

import pytest
from rich.console import Console

from featray.analysis import units
from featray.analysis.advice.constraints import Constraints
from featray.analysis.estimate import archive, footage
from featray.analysis.estimate.archive import ArchiveEstimate
from featray.analysis.estimate.terms import Terms
from featray.analysis.prices import PricedHost
from featray.rendering import estimate_json, estimate_text
from tests.support.builders import BLACKWELL, SHELF, make_joint_rows, make_rows, make_whole_rows
from tests.support.clip_lengths import MIB, make_rows_of_lengths

DAY = footage.of_hours(24, clip_minutes=10, fps=20, faces_per_frame=1.0)


def make(*, films: Any = DAY, **terms: Any) -> ArchiveEstimate:
    rows = make_rows([1.0] * 5, faces_mean=1.0, energy_j=3600.0, gpu_memory_reserved_peak_b=2 * 1024**3)
    return archive.make(units.gather(rows), films, Terms(**terms))


def test_the_answer_comes_first_then_the_plan_with_units_in_every_heading() -> None:
    first, _, headings, plan, *_ = estimate_text.text(make()).splitlines()
    assert first == "144 films, 24 h: 6 h 40 min (95%: 6 h 04 min to 7 h 18 min) on 1 host"
    assert headings.split("  ")[0] == "machine"
    assert "energy (kWh)" in headings
    assert plan.startswith("RTX 3090 of box  retinaface, batch 16  144    24")
    assert "2.0 GiB" in plan
    assert "4.8" in plan  # 24 h x 3600 s x 20 Hz x 10 J / 3.6 MJ


def test_the_start_and_the_energy_per_frame_and_per_1000_hours_are_shown() -> None:
    lines = estimate_text.text(make()).splitlines()
    headings = next(number for number, line in enumerate(lines) if "J/frame" in line)
    assert lines[headings + 1].split() == [
        *("RTX", "3090", "of", "box"),
        *("72.0", "10", "10", "10", "200"),
        "6",
        "h",
        "40",
        "min",
    ]


def test_a_limit_of_latency_is_named_with_the_longest_batch() -> None:
    said = list(estimate_text.sentences(make(constraints=Constraints(max_latency_s=0.25))))
    assert "Limit of 250.0 ms per batch: met, the longest takes 222.2 ms per batch on the measured clip" in said


def limits(**terms: Any) -> list[str]:
    return [said for said in estimate_text.sentences(make(**terms)) if said.startswith(("Deadline", "Cost", "Budget"))]


def test_a_deadline_and_a_budget_are_met_missed_or_open() -> None:
    host = (PricedHost(name="box", price_per_hour=2.0),)
    assert limits(deadline_s=8 * 3600, budget=10.0, hosts=host) == [
        "Deadline of 8 h 00 min: met",
        "Cost: 13.34 (95%: 12.16 to 14.63)",
        "Budget of 10.00: not met",
    ]


def test_a_limit_within_the_interval_is_open_on_both_sides_of_what_is_expected() -> None:
    said = "open, since it lies within the 95% interval"  # 6 h 40 min, 95%: 6 h 04 min to 7 h 18 min
    assert limits(deadline_s=7 * 3600) == [f"Deadline of 7 h 00 min: {said}"]
    assert limits(deadline_s=6.5 * 3600) == [f"Deadline of 6 h 30 min: {said}"]
    assert limits(deadline_s=6 * 3600) == ["Deadline of 6 h 00 min: not met"]
    host = (PricedHost(name="box", price_per_hour=2.0),)
    assert limits(budget=13.0, hosts=host)[-1] == f"Budget of 13.00: {said}"


def test_a_slower_target_that_keeps_to_the_budget_alone_is_named() -> None:
    rows = [
        *make_rows([1.0] * 5, faces_mean=1.0),
        *make_rows([2.0] * 5, faces_mean=1.0, **{**SHELF, **BLACKWELL, "target_id": "GPU-c0ffee"}),
    ]
    hosts = (PricedHost(name="box", price_per_hour=2.0), PricedHost(name="shelf", price_per_hour=0.2))
    made = archive.make(units.gather(rows), DAY, Terms(hosts=hosts, budget=5.0))
    (said,) = [text for text in estimate_text.sentences(made) if text.startswith("Budget")]
    assert said == "Budget of 5.00: not met. RTX PRO 6000 Blackwell of shelf alone keeps to it: 13 h 20 min, cost 2.67"
    hurried = archive.make(units.gather(rows), DAY, Terms(hosts=hosts, budget=5.0, deadline_s=8 * 3600))
    assert "Budget of 5.00: not met" in list(estimate_text.sentences(hurried))


def test_where_a_frame_takes_longer_in_a_longer_film_cutting_is_not_called_useless() -> None:
    rows = make_rows_of_lengths(curvature_s=2e-6, frame_b=MIB, noise=0.0, faces_mean=1.0)
    said = list(estimate_text.sentences(archive.make(units.gather(rows), DAY, Terms())))
    assert not [text for text in said if text.startswith("Cutting films")]
    (growing,) = [text for text in said if "time per frame grows" in text]
    assert growing.startswith("Caution: The time per frame grows with the length of a film, by 2.0 ms for each 1000")
    assert growing.endswith("Cut them into pieces of about 630 frames.")
    assert [text for text in said if "the longest film needs 13.3 GiB" in text]


def test_small_sums_have_enough_digits_to_be_told_apart() -> None:
    host = (PricedHost(name="box", price_per_hour=0.001),)
    assert limits(budget=0.001, hosts=host) == [
        "Cost: 0.00667 (95%: 0.00608 to 0.00732)",
        "Budget of 0.001: not met",
    ]


def test_a_budget_without_prices_says_where_to_write_them() -> None:
    (said,) = [text for text in estimate_text.sentences(make(budget=10.0)) if text.startswith("Budget")]
    assert said == (
        "Budget: not checked, since a price is unknown; write `price_per_hour` of every host in the cluster file"
    )


def test_what_is_assumed_is_said_with_what_to_measure() -> None:
    said = list(estimate_text.sentences(make()))
    assert any(
        text.startswith("Assumed: the longest measured call has 72 frames and your longest film 12000")
        and "To know: measure a film as long as yours, or the clip again and again: `frames: [72, 12000]`" in text
        for text in said
    )


def test_days_are_written_from_two_days_on() -> None:
    assert estimate_text.duration(47 * 3600) == "47 h 00 min"
    assert estimate_text.duration(51 * 3600) == "2 d 03 h"


@pytest.mark.parametrize("width", [60, 80, 100, 120, 140])
def test_on_a_terminal_every_figure_is_whole_and_no_word_is_broken(width: int) -> None:
    estimate = make()
    console = Console(file=io.StringIO(), width=width, highlight=False)
    console.print(estimate_text.draw(estimate), crop=False)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    (share,), (alone,) = estimate.shares, estimate.alone
    figures = [*estimate_text.line(share, estimate.footage)[2:], *estimate_text.cold_line(alone, estimate.footage)[1:]]
    assert [figure for figure in figures if figure != "-" and figure not in text] == []
    sentences = " ".join(estimate_text.sentences(estimate)).split()
    assert set(sentences) <= set(text.split())
    assert max(map(len, text.splitlines())) <= width


def test_the_costs_of_the_plan_add_up_to_the_total() -> None:
    films = footage.of_hours(24, clip_minutes=10, fps=20)
    terms = Terms(hosts=(PricedHost(name="box", price_per_hour=3.6),))
    made = archive.make(units.gather(make_joint_rows([1.0] * 5)), films, terms)
    costs = [float(estimate_text.line(share, films)[-1]) for share in made.shares]
    assert len(costs) == 2
    assert sum(costs) == pytest.approx(made.cost, abs=0.01)
    assert sum(estimate_json.worker(share)["cost"] for share in made.shares) == pytest.approx(made.cost)


def test_memory_of_the_fullest_gpu_is_a_bound_for_the_others() -> None:
    made = archive.make(units.gather(make_whole_rows([0.5] * 5, gpu_memory_reserved_peak_b=2**30)), DAY, Terms())
    assert {estimate_text.line(share, made.footage)[5] for share in made.shares} == {"at most 1.0 GiB"}
