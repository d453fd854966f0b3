"""What may be preferred to throughput, and the settings that none beats in everything."""

import dataclasses
from typing import Any

import pytest

from featray.analysis import prices, units
from featray.analysis.advice import candidates, objectives, recommendation
from featray.analysis.advice.candidates import Candidate
from featray.analysis.advice.constraints import Constraints
from featray.analysis.advice.objectives import Objective
from featray.analysis.prices import PricedHost
from featray.analysis.unit import Unit
from featray.core.row import Row
from featray.errors import NothingMatches
from tests.support.builders import make_joint_rows, make_rows

MIB = 1024**2


def rows(batch: int, seconds: float, mib: int, joules: float | None = None) -> list[Row]:
    """Five calls of 72 frames in each of three processes."""
    memory: dict[str, Any] = {"gpu_memory_reserved_peak_b": mib * MIB}
    made = make_rows([seconds] * 3, batch_size=batch, **memory)
    return [dataclasses.replace(row, energy_j=None if joules is None else joules * 72 * 5) for row in made]


def gather(*settings: list[Row]) -> list[Candidate]:
    return candidates.gather(units.gather([row for setting in settings for row in setting]))


def batches(kept: list[Candidate]) -> list[int]:
    return [candidate.unit.row.batch_size for candidate in kept]


ONE, EIGHT, SIXTEEN = rows(1, 7.2, 100, 3.0), rows(8, 0.9, 800, 1.0), rows(16, 0.9, 1600, 1.0)


def test_the_latency_is_the_time_of_a_batch() -> None:
    one, eight = gather(ONE, EIGHT)
    assert objectives.batch_s(one.unit) == pytest.approx(0.1)
    assert objectives.batch_s(eight.unit) == pytest.approx(0.1)  # 9 batches of 8 frames


def test_a_short_last_batch_does_not_shorten_the_time_of_a_full_one() -> None:
    (found,) = gather(make_rows([0.066] * 3, batch_size=32, frames=33))  # 2 ms per frame
    assert objectives.batch_s(found.unit) == pytest.approx(0.064)
    (found,) = gather(rows(32, 7.2, 100))  # 32, 32 and 8 frames of 0.1 s
    assert objectives.batch_s(found.unit) == pytest.approx(3.2)


def test_a_batch_larger_than_the_clip_takes_what_its_frames_take_and_says_how_many_they_are() -> None:
    (found,) = gather(make_rows([0.066] * 3, batch_size=64, frames=33))
    assert objectives.batch_s(found.unit) == pytest.approx(0.066)
    assert objectives.per_batch(found.unit) == "66.0 ms per batch of 33 frames"
    assert objectives.per_batch(gather(EIGHT)[0].unit) == "100.0 ms per batch"
    with pytest.raises(NothingMatches, match=r"the least is 66\.0 ms \(retinaface, batch 64 of 33 frames\)"):
        objectives.within([found], objectives.latency_limit(0.01))


def test_a_setting_that_another_equals_or_beats_in_everything_is_not_named() -> None:
    named = objectives.undominated(gather(SIXTEEN, EIGHT, ONE))
    assert [each.candidate.unit.row.batch_size for each in named] == [1, 8]
    (only,) = objectives.undominated(gather(EIGHT, SIXTEEN))
    assert only.hz == pytest.approx(80)
    assert only.memory_b == 800 * MIB
    assert only.frame_j == pytest.approx(1.0)


def test_a_gain_within_the_margin_is_no_reason_for_more_memory() -> None:
    (only,) = objectives.undominated(gather(EIGHT, rows(9, 0.89, 900, 1.0)))
    assert only.candidate.unit.row.batch_size == 8


def test_a_figure_that_one_setting_lacks_counts_for_none() -> None:
    (only,) = objectives.undominated(gather(EIGHT, rows(9, 0.9, 900)))
    assert only.candidate.unit.row.batch_size == 8


def test_the_preferred_settings_are_those_within_the_margin_of_the_best() -> None:
    quick = rows(2, 1.8, 200, 2.0)  # 0.05 s per batch
    assert batches(objectives.narrow(gather(ONE, EIGHT, quick), Objective.LATENCY)) == [2]
    assert batches(objectives.narrow(gather(ONE, EIGHT, quick), Objective.ENERGY)) == [8]
    assert batches(objectives.narrow(gather(ONE, EIGHT, quick), Objective.THROUGHPUT)) == [1, 8, 2]


def test_energy_that_nobody_measured_cannot_be_preferred() -> None:
    with pytest.raises(NothingMatches, match="no setting has a known energy; measure where a counter"):
        objectives.check_known(gather(rows(8, 0.9, 800)), Objective.ENERGY)


