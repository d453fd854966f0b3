"""Garbage: collected once, at the end of an import."""

import gc
import weakref

import pytest

from featray.core import garbage


class Knot:
    """An object that refers to itself, so that only the collector frees it."""

    def __init__(self) -> None:
        self.itself = self


def test_nothing_is_collected_before_the_end_and_everything_at_it() -> None:
    assert gc.isenabled()
    with garbage.collected_at_end():
        assert not gc.isenabled()
        knot = weakref.ref(Knot())
        many = [[number] for number in range(10_000)]  # enough for several collections
        assert knot() is not None
        assert len(many) == 10_000
    assert knot() is None
    assert gc.isenabled()


def test_objects_are_old_afterwards_as_in_any_program() -> None:
    with garbage.collected_at_end():
        kept = [[number] for number in range(10_000)]
    young, middle, _ = gc.get_count()
    assert len(kept) == 10_000
    assert young < 5_000
    assert middle < 10


def test_an_import_that_fails_leaves_the_collector_on() -> None:
    with pytest.raises(ImportError), garbage.collected_at_end():
        raise ImportError("no such module")
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with garbage.collected_at_end():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
