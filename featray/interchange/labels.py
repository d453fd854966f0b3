"""Labels: how py-feat's reports name detectors, inputs, hosts and GPUs, and what featray makes of them."""

import dataclasses
import datetime
import re

from featray.core import detectors, inputs

HEADINGS = {
    **{each.heading: name for name, each in detectors.CATALOGUE.items()},
    "Detectorv2": "detectorv2",
    "Detectorv2 multitask": "detectorv2",
}
"""Heading of a table -> featray's name of the detector."""

KINDS = {"Video": inputs.VIDEO, "Images": inputs.IMAGES}
TITLES = {kind: title for title, kind in KINDS.items()}
FRAMES = re.compile(r"\((\d{1,9}) frames\)")
IMAGES = re.compile(r"(\d{1,9}) x (.+) = (\d{1,9}) faces")


@dataclasses.dataclass(frozen=True)
class SectionLabel:
    """One input as a report names it. `units` are frames or images per call; None when the label does not say."""

    kind: str  # inputs.VIDEO or inputs.IMAGES
    label: str
    input: str
    units: int | None
    fps: float | None = None


def section(kind: str, label: str) -> SectionLabel:
    """Read a section's label: `short (72 frames)`, `16 x multi_face.jpg = 80 faces`, or the bare `short`."""
    for clip in inputs.CATALOGUE.values():
        if clip.kind == kind and label in (clip.name, clip.section_label):
            return SectionLabel(kind, clip.section_label, clip.name, clip.frames, clip.fps)
    if kind == inputs.VIDEO:
        frames = FRAMES.search(label)
        return SectionLabel(kind, label, FRAMES.sub("", label).strip() or label, int(frames[1]) if frames else None)
    images = IMAGES.fullmatch(label)
    return SectionLabel(kind, label, images[2] if images else label, int(images[1]) if images else None)


def detector(heading: str) -> str:
    """Name the detector of a table; one that featray does not know keeps its heading."""
    return HEADINGS.get(heading, heading)


def heading(detector_name: str) -> str:
    """Head a detector's table as py-feat's script does."""
    known = detectors.CATALOGUE.get(detector_name)
    return known.heading if known else detector_name


@dataclasses.dataclass(frozen=True)
class Accelerator:
    """What a report's GPU line says: `CUDA 12.8, NVIDIA GeForce RTX 3090`, `Apple M5 Max (MPS)`, `no GPU`."""

    cuda: str | None = None
    name: str | None = None


_NO_CHIP = re.compile(r"(MPS available|no GPU|True|False|CPU|cpu)?(: ?(True|False))?")


def accelerator(text: str | None) -> Accelerator:
    """Read a GPU line of any age; `MPS available: True` names no chip."""
    first = (text or "").split(";")[0].strip()
    found = re.fullmatch(r"CUDA ([^\s,]+), (.+)", first)
    if found:
        return Accelerator(found[1], found[2])
    if _NO_CHIP.fullmatch(first):
        return Accelerator()
    return Accelerator(None, re.sub(r"\s*\(MPS\)$", "", first))


@dataclasses.dataclass(frozen=True)
class Machine:
    """What a report's host line says: `liquidswords2 (x86_64, 128 CPUs)`."""

    hostname: str | None
    arch: str | None = None
    cpus: int | None = None


def machine(text: str | None) -> Machine:
    """Read a host line; `unknown` and none name no host."""
    found = re.fullmatch(r"(.+?)\s+\(([^,()]+), (\d{1,9}) CPUs\)", (text or "").strip())
    if found:
        return Machine(found[1], found[2], int(found[3]))
    name = (text or "").strip()
    return Machine(None if name in ("", "unknown") else name)


def moment(text: str) -> datetime.datetime:
    """Read a report's date, with or without time and zone. py-feat writes local time without its zone: taken as UTC.

    Raises:
        ValueError: no date in ISO order.
    """
    found = re.match(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}:\d{2}(\.\d{1,6})?([+-]\d{2}:?\d{2}|Z)?)?", text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no date such as 2026-05-14 or 2026-05-14 23:15:32")
    read = datetime.datetime.fromisoformat(found[0])
    try:
        return (read if read.tzinfo else read.replace(tzinfo=datetime.UTC)).astimezone(datetime.UTC)
    except OverflowError as wrong:
        raise ValueError(f"{text!r} is no date of this era") from wrong


_MODELS = re.compile(
    r"(rtx|gtx)?[1-5]0[5-9]0(ti|super|s)?|(rtx)?a?[2-6]000|[abhlpv][1-3]00|g[bh][1-3]00|k80"
    r"|a2|a10g?|a16|a30|a40|l4|l40s?|t4|m[1-9](pro|max|ultra)?|blackwell|hopper|ada|ampere|turing|volta|pascal"
)


def foreign_gpu(stem: str, gpu: str | None) -> str | None:
    """Find a GPU model in a report's file name that its metadata does not name.

    Two reports of one host were once filed under each other's GPU.

    Returns:
        The word of the file name, such as `3090`, or None when nothing contradicts.
    """
    if gpu is None:
        return None
    known = re.sub(r"[^a-z0-9]", "", gpu.lower())
    words = re.split(r"[^a-z0-9]+", re.sub(r"\d{4}-\d{2}-\d{2}", "", stem.lower()))
    return next((word for word in words if _MODELS.fullmatch(word) and word.removeprefix("rtx") not in known), None)
