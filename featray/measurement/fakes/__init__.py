"""Fakes: detectors that need neither torch nor weights, for self-tests, long runs and comparisons of equal sides.

clockwork         only lets time pass
failing_detector  fails on purpose
hungry_detector   needs memory in proportion to its batch
"""
