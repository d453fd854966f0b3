"""The measured speed of all GPUs of a host, in place of each one's alone."""

import dataclasses
import datetime
from typing import Any

import pytest

from featray.analysis import scaling, units
from featray.analysis.advice import recommendation
from featray.analysis.advice.constraints import Constraints
from featray.analysis.estimate import archive, footage
from featray.analysis.estimate.archive import ArchiveEstimate
from featray.analysis.estimate.terms import Terms
from featray.analysis.prices import PricedHost
from featray.core.row import Row
from featray.errors import NothingMatches
from tests.support.builders import BLACKWELL, CPU, RTX3090, STARTED, make_rows, make_whole_rows

HOUR = footage.of_hours(1, clip_minutes=1, fps=20, faces_per_frame=1.0)  # 60 films of 1200 frames
START: dict[str, Any] = {"import_s": 0.0, "load_s": 0.0, "first_call_s": 0.0, "faces_mean": 1.0}

TWIN = {**RTX3090, "target_id": "GPU-ffff", "gpu_uuid": "GPU-ffff"}


def alone(seconds: float, **columns: Any) -> list[Row]:
    return make_rows([seconds] * 5, **{**START, **columns})


def whole(seconds: float, **columns: Any) -> list[Row]:
    return make_whole_rows([seconds] * 5, **{**START, **columns})


def make(*rows: list[Row]) -> ArchiveEstimate:
    return archive.make(units.gather([row for members in rows for row in members]), HOUR, Terms())


def test_the_measured_speed_of_all_counts_and_is_said() -> None:
    made = make(alone(1.0), alone(1.0, **BLACKWELL), whole(0.8))  # 0.5 would be the sum
    assert made.time_s == pytest.approx(72_000 / 72 * 0.8, rel=0.02)
    assert [share.place for share in made.shares] == [
        "2 GPUs of box, number 1 (RTX 3090)",
        "2 GPUs of box, number 2 (RTX PRO 6000 Blackwell)",
    ]
    (said,) = made.measured_together
    assert said.startswith("the speed of 2 GPUs of box at the same time (2 GPUs at once: 1.25 times ")
    assert not any("GPUs of one host" in found.assumption for found in made.extrapolations)
    assert made.unused == ()


def test_each_gpu_gets_films_by_its_own_speed() -> None:
    made = make(whole(0.5, paces=(1.0, 3.0)))
    assert {share.gpu_uuid: len(share.films) for share in made.shares} == {
        RTX3090["gpu_uuid"]: 15,
        BLACKWELL["gpu_uuid"]: 45,
    }
    assert made.time_s == pytest.approx(500.0)


def test_several_processes_on_each_gpu_are_workers_of_their_own() -> None:
    made = make(whole(0.5, processes=2, gpu_memory_reserved_peak_b=10))
    assert [share.place for share in sorted(made.shares, key=lambda share: share.process or 0)] == [
        f"2 GPUs of box, number {gpu}, process {number} of 2"
        for gpu in ("1 (RTX 3090)", "2 (RTX PRO 6000 Blackwell)")
        for number in (1, 2)
    ]
    assert {share.memory_b for share in made.shares} == {5}
    assert sum(share.hz for share in made.shares) == pytest.approx(144)


def test_another_setting_that_was_measured_together_does_not_replace_a_faster_one() -> None:
    made = make(alone(1.0), alone(1.0, **BLACKWELL), alone(5.0, batch_size=1), whole(2.5, batch_size=1))
    assert made.time_s == pytest.approx(500.0)
    assert made.measured_together == ()
    (found,) = [each for each in made.extrapolations if "GPUs of one host" in each.assumption]
    assert found.remedy == "measure this setting with `axes.targets: [1, all]`"


def test_the_largest_set_of_gpus_counts() -> None:
    third = {**RTX3090, "target_id": "GPU-ffff", "gpu_uuid": "GPU-ffff"}
    three = make_whole_rows([0.3] * 5, RTX3090, BLACKWELL, third, paces=(1.0, 1.0, 1.0), **START)
    made = make(alone(1.0), whole(0.5), three)
    assert {share.forecast.unit.gpus for share in made.shares} == {3}


def test_one_gpu_alone_works_where_all_of_them_are_slower_at_the_same_time() -> None:
    made = make(alone(1.0), alone(4.0, **BLACKWELL), whole(1.2))
    (share,) = made.shares
    assert share.place == "RTX 3090 of box"
    assert made.time_s == pytest.approx(1000.0)
    assert made.bound_s == pytest.approx(1000.0)
    (said,) = made.unused
    assert said.startswith("2 GPUs of box: RTX 3090 of box alone ends earlier than them together (2 GPUs at once: 0.83")
    assert made.measured_together == ()
    assert not any("GPUs of one host" in found.assumption for found in made.extrapolations)


