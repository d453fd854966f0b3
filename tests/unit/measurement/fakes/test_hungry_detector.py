"""Hungry detector: memory by batch, under a real limit."""

import subprocess
import sys

import pytest

from featray.measurement.fakes.hungry_detector import HungryDetector

LIMITED = """
from featray.measurement.fakes.hungry_detector import HungryDetector
detector = HungryDetector(mib_per_frame=64, limit_mib=1000, frames=72)
print(len(detector.detect("clip", batch_size=8)))
try:
    detector.detect("clip", batch_size=32)
except OSError as wrong:
    print(wrong.errno)
"""


def test_a_batch_above_the_limit_fails_as_one_that_the_system_refuses() -> None:
    done = subprocess.run([sys.executable, "-c", LIMITED], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["72", "12"]  # ENOMEM


@pytest.mark.parametrize("resident", [False, True])
def test_it_finds_one_face_per_frame(resident: bool) -> None:
    found = HungryDetector(frames=3, resident=resident).detect("clip", batch_size=2)
    assert [(row["frame"], row["FaceScore"]) for row in found] == [(0.0, 1.0), (1.0, 1.0), (2.0, 1.0)]
