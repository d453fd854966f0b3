"""The bench: what the cells of one invocation share."""

from pathlib import Path

from featray.core import inputs
from featray.core.cell import Cell
from featray.core.choices import Device
from featray.core.detectors import Detector
from featray.core.rules import Rules
from featray.measurement.bench import Bench
from featray.measurement.detector import LoadedDetector
from featray.measurement.fakes.clockwork import Clockwork
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


def test_a_gpus_usual_clock_is_known_from_the_cells_before() -> None:
    waited: list[float] = []
    bench = make_bench(RecordedGpu([FAST, FAST, FAST, SLOW]), waited=waited)
    bench.measure(CELL, [Path(__file__)])
    assert waited == []
    assert bench.measure(CELL, [Path(__file__)])["throttled"] is True  # each of its calls is slow
    assert len(waited) == 3
