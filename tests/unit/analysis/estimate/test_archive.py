"""All footage on all hosts."""

import dataclasses
from typing import Any

import pytest

from featray.analysis import units
from featray.analysis.advice.constraints import Constraints
from featray.analysis.estimate import archive, footage
from featray.analysis.estimate.archive import ArchiveEstimate
from featray.analysis.estimate.footage import Film, Footage
from featray.analysis.estimate.terms import Terms
from featray.analysis.prices import PricedHost
from featray.core.row import Row
from featray.errors import BadInput, NothingMatches
from tests.support.builders import BLACKWELL, BOX, CPU, RTX3090, SHELF, make_joint_rows, make_row, make_rows

HOUR = footage.of_hours(1, clip_minutes=1, fps=20, faces_per_frame=1.0)  # 60 films of 1200 frames
START: dict[str, Any] = {"import_s": 0.0, "load_s": 0.0, "first_call_s": 0.0}


def rows(seconds: float, target: Any = RTX3090, host: Any = BOX, **columns: Any) -> list[Row]:
    """Five processes of so many seconds per 72 frames, without a start."""
    return make_rows([seconds] * 5, faces_mean=1.0, **{**START, **host, **target, **columns})


ON_SHELF = {**BLACKWELL, "target_id": "GPU-c0ffee"}


def make(found: list[Row], **terms: Any) -> ArchiveEstimate:
    return archive.make(units.gather(found), HOUR, Terms(**terms))


def make_of(found: list[Row], films: Footage) -> ArchiveEstimate:
    return archive.make(units.gather(found), films, Terms())


def test_one_worker_takes_all_frames_at_its_speed() -> None:
    made = make(rows(1.0))
    assert made.time_s == pytest.approx(72_000 / 72)
    assert made.interval_s[0] < made.time_s < made.interval_s[1]


def test_fewer_processes_are_planned_where_there_are_fewer_films_than_processes() -> None:
    """One process has 72 frames a second; each of four side by side has 36, and they have 144 together."""
    found = [*rows(1.0), *rows(0.5, processes=4, run_id="four")]
    film = footage.of_hours(1, clip_minutes=60, fps=20, faces_per_frame=1.0)
    made = archive.make(units.gather(found), film, Terms())
    assert made.time_s == pytest.approx(72_000 / 72)
    assert not any("not known" in each.assumption and "processes" in each.assumption for each in made.extrapolations)
    many = archive.make(units.gather(found), HOUR, Terms())
    assert [share.process for share in many.shares] == [1, 2, 3, 4]
    assert many.time_s == pytest.approx(72_000 / 144)


def test_what_ran_out_of_memory_in_another_run_is_not_planned() -> None:
    """Batch 32 is twice as fast, and failed in a later run of the same store; `recommend` names batch 16."""
    failed = [make_row(batch_size=32, status="oom", run_id="later", timed_s=None, invocation=n) for n in (1, 2)]
    made = make([*rows(1.0), *rows(0.5, batch_size=32), *failed])
    assert made.shares[0].forecast.setting.unit.row.batch_size == 16


def test_a_target_on_which_nothing_had_a_number_is_named_with_its_failure() -> None:
    failed = make_row(**{**SHELF, **ON_SHELF, "status": "oom", "reason": "CUDA out of memory", "timed_s": None})
    made = make([*rows(1.0), failed])
    assert made.unused == (
        "RTX PRO 6000 Blackwell of shelf: nothing was measured there, the last attempt is oom: CUDA out of memory",
    )


def test_the_spread_of_the_start_is_part_of_the_interval() -> None:
    starts = [8.0, 10.0, 12.0, 9.0, 11.0]
    found = [dataclasses.replace(row, import_s=start) for row, start in zip(rows(1.0), starts, strict=True)]
    film = footage.of_hours(0.001, clip_minutes=1, fps=20, faces_per_frame=1.0)
    (low, high), middle = make_of(found, film).interval_s, make_of(found, film).time_s
    assert middle == pytest.approx(11.0)
    assert low < 8.0
    assert high > 13.0


