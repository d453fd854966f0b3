"""Telemetry: windows, throttling, and what a row says of them, on recorded readings."""

import dataclasses
import threading
import time

import pytest

from featray.measurement import telemetry
from featray.measurement.machine_state import CpuTimes
from featray.measurement.telemetry import RecordedGpu, Sampler, TelemetrySample, TelemetryWindow

FULL = TelemetrySample(
    sm_clock_hz=2.0e9,
    power_w=300.0,
    temperature_c=70.0,
    utilization=0.9,
    memory_used_b=4_000_000_000,
    reasons=("sw_power_cap",),
)


def test_a_window_holds_several_readings_of_a_long_call() -> None:
    fifth_look = threading.Event()

    class Counted(RecordedGpu):
        looks = 0

        def read(self) -> TelemetrySample:
            self.looks += 1
            if self.looks == 5:
                fifth_look.set()
            return super().read()

    sampler = Sampler(Counted([FULL]), period_s=0.02)
    sampler.resume()
    assert fifth_look.wait(30)
    window = sampler.pause()
    sampler.close()
    assert len(window.readings) >= 4  # the fifth may still be on its way into the window
    assert window.resident_b[0] > 1_000_000


def test_a_call_too_short_to_be_sampled_is_read_once_at_its_end() -> None:
    sampler = Sampler(RecordedGpu([FULL]), period_s=60.0)
    sampler.resume()
    window = sampler.pause()
    sampler.close()
    (reading,) = window.readings
    assert dataclasses.replace(reading, age_s=None) == FULL
    assert reading.age_s is not None
    assert 0.0 <= reading.age_s < 60.0


def test_nothing_is_read_between_windows() -> None:
    readings = [TelemetrySample(temperature_c=float(number)) for number in range(1000)]
    sampler = Sampler(RecordedGpu(readings), period_s=0.01)
    sampler.resume()
    time.sleep(0.1)
    first = sampler.pause()
    time.sleep(0.1)
    sampler.resume()
    second = sampler.pause()
    sampler.close()
    assert second.readings[0].temperature_c == len(first.readings)


def test_energy_is_the_counters_difference_over_the_window() -> None:
    sampler = Sampler(RecordedGpu([FULL], energy_j=[1000.0, 1250.0]), period_s=60.0)
    sampler.resume()
    assert sampler.pause().energy_j == 250.0
    sampler.close()


def test_without_a_gpu_only_the_host_is_seen() -> None:
    sampler = Sampler(None, period_s=60.0)
    sampler.resume()
    window = sampler.pause()
    sampler.close()
    columns = telemetry.columns([window])
    assert window.readings == ()
    assert columns["power_median_w"] is None
    assert columns["throttle_reasons"] is None
    assert columns["gpu_memory_used_peak_b"] is None


def test_a_row_holds_medians_peaks_and_every_reason() -> None:
    later = TelemetrySample(
        sm_clock_hz=1.0e9,
        power_w=200.0,
        temperature_c=80,
        utilization=0.5,
        memory_used_b=5_000_000_000,
        reasons=("hw_slowdown", "sw_power_cap"),
    )
    windows = [
        TelemetryWindow(
            readings=(FULL,), energy_j=30.0, cpu=CpuTimes(busy_s=1.0, total_s=4.0, steal_s=0.0), own_cpu_s=0.5
        ),
        TelemetryWindow(
            readings=(FULL, later), energy_j=20.0, cpu=CpuTimes(busy_s=3.0, total_s=4.0, steal_s=1.0), own_cpu_s=1.0
        ),
    ]
    assert telemetry.columns(windows) == {
        "gpu_utilization_median": 0.9,
        "sm_clock_median_hz": 2.0e9,
        "power_median_w": 300.0,
        "energy_j": 50.0,
        "cpu_energy_j": None,
        "temperature_max_c": 80.0,
        "gpu_memory_used_peak_b": 5_000_000_000,
        "throttle_reasons": ["hw_slowdown", "sw_power_cap"],
        "cpu_utilization": 0.5,
        "cpu_other": 0.1875,  # (1.0 - 0.5) + (3.0 - 1.0 stolen - 1.0), of 8.0
        "steal_share": 0.125,
    }


