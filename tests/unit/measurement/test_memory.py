"""Memory: peaks of one cell, on the host and on the device."""

import sys
import types

import pytest

from featray.analysis import footprint, units
from featray.measurement import memory
from tests.support.builders import make_row


def test_each_cell_has_a_memory_peak_of_its_own() -> None:
    memory.reset_peaks()
    block = bytearray(200_000_000)
    del block
    large = memory.columns([])["rss_peak_b"]
    memory.reset_peaks()
    small = memory.columns([])["rss_peak_b"]
    assert large - small > 100_000_000


def test_the_sampled_size_of_workers_counts_where_it_is_larger() -> None:
    memory.reset_peaks()
    assert memory.columns([10**15])["rss_peak_b"] == 10**15


def test_an_apple_gpus_memory_is_what_metal_holds_and_not_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    emptied: list[str] = []
    absent = types.SimpleNamespace(is_available=lambda: False)
    fake = types.SimpleNamespace(
        cuda=absent,
        backends=types.SimpleNamespace(mps=types.SimpleNamespace(is_available=lambda: True)),
        mps=types.SimpleNamespace(
            empty_cache=lambda: emptied.append("mps"), driver_allocated_memory=lambda: 3 * 1024**3
        ),
    )
    monkeypatch.setitem(sys.modules, "torch", fake)
    monkeypatch.setattr(sys, "platform", "darwin")
    memory.reset_peaks()
    assert emptied == ["mps"]
    columns = memory.columns([])
    assert (columns["gpu_memory_allocated_peak_b"], columns["gpu_memory_reserved_peak_b"]) == (None, 3 * 1024**3)
    (unit,) = units.gather([make_row(device="mps", memory_b=32 * 1024**3, gpu_memory_b=None, **columns)])
    assert (footprint.used_b(unit), footprint.total_b(unit)) == (3 * 1024**3, 32 * 1024**3)
    (untold,) = units.gather([make_row(device="mps", rss_peak_b=1)])
    assert footprint.used_b(untold) is None
