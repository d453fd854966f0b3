"""Cell run: the calls of one cell on a loaded detector, with recorded GPU readings."""

import dataclasses
import sys
import types
from collections.abc import Sequence
from pathlib import Path

import pytest

from featray.analysis import energy, units
from featray.core import identity, inputs, row_texts
from featray.core import row as rows
from featray.core.cell import Cell
from featray.core.choices import Device, ProtocolName
from featray.core.detectors import Detector
from featray.core.rules import SUSTAINED_REST_S, Rules
from featray.measurement import protocol
from featray.measurement.bench import Bench
from featray.measurement.detector import LoadedDetector
from featray.measurement.fakes.clockwork import Clockwork
from featray.measurement.outcome import WrongWork
from featray.measurement.telemetry import RecordedGpu, TelemetrySample
from tests.support.builders import make_row

SPEC = Detector(name="clock", class_name="featray.measurement.clockwork:Clockwork", heading="clock")
CELL = Cell(
    detector=SPEC,
    input=inputs.Input(name="list", kind=inputs.IMAGES, paths=(__file__,), copies=8, source_frames=1),
    device=Device.CUDA,
    batch_size=1,
)
QUICK = Rules(warmup_min=1, warmup_max=1, repeats_min=3, repeats_max=3, min_time_s=0.0, spread_max=10.0)
COOL = TelemetrySample(sm_clock_hz=2.0e9, power_w=300.0, reasons=())
HOT = TelemetrySample(sm_clock_hz=1.2e9, power_w=200.0, reasons=("hw_thermal_slowdown",))


def loaded(clockwork: Clockwork | None = None) -> LoadedDetector:
    return LoadedDetector(
        detector=clockwork or Clockwork(), spec=SPEC, device=Device.CPU, import_s=1.0, load_s=2.0, work={"class": '"c"'}
    )


def measure(bench: Bench, cell: Cell = CELL) -> dict[str, object]:
    return bench.measure(cell, [Path(__file__)])


def test_every_column_is_one_of_the_row() -> None:
    columns = measure(Bench(loaded(), rules=QUICK, gpu=RecordedGpu([COOL])))
    assert set(columns) <= {column.name for column in rows.columns()}


def test_work_is_the_detectors_and_the_inputs() -> None:
    columns = measure(Bench(loaded(), rules=QUICK))
    work = columns["work"]
    assert isinstance(work, dict)
    assert work["class"] == '"c"'
    assert work["copies"] == "8"
    assert columns["work_id"] == identity.digest(work)


class Telling(Clockwork):
    """Settles in its calls what it computes."""

    def __init__(self) -> None:
        super().__init__()
        self.info: dict[str, object] = {}
        self._calls = 0

    def detect(self, inputs: Sequence[str] | str, **settings: object) -> list[dict[str, float]]:
        self._calls += 1
        self.info["calls"] = self._calls
        return super().detect(inputs, **settings)


def test_work_of_any_length_and_characters_is_named_by_what_the_row_can_hold() -> None:
    told = {"long": "v" * 3_000_000, "caf\udce9": "\udce9", **{f"setting {number}": "x" for number in range(5000)}}
    detector = Telling()
    detector.info.update(told)
    columns = measure(Bench(loaded(detector), rules=QUICK))
    work = columns["work"]
    assert isinstance(work, dict)
    assert sum(map(len, work.values())) < 100_000
    assert row_texts.bounded("work", work) == work
    assert columns["work_id"] == identity.digest(work)


def test_work_is_named_after_the_last_call() -> None:
    work = measure(Bench(loaded(Telling()), rules=QUICK))["work"]
    assert isinstance(work, dict)
    assert work["calls"] == "4"  # one warm-up and three repeats


def test_settings_are_no_part_of_the_work() -> None:
    other = dataclasses.replace(CELL, batch_size=4, num_workers=1, threads=2, delay_s_per_frame=1e-6)
    bench = Bench(loaded(), rules=QUICK)
    assert measure(bench)["work_id"] == measure(bench, other)["work_id"]


def test_a_cool_gpu_is_not_throttled_and_its_figures_are_kept() -> None:
    columns = measure(
        Bench(loaded(), rules=QUICK, gpu=RecordedGpu([COOL], energy_j=[0.0, 9.0, 9.0, 18.0, 18.0], foreign=1))
    )
    assert columns["throttled"] is False
    assert columns["sm_clock_median_hz"] == 2.0e9
    assert columns["energy_j"] == 18.0
    assert columns["foreign_gpu_processes"] == 1


def test_the_state_of_gpu_and_host_is_in_the_row() -> None:
    columns = measure(Bench(loaded(), rules=QUICK, gpu=RecordedGpu([COOL], settings={"power_limit_w": 450.0})))
    assert columns["power_limit_w"] == 450.0
    assert columns["load_1m"] is not None
    assert {"swap_used_b", "steal_share"} <= set(columns)