def test_a_latency_that_no_setting_has_names_the_least() -> None:
    found = gather(rows(2, 1.8, 200), rows(8, 0.9, 800))
    assert batches(objectives.within(found, objectives.latency_limit(0.06))) == [2]
    with pytest.raises(NothingMatches, match=r"within 10\.0 ms; the least is 50\.0 ms \(retinaface, batch 2\)"):
        objectives.within(found, objectives.latency_limit(0.01))


def test_there_is_no_smaller_batch_than_1_to_measure() -> None:
    with pytest.raises(NothingMatches, match="Raise the limit, or measure another detector or machine"):
        objectives.within(gather(ONE), objectives.latency_limit(0.01))
    with pytest.raises(NothingMatches, match="Raise the limit, or measure a smaller batch"):
        objectives.within(gather(EIGHT), objectives.latency_limit(0.01))


def test_energy_beyond_a_limit_or_unknown_is_left_out() -> None:
    found = gather(ONE, EIGHT, rows(9, 0.9, 900))
    assert batches(objectives.within(found, objectives.energy_limit(1.5))) == [8]
    with pytest.raises(NothingMatches, match=r"an energy within 0\.50 J per frame; the least is 1\.0 J per frame"):
        objectives.within(found, objectives.energy_limit(0.5))
    with pytest.raises(NothingMatches, match="no setting has a known energy; measure where a counter of energy"):
        objectives.within(gather(rows(9, 0.9, 900)), objectives.energy_limit(1.5))


DRIFTS = {1: 0.0, 8: 0.02, 16: 3.0}


def drift_of(unit: Unit) -> float | None:
    return DRIFTS.get(unit.row.batch_size)


def test_drift_beyond_a_limit_or_unknown_is_left_out() -> None:
    found = gather(ONE, EIGHT, SIXTEEN, rows(9, 0.9, 900))
    assert batches(objectives.within(found, objectives.drift_limit(1.0, drift_of))) == [1, 8]
    with pytest.raises(NothingMatches, match=r"within 0\.010 of the tolerance; the least is 3\.0 of the tolerance"):
        objectives.within(gather(SIXTEEN), objectives.drift_limit(0.01, drift_of))
    with pytest.raises(NothingMatches, match="no setting has a kept output to compare"):
        objectives.within(gather(rows(9, 0.9, 900)), objectives.drift_limit(1.0, drift_of))


def test_a_setting_is_named_for_its_exact_results_alone() -> None:
    exact, fast = rows(2, 1.0, 900, 2.0), rows(4, 0.5, 800, 1.0)
    assert [each.candidate.unit.row.batch_size for each in objectives.undominated(gather(exact, fast))] == [4]
    moved = {2: 0.0, 4: 2.0}
    named = objectives.undominated(gather(exact, fast), lambda unit: moved[unit.row.batch_size])
    assert [each.candidate.unit.row.batch_size for each in named] == [2, 4]
    tiny = {2: 0.0, 4: 0.05}  # what another batch size moves
    named = objectives.undominated(gather(exact, fast), lambda unit: tiny[unit.row.batch_size])
    assert [each.candidate.unit.row.batch_size for each in named] == [4]


def test_the_cheapest_frame_is_that_of_the_cheaper_host_or_the_faster_setting() -> None:
    found = gather(ONE, EIGHT)
    assert objectives.cost(found[0], Objective.COST) is None
    priced = candidates.gather(
        prices.apply([each.unit for each in found], [PricedHost(name="box", price_per_hour=3.6)])
    )
    costs = [objectives.cost(each, Objective.COST) for each in priced]
    assert costs == pytest.approx([1e-4, 1.25e-5])  # 3.60 an hour at 10 and 80 frames per second
    with pytest.raises(NothingMatches, match="no setting has a known cost; name the cluster file"):
        objectives.check_known(found, Objective.COST)


def test_a_batch_beside_other_processes_takes_the_time_of_its_own() -> None:
    (unit,) = units.gather(make_joint_rows([1.0] * 3, processes=2, batch_size=36))
    assert objectives.batch_s(unit) == pytest.approx(2.0 / 2)  # 72 frames are two batches, of 2 s per call


def test_a_limit_that_nothing_meets_names_the_limits_before_it() -> None:
    """Batch 16 has the energy that is asked for, but more memory than is allowed."""
    found = units.gather([*rows(1, 7.2, 100, 3.0), *rows(16, 0.9, 1600, 1.0)])
    limits = Constraints(memory_limit_b=1000 * MIB, max_energy_j=2.0)
    with pytest.raises(NothingMatches, match="of the settings with a memory within 1000"):
        recommendation.recommend(found, limits)
