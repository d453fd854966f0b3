"""Figures as Ray's metrics; plain objects stand in for Ray's."""

from typing import Any

import pytest
from ray.util import metrics

from featray.backends.ray.meters import Meters


class FakeMetric:
    """Notes what is set or added."""

    made: list[tuple[str, str]]
    calls: list[tuple[str, float, str]]

    def __init__(self, name: str, description: str, tag_keys: tuple[str, ...]) -> None:  # noqa: ARG002 - Ray's signature
        self.name = name
        self.made.append((type(self).__name__, name))

    def inc(self, value: float, tags: dict[str, str]) -> None:
        self.calls.append((self.name, value, tags["of"]))

    def set(self, value: float, tags: dict[str, str]) -> None:
        self.inc(value, tags)


@pytest.fixture
def ray_metrics(monkeypatch: pytest.MonkeyPatch) -> type[FakeMetric]:
    FakeMetric.made, FakeMetric.calls = [], []
    for kind in ("Gauge", "Counter"):
        monkeypatch.setattr(metrics, kind, type(kind, (FakeMetric,), {}))
    return FakeMetric


def publish(*gauges: dict[str, Any]) -> None:
    published = Meters()
    for values in gauges:
        published.publish(values)


def test_a_gauge_is_made_once_and_set_at_every_call(ray_metrics: type[FakeMetric]) -> None:
    publish({"waiting": 3}, {"waiting": 1})
    assert ray_metrics.made == [("Gauge", "featray_waiting")]
    assert ray_metrics.calls == [("featray_waiting", 3, ""), ("featray_waiting", 1, "")]


def test_a_tag_reaches_ray_in_ascii(ray_metrics: type[FakeMetric]) -> None:
    publish({"busy": {"GPU-aaaa…0001": 1}, "rows": {"µ": 1}})
    assert ray_metrics.calls == [("featray_busy", 1, "GPU-aaaa?0001"), ("featray_rows", 1, "?")]


def test_a_counter_gets_what_its_total_has_grown_by(ray_metrics: type[FakeMetric]) -> None:
    publish({"rows": {"ok": 2}}, {"rows": {"ok": 2, "oom": 1}}, {"rows": {"ok": 5, "oom": 1}})
    assert ray_metrics.made == [("Counter", "featray_rows")]
    assert ray_metrics.calls == [("featray_rows", 2, "ok"), ("featray_rows", 1, "oom"), ("featray_rows", 3, "ok")]
