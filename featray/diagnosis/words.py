"""Words: how findings name units and figures. Names come from a store and may be of any length."""

import collections
import contextlib
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from statistics import median
from types import MappingProxyType

from featray import detectors, inputs
from featray.row import Row
from featray.units import Unit

NAME_LENGTH = 60  # characters of one name in a sentence
SHOWN_LENGTH = 80  # characters of a name that a table shows: two names of this length still fit side by side
ID_LENGTH = 12  # characters of a UUID that tell the GPUs of one host apart: "GPU-" and 32 bits
NAMED = 4  # things named in one sentence; more is a count


def detector(row: Row) -> str:
    """Name a detector as py-feat's reports do."""
    known = detectors.CATALOGUE.get(row.detector)
    return short((row.printed or {}).get("config") or (known.heading if known else row.detector))


def clip(row: Row) -> str:
    """Name an input as py-feat's reports do, without the number of faces."""
    return short(row.section_label.partition(" = ")[0])


_told_apart: ContextVar[Mapping[str, str]] = ContextVar("_told_apart", default=MappingProxyType({}))


@contextlib.contextmanager
def telling_apart(units: Iterable[Unit]) -> Iterator[None]:
    """Name the GPUs of one model by their hosts too, and by their ids where one host has several."""
    gpus = {each.row.target_id: each.row for each in units if each.row.gpu_name}
    models = collections.Counter(row.gpu_name for row in gpus.values())
    twins = collections.Counter((row.gpu_name, row.hostname) for row in gpus.values())
    names = {}
    for target_id, row in gpus.items():
        if models[row.gpu_name] > 1:
            where = f" of {short(row.hostname)}" if row.hostname else ""
            which = f" ({target_id[:ID_LENGTH]})" if twins[row.gpu_name, row.hostname] > 1 else ""
            names[target_id] = f"{short(row.gpu_name or '')}{where}{which}"
    before = _told_apart.set(names)
    try:
        yield
    finally:
        _told_apart.reset(before)


def target(row: Row) -> str:
    """Name a device: a GPU by its model, anything else by its host too; see `telling_apart`."""
    if row.target_id in _told_apart.get():
        return _told_apart.get()[row.target_id]
    if row.gpu_name:
        return short(row.gpu_name)
    name = row.device.upper()
    return f"{name} of {short(row.hostname)}" if row.hostname else name


def unit(each: Unit) -> str:
    """Name a unit: `retinaface, short (72 frames), b=16, NVIDIA GeForce RTX 3090`."""
    row = each.row
    parts = [detector(row), clip(row), f"b={row.batch_size}"]
    parts += [f"w={row.num_workers}"] if row.num_workers else []
    parts += [f"t={each.asked_threads}"] if each.asked_threads else []
    parts += [short(row.environment)] if row.environment else []
    return ", ".join([*parts, target(row)])


_BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def plain(text: str) -> str:
    """Make one line of printable text: control characters and direction overrides could make a name read as another."""
    kept = (" " if unicodedata.category(each) == "Cc" else each for each in text if each not in _BIDIRECTIONAL)
    return " ".join("".join(kept).split())


def shortened(text: str, length: int = SHOWN_LENGTH) -> str:
    """Cut the middle out of a long text: names differ at their ends."""
    line = plain(text)
    if len(line) <= length:
        return line
    head = (length - 1) * 2 // 3
    return f"{line[:head].rstrip()}…{line[-(length - 1 - head) :].lstrip()}"


def short(text: str) -> str:
    """Write a name in a sentence."""
    return shortened(text, NAME_LENGTH)


def listed(names: Iterable[str], limit: int = NAMED) -> str:
    """List names, the first few."""
    found = list(dict.fromkeys(names))
    rest = f" and {len(found) - limit} more" if len(found) > limit else ""
    return ", ".join(found[:limit]) + rest


_NUMBER = re.compile(r"0x[0-9a-f]+|\d[\d.,]*( ?([KMGT]i?B|bytes)\b)?", re.IGNORECASE)


