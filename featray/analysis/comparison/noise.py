"""Noise: what is known of how identical work varies on each target, between processes and between sessions.

Flow: calibrations, stored rows of several sessions -> `Noise` -> `pairs.judge`, `diagnosis.quality`. Pure.
"""

import dataclasses
from collections.abc import Iterable, Mapping

from featray import stats
from featray.analysis.comparison.calibration import Calibration
from featray.stats import SessionSpread


@dataclasses.dataclass(frozen=True, kw_only=True)
class Noise:
    """What is known, by target id."""

    calibrations: Mapping[str, Calibration] = dataclasses.field(default_factory=dict)
    spreads: Mapping[str, SessionSpread] = dataclasses.field(default_factory=dict)  # between sessions, from any rows

    def process_sd(self, targets: Iterable[str]) -> float | None:
        """Give the larger sd between processes of two sides' targets; None unless both are calibrated."""
        known = [self.calibrations.get(target_id) for target_id in targets]
        return max((calibration.sd for calibration in known if calibration), default=None) if all(known) else None

    def session_spread(self, targets: Iterable[str]) -> SessionSpread:
        """Give the larger spread between sessions of two sides' targets; an unknown target has the assumed one."""
        return max((self._spread(target_id) for target_id in targets), key=lambda spread: spread.sd)

    def _spread(self, target_id: str) -> SessionSpread:
        calibration = self.calibrations.get(target_id)
        own = self.spreads.get(target_id) or (calibration.session_spread if calibration else None)
        return own or stats.ASSUMED


NO_NOISE = Noise()
"""Nothing is known."""
