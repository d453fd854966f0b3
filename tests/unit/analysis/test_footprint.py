"""Footprint: memory that a unit used, and how much there is."""

from typing import Any

from featray.analysis import footprint, units
from featray.analysis.unit import Unit
from tests.support.builders import BOX, CPU, make_row

GIB = 1024**3


def gather(*columns: dict[str, Any]) -> Unit:
    (unit,) = units.gather(make_row(invocation=number, **each) for number, each in enumerate(columns, start=1))
    return unit


def test_a_gpu_counts_what_all_processes_used_at_the_peak_of_all_invocations() -> None:
    unit = gather(
        {"gpu_memory_used_peak_b": 3 * GIB, "gpu_memory_reserved_peak_b": 2 * GIB}, {"gpu_memory_used_peak_b": 5 * GIB}
    )
    assert footprint.used_b(unit) == 5 * GIB


def test_a_gpu_without_that_counts_what_torch_reserved() -> None:
    assert footprint.used_b(gather({"gpu_memory_reserved_peak_b": 2 * GIB})) == 2 * GIB
    assert footprint.used_b(gather({})) is None


def test_a_processor_counts_resident_memory() -> None:
    unit = gather({**CPU, "rss_peak_b": GIB})
    assert (footprint.used_b(unit), footprint.total_b(unit)) == (GIB, BOX["memory_b"])


def test_the_gpus_name_gives_its_memory_if_the_row_does_not() -> None:
    assert footprint.total_b(gather({"gpu_memory_b": None})) == 24 * GIB