def test_two_hosts_share_films_by_their_speed() -> None:
    made = make([*rows(1.0), *rows(2.0, ON_SHELF, SHELF)])
    assert {share.forecast.unit.row.hostname: len(share.films) for share in made.shares} == {"box": 40, "shelf": 20}
    assert made.time_s == pytest.approx(40 * 1200 / 72)
    assert made.bound_s == pytest.approx(made.time_s)
    assert [share.time_s for share in made.alone] == pytest.approx([1000.0, 2000.0])


def test_a_hosts_cpu_is_left_to_its_faster_gpus() -> None:
    made = make([*rows(1.0), *rows(50.0, CPU)])
    assert [share.forecast.unit.row.device for share in made.shares] == ["cuda"]
    assert made.unused == ("CPU of box: the host's other devices are faster and need its CPU",)


def test_gpus_of_one_host_are_said_to_be_taken_side_by_side() -> None:
    made = make([*rows(1.0), *rows(1.0, BLACKWELL)])
    assert len(made.shares) == 2
    assert "GPUs of one host are taken to keep the speed" in made.extrapolations[0].assumption


def test_a_host_costs_until_its_last_worker_ends() -> None:
    two = [*rows(1.0), *rows(1.0, BLACKWELL)]
    made = make(two, hosts=(PricedHost(name="box", price_per_hour=3.6),))
    assert made.time_s == pytest.approx(500)
    assert made.cost == pytest.approx(0.5)


def test_the_workers_of_a_host_share_its_cost_by_their_times() -> None:
    films = tuple(Film(path=None, frames=frames, duration_s=frames / 20) for frames in (7200, 3600))
    hosts = (PricedHost(name="box", price_per_hour=3.0),)
    found = units.gather(make_joint_rows([1.0] * 5, **START))
    made = archive.make(found, Footage(films=films), Terms(hosts=hosts))
    assert [share.time_s for share in made.shares] == pytest.approx([200.0, 100.0])
    assert made.cost == pytest.approx(3.0 * 200 / 3600)  # the host is paid once
    assert [share.cost for share in made.shares] == pytest.approx([2.0 * 200 / 3600, 1.0 * 200 / 3600])
    assert made.alone[0].cost == pytest.approx(3.0 * 200 / 3600)  # whole films: one process has the longer one


def test_a_host_without_a_price_leaves_the_cost_unknown() -> None:
    both = (PricedHost(name="box", price_per_hour=3.6), PricedHost(name="shelf"))
    made = make([*rows(1.0), *rows(1.0, ON_SHELF, SHELF)], hosts=both)
    assert (made.cost, made.cost_high) == (None, None)


def test_a_host_of_the_file_without_rows_is_named() -> None:
    assert make(rows(1.0), hosts=(PricedHost(name="box"), PricedHost(name="desk"))).unmeasured == ("desk",)
    with pytest.raises(NothingMatches, match="no host of desk has measured rows"):
        make(rows(1.0), hosts=(PricedHost(name="desk"),))


def test_several_detectors_need_a_choice() -> None:
    both = [*rows(1.0), *rows(1.0, detector="mpdetector")]
    with pytest.raises(BadInput, match="2 detectors were measured"):
        make(both)
    made = make(both, constraints=Constraints(detector="mpdetector"))
    assert made.shares[0].forecast.unit.row.detector == "mpdetector"


def test_nothing_measured_says_what_to_do() -> None:
    with pytest.raises(NothingMatches, match="featray submit"):
        make([make_row(status="oom")])


def test_a_memory_limit_leaves_out_the_targets_that_need_more() -> None:
    mib = 1024**2
    found = [
        *rows(1.0, gpu_memory_reserved_peak_b=4000 * mib),
        *rows(2.0, ON_SHELF, SHELF, gpu_memory_reserved_peak_b=1000 * mib),
    ]
    made = make(found, constraints=Constraints(memory_limit_b=2000 * mib))
    assert [share.forecast.unit.row.hostname for share in made.shares] == ["shelf"]
    with pytest.raises(NothingMatches, match="known to fit"):
        make(found, constraints=Constraints(memory_limit_b=mib))


