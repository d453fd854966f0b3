"""Fakes: detectors that need neither torch nor weights, for self-tests, long runs and comparisons of equal sides."""