def test_torchs_flags_are_read_after_the_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    class Setting(Clockwork):
        def detect(self, inputs: Sequence[str] | str, **settings: object) -> list[dict[str, float]]:
            torch.get_float32_matmul_precision = lambda: "high"
            return super().detect(inputs, **settings)

    absent = types.SimpleNamespace(is_available=lambda: False)
    torch = types.SimpleNamespace(cuda=absent, get_float32_matmul_precision=lambda: "highest")
    monkeypatch.setitem(sys.modules, "torch", torch)
    columns = measure(Bench(loaded(Setting()), rules=QUICK), dataclasses.replace(CELL, device=Device.CPU))
    assert (columns["matmul_precision"], columns["tf32_matmul"]) == ("high", None)


def test_a_hot_repeat_is_measured_again_and_the_row_says_so() -> None:
    waited: list[float] = []
    columns = measure(Bench(loaded(), rules=QUICK, gpu=RecordedGpu([HOT, COOL]), sleep=waited.append))
    assert len(waited) == 1
    assert columns["throttled"] is False
    assert columns["reason"] == "1 throttled calls were measured again"
    assert columns["throttle_reasons"] == []


def test_a_gpu_that_stays_hot_is_flagged_and_still_has_its_numbers() -> None:
    waited: list[float] = []
    columns = measure(Bench(loaded(), rules=QUICK, gpu=RecordedGpu([HOT]), sleep=waited.append))
    assert len(waited) == 3
    assert columns["throttled"] is True
    assert isinstance(columns["timed_s"], list)
    assert len(columns["timed_s"]) == 3
    assert columns["throttle_reasons"] == ["hw_thermal_slowdown"]


def test_a_clock_far_below_the_same_gpus_usual_one_is_throttling() -> None:
    slow = TelemetrySample(sm_clock_hz=1.4e9, reasons=())
    waited: list[float] = []
    columns = measure(Bench(loaded(), rules=QUICK, gpu=RecordedGpu([COOL, COOL, slow, COOL]), sleep=waited.append))
    assert len(waited) == 1
    assert columns["sm_clock_median_hz"] == 2.0e9


def test_an_idle_gpus_clock_is_not_its_usual_one() -> None:
    idle = TelemetrySample(sm_clock_hz=0.3e9, reasons=("gpu_idle",))
    hot = TelemetrySample(sm_clock_hz=1.4e9, reasons=())
    waited: list[float] = []
    rules = dataclasses.replace(QUICK, repeats_min=5, repeats_max=5)
    readings = [idle, idle, COOL, hot, COOL, COOL]
    columns = measure(Bench(loaded(), rules=rules, gpu=RecordedGpu(readings), sleep=waited.append))
    assert len(waited) == 1  # against 2.0 GHz; with the idle readings the usual clock would be 0.3
    assert columns["throttled"] is False


def test_without_a_gpu_throttling_is_unknown() -> None:
    assert measure(Bench(loaded(), rules=QUICK))["throttled"] is None


def test_a_gpu_without_readings_may_have_been_throttled() -> None:
    as_pyfeat = Bench(loaded(), rules=Rules(protocol=ProtocolName.PYFEAT), gpu=RecordedGpu([COOL]))
    assert measure(as_pyfeat)["throttled"] is None
    blind = Bench(loaded(), rules=QUICK, gpu=RecordedGpu([TelemetrySample(power_w=300.0)]))
    assert measure(blind)["throttled"] is None  # neither clock nor reasons can be told
    steady = Bench(loaded(), rules=QUICK, gpu=RecordedGpu([TelemetrySample(sm_clock_hz=1.2e9)]))
    assert measure(steady)["throttled"] is None  # a clock that never changes may have been low all along


def test_the_delay_is_within_the_timing() -> None:
    waited: list[float] = []
    bench = Bench(loaded(), rules=QUICK, sleep=waited.append)
    measure(bench, dataclasses.replace(CELL, delay_s_per_frame=0.25))
    assert waited == [2.0] * 4  # 8 frames, one warm-up and three repeats


class Failing(Clockwork):
    """Finds no face from one call on."""

    def __init__(self, good_calls: int) -> None:
        super().__init__(seconds_per_call=0.002)
        self.good_calls, self.calls = good_calls, 0

    def detect(self, inputs: Sequence[str] | str, **settings: object) -> list[dict[str, float]]:
        self.calls += 1
        self._faces = 1 if self.calls <= self.good_calls else 0
        return super().detect(inputs, **settings)


SHORT_CALLS = dataclasses.replace(QUICK, min_time_s=0.06, warmup_tolerance=10.0)
"""Three repeats of 20 ms: about 12 calls of 2 ms each."""


