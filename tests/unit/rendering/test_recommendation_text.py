"""A recommendation as text for people."""

import dataclasses
import datetime
import json
from typing import Any

import pytest

from featray.analysis import units
from featray.analysis.advice import recommendation
from featray.analysis.advice.constraints import Constraints
from featray.analysis.advice.objectives import Objective
from featray.core.row import Row
from featray.rendering import recommendation_text
from tests.support.builders import BLACKWELL, STARTED, make_joint_rows, make_row, make_rows, make_whole_rows

GIB = 1024**3


def write(*rows: list[Row]) -> list[str]:
    gathered = units.gather([row for members in rows for row in members])
    return recommendation_text.text(recommendation.recommend(gathered)).splitlines()


def steady(median_s: float, **columns: Any) -> list[Row]:
    return make_rows([median_s * share for share in (0.99, 1.0, 1.01, 0.995, 1.005)], **columns)


def imported(**columns: object) -> Row:
    return make_row(**{"asked": None, "source_file": "a.md", "work": None, **columns})


def with_env(rows: list[Row], **variables: str) -> list[Row]:
    """Let the rows' sweep set environment variables."""
    asked = {**json.loads(rows[0].asked or ""), "env": variables}
    return [dataclasses.replace(row, asked=json.dumps(asked), cell_id=f"env {variables}") for row in rows]


def test_the_text_names_setting_device_host_and_rate() -> None:
    assert write(make_rows([0.71, 0.72, 0.73])) == [
        "short (72 frames): retinaface, batch 16 on RTX 3090 of box: 100.0 fps (95% CI 96.6 to 103.5)"
    ]


@pytest.mark.parametrize(
    ("prefer", "figure"),
    [(Objective.LATENCY, "160.0 ms per batch"), (Objective.ENERGY, "0.50 J per frame"), (Objective.THROUGHPUT, None)],
)
def test_the_figure_by_which_settings_were_chosen_stands_beside_the_speed(
    prefer: Objective, figure: str | None
) -> None:
    rows = make_rows([0.71, 0.72, 0.73], energy_j=180.0)
    limits = Constraints(prefer=prefer)
    first, *_ = recommendation_text.text(recommendation.recommend(units.gather(rows), limits)).splitlines()
    assert first.partition("103.5)")[2] == (f", {figure}" if figure else "")


def test_a_target_on_which_nothing_had_a_number_is_named() -> None:
    failed = make_row(**{**BLACKWELL, "status": "oom", "reason": "CUDA out of memory", "timed_s": None})
    lines = write(make_rows([0.71, 0.72, 0.73]), [failed])
    assert (
        "  failed: retinaface, batch 16 on RTX PRO 6000 Blackwell of box: out of memory in 1 of 1 invocation"
        in lines[-1]
    )


def test_a_speed_over_several_runs_says_so() -> None:
    earlier = STARTED - datetime.timedelta(days=1)
    lines = write(make_rows([0.72] * 3, run_id="before", started_at=earlier), make_rows([0.71, 0.72, 0.73]))
    assert ") over 2 runs" in lines[0]


def test_a_setting_that_is_not_beaten_says_over_how_many_runs_its_speed_is() -> None:
    earlier, mib = STARTED - datetime.timedelta(days=1), 2**20
    lines = write(
        make_rows([7.2] * 3, batch_size=1, run_id="before", started_at=earlier, gpu_memory_reserved_peak_b=100 * mib),
        make_rows([7.2] * 3, batch_size=1, gpu_memory_reserved_peak_b=100 * mib),
        make_rows([0.72] * 3, gpu_memory_reserved_peak_b=800 * mib),
    )
    assert [line for line in lines if "not beaten" in line] == [
        "  not beaten in everything: batch 1: 10.0 fps over 2 runs, 100.0 ms per batch, 100.0 MiB",
        "  not beaten in everything: batch 16: 100.0 fps, 160.0 ms per batch, 800.0 MiB",
    ]


