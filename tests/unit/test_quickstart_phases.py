"""The phases of `tests.benchmarks.quickstart`: what a process did once counts once."""

import pytest

from tests.benchmarks.quickstart import split
from tests.support.builders import make_row


def test_the_load_of_a_process_counts_once_and_its_calls_in_every_row() -> None:
    first = {"process": "a", "import_s": 5.0, "load_s": 2.0, "warmup_s": [1.0], "timed_s": [0.5, 0.5]}
    rows = [make_row(batch_size=1, **first), make_row(batch_size=2, **first)]
    rows.append(make_row(**(first | {"process": "b", "calls_per_repeat": 3, "warmup_s": None})))
    phases = split(rows)
    assert (phases.processes, phases.import_s, phases.load_s) == (2, 10.0, 4.0)
    assert phases.warmup_s == pytest.approx(2.0)
    assert phases.timed_s == pytest.approx(2 + 3)
    assert phases.known_s == pytest.approx(21.0)
