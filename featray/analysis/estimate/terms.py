"""Terms: what the caller of an estimate fixes.

Flow: `api.estimate` -> `Terms` -> `archive`. Pure.
"""

import dataclasses

from featray.analysis import prices
from featray.analysis.advice.constraints import Constraints
from featray.analysis.prices import PricedHost
from featray.analysis.unit import Unit


@dataclasses.dataclass(frozen=True, kw_only=True)
class Terms:
    """What the caller fixes; None leaves it open."""

    constraints: Constraints = dataclasses.field(default_factory=Constraints)
    hosts: tuple[PricedHost, ...] | None = None  # None: every host that was measured
    deadline_s: float | None = None
    budget: float | None = None

    def find_host(self, unit: Unit) -> PricedHost | None:
        """Find the named host that a unit was measured on."""
        return prices.find_host(unit, self.hosts or ())

    def find_price(self, unit: Unit) -> float | None:
        """Find the price per hour of the host that a unit was measured on."""
        host = self.find_host(unit)
        return None if host is None else host.price_per_hour