def test_every_runner_up_has_its_verdict_and_only_a_decided_one_a_ratio() -> None:
    lines = write(
        steady(0.72),
        steady(1.44, detector="img2pose"),
        make_rows([0.7], detector="detectorv2"),
        steady(0.725, **BLACKWELL),
        [imported(detector="mpdetector", timed_s=[0.1])],
        steady(1.0, **BLACKWELL, detector="retinaface", faces=1, environment="other", requirements=["torch==2.9"]),
    )
    assert [line.partition(": ")[2] for line in lines if line.startswith("  next best")] == [
        "retinaface, batch 16 on RTX PRO 6000 Blackwell of box: 99.3 fps (95% CI 98.3 to 100.3); "
        "not decided (INCONCLUSIVE)",
        "retinaface, batch 16, environment other on RTX PRO 6000 Blackwell of box: 72.0 fps (95% CI 71.3 to 72.7); "
        "NOT COMPARABLE: faces 72 -> 1",
        "img2pose, batch 16 on RTX 3090 of box: 50.0 fps (95% CI 49.5 to 50.5); 0.50x as fast (SLOWER)",
        "detectorv2, batch 16 on RTX 3090 of box: 102.9 fps, only 1 invocation; not decided (INCONCLUSIVE)",
        "mpdetector, batch 16 on RTX 3090 of box: 720.0 fps, imported; not decided (INCONCLUSIVE)",
    ]


def test_a_ratio_between_two_torches_says_so() -> None:
    lines = write(steady(0.72), steady(1.44, detector="img2pose", torch="2.5.1", run_id="before"))
    assert lines[1].endswith("; 0.50x as fast (SLOWER), but torch stack (2.11.0+cu128 -> 2.5.1) differs as well")


def test_a_ratio_with_a_dagger_is_not_decided() -> None:
    barely = [0.72 * share for share in (1.0, 1.02, 1.08, 1.1, 1.06)]
    equals = [row for name in "abcd" for row in steady(0.721, detector=name)]
    lines = write(steady(0.72), equals, make_rows(barely, detector="img2pose"))
    (line,) = [line for line in lines if "img2pose" in line]
    assert line.endswith("; not decided (SLOWER†, may be chance)")


def test_equally_good_settings_have_their_verdicts() -> None:
    lines = write(steady(0.72), steady(0.725, batch_size=4), make_rows([0.7, 0.75, 0.8], batch_size=1, num_workers=2))
    assert lines[1] == (
        "  equally good: batch 1, 2 workers (INCONCLUSIVE); batch 4 (EQUIVALENT); batch 16 (the fastest); "
        "the smallest is recommended"
    )


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        ({"gpu_memory_used_peak_b": 7 * GIB, "foreign_gpu_processes": 0}, "  memory: 7.0 GiB"),
        (
            {"gpu_memory_used_peak_b": 20 * GIB, "gpu_memory_reserved_peak_b": 6 * GIB, "foreign_gpu_processes": 1},
            "  memory: 6.0 GiB reserved by torch; the driver takes some hundred MiB on top",
        ),
        (
            {"gpu_memory_used_peak_b": 20 * GIB, "foreign_gpu_processes": 1},
            "  memory: 20.0 GiB, other processes included",
        ),
    ],
)
def test_the_memory_says_what_it_includes(columns: dict[str, int], line: str) -> None:
    assert write(steady(0.72, **columns))[1] == line


def test_settings_that_failed_are_named_with_what_happened() -> None:
    rows = steady(0.1, batch_size=64)
    failed = [dataclasses.replace(row, status="oom", timed_s=None, reason="CUDA out of memory") for row in rows[:3]]
    never = [make_row(batch_size=128, status=status, invocation=n) for n, status in enumerate(("oom", "crashed"), 1)]
    assert write(steady(0.72), [*failed, *rows[3:]], never)[1:] == [
        "  failed: retinaface, batch 64 on RTX 3090 of box: "
        "out of memory in 3 of 5 invocations, 720.0 fps where it ran (CUDA out of memory)",
        "  failed: retinaface, batch 128 on RTX 3090 of box: "
        "out of memory in 1 of 2 invocations and crashed in 1 of 2 invocations",
    ]