def test_one_film_goes_to_one_gpu_alone_and_the_bound_holds() -> None:
    one_film = footage.of_hours(1, clip_minutes=60, fps=20, faces_per_frame=1.0)
    rows = [*alone(1.0), *alone(1.0, **BLACKWELL), *whole(0.6)]
    made = archive.make(units.gather(rows), one_film, Terms())
    assert made.time_s == pytest.approx(1000.0)
    assert made.bound_s <= made.time_s
    assert made.time_s <= made.alone[0].time_s
    (said,) = made.unused
    assert said.startswith(
        "2 GPUs of box: so few films end earlier on RTX 3090 of box alone (2 GPUs at once: 1.67 times"
    )


@pytest.mark.parametrize("beside", [[], whole(2.0, batch_size=1)])
def test_a_setting_that_failed_on_all_gpus_is_not_planned_on_all(beside: list[Row]) -> None:
    failed = whole(0.5, status="oom", reason="process 2 ran out", timed_s=None, process_timed_s=None)
    made = make(alone(1.0), alone(1.0, **BLACKWELL), failed, beside)
    (share,) = made.shares
    assert made.time_s == pytest.approx(1000.0)
    assert share.forecast.unit.gpus == 1
    if not beside:
        (said,) = made.unused
        assert said.startswith(
            "2 GPUs of box at the same time: retinaface, batch 16 failed so (oom: process 2 ran out)"
        )
        assert "`axes.targets: [1, all]`" in said
    assert not any("GPUs of one host" in found.assumption for found in made.extrapolations)


def test_a_limit_that_all_gpus_exceed_at_the_same_time_does_not_make_a_faster_plan() -> None:
    rows = [*alone(1.0), *alone(1.0, **BLACKWELL), *whole(0.6)]  # a process takes 1.2 s per call beside the other
    loose, strict = (
        archive.make(units.gather(rows), HOUR, Terms(constraints=Constraints(max_latency_s=limit / 72 * 16)))
        for limit in (1.3, 1.1)
    )
    assert loose.time_s < strict.time_s == pytest.approx(1000.0)
    assert any("was measured so and is beyond the limits" in text for text in strict.unused)


def test_what_another_setting_did_together_is_said() -> None:
    made = make(alone(1.0), alone(1.0, **BLACKWELL), alone(5.0, batch_size=1), whole(4.0, batch_size=1))
    (found,) = [each for each in made.extrapolations if "GPUs of one host" in each.assumption]
    assert "batch 1 was measured at the same time: 2 GPUs at once: 1.25 times" in found.assumption


def test_a_limit_of_the_batch_counts_the_slowest_gpu() -> None:
    rows = whole(0.5, paces=(1.0, 3.0))  # the slow one has a quarter of 144 frames per second: 36
    limits = Constraints(max_latency_s=16 / 36 * 0.99)
    with pytest.raises(NothingMatches, match=r"the least is 444\.4 ms"):
        archive.make(units.gather(rows), HOUR, Terms(constraints=limits))


def test_the_bound_of_many_hosts_is_that_of_what_each_may_use() -> None:
    rows = [
        dataclasses.replace(row, host_id=f"id-{host}", hostname=host, target_id=f"{row.target_id}-{host}")
        for host in "abcde"
        for row in (*alone(1.0), *alone(1.0, **BLACKWELL), *whole(0.6))
    ]
    made = make(rows)
    assert len(made.shares) == 10
    assert 0.9 * made.time_s < made.bound_s <= made.time_s


def test_only_gpus_that_the_cluster_file_names_work() -> None:
    rows = [*alone(1.0), *alone(0.9, **BLACKWELL), *whole(0.6)]
    hosts = (PricedHost(name="box", gpus=(str(RTX3090["gpu_uuid"]),)),)
    made = archive.make(units.gather(rows), HOUR, Terms(hosts=hosts))
    assert [share.gpu_uuid for share in made.shares] == [RTX3090["gpu_uuid"]]
    assert made.unused == ()
    with pytest.raises(NothingMatches, match="2 GPUs of box: measured, but not listed under `gpus` of the host"):
        archive.make(units.gather(rows), HOUR, Terms(hosts=(PricedHost(name="box", gpus=()),)))


