"""Reference: the setting whose output all other settings of a report are compared with, where a user names one.

Flow: `reference` of a sweep -> `Reference` -> column `reference` of every row -> `analysis.unit_drifts`;
`featray report --reference` -> `parse` -> the same. Pure.
"""

import dataclasses
import json
import shlex
from collections.abc import Mapping

from featray.core import identity
from featray.errors import suggest

EXPECTED = "such as device=cpu,batch_size=1,precision=float32"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reference:
    """What a reference unit must be; None means anything. At least one setting is given."""

    detector: str | None = None
    device: str | None = None
    batch_size: int | None = None
    num_workers: int | None = None
    threads: int | None = None
    environment: str | None = None
    precision: str | None = None  # as rows name it: `float32`; no sweep can ask for it

    @property
    def settings(self) -> Mapping[str, str | int]:
        """Give the settings that are named, in the order of the fields."""
        return {name: value for name, value in vars(self).items() if value is not None}

    @property
    def text(self) -> str:
        """Write it as rows hold it."""
        return identity.canonical(dict(self.settings))

    def __str__(self) -> str:
        """Write it for people: `device cpu, batch_size 1`."""
        return ", ".join(f"{name} {value}" for name, value in self.settings.items())


KEYS = tuple(field.name for field in dataclasses.fields(Reference))
NUMBERS = ("batch_size", "num_workers", "threads")


def read(text: str | None) -> Reference | None:
    """Read a reference as a row holds it; None for none, and for a text that another featray wrote."""
    try:
        value = json.loads(text or "null")
        return _make(value) if isinstance(value, dict) else None
    except ValueError:
        return None


def parse(expression: str) -> Reference:
    """Read a reference as it is typed: `device=cpu,batch_size=1`.

    Raises:
        ValueError: it is something else; the message says what was expected.
    """
    lexer = shlex.shlex(expression, posix=True, punctuation_chars=False)
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = ",", True, ""
    terms = [term.strip().partition("=") for term in lexer if term.strip()]
    if not terms or not all(is_setting and value.strip() for _, is_setting, value in terms):
        raise ValueError(f"expected settings {EXPECTED}")
    names = [name.strip() for name, _, _ in terms]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"{twice} is there twice")
    return _make({name: _number(name, value.strip()) for name, (_, _, value) in zip(names, terms, strict=True)})


def _number(name: str, text: str) -> str | int:
    if name not in NUMBERS:
        return text
    if not text.isascii() or not text.isdecimal():
        raise ValueError(f"{name}={text}: expected a whole number")
    return int(text)


def _make(settings: Mapping[str, object]) -> Reference:
    for name, value in settings.items():
        if name not in KEYS:
            raise ValueError(f"{name}: no such setting{suggest(name, KEYS)}")
        if type(value) is not (int if name in NUMBERS else str):
            raise ValueError(f"{name}: {value!r} is of another kind")
    return Reference(**settings)  # type: ignore[arg-type]  # each was just checked
