"""Garbage: when Python looks for cycles of objects: not while rows are read or planned, once after an import.

Flow: `store.reading`, `running.preparation`, `api` -> `paused`; `measurement.detector` -> `collected_at_end`.
Standard library only.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """Keep Python from searching rows or plans for cycles, which they never have: a fifth of reading 100 000 rows."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def collected_at_end() -> Iterator[None]:
    """Look for cycles once at the end of the block, instead of again and again while it runs.

    py-feat's import makes a million objects that stay: the searches take a fifth of it and find next to nothing. The
    calls that are timed afterwards find what they find in any program: all objects are old, and the collector is on.
    """
    try:
        with paused():
            yield
    finally:
        if gc.isenabled():
            gc.collect()