def test_an_average_that_reaches_back_before_the_call_does_not_count() -> None:
    before = dataclasses.replace(FULL, utilization=0.0, power_w=80.0)
    readings = [
        dataclasses.replace(before, age_s=0.075),
        dataclasses.replace(before, utilization=0.8, age_s=0.375),
        dataclasses.replace(FULL, power_w=500.0, age_s=1.15),
    ]
    long = telemetry.columns([TelemetryWindow(readings=tuple(readings))])
    assert (long["gpu_utilization_median"], long["power_median_w"]) == (pytest.approx(0.85), 500.0)
    short = telemetry.columns([TelemetryWindow(readings=tuple(readings[:1]))])
    assert (short["gpu_utilization_median"], short["power_median_w"]) == (None, None)
    assert (short["temperature_max_c"], short["sm_clock_median_hz"]) == (70.0, 2.0e9)  # these are no averages


def test_figures_that_a_board_does_not_give_are_null_and_the_others_stay() -> None:
    window = TelemetryWindow(readings=(TelemetrySample(power_w=12.0), TelemetrySample(reasons=())))
    columns = telemetry.columns([window])
    assert columns["power_median_w"] == 12.0
    assert columns["sm_clock_median_hz"] is None
    assert columns["energy_j"] is None
    assert columns["throttle_reasons"] == []


def test_steal_is_unknown_where_the_system_does_not_count_it() -> None:
    windows = [TelemetryWindow(cpu=CpuTimes(busy_s=1.0, total_s=4.0, steal_s=None))]
    columns = telemetry.columns(windows)
    assert (columns["cpu_utilization"], columns["steal_share"]) == (0.25, None)
    assert telemetry.columns([*windows, TelemetryWindow()])["cpu_utilization"] is None


def test_what_other_processes_took_is_unknown_where_the_own_time_is() -> None:
    cpu = CpuTimes(busy_s=1.0, total_s=4.0, steal_s=None)
    assert telemetry.columns([TelemetryWindow(cpu=cpu)])["cpu_other"] is None
    assert telemetry.columns([TelemetryWindow(own_cpu_s=0.5)])["cpu_other"] is None
    assert telemetry.columns([TelemetryWindow(cpu=cpu, own_cpu_s=0.5)])["cpu_other"] == 0.125


def test_clocks_that_disagree_by_a_tick_never_make_a_negative_share() -> None:
    window = TelemetryWindow(cpu=CpuTimes(busy_s=1.0, total_s=4.0, steal_s=0.0), own_cpu_s=1.01)
    assert telemetry.columns([window])["cpu_other"] == 0.0


def test_energy_of_some_calls_only_is_not_the_energy_of_all() -> None:
    assert telemetry.columns([TelemetryWindow(energy_j=3.0), TelemetryWindow()])["energy_j"] is None


@pytest.mark.parametrize("reason", ["hw_slowdown", "sw_thermal_slowdown", "hw_thermal_slowdown", "hw_power_brake"])
def test_heat_and_hardware_throttle(reason: str) -> None:
    assert telemetry.is_throttled(TelemetryWindow(readings=(FULL, TelemetrySample(reasons=(reason,)))), None)


def test_running_at_the_power_limit_is_not_throttling() -> None:
    assert not telemetry.is_throttled(TelemetryWindow(readings=(FULL,)), 2.0e9)


def test_a_clock_under_three_quarters_of_the_usual_is_throttling() -> None:
    def at(clock_hz: float) -> TelemetryWindow:
        return TelemetryWindow(readings=(TelemetrySample(sm_clock_hz=clock_hz),))

    assert telemetry.is_throttled(at(1.49e9), 2.0e9)
    assert not telemetry.is_throttled(at(1.51e9), 2.0e9)
    assert not telemetry.is_throttled(at(0.3e9), None)


@pytest.mark.parametrize("reason", ["sw_power_cap", "gpu_idle"])
def test_a_low_clock_that_the_driver_explains_is_how_the_cell_runs(reason: str) -> None:
    explained, bare = (
        TelemetrySample(sm_clock_hz=1.0e9, reasons=(reason,)),
        TelemetrySample(sm_clock_hz=1.0e9, reasons=()),
    )
    assert not telemetry.is_throttled(TelemetryWindow(readings=(explained, explained, bare)), 2.0e9)
    assert telemetry.is_throttled(TelemetryWindow(readings=(explained, bare, bare)), 2.0e9)
    assert (
        telemetry.columns([TelemetryWindow(readings=(TelemetrySample(reasons=("gpu_idle",)),))])["throttle_reasons"]
        == []
    )
