"""Meters: the run's figures as Ray's metrics, on the port of the driver's node.

Flow: `running.gauges` -> `Backend.publish` -> `Meters.publish` -> Prometheus, Ray's dashboard.
"""

from collections.abc import Mapping
from typing import Any

from ray.util import metrics

from featray.backends import COUNTERS, FIGURES


class Meters:
    """Gauges and counters that have been published, by name."""

    def __init__(self) -> None:
        """Start without any."""
        self._metrics: dict[str, Any] = {}
        self._totals: dict[tuple[str, str], float] = {}  # (counter, tag) -> value so far

    def publish(self, gauges: Mapping[str, Any]) -> None:
        """Set metrics: name -> value, or name -> {tag: value}. A counter's value is its total so far."""
        for name, value in gauges.items():
            for tag, number in (value if isinstance(value, dict) else {"": value}).items():
                if name in COUNTERS:
                    self._count_up(name, tag, number)
                else:
                    self._metric(metrics.Gauge, name).set(number, tags=_tags(tag))

    def _count_up(self, name: str, tag: str, total: float) -> None:
        increase = total - self._totals.get((name, tag), 0)
        counter = self._metric(metrics.Counter, name)
        if increase > 0:  # Ray refuses to add nothing
            counter.inc(increase, tags=_tags(tag))
            self._totals[name, tag] = total

    def _metric(self, kind: Any, name: str) -> Any:
        if name not in self._metrics:
            self._metrics[name] = kind(f"featray_{name}", description=FIGURES.get(name, name), tag_keys=("of",))
        return self._metrics[name]


def _tags(tag: str) -> dict[str, str]:
    """Write a tag in ASCII: Ray refuses any other character, and a target's label may have some."""
    return {"of": tag.encode("ascii", "replace").decode()}
