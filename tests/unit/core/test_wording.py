"""Wording: each formatter at its edges."""

import math

import pytest

from featray.core import wording


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  two \n\t lines ", "two lines"),
        ("bell\x07 and escape\x1b[31m", "bell and escape [31m"),
        ("a\u202eb\u2066c", "abc"),  # right-to-left override and isolate would reorder what is read
        ("Gerät №5", "Gerät №5"),
        ("", ""),
    ],
)
def test_a_name_is_one_line_of_printable_text(text: str, line: str) -> None:
    assert wording.plain(text) == line


def test_a_long_name_loses_its_middle_and_keeps_both_ends() -> None:
    assert wording.shortened("a" * 80) == "a" * 80
    assert wording.shortened("a" * 60 + "b" * 21) == "a" * 52 + "…" + "a" * 6 + "b" * 21
    assert len(wording.shortened("x" * 500, 11)) == 11
    assert wording.shortened("0123456789ab", 11) == "012345…89ab"
    assert wording.shortened("ab  cd   ef", 8) == "ab cd ef"


def test_a_name_in_a_sentence_has_at_most_sixty_characters() -> None:
    assert wording.short("n" * 60) == "n" * 60
    assert len(wording.short("n" * 61)) == 60


def test_lists_name_each_thing_once_and_count_the_rest() -> None:
    assert wording.listed([]) == ""
    assert wording.listed(["b", "a", "b"]) == "b, a"
    assert wording.listed("abcd") == "a, b, c, d"
    assert wording.listed("abcdef") == "a, b, c, d and 2 more"
    assert wording.listed([1, 2, 3], limit=2) == "1, 2 and 1 more"
    assert wording.listed("abcdef", limit=None) == "a, b, c, d, e, f"


def test_phrases_are_parted_by_semicolons() -> None:
    assert wording.phrases(["a, b", "c"]) == "a, b; c"
    assert wording.phrases(list("abcde")) == "a; b; c; d; and 1 more"
    assert wording.phrases(list("abc"), limit=1) == "a; and 2 more"


def test_failures_that_differ_in_numbers_only_read_alike() -> None:
    texts = (
        "CUDA out of memory: tried 2.50 GiB of 23,553 MiB at 0x7fAB",
        "CUDA out of memory: tried 512 bytes of 7.9 GB at 0x1",
    )
    assert {wording.without_numbers(text) for text in texts} == {"CUDA out of memory: tried # of # at #"}
    assert wording.without_numbers("killed by\n signal 9") == "killed by signal #"


def test_counts_and_shares_agree_with_their_noun() -> None:
    assert [wording.count(number, "unit") for number in (0, 1, 2)] == ["0 units", "1 unit", "2 units"]
    assert wording.count(2, "process", "processes") == "2 processes"
    assert wording.share(1, 1, "unit") == "The only unit"
    assert wording.share(6, 6, "unit") == "All 6 units"
    assert wording.share(2, 6, "unit") == "2 of 6 units"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.00001234, "0.000012"),
        (0.07, "0.070"),
        (0.5, "0.50"),
        (1.19, "1.2"),
        (9.96, "10"),
        (0.09999, "0.10"),
        (10.0, "10"),
        (39.6, "40"),
        (1039.5, "1040"),
        (-0.07, "-0.070"),
    ],
)
def test_figures_in_a_sentence_are_never_powers_of_ten(value: float, text: str) -> None:
    assert wording.digits(value) == text


@pytest.mark.parametrize(("call_s", "text"), [(0.07, "0.070"), (0.1, "0.10"), (2.214, "2.21"), (123.456, "123.46")])
def test_a_call_is_in_seconds(call_s: float, text: str) -> None:
    assert wording.seconds(call_s) == text


def test_an_excess_has_two_digits_and_its_unit() -> None:
    assert [wording.extra(call_s) for call_s in (0.07, 1.24, 345.4)] == ["0.070 s", "1.2 s", "345 s"]


@pytest.mark.parametrize(("frame_s", "text"), [(0.03071, "30.7"), (0.001, "1.0"), (0.00053, "0.53"), (2.0, "2000.0")])
def test_a_frame_is_in_milliseconds(frame_s: float, text: str) -> None:
    assert wording.milliseconds(frame_s) == text


@pytest.mark.parametrize(("per_second", "text"), [(32.61, "32.6"), (0.96, "1.0"), (0.949, "0.95"), (0.07, "0.070")])
def test_a_rate_has_one_decimal_or_two_digits(per_second: float, text: str) -> None:
    assert wording.rate(per_second) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0.0%"), (0.072, "7.2%"), (0.0995, "10%"), (0.0994, "9.9%"), (0.12, "12%"), (-0.5, "-50%")],
)
def test_a_share_has_a_decimal_below_ten_percent(share: float, text: str) -> None:
    assert wording.percent(share) == text


def test_a_ratio_has_a_sign_in_a_sentence_and_three_digits_in_a_column() -> None:
    assert [wording.times(ratio) for ratio in (1.556, 0.641)] == ["1.56x", "0.64x"]
    assert [wording.ratio(ratio) for ratio in (0.6412, 1.1234, 12.0)] == ["0.641", "1.12", "12"]


@pytest.mark.parametrize(("change", "text"), [(1.03, "3%"), (1.025, "2.5%"), (1.10, "10%")])
def test_a_margin_is_kept_as_a_logarithm_and_read_as_a_share(change: float, text: str) -> None:
    assert wording.margin(math.log(change)) == text


@pytest.mark.parametrize(
    ("duration_s", "text"),
    [
        (0.0, "0.0 s"),
        (0.44, "0.4 s"),
        (9.9, "9.9 s"),
        (10.0, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (190.0, "3 min 10 s"),
        (3599.4, "59 min 59 s"),
        (7500.0, "2 h 05 min"),
        (360_000.0, "100 h 00 min"),
        (math.inf, "unknown"),
        (math.nan, "unknown"),
    ],
)
def test_a_duration_has_the_units_that_people_use(duration_s: float, text: str) -> None:
    assert wording.duration(duration_s) == text


@pytest.mark.parametrize(
    ("price", "text"),
    [(0.0, "0.00"), (13.339, "13.34"), (0.5, "0.50"), (0.0801, "0.0801"), (0.08, "0.08"), (1e-9, "0.000000001")],
)
def test_a_small_price_has_three_digits(price: float, text: str) -> None:
    assert wording.money(price) == text


@pytest.mark.parametrize(
    ("size_b", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1.5 * 1024**3, "1.5 GiB"),
        (2048 * 1024**4, "2048.0 TiB"),
        (-2048, "-2.0 KiB"),
    ],
)
def test_a_size_has_a_binary_prefix(size_b: float, text: str) -> None:
    assert wording.size(size_b) == text
