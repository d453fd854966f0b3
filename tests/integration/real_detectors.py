"""Start `run_detectors.py` with FFmpeg in its environment, for tests on any device."""

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from featray.core import cell as cells
from featray.core import detectors, inputs
from featray.core.choices import Device, WeightsKind
from featray.core.detectors import Keyword
from featray.measurement import ffmpeg, weights

THREE_FRAMES = dataclasses.replace(inputs.CATALOGUE["short"], skip_frames=24)  # of 72: frames 0, 24 and 48
FIVE_FACES_TWICE = dataclasses.replace(inputs.CATALOGUE["multi-face"], copies=2)
NO_FACE = dataclasses.replace(inputs.CATALOGUE["short"], skip_frames=36, faces=0)  # frames 0 and 36

ANY_FACES = dataclasses.replace(THREE_FRAMES, faces=None)

USUAL: Mapping[str, Keyword] = {}
TENSOR: Mapping[str, Keyword] = {"data_type": "tensor"}

PLAN = (
    (THREE_FRAMES, 2, USUAL),
    (FIVE_FACES_TWICE, 2, USUAL),
    (NO_FACE, 1, USUAL),
    (ANY_FACES, 2, USUAL),
    (THREE_FRAMES, 2, TENSOR),
    (THREE_FRAMES, 1, USUAL),
)
"""Input, batch size and keywords of `detect()` of the calls; the last one is profiled."""

FACES = [3, 10, 0, 3, 3, 3]
"""Faces that each of these calls finds, on any device."""

FRAMES = ((211, 97, 7), (240, 320, 30))
"""Height, width and faces of frames that no clip has."""


def run(
    names: Sequence[str], *, device: Device = Device.CPU, frames: Sequence[Sequence[int]] = FRAMES
) -> dict[str, Any]:
    order = {
        "cache": str(weights.featray_cache()),
        "device": device,
        "runs": [{"cells": [_asked(name, *call, device) for call in PLAN], "frames": frames} for name in names],
    }
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("run_detectors.py"))],
        input=json.dumps(order),
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return dict(zip(names, json.loads(done.stdout), strict=True))


def _asked(
    name: str, clip: inputs.Input, batch_size: int, call: Mapping[str, Keyword], device: Device
) -> dict[str, Any]:
    cell = cells.Cell(
        detector=dataclasses.replace(detectors.CATALOGUE[name], call=call),
        input=clip,
        device=device,
        batch_size=batch_size,
        weights=WeightsKind.SYNTHETIC,
    )
    return cells.to_asked(cell)


def environment() -> Mapping[str, str]:
    path = ffmpeg.make_library_path(ffmpeg.find(weights.featray_cache()), os.environ.get(ffmpeg.PATH_VARIABLE))
    # Passive: threads of other tests on this machine get the processor instead of watching this one's wait.
    chosen = {"OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "passive"}
    return {**os.environ, **chosen, **({ffmpeg.PATH_VARIABLE: path} if path else {})}