def test_a_limit_of_latency_leaves_out_what_takes_longer_and_says_where_nothing_is_left() -> None:
    found = [
        *rows(1.0),  # 16 frames of 72 a second: 222 ms
        *rows(2.0, batch_size=4),  # 111 ms
        *rows(4.0, ON_SHELF, SHELF),  # 889 ms
    ]
    made = make(found, constraints=Constraints(max_latency_s=0.2))
    assert [share.forecast.unit.row.batch_size for share in made.shares] == [4]
    (unused,) = made.unused
    assert unused.startswith(
        "RTX PRO 6000 Blackwell of shelf: no measured setting has a batch within 200.0 ms; the least is 888.9"
    )
    with pytest.raises(NothingMatches, match=r"within 50\.0 ms; the least is 111\.1 ms \(retinaface, batch 4\)"):
        make(found, constraints=Constraints(max_latency_s=0.05))


def test_energy_is_known_if_every_workers_is() -> None:
    measured = rows(1.0, energy_j=3600.0)  # 5 calls of 72 frames: 10 J per frame
    assert make(measured).energy_j == pytest.approx(720_000)
    assert make([*measured, *rows(1.0, ON_SHELF, SHELF)]).energy_j is None


def test_one_long_film_is_worth_cutting() -> None:
    long = footage.of_hours(1, clip_minutes=60, fps=20, faces_per_frame=1.0)
    two = units.gather([*rows(1.0), *rows(1.0, ON_SHELF, SHELF)])
    made = archive.make(two, long, Terms())
    assert made.time_s == pytest.approx(1000)
    assert made.cut is not None
    assert made.cut.time_s == pytest.approx(500)
    assert archive.make(two, HOUR, Terms()).cut is None


def test_a_limit_is_met_above_the_interval_missed_below_it_and_open_within() -> None:
    low_s, high_s = make(rows(1.0)).interval_s

    def met(deadline_s: float) -> bool | None:
        return make(rows(1.0), deadline_s=deadline_s).deadline_met

    assert (met(high_s + 1), met(high_s - 1), met(low_s + 1), met(low_s - 1)) == (True, None, None, False)
    assert make(rows(1.0)).deadline_met is None
    assert make(rows(1.0), budget=1.0).budget_met is None  # without a price


def test_processes_side_by_side_are_workers_with_a_part_of_the_speed_each() -> None:
    made = make(make_joint_rows([1.0] * 5, faces_mean=1.0, gpu_memory_reserved_peak_b=2 * 1024**3, **START))
    assert [share.process for share in made.shares] == [1, 2]
    assert [len(share.films) for share in made.shares] == [30, 30]
    assert made.time_s == pytest.approx(72_000 / 72)
    assert [share.hz for share in made.shares] == pytest.approx([36.0, 36.0])
    assert {share.memory_b for share in made.shares} == {1024**3}
    assert made.shares[0].place.endswith("process 1 of 2")
    assert made.alone[0].time_s == pytest.approx(72_000 / 72)


def test_whether_more_processes_are_faster_is_assumed_only_where_it_was_not_measured() -> None:
    def assumed(found: list[Row]) -> bool:
        return any("whether several are faster is not known" in each.assumption for each in make(found).extrapolations)

    assert assumed(rows(1.0))
    assert not assumed([*rows(1.0), *make_joint_rows([1.5] * 5, faces_mean=1.0, **START)])


def test_fewer_films_than_processes_are_an_assumption() -> None:
    one = footage.of_hours(1 / 60, clip_minutes=1, fps=20, faces_per_frame=1.0)
    found = units.gather(make_joint_rows([1.0] * 5, faces_mean=1.0, **START))
    made = archive.make(found, one, Terms())
    assert len(made.shares) == 1
    assert made.unused[0].endswith("process 2 of 2: the others end earlier without it")
    assert any("fewer films than processes" in each.assumption for each in made.extrapolations)
