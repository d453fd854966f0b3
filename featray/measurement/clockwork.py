"""Clockwork, under the name that sweeps use; the name is part of stored cell ids and must stay valid."""

from featray.measurement.fakes.clockwork import Clockwork

__all__ = ["Clockwork"]
