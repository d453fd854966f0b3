"""Time as rows store it."""

import datetime

from featray.core import clock


def test_a_moment_of_any_zone_is_written_in_utc_with_milliseconds() -> None:
    zone = datetime.timezone(datetime.timedelta(hours=2))
    moment = datetime.datetime(2026, 5, 15, 1, 15, 32, 120_999, tzinfo=zone)
    assert clock.utc_text(moment) == "2026-05-14T23:15:32.120+00:00"


def test_now_is_written_in_the_same_form_and_sorts_by_time() -> None:
    before = clock.utc_text(datetime.datetime.now(datetime.UTC))
    now = clock.utc_now()
    after = clock.utc_text(datetime.datetime.now(datetime.UTC))
    assert before <= now <= after
    assert len(now) == len("2026-05-14T23:15:32.120+00:00")
