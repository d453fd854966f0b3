"""The name by which sweeps ask for `fakes.clockwork.Clockwork`; it is part of stored cell ids and stays."""

from featray.measurement.fakes.clockwork import Clockwork

__all__ = ["Clockwork"]