def test_a_repeat_of_short_calls_stores_seconds_per_call() -> None:
    columns = measure(Bench(loaded(Clockwork(seconds_per_call=0.002)), rules=SHORT_CALLS))
    assert isinstance(columns["timed_s"], list)
    assert isinstance(columns["calls_per_repeat"], int)
    assert 2 <= columns["calls_per_repeat"] <= 12
    assert 0.002 <= min(columns["timed_s"]) < 0.02


def test_the_last_call_of_a_repeat_is_checked() -> None:
    with pytest.raises(WrongWork, match="found 0 faces"):
        measure(Bench(loaded(Failing(good_calls=2)), rules=SHORT_CALLS))


SUSTAINED = dataclasses.replace(QUICK, sustained_s=0.05)
"""A run of 50 ms, which is too short for a window."""


def test_a_sustained_run_comes_after_the_timed_calls_and_a_rest_after_it() -> None:
    waited: list[float] = []
    clockwork = Failing(good_calls=10**6)
    columns = measure(Bench(loaded(clockwork), rules=SUSTAINED, sleep=waited.append))
    assert columns["sustained_hz"] == []
    assert clockwork.calls > 4 + 5  # one warm-up, three repeats, and calls of 2 ms for 50 ms
    assert waited == [SUSTAINED_REST_S]
    assert columns["unmet_rules"] == measure(Bench(loaded(), rules=QUICK))["unmet_rules"]


def test_without_a_sustained_run_its_rates_are_null() -> None:
    assert "sustained_hz" not in measure(Bench(loaded(), rules=QUICK))


def test_the_last_call_of_a_sustained_run_is_checked() -> None:
    with pytest.raises(WrongWork, match="found 0 faces"):
        measure(Bench(loaded(Failing(good_calls=5)), rules=SUSTAINED, sleep=lambda _: None))


def test_a_sustained_run_that_fails_costs_no_timing() -> None:
    class Overheating(Clockwork):
        calls = 0

        def detect(self, inputs: Sequence[str] | str, **settings: object) -> list[dict[str, float]]:
            self.calls += 1
            if self.calls > 5:
                raise RuntimeError("too hot")
            return super().detect(inputs, **settings)

    columns = measure(Bench(loaded(Overheating()), rules=SUSTAINED, sleep=lambda _: None))
    assert columns["reason"] == "the sustained run failed: RuntimeError: too hot"
    assert protocol.SUSTAINED in _unmet(columns)
    assert columns["timed_s"]
    assert columns["sustained_hz"] is None


def test_a_sustained_run_that_would_pass_the_time_limit_is_not_made() -> None:
    waited: list[float] = []
    rules = dataclasses.replace(SUSTAINED, time_limit_s=0.0)
    columns = measure(Bench(loaded(), rules=rules, sleep=waited.append))
    assert protocol.SUSTAINED in _unmet(columns)
    assert waited == []


def _unmet(columns: dict[str, object]) -> list[str]:
    unmet = columns["unmet_rules"]
    assert isinstance(unmet, list)
    return unmet


def test_one_call_per_repeat_is_stored_too() -> None:
    assert measure(Bench(loaded(), rules=QUICK))["calls_per_repeat"] == 1


def test_faces_that_were_not_planned_are_wrong_work() -> None:
    with pytest.raises(WrongWork, match="found 0 faces in 8 frames, planned were 8 faces in 8 frames"):
        measure(Bench(loaded(Clockwork(faces=0)), rules=QUICK))


def test_outputs_have_the_frame_numbers_of_the_clip_also_where_the_detector_counts_from_0() -> None:
    clip = dataclasses.replace(inputs.CATALOGUE["short"], skip_frames=24)
    bench = Bench(loaded(Clockwork(frames=3)), rules=QUICK)
    measure(bench, dataclasses.replace(CELL, input=clip))
    assert bench.output is not None
    assert list(bench.output.frames) == [0, 24, 48]


def test_recorded_energy_reaches_the_report_as_joules_per_frame() -> None:
    """Three repeats of 8 images: 10, 12 and 14 J by the GPU's counter, at an idle power of 2 W."""
    counter = [0.0, 10.0, 20.0, 32.0, 40.0, 54.0]
    bench = Bench(loaded(Clockwork(seconds_per_call=0.01)), rules=QUICK, gpu=RecordedGpu([COOL], energy_j=counter))
    measured = measure(bench)
    assert measured["energy_j"] == 36.0
    row = make_row(input="multi-face", **{**measured, "idle_power_w": 2.0, "work": None})
    (unit,) = units.gather([row])
    timed_s, calls = sum(row.timed_s or ()), row.calls_per_repeat or 1
    assert energy.frame_j(unit) == pytest.approx(36 / (3 * calls) / 16)
    assert energy.above_idle_j(unit) == pytest.approx((36 - 2 * timed_s * calls) / (3 * calls) / 16)
