"""What all GPUs of a host do at the same time, against one of them."""

import dataclasses
import datetime
import json
import math
from statistics import fmean
from typing import Any

import pytest

from featray.analysis import scaling, units
from featray.analysis.scaling import GpuScaling
from featray.core.row import Row
from featray.stats import Design, Verdict
from tests.support.builders import BLACKWELL, RTX3090, STARTED, make_rows, make_whole_rows
from tests.support.clip_lengths import make_rows_of_lengths

STEADY = (0.99, 1.0, 1.0, 1.0, 1.01)
TWIN = {**RTX3090, "target_id": "GPU-ffff", "gpu_uuid": "GPU-ffff"}


def scale(seconds: float) -> list[float]:
    return [seconds * share for share in STEADY]


def find(*rows: list[Row]) -> list[GpuScaling]:
    return scaling.find(units.gather([row for members in rows for row in members]))


def the(*rows: list[Row]) -> GpuScaling:
    (found,) = find(*rows)
    return found


def test_two_equal_gpus_have_their_speed_over_one_with_its_interval() -> None:
    found = the(make_rows(scale(1.0)), make_rows(scale(1.0), **TWIN), make_whole_rows(scale(1 / 1.93), RTX3090, TWIN))
    assert found.times == pytest.approx(1.93)
    assert found.interval is not None
    low, high = found.interval
    assert low < 1.93 < high
    assert low * high == pytest.approx(1.93**2, rel=1e-3)  # it is an interval of the log ratio
    assert high / low < 1.01  # block by block each side had the same: no spread between sessions is allowed for
    assert found.share == pytest.approx(1.93 / 2)
    assert found.pair.verdict is Verdict.FASTER
    assert scaling.gist(found) == (
        f"2 GPUs at once: 1.93 times one GPU (95% CI {low:.2f} to {high:.2f}), 96% of the sum of all alone"
    )


def test_unlike_gpus_are_compared_with_the_faster_one() -> None:
    found = the(make_rows(scale(3.0)), make_rows(scale(1.0), **BLACKWELL), make_whole_rows(scale(0.8)))
    assert found.times == pytest.approx(1.25)
    assert found.share == pytest.approx(1.25 / (1 + 1 / 3))
    assert str(scaling.gist(found)).startswith("2 GPUs at once: 1.25 times the RTX PRO 6000 Blackwell alone (95% CI ")


def test_of_alike_gpus_none_is_chosen_but_all_are_averaged() -> None:
    """The fastest of several alike GPUs is so partly by chance, and a ratio to it alone is too low."""
    twins = [{**RTX3090, "target_id": f"GPU-{number}", "gpu_uuid": f"GPU-{number}"} for number in range(4)]
    paces = (0.9, 1.0, 1.0, 1 / 0.9)  # their geometric mean is 1
    start: dict[str, Any] = {"import_s": 8.0, "load_s": 2.0, "first_call_s": 0.0}
    alone = [row for twin, pace in zip(twins, paces, strict=True) for row in make_rows(scale(pace), **twin, **start)]
    found = the(alone, make_whole_rows(scale(1 / 3.9), *twins, paces=(1.0,) * 4, **start))
    assert found.times == pytest.approx(3.9)
    assert found.interval is not None
    assert found.interval[0] < 3.9 < found.interval[1]
    assert found.interval[1] / found.interval[0] < 1.02  # how the GPUs differ from each other is no error of the ratio
    assert [unit.row.gpu_uuid for unit in found.alone] == ["GPU-0", "GPU-1", "GPU-2", "GPU-3"]
    assert found.film_s(7200) == pytest.approx((10 + 100 * fmean(paces), 10 + 100 / 3.9), rel=1e-3)


def test_the_fastest_model_is_the_one_that_is_faster_on_average() -> None:
    slow_twin = {**TWIN, "gpu_name": RTX3090["gpu_name"]}
    alone = make_rows(scale(0.9)), make_rows(scale(1.6), **slow_twin), make_rows(scale(1.0), **BLACKWELL)
    found = the(*alone, make_whole_rows(scale(0.5), RTX3090, slow_twin, BLACKWELL, paces=(1.0, 1.0, 1.0)))
    assert found.times == pytest.approx(2.0)
    assert "2.00 times the RTX PRO 6000 Blackwell alone" in scaling.gist(found)
    found = the(
        make_rows(scale(1.0)),
        make_rows(scale(1.0), **slow_twin),
        make_rows(scale(1.5), **BLACKWELL),
        make_whole_rows(scale(0.5), RTX3090, slow_twin, BLACKWELL, paces=(1.0, 1.0, 1.0)),
    )
    assert "2.00 times one RTX 3090 alone" in scaling.gist(found)


def test_what_speaks_against_one_of_several_alike_gpus_is_said() -> None:
    twins = [{**RTX3090, "target_id": f"GPU-{number}", "gpu_uuid": f"GPU-{number}"} for number in range(3)]
    whole = make_whole_rows(scale(0.4), *twins, paces=(1.0,) * 3)
    plain = [row for twin in twins[:2] for row in make_rows(scale(1.0), **twin)]
    other_torch = the(plain, make_rows(scale(1.1), **twins[2], torch="2.10.0"), whole)
    assert "but torch stack (2.10.0 -> 2.11.0+cu128) differs as well" in scaling.gist(other_torch)
    other_work = the(plain, make_rows(scale(9.0), **twins[2], faces=144, fex_rows=144), whole)
    assert other_work.times == pytest.approx(2.5)  # it does not count
    assert other_work.share is None
    assert "; not counted, because the work differs: RTX 3090 (GPU-2) alone" in scaling.gist(other_work)
    throttled = the(plain, make_rows(scale(1.0), **twins[2], throttled=True), whole)
    assert not throttled.pair.is_decided


