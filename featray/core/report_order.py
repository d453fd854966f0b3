"""Report order: where reports list an input, a detector and a device, which is the order of py-feat's own reports.

Flow: names of a row -> ranks -> `analysis`, `interchange` and `rendering` sort by them. Pure.
"""

from collections.abc import Iterable

from featray.core import detectors, inputs, targets


def input_rank(name: str) -> int:
    """Rank an input; the same for all that are not in the catalogue, which come last."""
    return _rank(name, inputs.CATALOGUE)


def detector_rank(name: str) -> int:
    """Rank a detector; the same for all that are not in the catalogue, which come last."""
    return _rank(name, detectors.CATALOGUE)


def device_rank(name: str) -> int:
    """Rank a device by `targets.DEVICES`."""
    return _rank(name, targets.DEVICES)


def _rank(name: str, order: Iterable[str]) -> int:
    names = list(order)
    return names.index(name) if name in names else len(names)
