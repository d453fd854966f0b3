"""Identity: the text and digest by which two things are the same, and the start of a run as its id says it.

Pure. The canonical form is JSON with sorted keys and no white space, so that an id is the same in all processes, on all
machines and in all Python versions.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping

_TIME = re.compile(r"-(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-[0-9a-f]{4}$")

ID_LENGTH = 12  # hex digits: a 1% chance of any collision needs 2.4 million ids (birthday bound)


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical(value: object) -> str:
    """Write a JSON value in the one form that ids are computed from.

    Raises:
        ValueError: the value holds NaN or an infinity, which JSON cannot carry.
    """
    return _ENCODER.encode(value)


def digest(value: Mapping[str, object]) -> str:
    """Name a mapping by the first `ID_LENGTH` hex digits of the SHA-256 of its canonical form."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()[:ID_LENGTH]


def prepare_digest(value: Mapping[str, object], key: str) -> Callable[[object], str]:
    """Make what gives the `digest` of a mapping that also has a certain key, for each value of that key.

    The rest of the text is written once.

    Args:
        value: The mapping without the key.
        key: The key.
    """
    before, after = (
        canonical(dict(items))[1:-1]
        for items in ([pair for pair in value.items() if (pair[0] < key) is is_before] for is_before in (True, False))
    )
    begun = hashlib.sha256(f"{{{before}{',' * bool(before)}{canonical(key)}:".encode())
    end = f"{',' * bool(after)}{after}}}".encode()

    def give(item: object) -> str:
        whole = begun.copy()
        whole.update(canonical(item).encode() + end)
        return whole.hexdigest()[:ID_LENGTH]

    return give


WHOLE = "all-"  # begins the id of a target of several GPUs


def of_gpus(uuids: Iterable[str]) -> str:
    """Begin the id of all GPUs of a host as one target; another set of GPUs is another target."""
    return f"{WHOLE}{digest({'gpus': sorted(uuids)})}"


def read_run_start(run_id: str) -> str | None:
    """Read when a run began, by its driver's clock, from an id such as `quickstart-20260514-231532-a1b2`.

    Returns:
        ISO 8601 to the second, in UTC; None from an id of another form, as an imported report has.
    """
    time = _TIME.search(run_id)
    return "{}-{}-{}T{}:{}:{}".format(*time.groups()) if time else None