def alike(text: str) -> str:
    """Leave a message's numbers out: memory, addresses and process ids differ in every call that fails alike."""
    return " ".join(_NUMBER.sub("#", text).split())


def phrases(parts: Sequence[str], limit: int = NAMED) -> str:
    """List parts of a sentence that hold commas themselves."""
    rest = f"; and {len(parts) - limit} more" if len(parts) > limit else ""
    return "; ".join(parts[:limit]) + rest


def rate(each: Unit) -> str:
    """Write throughput: `134.0 fps`, `51.5 images/s`, `0.42 fps`."""
    value = throughput(each)
    return f"{f'{value:.1f}' if value >= 0.95 else digits(value)} {'fps' if is_video(each) else 'images/s'}"


def throughput(each: Unit) -> float:
    """Give frames or images per second; only for units with a number and a known number of frames."""
    return (each.row.frames or math.nan) / (each.call_s or math.nan)


def clip_fps(each: Unit) -> float | None:
    """Give the frame rate of a clip in Hz, as the row has it or as it was asked for; None of images."""
    asked = each.asked.get("input")
    known = asked.get("fps") if isinstance(asked, dict) else None
    return (each.row.input_fps or known) if is_video(each) else None


def realtime(each: Unit) -> float | None:
    """Give the seconds of clip analysed per second of a call; None where either is unknown.

    Every n-th frame alone stands for n of them. An import tells no such n: its label has to be one that py-feat's own
    clips have without.
    """
    fps, frames, asked = clip_fps(each), each.row.frames or 0, each.asked.get("input")
    if fps is None or each.call_s is None:
        return None
    if isinstance(asked, dict):
        whole = min(asked.get("frame_limit") or math.inf, asked.get("source_frames") or math.inf)
        return min(frames * (asked.get("skip_frames") or 1), whole) / fps / each.call_s
    known = inputs.CATALOGUE.get(each.row.input)
    if known is None or each.row.section_label != known.section_label:
        return None
    return frames / fps / each.call_s


def stages_s(each: Unit) -> dict[str, float]:
    """Give each profiled stage's seconds per call, the median over invocations; empty when none was profiled."""
    profiles = [row.stages_s for row in each.measured if row.stages_s]
    names = dict.fromkeys(name for profile in profiles for name in profile)
    return {name: median(profile.get(name) or 0.0 for profile in profiles) for name in names}


def is_video(each: Unit) -> bool:
    """Tell a clip from a list of images."""
    return each.row.section_kind == inputs.VIDEO


def per_frame(*units: Unit) -> str:
    """Write times per frame side by side: `94.0 against 19.4 ms/image`."""
    values = " against ".join(f"{1000 * (each.frame_s or math.nan):.1f}" for each in units)
    return f"{values} ms/{'frame' if is_video(units[0]) else 'image'}"


def digits(value: float) -> str:
    """Write a number with two digits that say something, never as a power of ten: `0.070`, `1.2`, `345`."""
    size = abs(value)
    if size >= 10 or size == 0:
        return f"{value:.0f}"
    return f"{value:.{1 - math.floor(math.log10(size))}f}"


def duration(seconds: float) -> str:
    """Write seconds of a call, which the tables beside it give in seconds too: `0.070 s`, `345 s`."""
    return f"{digits(seconds)} s"


def percent(share: float) -> str:
    """Write a share, such as `7.2%`; without a decimal from 10%."""
    return f"{100 * share:.0f}%" if share >= 0.1 else f"{100 * share:.1f}%"


def share(number: int, total: int, noun: str) -> str:
    """Name some of several: `The only unit`, `All 6 units`, `2 of 6 units`."""
    if total == 1:
        return f"The only {noun}"
    return f"All {total} {noun}s" if number == total else f"{number} of {total} {noun}s"


def count(number: int, noun: str, many: str | None = None) -> str:
    """Count a noun: `1 unit`, `3 units`."""
    return f"{number} {noun if number == 1 else many or noun + 's'}"