def test_a_gpu_with_too_few_invocations_does_not_stand_for_one_beside_others() -> None:
    few = make_rows([0.5] * 2, **TWIN)
    found = the(make_rows(scale(1.0)), few, make_whole_rows(scale(0.5), RTX3090, TWIN))
    assert found.times == pytest.approx(2.0)
    assert (len(found.alone), len(found.one)) == (2, 1)
    assert found.interval is not None
    found = the(make_rows([1.0] * 2), few, make_whole_rows(scale(0.5), RTX3090, TWIN))
    assert (found.interval, len(found.one)) == (None, 2)


def test_alike_gpus_of_other_days_are_no_blocks() -> None:
    later = STARTED + datetime.timedelta(days=2)
    found = the(
        make_rows(scale(1.0)),
        make_rows(scale(1.0), **TWIN, started_at=later),
        make_whole_rows(scale(0.5), RTX3090, TWIN),
    )
    assert found.pair.decision is not None
    assert found.pair.decision.design is Design.SESSIONS
    assert found.times == pytest.approx(2.0)


def test_without_each_gpu_alone_there_is_no_share_of_the_sum() -> None:
    found = the(make_rows(scale(1.0)), make_whole_rows(scale(0.5)))
    assert found.times == pytest.approx(2.0)
    assert found.share is None
    assert not find(make_whole_rows(scale(0.5)))


def test_few_invocations_have_no_interval() -> None:
    found = the(make_rows([1.0] * 2), make_whole_rows([0.5] * 2))
    assert found.interval is None
    assert str(scaling.gist(found)).endswith("2.00 times the RTX 3090 alone (fewer than 3 invocations); not decided")


def test_a_gpu_that_was_not_alone_is_said() -> None:
    found = the(make_rows(scale(1.0), exclusive="gpu"), make_whole_rows(scale(0.5)))
    assert "; the one GPU may have had others at work beside it (`exclusive: gpu`)" in str(scaling.gist(found))


def test_what_else_differs_is_said() -> None:
    other: dict[str, Any] = {"torch": "2.99.0"}
    found = the(
        make_rows(scale(1.0)), make_rows(scale(1.0), **TWIN), make_whole_rows(scale(0.5), RTX3090, TWIN, **other)
    )
    assert scaling.gist(found).endswith(
        "% of the sum of all alone, but torch stack (2.11.0+cu128 -> 2.99.0) differs as well"
    )
    found = the(
        make_rows(scale(1.0)), make_rows(scale(1.1), **TWIN, **other), make_whole_rows(scale(0.5), RTX3090, TWIN)
    )
    assert found.share is None  # the sum would add speeds of two torches


def test_other_settings_sweeps_and_hosts_are_not_compared() -> None:
    whole = make_whole_rows(scale(0.5))
    assert not find(make_rows(scale(1.0), batch_size=4), whole)
    assert not find(make_rows(scale(1.0), processes=2), whole)
    assert not find(make_rows(scale(1.0), sweep="other", run_id="other-1"), whole)
    assert not find(make_rows(scale(1.0), **TWIN), whole)  # a GPU that is not among them


def test_other_work_has_no_ratio() -> None:
    found = the(make_rows(scale(1.0)), make_whole_rows(scale(0.5), faces=144, fex_rows=144))
    assert (found.times, found.interval, scaling.ratio(found)) == (None, None, None)
    assert scaling.gist(found).startswith("2 GPUs at once: not comparable with the RTX 3090 alone (faces ")
    assert found.film_s(100) is None


def test_a_film_that_is_divided_takes_the_start_and_its_share() -> None:
    start: dict[str, Any] = {"import_s": 8.0, "load_s": 2.0}  # the first call takes 0.5 s longer than the others
    one = make_rows(scale(1.0), first_call_s=1.5, **start)
    both = make_whole_rows(scale(0.5), first_call_s=1.5, **start)
    assert the(one, both).film_s(7200) == pytest.approx((10.5 + 100.0, 10.5 + 50.0), rel=1e-3)
    assert the(make_rows(scale(1.0), load_s=None), both).film_s(7200) is None


def test_where_lengths_were_measured_each_call_has_its_start_up() -> None:
    # a call takes 0.8 s and 0.012 s per frame; of two GPUs each makes its own, so both together need half per call
    start: dict[str, Any] = {"import_s": 8.0, "load_s": 2.0, "first_call_s": 0.0}
    one = make_rows_of_lengths(startup_s=0.8, frame_s=0.012, lengths=(72, 1152), **start)
    (whole,) = make_whole_rows([1.0])
    names = "target_id", "gpus", "gpu_uuid", "gpu_name"
    both = [
        dataclasses.replace(
            row,
            asked=json.dumps({**json.loads(row.asked or ""), "targets": "all"}),
            cell_id=f"{row.cell_id} all",
            timed_s=[time_s / 2 for time_s in row.timed_s or ()],
            **{name: getattr(whole, name) for name in names},
        )
        for row in one
    ]
    found = find(one, both)
    assert len(found) == 2
    for each in found:
        alone_s, divided_s = each.film_s(10_000) or (math.nan, math.nan)
        assert alone_s == pytest.approx(10 + 0.8 + 120, rel=0.05)
        assert divided_s == pytest.approx(10 + 0.8 + 60, rel=0.05)