def test_a_single_invocation_on_all_gpus_counts_and_is_doubted() -> None:
    """Without it the GPUs would be taken to keep the speed that each has alone; one GPU alone takes 1000 s."""
    once = make_whole_rows([0.6], **START)
    made = make(alone(1.0), alone(1.0, **BLACKWELL), once)
    assert {share.forecast.unit.gpus for share in made.shares} == {2}
    assert made.time_s == pytest.approx(600.0)
    assert [said for said in made.cautions if said.startswith("Only 1 invocation, so the interval goes by an assumed")]
    made = make(make_rows([1.0], **START), make_rows([1.0], **START, **BLACKWELL), once)
    assert {each.forecast.unit.gpus for each in made.shares} == {2}


def test_what_failed_in_an_invocation_on_all_gpus_does_not_count_beside_one_that_never_did() -> None:
    (crashed,) = make_whole_rows([0.5], **START)
    crashed = dataclasses.replace(crashed, invocation=6, status="crashed", timed_s=None, process_timed_s=None)
    made = make(alone(1.0), alone(1.0, **BLACKWELL), [*whole(0.5), crashed])
    (share,) = made.shares
    assert share.forecast.unit.gpus == 1
    (said,) = made.unused
    assert said.startswith("2 GPUs of box: 1 of 6 invocations failed there, and none on ")


def test_a_single_invocation_at_another_setting_says_nothing_of_the_best_one() -> None:
    made = make(alone(1.0), alone(1.0, **BLACKWELL), make_whole_rows([0.1], batch_size=32, **START))
    assert made.time_s == pytest.approx(500.0)
    assert any("GPUs of one host are taken to keep the speed" in found.assumption for found in made.extrapolations)


def test_the_figures_of_gpus_at_the_same_time_are_those_of_recommend() -> None:
    """Both count what the same cells did in an earlier run."""
    later: dict[str, Any] = {"sweep": "more", "run_id": "more-1", "started_at": STARTED + datetime.timedelta(days=2)}
    before = [*alone(1.0), *alone(1.0, **TWIN), *make_whole_rows([0.5] * 5, RTX3090, TWIN, **START)]
    after = [*alone(1.2, **later), *alone(1.2, **TWIN, **later)]
    after += make_whole_rows([0.65] * 5, RTX3090, TWIN, **START, **later)
    found = units.gather([*before, *after])
    (recommended,) = recommendation.recommend(found)
    assert recommended.scaling is not None
    assert recommended.best.unit.gpus == 2
    (said,) = archive.make(found, HOUR, Terms()).measured_together
    assert f"({scaling.gist(recommended.scaling)})" in said


def test_each_gpu_has_its_own_memory_where_it_is_known() -> None:
    fullest: dict[str, Any] = {"gpu_memory_reserved_peak_b": 40, "gpu_memory_used_peak_b": 50}
    sizes = {BLACKWELL["gpu_uuid"]: 40, RTX3090["gpu_uuid"]: 8}
    of_each: dict[str, Any] = {
        "gpus_memory_reserved_peak_b": sizes,
        "gpus_memory_used_peak_b": {uuid: size + 10 for uuid, size in sizes.items()},
    }

    def found(**columns: Any) -> dict[str | None, tuple[int | None, bool]]:
        shares = make(whole(0.5, **fullest, **columns)).shares
        return {share.gpu_uuid: (share.memory_b, share.is_memory_a_bound) for share in shares}

    small, large = RTX3090["gpu_uuid"], BLACKWELL["gpu_uuid"]
    assert found(**of_each, foreign_gpu_processes=0) == {small: (18, False), large: (50, False)}
    assert found(**of_each) == {small: (8, False), large: (40, False)}  # others may have used the rest
    assert found(**of_each, processes=2) == {small: (4, False), large: (20, False)}
    assert found() == {small: (40, True), large: (40, True)}


def test_what_all_did_at_the_setting_of_one_of_them_counts() -> None:
    """It is not beyond a limit, and the one GPU does not keep its speed beside the others."""
    best_of_other = alone(1.0, **BLACKWELL, batch_size=4)
    made = make(alone(1.0), best_of_other, alone(1.5, **BLACKWELL), whole(0.8))
    assert {share.forecast.unit.gpus for share in made.shares} == {2}
    assert made.time_s == pytest.approx(800.0, rel=0.02)
    assert made.unused == ()


def test_what_is_less_trusted_names_the_device_that_was_measured_well() -> None:
    made = make(make_rows([0.3] * 2, **START), alone(1.0, **BLACKWELL), make_rows([5.0], **{**START, **CPU}))
    assert any(
        said.startswith("CPU of box: only 1 invocation, too few beside those of RTX PRO") for said in made.unused
    )
