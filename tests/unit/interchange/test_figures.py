"""Figures: the durations that printed figures allow, and figures that contradict each other."""

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from featray.interchange import figures
from featray.interchange.figures import NumberRange
from tests.support import pyfeat_reports

QUICK = settings(max_examples=100, derandomize=True, deadline=None)
CALL_S = st.floats(0.006, 5000)
FRAMES = st.integers(1, 5000)


def test_a_printed_number_allows_half_a_unit_in_its_last_place_to_either_side() -> None:
    assert figures.rounding_range("2.21") == NumberRange(2.205, 2.215)
    assert figures.rounding_range("36") == NumberRange(35.5, 36.5)


def test_zero_seconds_printed_allows_only_durations_from_zero_up() -> None:
    assert figures.rounding_range("0.00") == NumberRange(0.0, 0.005)


def test_all_printed_figures_narrow_the_duration_together() -> None:
    # 72 frames: sec allows 2.205..2.215, ms/frame 2.2068..2.2140, fps 2.20521..2.21198.
    estimate = figures.estimate({"sec": "2.21", "ms/frame": "30.7", "fps": "32.6"}, 72)
    assert estimate.call_s.low == pytest.approx(2.2068)
    assert estimate.call_s.high == pytest.approx(72 / 32.55)
    assert estimate.call_s.midpoint == pytest.approx((2.2068 + 72 / 32.55) / 2)
    assert estimate.contradiction is None


def test_images_per_second_of_a_slow_call_may_print_as_zero() -> None:
    estimate = figures.estimate({"sec": "400.00", "fps": "0.0"}, 16)
    assert estimate.call_s == NumberRange(399.995, 400.005)


def test_figures_that_contradict_each_other_are_named_and_the_first_counts() -> None:
    estimate = figures.estimate({"sec": "2.21", "ms/frame": "40.7"}, 72)
    assert estimate.call_s == NumberRange(2.205, 2.215)
    assert estimate.contradiction == "sec 2.21, ms/frame 40.7 cannot all be true of one call over 72 frames or images"


def test_figures_that_touch_in_one_point_agree() -> None:
    # 5.00 s allows up to 5.005; 1001.5 ms/frame over 5 frames allows from 5.00725: apart. 1001.0 allows from 5.00475.
    assert figures.estimate({"sec": "5.00", "ms/frame": "1001.0"}, 5).contradiction is None
    assert figures.estimate({"sec": "5.00", "ms/frame": "1001.5"}, 5).contradiction is not None


@pytest.mark.parametrize("text", ["", "-1.0", "nan", "inf", "1,5", "0x1p3", "**2.21**", "1e999", "1" * 40])
def test_a_text_that_is_not_a_plain_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected a number such as 2\.21, got "):
        figures.rounding_range(text)


def test_a_rate_of_zero_alone_gives_no_duration() -> None:
    with pytest.raises(ValueError, match=r"fps 0\.0: no duration follows"):
        figures.estimate({"fps": "0.0"}, 72)


def test_no_figure_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a figure: sec, ms/frame, ms/img or fps"):
        figures.estimate({"rows": "80"}, 16)


@QUICK
@given(CALL_S, FRAMES)
def test_the_true_duration_lies_in_the_interval_that_its_print_allows(call_s: float, frames: int) -> None:
    estimate = figures.estimate(pyfeat_reports.print_duration(call_s, frames), frames)
    assert estimate.contradiction is None
    assert estimate.call_s.low * (1 - 1e-9) <= call_s <= estimate.call_s.high * (1 + 1e-9)


@QUICK
@given(CALL_S, FRAMES)
def test_no_figure_widens_what_the_others_allow(call_s: float, frames: int) -> None:
    texts = pyfeat_reports.print_duration(call_s, frames)
    joint = figures.estimate(texts, frames).call_s
    for name in ("sec", "ms/frame"):
        alone = figures.estimate({name: texts[name]}, frames).call_s
        assert alone.low <= joint.low * (1 + 1e-9)
        assert joint.high * (1 - 1e-9) <= alone.high
