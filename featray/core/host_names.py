"""Host names: by which names people may call a host. Pure.

A host has its name in reports, its hostname and its id. Where $FEATRAY_HOST_ID gave the id, the id is a digest of that
text, and the text is a name too.
"""

import hashlib
from collections.abc import Collection, Iterable

ID_LENGTH = 12  # hex digits: as in identity; a lab has tens of machines


def id_of(text: str) -> str:
    """Compute the id of a host from the text that identifies it."""
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:ID_LENGTH]


def is_called(name: str, known: Collection[str | None]) -> bool:
    """Return True if a name is one of those of a host, its id included, or the text that its id was computed from."""
    return name in known or id_of(name) in known


def first_called(names: Iterable[str], known: Collection[str | None]) -> str | None:
    """Find the first of some names that a host has: names as they are come before texts of ids."""
    listed = list(names)
    return next(
        (name for name in listed if name in known), next((name for name in listed if id_of(name) in known), None)
    )
