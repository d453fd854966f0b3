"""JSON text: what JSON does not know is null."""

import json
import math

from featray.core import json_text


def test_numbers_that_json_does_not_know_are_null_wherever_they_stand() -> None:
    value = {"a": math.inf, "b": [1.5, -math.inf, {"c": (math.nan, 2)}], "d": "Infinity", "ä": None}
    text = json_text.write(value)
    assert json.loads(text) == {"a": None, "b": [1.5, None, {"c": [None, 2]}], "d": "Infinity", "ä": None}
    assert '\n  "ä"' in text


def test_one_line_for_logs_and_stores() -> None:
    assert json_text.write({"a": [1, 2]}, indent=None) == '{"a": [1, 2]}'
