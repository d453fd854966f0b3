"""A clip at several lengths, measured: what was planted in a detector is found again."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support import odd_clips
from tests.support.command import featray
from tests.support.growing_detector import GrowingDetector

SWEEP = """
name: lengths
detectors:
  - name: growing
    class: "tests.support.growing_detector:GrowingDetector"
    keywords:
      seconds_per_call: 0.05
      seconds_per_frame: 0.0005
      seconds_per_frame_squared: 1.0e-6
      bytes_per_frame: 100000
      process_jitter: 0.02
inputs: {like: short, frames: [36, 144, 432]}
axes: {device: cpu, batch_size: 16}
measure: {invocations: 4, warmup: 1, repeats: 3, min_time_s: 0, stages: false}
"""


@pytest.mark.slow
def test_planted_start_up_rate_curvature_and_memory_are_recovered(tmp_path: Path) -> None:
    sweep, results = tmp_path / "lengths.yaml", tmp_path / "results"
    sweep.write_text(SWEEP, encoding="utf-8")
    submitted = featray("submit", sweep, "--results", results, "--backend", "inline")
    assert submitted.code == 0, submitted.err
    report: dict[str, Any] = json.loads(featray("report", "--results", results, "--format", "json", "-o", "-").out)
    (fit,) = report["lengths"]
    assert (fit["frames"], fit["processes"]) == ([36, 144, 432], 4)
    # What a busy machine adds to each call may only lengthen it: half a millisecond, or 1% of a call.
    for name, planted, allowance in (("startup_s", 0.05, 5e-3), ("frame_s", 5e-4, 5e-5), ("curvature_s", 1e-6, 2e-7)):
        figure = fit[name]
        assert figure["low"] - allowance <= planted <= figure["high"] + allowance, (name, figure)
    memory = fit["process_memory_per_frame_b"]
    assert memory["low"] - 1_000 <= 100_000 <= memory["high"] + 1_000, memory  # what it returns takes 400 bytes a frame


def test_a_call_takes_what_was_planted_and_finds_a_face_in_every_frame(tmp_path: Path) -> None:
    clip = str(odd_clips.make("portrait.mp4", tmp_path))  # 12 frames
    detector = GrowingDetector(seconds_per_call=0.01, seconds_per_frame=0.002, seconds_per_frame_squared=0.0001)
    detector.detect(clip)  # counts the frames of the file
    start = time.perf_counter()
    found = detector.detect(clip, batch_size=4)
    assert 0.0484 <= time.perf_counter() - start < 3  # 0.01 + 12 x 0.002 + 144 x 0.0001
    assert [face["frame"] for face in found] == [float(frame) for frame in range(12)]


def test_frames_that_an_edit_list_hides_do_not_count(tmp_path: Path) -> None:
    clip = str(odd_clips.make("edit-list.mp4", tmp_path))
    assert len(GrowingDetector().detect(clip)) == odd_clips.FRAMES - odd_clips.HIDDEN


def test_the_same_seed_has_the_same_pace() -> None:
    one, two, three = (GrowingDetector(process_jitter=0.1, seed=seed)._pace for seed in (1, 1, 2))
    assert one == two != three
