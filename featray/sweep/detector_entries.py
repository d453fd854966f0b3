"""Detector entries: what a sweep file says of detectors -> detectors in full.

Flow: `schema.DetectorEntry` -> `resolve_detectors` -> `core.detectors.Detector`.
Every fault is a ValueError whose text says what was expected; `sweep.load` adds file, line and path. Pure.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence

from featray import errors
from featray.core.cell_fields import is_class
from featray.core.detectors import CATALOGUE, PYFEAT_CLASSES, Detector, Keyword
from featray.sweep.schema import DetectorEntry
from featray.yamlfile.messages import show

Keywords = Callable[[str], Mapping[str, Sequence[object]] | None]
"""Lists the keywords of a class of py-feat and the values that each may have, an empty list for any; None where the
class is not known."""

SETTINGS = {
    "device": "axes.device",
    "batch_size": "axes.batch_size",
    "num_workers": "axes.num_workers",
    "skip_frames": "the input's skip_frames",
    "output_size": "the input's output_size",
}
"""Keywords of py-feat that a sweep sets elsewhere, and where."""


def resolve_detectors(entry: DetectorEntry, keywords_of: Keywords | None = None) -> list[Detector]:
    """Resolve one entry; a keyword with a list of values gives one detector per value.

    Args:
        entry: As in the file.
        keywords_of: What to check the keywords of py-feat's classes against; None checks nothing.

    Raises:
        ValueError: an unknown detector or class, or a wrong keyword.
    """
    origin = _origin(entry)
    values = {name: _values(name, value) for name, value in entry.keywords.items()}
    allowed = keywords_of(origin.class_name) if keywords_of and values and origin.is_pyfeat else None
    if allowed is not None:
        _check_keywords(origin.class_name, values, allowed)
    points = itertools.product(*values.values())
    return [_detector(entry, origin, dict(zip(values, point, strict=True))) for point in points]


def _detector(entry: DetectorEntry, origin: Detector, keywords: Mapping[str, Keyword]) -> Detector:
    """Make one detector; its name carries every keyword, or those that vary where the entry has a name or a class."""
    varied = [name for name in keywords if isinstance(entry.keywords[name], tuple)]
    in_name = list(keywords) if entry.name is None and entry.like is not None else varied
    suffix = ",".join(f"{name}={_text(keywords[name])}" for name in in_name)
    name = (entry.name or origin.name) + (f"[{suffix}]" if suffix else "")
    is_unchanged = name == origin.name and not keywords
    return Detector(
        name=name,
        class_name=origin.class_name,
        keywords={**origin.keywords, **keywords},
        heading=origin.heading if is_unchanged else name,
    )


def _origin(entry: DetectorEntry) -> Detector:
    if entry.like is not None:
        if entry.like not in CATALOGUE:
            raise ValueError(f"unknown detector '{entry.like}'{errors.suggest(entry.like, CATALOGUE)}")
        return CATALOGUE[entry.like]
    class_name = entry.class_name or ""
    if not is_class(class_name):
        suggestion = errors.suggest(class_name, (*PYFEAT_CLASSES, "package.module:Class"))
        raise ValueError(f"unknown class '{class_name}'{suggestion}")
    name = class_name.rpartition(":")[2]
    return Detector(name=name, class_name=class_name, heading=name)


def _values(name: str, given: object) -> Sequence[Keyword]:
    """List the values of a keyword: one, or several to compare."""
    if name in SETTINGS:
        raise ValueError(f"keyword {name} is set by {SETTINGS[name]}; leave it out here")
    values = given if isinstance(given, tuple) else (given,)
    if not values:
        raise ValueError(f"keyword {name}: expected at least one value, got none")
    for index, value in enumerate(values):
        if value is not None and not isinstance(value, str | int | float | bool):
            raise ValueError(f"keyword {name}: expected text, a number, true, false or null, got {show(value)}")
        if any(_text(value) == _text(other) for other in values[:index]):
            raise ValueError(f"keyword {name}: {show(value)} is listed twice; expected distinct values")
    return values


def _check_keywords(
    class_name: str, given: Mapping[str, Sequence[Keyword]], allowed: Mapping[str, Sequence[object]]
) -> None:
    for name, values in given.items():
        if name not in allowed:
            names = [other for other in allowed if other not in SETTINGS]
            raise ValueError(f"keyword {name}: {class_name} has no such keyword{errors.suggest(name, names)}")
        for value in values:
            if allowed[name] and value not in allowed[name]:
                options = [show(option) if option is None else str(option) for option in allowed[name]]
                raise ValueError(f"keyword {name}: unknown value {show(value)}{errors.suggest(str(value), options)}")


def _text(value: Keyword) -> str:
    return show(value) if value is None or isinstance(value, bool) else str(value)
