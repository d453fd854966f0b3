"""Row texts: how long the texts of a row may be that a detector, a process or a library made.

Flow: `measurement.outcome` -> `tail`; `invocation.record` -> `bounded` -> a row.
Pure. A message may have millions of characters. Each row would carry them through spool, driver and store, and a
parquet file of many such rows is small on disk and fills the memory of whoever reads it.
What is shortened already stays as it is, so a row may be made of another one's texts.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

TAIL = "stderr_tail"
TAIL_LINES = 20  # the innermost calls of a traceback and its message
LINE_LENGTH = 500  # characters of one of them; a path and a line of code take under 200
TEXT_LENGTH = 4000  # characters of any other text; an installer's message with its cause takes under 2000
SETTINGS_LENGTH = 2_000_000  # characters of all resolved settings; the digests of 30,000 images fit
VALUE_LENGTH = 1000  # where they do not fit: of one setting; longer ones are named by their digest
ENTRIES = 2000  # of a map; py-feat's outputs have 500 columns
NAME_LENGTH = 200  # characters of a name in a map
NOTE_LENGTH = 50  # characters for the words that say what is left out


def bounded(column: str, value: Any) -> Any:
    """Write a column's value as a row can hold it: texts of a readable length that UTF-8 can carry."""
    if isinstance(value, str):
        return tail(value) if column == TAIL else cut(plain(value), TEXT_LENGTH)
    return _bounded_map(value) if isinstance(value, dict) else value


def _bounded_map(values: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the first entries of a map; of settings, the rest becomes one digest, and so do long texts of too many.

    Other texts have another digest, so that settings which differ still do.
    """
    entries = [
        (cut(plain(str(name)), NAME_LENGTH), plain(value) if isinstance(value, str) else value)
        for name, value in values.items()
    ]
    if len(entries) > ENTRIES:
        rest = entries[ENTRIES - 1 :]
        is_of_settings = all(isinstance(value, str) for _, value in rest)
        last = (f"{len(rest):,} more", _digest(json.dumps(rest))) if is_of_settings else rest[0]
        entries = [*entries[: ENTRIES - 1], last]
    if sum(len(value) for _, value in entries if isinstance(value, str)) > SETTINGS_LENGTH:
        entries = [(name, _digest(value) if _is_long(value) else value) for name, value in entries]
    return dict(entries)


def _is_long(value: Any) -> bool:
    return isinstance(value, str) and len(value) > VALUE_LENGTH


def tail(text: str) -> str:
    """Give the last lines of what a process wrote, each shortened in its middle: a message ends with its cause."""
    lines = text.strip().rsplit("\n", TAIL_LINES)[-TAIL_LINES:]
    short = "\n".join(cut(plain(line), LINE_LENGTH) for line in lines)
    return "\n".join(short.splitlines()[-TAIL_LINES:])


def cut(text: str, length: int) -> str:
    """Replace the middle of a text that is longer than `length` by a note of how much is left out."""
    if len(text) <= length:
        return text
    kept = length - NOTE_LENGTH
    head = kept * 2 // 3
    return f"{text[:head]} [{len(text) - kept:,} characters left out] {text[head - kept :]}"


def plain(text: str) -> str:
    """Write characters that UTF-8 cannot carry, as of a file name of other bytes, as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def _digest(text: str) -> str:
    return json.dumps(f"sha256:{hashlib.sha256(text.encode()).hexdigest()} of {len(text):,} characters")
