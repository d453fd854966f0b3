"""Row texts: how long the texts of a row may be that a detector, a process or a library made.

Flow: `measurement.outcome` -> `tail`; `invocation.record` -> `bounded` -> a row.
Pure. A message may have millions of characters. Each row would carry them through spool, driver and store, and a
parquet file of many such rows is small on disk and fills the memory of whoever reads it.
What is shortened already stays as it is, so a row may be made of another one's texts.
"""

import hashlib
import json
from typing import Any

TAIL = "stderr_tail"
TAIL_LINES = 20  # the innermost calls of a traceback and its message
LINE_LENGTH = 500  # characters of one of them; a path and a line of code take under 200
TEXT_LENGTH = 4000  # characters of any other text; an installer's message with its cause takes under 2000
VALUE_LENGTH = 20_000  # characters of one resolved setting; longer ones are named by their digest
ENTRIES = 2000  # of a map; py-feat's outputs have 500 columns
NAME_LENGTH = 200  # characters of a name in a map
NOTE_LENGTH = 50  # characters for the words that say what is left out


def bounded(column: str, value: Any) -> Any:
    """Write a column's value as a row can hold it: texts of a readable length that UTF-8 can carry."""
    if isinstance(value, str):
        return tail(value) if column == TAIL else cut(plain(value), TEXT_LENGTH)
    if isinstance(value, dict):
        entries = list(value.items())[:ENTRIES]
        return {cut(plain(str(name)), NAME_LENGTH): _setting(item) for name, item in entries}
    return value


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


def _setting(value: Any) -> Any:
    """Bound a map's value: a text that is too long becomes its digest, so that other texts still differ."""
    if not isinstance(value, str):
        return value
    text = plain(value)
    if len(text) <= VALUE_LENGTH:
        return text
    return json.dumps(f"sha256:{hashlib.sha256(text.encode()).hexdigest()} of {len(text):,} characters")
