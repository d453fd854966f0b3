"""The bench: what the cells of one invocation share."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featray.core import inputs
from featray.core.cell import Cell
from featray.core.choices import Device
from featray.core.detectors import Detector
from featray.core.rules import Rules
from featray.core.status import Status
from featray.measurement.bench import Bench
from featray.measurement.detector import LoadedDetector
from featray.measurement.fakes.clockwork import Clockwork
from featray.measurement.outcome import Failure, Refused
from featray.measurement.telemetry import RecordedGpu, TelemetrySample

SPEC = Detector(name="clock", class_name="featray.measurement.clockwork:Clockwork", heading="clock")
CELL = Cell(
    detector=SPEC,
    input=inputs.Input(name="list", kind=inputs.IMAGES, paths=(__file__,), copies=8, source_frames=1),
    device=Device.CUDA,
    batch_size=1,
)
QUICK = Rules(warmup_min=1, warmup_max=1, repeats_min=3, repeats_max=3, min_time_s=0.0, spread_max=10.0)
FAST, SLOW = (TelemetrySample(sm_clock_hz=clock_hz, reasons=()) for clock_hz in (2.0e9, 1.2e9))


def make_bench(gpu: RecordedGpu, *, sampled: bool = True, waited: list[float] | None = None) -> Bench:
    loaded = LoadedDetector(
        detector=Clockwork(), spec=SPEC, device=Device.CPU, import_s=1.0, load_s=2.0, work={"class": '"c"'}
    )
    sleep = ([] if waited is None else waited).append
    return Bench(loaded, rules=QUICK, gpu=gpu, sampled=sampled, sleep=sleep)


def test_the_sampler_can_be_left_out() -> None:
    columns = make_bench(RecordedGpu([FAST]), sampled=False).measure(CELL, [Path(__file__)])
    assert columns["throttled"] is None
    assert columns["sm_clock_median_hz"] is None
    assert columns["timed_s"]


class PyFeatLike(Clockwork):
    """Counts how often the two videos of a cut are opened."""

    opened = 0


class VideoDataset:
    """What py-feat opens a video with: here each shows one frame of the file's name."""

    def __init__(self, path: str) -> None:
        PyFeatLike.opened += 1
        self._name = Path(path).name

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"Image": np.full((3, 2, 2), len(self._name))}


def test_a_cut_is_compared_with_its_source_once_and_refused_where_it_differs() -> None:
    spec = dataclasses.replace(SPEC, class_name="Detectorv2")
    loaded = LoadedDetector(
        detector=PyFeatLike(), spec=spec, device=Device.CPU, import_s=1.0, load_s=2.0, work={"class": '"c"'}
    )
    cell = dataclasses.replace(CELL, detector=spec, input=dataclasses.replace(CELL.input, frame_limit=1))
    bench = Bench(loaded, rules=QUICK)
    with pytest.raises(Refused, match=r"source\.mp4: the cut to 1 frames shows other pixels in frame 1"):
        bench.measure(cell, [Path("/cut.mp4")], Path("/source.mp4"))
    assert PyFeatLike.opened == 2
    bench._check_copy(cell, [Path("/cut2.mp4")], Path("/same.mp4"))
    bench._check_copy(cell, [Path("/cut2.mp4")], Path("/same.mp4"))
    assert PyFeatLike.opened == 4


def test_a_gpus_usual_clock_is_known_from_the_cells_before() -> None:
    waited: list[float] = []
    bench = make_bench(RecordedGpu([FAST, FAST, FAST, SLOW]), waited=waited)
    bench.measure(CELL, [Path(__file__)])
    assert waited == []
    assert bench.measure(CELL, [Path(__file__)])["throttled"] is True  # each of its calls is slow
    assert len(waited) == 3


def test_a_cell_that_failed_for_a_frame_of_its_input_is_unsupported(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = make_bench(RecordedGpu([FAST]))
    failed = Failure(status=Status.FAILED, reason="RuntimeError: stack expects", trace="trace")
    assert bench.explain(CELL, [], failed) == failed  # a class of the user's own: how it loads frames is unknown
    monkeypatch.setattr(LoadedDetector, "find_fault", lambda *_: "/a.mp4: py-feat cannot decode frame 2 of 9")
    explained = Failure(
        status=Status.UNSUPPORTED, reason="input list: /a.mp4: py-feat cannot decode frame 2 of 9", trace="trace"
    )
    assert bench.explain(CELL, [], failed) == explained
    exhausted = dataclasses.replace(failed, status=Status.OOM)
    assert bench.explain(CELL, [], exhausted) == exhausted
