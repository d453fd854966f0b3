"""Detector entries: what a sweep file says of detectors -> detectors in full.

Flow: `schema.DetectorEntry` -> `resolve_detectors` -> `core.detectors.Detector`.
Every fault is a ValueError whose text says what was expected; `sweep.load` adds file, line and path. Pure.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence

from featray import errors
from featray.core import detect_call
from featray.core.cell_fields import is_class
from featray.core.detectors import CATALOGUE, PYFEAT_CLASSES, Detector, Keyword
from featray.sweep.schema import DetectorEntry
from featray.yamlfile.messages import show

Keywords = Callable[[str], Mapping[str, Sequence[object]] | None]
"""Lists the keywords of a class of py-feat and the values that each may have, an empty list for any; None where the
class is not known."""


def resolve_detectors(
    entry: DetectorEntry, keywords_of: Keywords | None = None, call_keywords_of: Keywords | None = None
) -> list[Detector]:
    """Resolve one entry; a keyword with a list of values gives one detector per value.

    Args:
        entry: As in the file.
        keywords_of: What to check the keywords of py-feat's classes against; None checks nothing.
        call_keywords_of: The same for the keywords of their `detect()`.

    Raises:
        ValueError: an unknown detector or class, or a wrong keyword.
    """
    origin = _origin(entry)
    keywords = {name: _values(name, value) for name, value in entry.keywords.items()}
    call = {name: _values(name, value) for name, value in entry.call.items()}
    if both := sorted(keywords.keys() & call.keys()):
        raise ValueError(f"keyword {both[0]} is in keywords and in call; expected it in one of them")
    if not origin.is_pyfeat and "data_type" in call:
        raise ValueError("keyword data_type is for detectors of py-feat; leave it out")
    points = [
        (dict(zip(keywords, point, strict=False)), dict(zip(call, point[len(keywords) :], strict=True)))
        for point in itertools.product(*keywords.values(), *call.values())
    ]
    for of_class, of_call in points:
        _check(origin, of_class, keywords_of, "")
        _check(origin, of_call, call_keywords_of, " of detect(), which would ignore it")
    return [_detector(entry, origin, of_class, of_call) for of_class, of_call in points]


def _check(origin: Detector, given: Mapping[str, Keyword], keywords_of: Keywords | None, where: str) -> None:
    allowed = keywords_of(origin.class_name) if keywords_of and given and origin.is_pyfeat else None
    if allowed is not None and (fault := detect_call.find_unknown(origin.class_name, given, allowed, where)):
        raise ValueError(fault)


def _detector(
    entry: DetectorEntry, origin: Detector, keywords: Mapping[str, Keyword], call: Mapping[str, Keyword]
) -> Detector:
    """Make one detector; its name carries every keyword, or those that vary where the entry has a name or a class."""
    given, entered = {**keywords, **call}, {**entry.keywords, **entry.call}
    varied = [name for name in given if isinstance(entered[name], tuple)]
    in_name = list(given) if entry.name is None and entry.like is not None else varied
    suffix = ",".join(f"{name}={_text(given[name])}" for name in in_name)
    name = (entry.name or origin.name) + (f"[{suffix}]" if suffix else "")
    is_unchanged = name == origin.name and not given
    return Detector(
        name=name,
        class_name=origin.class_name,
        keywords={**origin.keywords, **keywords},
        call=call,
        heading=origin.heading if is_unchanged else name,
    )


def _origin(entry: DetectorEntry) -> Detector:
    if entry.like is not None:
        if entry.like not in CATALOGUE:
            raise ValueError(f"unknown detector '{entry.like}'{errors.suggest(entry.like, CATALOGUE)}")
        return CATALOGUE[entry.like]
    class_name = entry.class_name or ""
    if not is_class(class_name):
        module, _, name = class_name.rpartition(".")
        meant = name if name in PYFEAT_CLASSES else f"{module}:{name}"
        if is_class(meant):
            raise ValueError(f"unknown class '{class_name}'. Did you mean '{meant}'?")
        suggestion = errors.suggest(class_name, (*PYFEAT_CLASSES, "package.module:Class"))
        raise ValueError(f"unknown class '{class_name}'{suggestion}")
    name = class_name.rpartition(":")[2]
    return Detector(name=name, class_name=class_name, heading=name)


def _values(name: str, given: object) -> Sequence[Keyword]:
    """List the values of a keyword: one, or several to compare."""
    if name in detect_call.SET_ELSEWHERE:
        raise ValueError(f"keyword {name} is set by {detect_call.SET_ELSEWHERE[name]}; leave it out here")
    values = given if isinstance(given, tuple) else (given,)
    if not values:
        raise ValueError(f"keyword {name}: expected at least one value, got none")
    seen: set[str] = set()
    for value in values:
        if value is not None and not isinstance(value, str | int | float | bool):
            raise ValueError(f"keyword {name}: expected text, a number, true, false or null, got {show(value)}")
        if (text := _text(value)) in seen:
            raise ValueError(f"keyword {name}: {show(value)} is listed twice; expected distinct values")
        seen.add(text)
    return values


def _text(value: Keyword) -> str:
    return show(value) if value is None or isinstance(value, bool) else str(value)
