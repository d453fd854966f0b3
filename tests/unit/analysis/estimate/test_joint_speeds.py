"""The measured speed of all GPUs of a host, in place of each one's alone."""

from typing import Any

import pytest

from featray.analysis import units
from featray.analysis.estimate import archive, footage
from featray.analysis.estimate.archive import ArchiveEstimate, Terms
from featray.core.row import Row
from tests.support.builders import BLACKWELL, RTX3090, make_rows, make_whole_rows

HOUR = footage.of_hours(1, clip_minutes=1, fps=20, faces_per_frame=1.0)  # 60 films of 1200 frames
START: dict[str, Any] = {"import_s": 0.0, "load_s": 0.0, "first_call_s": 0.0, "faces_mean": 1.0}


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
