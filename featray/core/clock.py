"""Clock: the time as rows store it.

Standard library only: the measuring child, the supervisor and the driver all write times in this one form.
"""

import datetime


def utc_now() -> str:
    """Read the clock, as rows store it."""
    return utc_text(datetime.datetime.now(datetime.UTC))


def utc_text(moment: datetime.datetime) -> str:
    """Write an aware moment as ISO 8601 in UTC with milliseconds; text order is time order."""
    return moment.astimezone(datetime.UTC).isoformat(timespec="milliseconds")