def test_what_was_measured_before_a_change_is_named_with_its_date() -> None:
    before = steady(0.1, batch_size=64, torch="2.5.1+cu124", run_id="before", started_at=STARTED.replace(month=1))
    assert write(steady(0.72), before)[1:] == [
        "  older: retinaface, batch 64 on RTX 3090 of box: 720.0 fps on 2026-01-14, "
        "before torch 2.5.1+cu124 -> 2.11.0+cu128"
    ]


def test_a_long_list_of_failed_settings_is_cut() -> None:
    rows = [[make_row(batch_size=batch, status="oom")] for batch in range(20, 27)]
    lines = write(steady(0.72), *rows)
    assert sum(line.startswith("  failed: retinaface") for line in lines) == 5
    assert lines[-1] == "  failed: and 2 more, which --json lists"


def test_workers_threads_variables_and_environment_are_named_where_they_were_set() -> None:
    rows = with_env(steady(0.72, threads=4, num_workers=2, environment="torch-2.5"), NVIDIA_TF32_OVERRIDE="0")
    assert write(rows)[0].startswith(
        "short (72 frames): retinaface, batch 16, 2 workers, 4 threads, NVIDIA_TF32_OVERRIDE=0, environment torch-2.5 "
        "on RTX 3090 of box: "
    )


def test_settings_that_differ_in_variables_alone_are_named_apart() -> None:
    lines = write(with_env(steady(0.72), X="1"), with_env(steady(0.721), X="0"))
    assert (
        lines[1]
        == "  equally good: batch 16, X=1 (the fastest); batch 16, X=0 (EQUIVALENT); the smallest is recommended"
    )


@pytest.mark.parametrize(
    ("windows", "rate"),
    [
        ([110.0, 90.0], "90.0 fps sustained (95% CI 90.0 to 90.0), 18% below the first 10 s of the run"),
        ([90.0, 90.0], "90.0 fps sustained (95% CI 90.0 to 90.0), no slower than the first 10 s of the run"),
        ([90.0], "90.0 fps sustained (95% CI 90.0 to 90.0)"),
    ],
)
def test_a_sustained_run_tells_its_decay(windows: list[float], rate: str) -> None:
    assert write(steady(0.72, sustained_hz=windows))[0].endswith(f" of box: {rate}, 100.0 fps in repeated calls")


def test_a_short_clip_has_the_speed_on_the_longest_clip_first() -> None:
    lines = write(steady(0.72), steady(5.9, input="long", batch_size=4))
    assert lines[0].startswith("long (472 frames): retinaface, batch 4 on RTX 3090 of box: 80.0 fps (")
    own = "80.0 fps sustained on long (472 frames) with batch 4, 100.0 fps (95% CI "
    assert lines[2].startswith(f"short (72 frames): retinaface, batch 16 on RTX 3090 of box: {own}")
    assert lines[2].endswith(") on this clip")


def test_processes_side_by_side_are_named() -> None:
    (unit,) = units.gather(make_joint_rows([1.0] * 3, mps_daemon=True))
    assert recommendation_text.name(unit) == "retinaface, batch 16, 2 processes side by side under MPS"


def test_what_further_gpus_bring_is_said_of_the_recommended_setting() -> None:
    rows = [steady(1.0), steady(1.0, **BLACKWELL), make_whole_rows([0.5 * share for share in (0.99, 1.0, 1.01)])]
    lines = write(*rows)
    assert lines[0].startswith("short (72 frames): retinaface, batch 16 on 2 GPUs of box: 144.0 fps")
    assert lines[1].startswith("  2 GPUs at once: 2.00 times the RTX ")
    assert lines[1].endswith(", 100% of the sum of all alone")
    assert any("on RTX 3090 of box: 72.0 fps" in line and line.endswith("0.50x as fast (SLOWER)") for line in lines)


def test_processes_on_each_gpu_are_named() -> None:
    (line,) = write(make_whole_rows([0.5] * 3, processes=2))
    assert line.startswith("short (72 frames): retinaface, batch 16, 2 processes per GPU on 2 GPUs of box: 144.0")
