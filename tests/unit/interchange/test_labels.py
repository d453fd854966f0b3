"""Labels: sections, headings, GPU and host lines, dates and file names of py-feat's reports of every age."""

import datetime

import pytest

from featray.interchange import labels
from featray.interchange.labels import GpuLabel, HostLabel, SectionLabel


def test_the_sections_of_pyfeats_script_are_the_catalogues_inputs() -> None:
    assert labels.read_section("video", "short (72 frames)") == SectionLabel(
        "video", "short (72 frames)", "short", 72, 30.0
    )
    assert labels.read_section("video", "long").label == "long (472 frames)"
    assert labels.read_section("images", "16 x multi_face.jpg = 80 faces").input == "multi-face"


def test_the_label_of_another_clip_gives_its_frames() -> None:
    assert labels.read_section("video", "lab clip (300 frames)") == SectionLabel(
        "video", "lab clip (300 frames)", "lab clip", 300
    )
    assert labels.read_section("images", "4 x crowd.png = 12 faces") == SectionLabel(
        "images", "4 x crowd.png = 12 faces", "crowd.png", 4
    )
    assert labels.read_section("video", "lab clip").frames is None


def test_headings_of_every_age_name_the_same_detector() -> None:
    assert labels.detector_name("MPDetector retinaface") == "mpdetector"
    assert labels.detector_name("Detectorv2 multitask") == labels.detector_name("Detectorv2") == "detectorv2"
    assert labels.detector_name("my detector") == "my detector"
    assert labels.detector_heading("detectorv2") == "Detectorv2 multitask"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CUDA 12.4, NVIDIA GeForce RTX 3090", GpuLabel("12.4", "NVIDIA GeForce RTX 3090")),
        ("CUDA 12.4, NVIDIA T4; MPS available", GpuLabel("12.4", "NVIDIA T4")),
        ("Apple M5 Max (MPS)", GpuLabel(None, "Apple M5 Max")),
        ("MPS available", GpuLabel()),
        ("MPS available: True", GpuLabel()),
        ("MPS available: False", GpuLabel()),
        ("no GPU", GpuLabel()),
        (None, GpuLabel()),
    ],
)
def test_gpu_lines_of_every_age_are_read(text: str | None, expected: GpuLabel) -> None:
    assert labels.read_gpu(text) == expected


def test_a_host_line_carries_architecture_and_processors() -> None:
    assert labels.read_host("box (x86_64, 128 CPUs)") == HostLabel("box", "x86_64", 128)
    assert labels.read_host("box") == HostLabel("box")
    assert labels.read_host("unknown") == HostLabel(None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-03", datetime.datetime(2026, 5, 3, tzinfo=datetime.UTC)),
        ("2026-05-03 22:19:40", datetime.datetime(2026, 5, 3, 22, 19, 40, tzinfo=datetime.UTC)),
        ("2026-05-03 22:19:40 EST", datetime.datetime(2026, 5, 3, 22, 19, 40, tzinfo=datetime.UTC)),
        ("2026-06-05T10:00:00-04:00", datetime.datetime(2026, 6, 5, 14, 0, tzinfo=datetime.UTC)),
    ],
)
def test_dates_with_and_without_time_and_zone_are_read(text: str, expected: datetime.datetime) -> None:
    assert labels.read_date(text) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "0001-01-01 00:00:00+14:00"])
def test_a_text_that_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a date such as 2026-05-14 or"):
        labels.read_date(text)


@pytest.mark.parametrize(
    ("label", "name", "frames"),
    [("12 x lab = 24 faces", "lab", 12), ("12 x lab", "lab", 12), ("12 x a x b", "a x b", 12), ("lab", "lab", None)],
)
def test_images_are_counted_with_and_without_a_number_of_faces(label: str, name: str, frames: int | None) -> None:
    section = labels.read_section("images", label)
    assert (section.input, section.frames) == (name, frames)
