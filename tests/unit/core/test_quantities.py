"""Throughput, and sizes as people write them."""

import pytest

from featray.core import quantities


def test_throughput_is_frames_over_seconds() -> None:
    assert quantities.frames_per_second(72, 0.5) == 144.0


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_a_call_takes_time(seconds: float) -> None:
    with pytest.raises(ValueError, match="a call cannot last"):
        quantities.frames_per_second(72, seconds)


@pytest.mark.parametrize(
    ("text", "size_b"),
    [
        ("24 GB", 24 * 1000**3),
        ("24 GiB", 24 * 1024**3),
        ("1.5MiB", 1.5 * 1024**2),
        ("7 kB", 7000),
        ("7 KiB", 7168),
        ("12 B", 12),
        ("0.5 TB", 5 * 10**11),
    ],
)
def test_a_size_is_read_with_its_unit(text: str, size_b: float) -> None:
    assert quantities.parse_bytes(text) == size_b


@pytest.mark.parametrize("text", ["24", "24 gb", "GB", "-1 GB", "1,5 GB", "24  GB", "24 GB ", "1e3 B"])
def test_any_other_text_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a size; expected a number and a unit, such as '24 GB' or '16 GiB'"):
        quantities.parse_bytes(text)


def test_a_size_of_hundreds_of_digits_is_refused_in_a_short_message() -> None:
    with pytest.raises(ValueError, match=r"^.{1,150} is not a size; expected"):
        quantities.parse_bytes("9" * 400 + " GB")


@pytest.mark.parametrize(
    ("text", "seconds"), [("90m", 5400), ("12h", 43_200), ("3d", 259_200), ("1.5 h", 5400), ("5s", 5), ("250ms", 0.25)]
)
def test_durations_are_read_as_people_write_them(text: str, seconds: float) -> None:
    assert quantities.parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "3", "3w", "-1h", "1e3h", "soon"])
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(
        ValueError, match="is not a duration; expected a number and a unit, such as 200ms, 90m, 12h or 3d"
    ):
        quantities.parse_duration(text)
