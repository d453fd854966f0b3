"""A recommendation as JSON: everything that the text shows, under documented keys."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from featray.analysis import units
from featray.analysis.advice import recommendation
from featray.core.row import Row
from featray.rendering import recommendation_json
from featray.rendering.recommendation_json import (
    CANDIDATE_KEYS,
    KEYS,
    SCALING_KEYS,
    SETTING_KEYS,
    TRADEOFF_KEYS,
    VERDICT_KEYS,
)
from tests.support.builders import BLACKWELL, RTX3090, STARTED, make_row, make_rows, make_whole_rows

PAGE = Path(__file__).parents[3] / "docs" / "recommend.md"


def steady(median_s: float, **columns: Any) -> list[Row]:
    return make_rows([median_s * share for share in (0.99, 1.0, 1.01, 0.995, 1.005)], **columns)


def render(*rows: list[Row]) -> list[dict[str, Any]]:
    gathered = units.gather([row for members in rows for row in members])
    value: list[dict[str, Any]] = json.loads(recommendation_json.render(recommendation.recommend(gathered)))
    return value


FAILED = make_row(batch_size=64, status="oom", reason="CUDA out of memory")
OLDER = steady(0.5, torch="2.5.1", run_id="before", started_at=STARTED.replace(month=1))


def test_every_key_is_documented() -> None:
    (value,) = render(steady(0.72), steady(0.725, batch_size=4), steady(2.0, **BLACKWELL), [FAILED], OLDER)
    (runner_up,), (failed,), (older,) = value["runners_up"], value["failed"], value["older"]
    assert list(value) == list(KEYS)
    assert list(value["best"]) == list(runner_up) == list(SETTING_KEYS)
    assert list(failed) == list(older) == list(CANDIDATE_KEYS)
    assert all(list(tradeoff) == list(TRADEOFF_KEYS) for tradeoff in value["tradeoffs"])
    assert value["tradeoffs"]
    (equal,) = value["best"]["equally_good"]
    assert list(equal) == list(runner_up["against_best"]) == list(VERDICT_KEYS)


def test_a_speed_over_several_runs_names_them_the_latest_first() -> None:
    earlier = steady(0.8, run_id="before", started_at=STARTED.replace(month=1))
    (value,) = render(steady(0.72), earlier)
    latest = value["best"]["run_id"]
    assert value["best"]["run_ids"] == [latest, "before"]
    assert [tradeoff["run_ids"] for tradeoff in value["tradeoffs"]] == [[latest, "before"]]


def test_the_page_lists_every_key_with_its_meaning() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for keys in (KEYS, SETTING_KEYS, CANDIDATE_KEYS, TRADEOFF_KEYS, VERDICT_KEYS, SCALING_KEYS):
        assert "".join(f"| `{key}` | {meaning} |\n" for key, meaning in keys.items()) in page


def test_the_best_setting_has_figures_keywords_and_device() -> None:
    (value,) = render(steady(0.72, gpu_memory_used_peak_b=5, foreign_gpu_processes=0))
    best = value["best"]
    assert best["keywords"]["face_model"] == "retinaface"
    assert best["frames_per_s"] == pytest.approx(100, rel=1e-3)
    assert (best["gpu_uuid"], best["memory_b"], best["memory_scope"]) == (RTX3090["gpu_uuid"], 5, "own")
    assert best["command"].startswith("featray measure --cell ")
    assert best["against_best"] is None


def test_only_a_decided_verdict_has_a_ratio() -> None:
    (value,) = render(steady(0.72), steady(1.44, **BLACKWELL), make_rows([5.0], detector="img2pose"))
    decided, undecided = (setting["against_best"] for setting in value["runners_up"])
    assert (decided["verdict"], decided["speed_ratio"]) == ("SLOWER", pytest.approx(0.5))
    assert (undecided["verdict"], undecided["speed_ratio"]) == ("INCONCLUSIVE", None)


def test_variables_failures_and_changes_are_there() -> None:
    asked = {**json.loads(make_row().asked or ""), "env": {"X": "1", "OMP_NUM_THREADS": "4"}}
    rows = [dataclasses.replace(row, asked=json.dumps(asked)) for row in steady(0.72)]
    failed = dataclasses.replace(rows[0], invocation=6, status="crashed", timed_s=None, reason="signal 11")
    (value,) = render([*rows, failed])
    assert (value["best"]["env"], value["best"]["failures"]) == ({"X": "1"}, {"crashed": 1})
    (value,) = render(steady(0.72), OLDER, [FAILED])
    assert value["older"][0]["older"] == ["torch 2.5.1 -> 2.11.0+cu128"]
    assert (value["failed"][0]["reason"], value["failed"][0]["frames_per_s"]) == ("CUDA out of memory", None)


def test_scaling_over_gpus_has_documented_keys() -> None:
    (value,) = render(steady(1.0), steady(1.0, **BLACKWELL), make_whole_rows([0.5] * 5))
    scaling = value["gpu_scaling"]
    assert list(scaling) == list(SCALING_KEYS)
    assert (scaling["gpus"], scaling["decided"]) == (2, True)
    assert scaling["share_of_sum"] == pytest.approx(1.0, rel=1e-3)
    assert set(scaling["alone"]) == {RTX3090["target_id"], BLACKWELL["target_id"]}
    assert value["best"]["gpus"] == {gpu["gpu_uuid"]: gpu["gpu_name"] for gpu in (RTX3090, BLACKWELL)}
    assert value["best"]["gpu_uuid"] is None
