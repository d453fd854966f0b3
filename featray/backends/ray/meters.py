"""Meters: the run's figures as Ray's metrics, on the port of the driver's node."""

from collections.abc import Mapping
from typing import Any

from ray.util import metrics

from featray.backends import COUNTERS


class Meters:
    """Gauges and counters that have been published, by name."""

    def __init__(self) -> None:
        """Begin without any."""
        self._made: dict[str, Any] = {}
        self._counted: dict[tuple[str, str], float] = {}  # what each counter stands at

    def publish(self, gauges: Mapping[str, Any]) -> None:
        """Set metrics: name -> value, or name -> {what it is of: value}. A counter's value is its total so far."""
        for name, value in gauges.items():
            kind = metrics.Counter if name in COUNTERS else metrics.Gauge
            if name not in self._made:
                self._made[name] = kind(f"featray_{name}", description=name, tag_keys=("of",))
            for tag, number in (value if isinstance(value, dict) else {"": value}).items():
                if name not in COUNTERS:
                    self._made[name].set(number, tags={"of": tag})
                elif (more := number - self._counted.get((name, tag), 0)) > 0:
                    self._made[name].inc(more, tags={"of": tag})
                    self._counted[name, tag] = number
