"""Detect call: the keywords of `detect()` that a sweep can set, and whether a detector knows a keyword.

Flow: `sweep.detector_entries` (against the installed py-feat) and `measurement.detector` (against that of the measuring
environment) -> `find_unknown`; `analysis` -> `settings`.
Pure. A keyword that changes what is found is work. One that only changes how it is found is a setting.
"""

from collections.abc import Mapping, Sequence

from featray import errors
from featray.core.detectors import Keyword

TENSOR = "tensor"

SETTINGS: Mapping[str, Keyword] = {"pin_memory": False, "save": None, "data_type": None}
"""Keywords that do not change the result -> what they are where a sweep does not name them.

`pin_memory` copies frames to pinned memory. `save: true` appends each batch to a CSV file, whose place featray chooses.
`data_type: tensor` decodes all frames before the first call, so that calls are timed without decoding.
"""

WORK = "call."
"""Prefix of the keys under which a keyword of `detect()` is part of the work."""

_VALUES: Mapping[str, Sequence[Keyword]] = {
    "save": (True, None),
    "data_type": (TENSOR, None),
    "amp": (True, False, None),
}

_THRESHOLD = "_threshold"  # ending of keywords that are a share: of a score, or of a similarity

SET_ELSEWHERE: Mapping[str, str] = {
    "device": "axes.device",
    "batch_size": "axes.batch_size",
    "num_workers": "axes.num_workers",
    "skip_frames": "the input's skip_frames",
    "output_size": "the input's output_size",
    "inputs": "the entry under inputs",
    "progress_bar": "featray, which shows no bar",
}
"""Keywords of py-feat that a sweep sets elsewhere, and where."""

Allowed = Mapping[str, Sequence[object]]
"""Keyword -> its values, none where any is allowed."""


def settings(call: Mapping[str, Keyword]) -> dict[str, Keyword]:
    """Give every setting of a call, named or not."""
    return {name: call.get(name, default) for name, default in SETTINGS.items()}


def find_unknown(class_name: str, given: Mapping[str, Keyword], allowed: Allowed, where: str = "") -> str | None:
    """Say which keyword or value a class of py-feat does not have; None where it has all of them.

    Args:
        class_name: The class.
        given: Keyword -> value.
        allowed: What its source takes.
        where: ` of detect()`, or nothing for the constructor.
    """
    for name, value in given.items():
        if name not in allowed:
            return f"keyword {name}: {class_name} has no such keyword{where}{errors.suggest(name, _own(allowed))}"
        options = _VALUES.get(name, allowed[name])
        if options and not any(value == option and type(value) is type(option) for option in options):
            shown = f"'{value}'" if isinstance(value, str) else _shown(value)
            return f"keyword {name}: unknown value {shown}{errors.suggest(_shown(value), map(_shown, options))}"
        if name.endswith(_THRESHOLD) and not _is_share(value):
            return f"keyword {name}: expected a number from 0 to 1 or null, got {_shown(value)}"
    return None


def _own(allowed: Allowed) -> list[str]:
    """List the keywords that are set here, and not elsewhere in a sweep."""
    return [name for name in allowed if name not in SET_ELSEWHERE]


def _is_share(value: Keyword) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1)


def _shown(value: object) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
