"""Memory use: what a setting takes itself."""

from typing import Any

import pytest

from featray.analysis import units
from featray.analysis.advice import memory_use
from featray.analysis.advice.memory_use import MemoryScope, MemoryUse
from tests.support.builders import CPU, make_row

GIB = 1024**3


def row(used: int | None, reserved: int | None, foreign: int | None) -> dict[str, Any]:
    peaks = {"gpu_memory_used_peak_b": used, "gpu_memory_reserved_peak_b": reserved}
    return {
        **{name: None if peak is None else peak * GIB for name, peak in peaks.items()},
        "foreign_gpu_processes": foreign,
    }


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([row(7, 6, 0)], (7, MemoryScope.OWN), id="alone on the GPU: all that is in use"),
        pytest.param([row(20, 6, 2)], (6, MemoryScope.TORCH), id="beside others: what torch reserved"),
        pytest.param([row(20, 6, None)], (6, MemoryScope.TORCH), id="others unknown: what torch reserved"),
        pytest.param([row(20, None, 2)], (20, MemoryScope.SHARED), id="beside others and without torch's figure"),
        pytest.param([row(7, None, None)], (7, MemoryScope.SHARED), id="others unknown and without torch's figure"),
        pytest.param([row(7, 6, 0), row(20, 6, 1)], (7, MemoryScope.OWN), id="alone in one invocation only"),
        pytest.param([row(7, 6, 0), row(20, 9, 1)], (9, MemoryScope.OWN), id="torch's higher peak beside others"),
        pytest.param([row(5, 4, 0), row(7, 6, 0)], (7, MemoryScope.OWN), id="the peak of all invocations"),
        pytest.param([row(None, None, 0)], None, id="nothing known"),
    ],
)
def test_a_gpu_setting_counts_its_own_memory(
    rows: list[dict[str, Any]], expected: tuple[int, MemoryScope] | None
) -> None:
    (unit,) = units.gather(make_row(invocation=number, **columns) for number, columns in enumerate(rows, start=1))
    assert memory_use.of_unit(unit) == (MemoryUse(expected[0] * GIB, expected[1]) if expected else None)


def test_a_cpu_setting_counts_its_process() -> None:
    (unit,) = units.gather([make_row(**CPU, rss_peak_b=3 * GIB)])
    assert memory_use.of_unit(unit) == MemoryUse(3 * GIB, MemoryScope.OWN)
