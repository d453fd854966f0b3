"""From printed figures to a duration: what rounding leaves open, and figures that contradict each other."""

import pytest

from featray.interchange import figures
from featray.interchange.figures import Bounds


def test_a_printed_number_allows_half_a_unit_in_its_last_place_to_either_side() -> None:
    assert figures.rounded("2.21") == Bounds(2.205, 2.215)
    assert figures.rounded("36") == Bounds(35.5, 36.5)


def test_zero_seconds_printed_allows_only_durations_from_zero_up() -> None:
    assert figures.rounded("0.00") == Bounds(0.0, 0.005)


def test_all_printed_figures_narrow_the_duration_together() -> None:
    # 72 frames: sec allows 2.205..2.215, ms/frame 2.2068..2.2140, fps 2.20521..2.21198.
    found = figures.estimate({"sec": "2.21", "ms/frame": "30.7", "fps": "32.6"}, 72)
    assert found.interval.low == pytest.approx(2.2068)
    assert found.interval.high == pytest.approx(72 / 32.55)
    assert found.interval.midpoint == pytest.approx((2.2068 + 72 / 32.55) / 2)
    assert found.contradiction is None


def test_images_per_second_of_a_slow_call_may_print_as_zero() -> None:
    found = figures.estimate({"sec": "400.00", "fps": "0.0"}, 16)
    assert found.interval == Bounds(399.995, 400.005)


def test_figures_that_no_duration_can_have_printed_are_named_and_the_first_counts() -> None:
    found = figures.estimate({"sec": "2.21", "ms/frame": "40.7"}, 72)
    assert found.interval == Bounds(2.205, 2.215)
    assert found.contradiction == "sec 2.21, ms/frame 40.7 cannot all be true of one call over 72 frames or images"


def test_figures_that_touch_in_one_point_agree() -> None:
    # 5.00 s allows up to 5.005; 1001.5 ms/frame over 5 frames allows from 5.00725: apart. 1001.0 allows from 5.00475.
    assert figures.estimate({"sec": "5.00", "ms/frame": "1001.0"}, 5).contradiction is None
    assert figures.estimate({"sec": "5.00", "ms/frame": "1001.5"}, 5).contradiction is not None


@pytest.mark.parametrize("text", ["", "-1.0", "nan", "inf", "1,5", "0x1p3", "**2.21**", "1e999", "1" * 40])
def test_what_is_no_plain_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        figures.rounded(text)


def test_a_rate_of_zero_alone_gives_no_duration() -> None:
    with pytest.raises(ValueError, match=r"fps 0\.0 gives no duration"):
        figures.estimate({"fps": "0.0"}, 72)


def test_no_figure_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="no sec"):
        figures.estimate({"rows": "80"}, 16)
