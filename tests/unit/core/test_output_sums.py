"""Output sums: what they hold, and how well they estimate a distance."""

import math

from featray.core import output_sums
from featray.core.output_sums import COUNT, Sums


def test_sums_are_read_back_as_written() -> None:
    sums = Sums(80, tuple(float(index) for index in range(COUNT)))
    assert output_sums.decode(output_sums.encode(sums)) == sums


def test_a_text_without_sums_holds_none() -> None:
    assert [output_sums.decode(text) for text in ("", "AAAA", "no base64", "é")] == [None] * 4


def test_the_hash_is_that_of_splitmix64() -> None:
    assert output_sums.mix(0) == 0xE220A8397B1DCDAF  # the first number of the generator with the seed 0


def test_one_value_that_moved_is_measured_exactly() -> None:
    before = Sums(100, (0.0,) * COUNT)
    after = Sums(100, tuple(3.0 if index % 3 else -3.0 for index in range(COUNT)))
    assert math.isclose(output_sums.rms_difference(before, after), 0.3)  # 3 in one of 100 values
    assert math.isclose(output_sums.rms(after), 0.3)


def test_no_values_are_no_distance() -> None:
    nothing = Sums(0, (0.0,) * COUNT)
    assert output_sums.rms_difference(nothing, nothing) == 0.0
