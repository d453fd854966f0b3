"""Labels: how py-feat's reports name detectors, inputs, hosts and GPUs, and what featray calls them.

Flow: the texts of a report -> `read_section`, `read_gpu`, `read_host`, `read_date`, `detector_name` -> `imported_rows`.
Pure.
"""

import dataclasses
import datetime
import re

from featray.core import detectors, inputs

HEADINGS = {
    **{detector.heading: name for name, detector in detectors.CATALOGUE.items()},
    "Detectorv2": "detectorv2",
    "Detectorv2 multitask": "detectorv2",
}
"""Heading of a table -> featray's name of the detector."""

KINDS = {"Video": inputs.VIDEO, "Images": inputs.IMAGES}
TITLES = {kind: title for title, kind in KINDS.items()}
_FRAMES = re.compile(r"\((\d{1,9}) frames\)")
_IMAGES = re.compile(r"(\d{1,9}) x (.+?)( = \d{1,9} faces)?")


@dataclasses.dataclass(frozen=True)
class SectionLabel:
    """One input as a report names it. `frames` are frames or images per call; None when the label does not say."""

    kind: str  # inputs.VIDEO or inputs.IMAGES
    label: str
    input: str
    frames: int | None
    fps: float | None = None


def read_section(kind: str, label: str) -> SectionLabel:
    """Read a section's label: `short (72 frames)`, `16 x multi_face.jpg = 80 faces`, or only `short`.

    featray itself writes `12 x lab` where images may have any number of faces.
    """
    for clip in inputs.CATALOGUE.values():
        if clip.kind == kind and label in (clip.name, clip.section_label):
            return SectionLabel(kind, clip.section_label, clip.name, clip.frames, clip.fps)
    if kind == inputs.VIDEO:
        frames = _FRAMES.search(label)
        return SectionLabel(kind, label, _FRAMES.sub("", label).strip() or label, int(frames[1]) if frames else None)
    images = _IMAGES.fullmatch(label)
    return SectionLabel(kind, label, images[2] if images else label, int(images[1]) if images else None)


def detector_name(heading: str) -> str:
    """Name the detector of a table; a detector that featray does not know keeps its heading."""
    return HEADINGS.get(heading, heading)


def detector_heading(name: str) -> str:
    """Write the heading of a detector's table as py-feat's script does."""
    detector = detectors.CATALOGUE.get(name)
    return detector.heading if detector else name


@dataclasses.dataclass(frozen=True)
class GpuLabel:
    """What a report's GPU line says: `CUDA 12.8, NVIDIA GeForce RTX 3090`, `Apple M5 Max (MPS)`, `no GPU`."""

    cuda: str | None = None
    name: str | None = None


_NO_CHIP = re.compile(r"(MPS available|no GPU|True|False|CPU|cpu)?(: ?(True|False))?")


def read_gpu(text: str | None) -> GpuLabel:
    """Read a GPU line of any age; `MPS available: True` names no chip."""
    first = (text or "").split(";")[0].strip()
    cuda = re.fullmatch(r"CUDA ([^\s,]+), (.+)", first)
    if cuda:
        return GpuLabel(cuda[1], cuda[2])
    if _NO_CHIP.fullmatch(first):
        return GpuLabel()
    return GpuLabel(None, re.sub(r"\s*\(MPS\)$", "", first))


@dataclasses.dataclass(frozen=True)
class HostLabel:
    """What a report's host line says: `liquidswords2 (x86_64, 128 CPUs)`."""

    hostname: str | None
    arch: str | None = None
    cpu_count: int | None = None


def read_host(text: str | None) -> HostLabel:
    """Read a host line; an empty one and `unknown` name no host."""
    line = (text or "").strip()
    host = re.fullmatch(r"(.+?)\s+\(([^,()]+), (\d{1,9}) CPUs\)", line)
    if host:
        return HostLabel(host[1], host[2], int(host[3]))
    return HostLabel(None if line in ("", "unknown") else line)


def unread_zone(text: str) -> str | None:
    """Give what stands behind a date and is no zone that is known, such as `EDT`; None where nothing does."""
    date = _DATE.match(text.strip())
    rest = text.strip()[date.end() :].strip() if date else ""
    return rest if rest and rest not in ("UTC", "GMT", "Z") else None


_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}:\d{2}(\.\d{1,6})?([+-]\d{2}:?\d{2}|Z)?)?")


def read_date(text: str) -> datetime.datetime:
    """Read a report's date, with or without time and zone. py-feat writes local time without its zone: taken as UTC.

    Raises:
        ValueError: no date in ISO order, or one that no calendar has.
    """
    date = _DATE.match(text.strip())
    try:
        moment = datetime.datetime.fromisoformat(date[0] if date else "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).astimezone(datetime.UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"expected a date such as 2026-05-14 or 2026-05-14 23:15:32, got {text!r}") from error
