"""Values as a caller of Python gives them: names, a text, a number.

Flow: an argument of a verb -> here -> the value that the verb works with, or `BadInput` that names the argument.
Pure. A command line has checked its options before; a notebook gives anything.
"""

import numbers
from collections.abc import Iterable, Mapping

from featray.errors import BadInput


def names(argument: str, value: str | Iterable[str]) -> list[str]:
    """List names that a caller gave: one text, with or without commas, or several texts.

    Args:
        argument: Name of the argument.
        value: As given.

    Raises:
        BadInput: it is something else.
    """
    listed = [value] if isinstance(value, str) or not isinstance(value, Iterable) else list(value)
    for text in listed:
        if not isinstance(text, str):
            raise BadInput(f"{argument}: {text!r} is not a name; expected a text, or a list of texts")
    return [name.strip() for text in listed for name in text.split(",") if name.strip()]


def paths(value: str | Iterable[str]) -> list[str]:
    """List paths that a caller gave: one or several. A path may have commas."""
    return [value] if isinstance(value, str) else list(value)


def check_name(argument: str, value: object, several: str) -> None:
    """Check that an argument which names one thing is a text.

    Args:
        argument: Its name.
        value: As given; None where it is left out.
        several: What to do for several names.

    Raises:
        BadInput: it is something else.
    """
    if value is not None and not isinstance(value, str):
        raise BadInput(f"{argument}: {value!r} is not a name; expected one text; {several}")


def check_numbers(values: Mapping[str, object]) -> None:
    """Check that arguments are numbers; None is one that is left out.

    Args:
        values: Name of each argument -> its value, as given.

    Raises:
        BadInput: one is something else, such as a text.
    """
    for argument, value in values.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, numbers.Real)):
            raise BadInput(f"{argument}: {value!r} is not a number; expected one without quotes, such as 3000 or 0.5")
