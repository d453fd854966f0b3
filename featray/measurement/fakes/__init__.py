"""Fakes: detectors that need neither torch nor weights, for self-tests, soaks and A/A runs."""
