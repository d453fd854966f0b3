"""An estimate as JSON: documented keys, SI units."""

import json
import re

import pytest

from featray.analysis import units
from featray.analysis.estimate import archive, footage
from featray.analysis.estimate.terms import Terms
from featray.rendering import estimate_json
from featray.rendering.estimate_json import KEYS, WORKER_KEYS
from tests.support.builders import make_rows
from tests.support.command import ROOT

ESTIMATE = archive.make(
    units.gather(make_rows([1.0] * 5, energy_j=3600.0)),
    footage.of_hours(1, clip_minutes=10, fps=20),
    Terms(deadline_s=7200.0),
)


def test_every_key_is_documented() -> None:
    record = json.loads(estimate_json.render(ESTIMATE))
    assert list(record) == list(KEYS)
    for worker in (*record["workers"], *record["alone"]):
        assert list(worker) == list(WORKER_KEYS)


def test_the_page_lists_the_keys() -> None:
    page = (ROOT / "docs" / "estimate.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \| (.+) \|$", page, flags=re.MULTILINE) == [*KEYS.items(), *WORKER_KEYS.items()]


def test_quantities_are_si() -> None:
    record = estimate_json.record(ESTIMATE)
    assert record["time_s"] == pytest.approx(1000 + 10 + 0.5)  # 72,000 frames at 72 Hz, and the start
    assert record["energy_j"] == pytest.approx(720_000)
    assert record["deadline_met"] is True
    assert (record["cost"], record["budget_met"], record["max_latency_s"]) == (None, None, None)
    assert record["workers"][0]["batch_s"] == pytest.approx(16 / 72)
    assert record["workers"][0]["energy_per_frame_j"] == pytest.approx(10)
