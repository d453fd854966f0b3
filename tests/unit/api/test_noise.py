"""What a store tells of noise: calibrations, and sessions of other runs."""

import datetime
from pathlib import Path
from typing import Any

import pytest

from featray import api, store
from featray.api import noise
from featray.stats import Basis, Verdict
from tests.support.builders import make_rows
from tests.support.sides import LATER, STEADY, scale


def fill(results: Path, *levels: float, **changes: Any) -> None:
    """Store two sweeps to compare, and a third that was run once at each level."""
    rows = make_rows(STEADY, sweep="before", run_id="before-1", **changes)
    rows += make_rows(scale(1.06), sweep="after", run_id="after-1", started_at=LATER, **changes)
    for number, level in enumerate(levels):
        day = LATER + datetime.timedelta(days=number)
        rows += make_rows(
            scale(level), sweep="daily", run_id=f"daily-{number}", batch_size=64, started_at=day, **changes
        )
    store.append(str(results), rows)


def test_without_other_runs_the_spread_between_sessions_is_assumed(tmp_path: Path) -> None:
    fill(tmp_path)
    (pair,) = api.compare("before", "after", results=str(tmp_path)).comparison.pairs
    assert pair.decision is not None
    assert pair.decision.session_spread is not None
    assert pair.decision.session_spread.basis is Basis.ASSUMED
    assert pair.verdict is Verdict.INCONCLUSIVE


def test_other_runs_of_the_target_tell_how_little_its_sessions_differ(tmp_path: Path) -> None:
    fill(tmp_path, *[1.0, 1.001] * 10)
    (pair,) = api.compare("before", "after", results=str(tmp_path)).comparison.pairs
    assert pair.decision is not None
    assert pair.decision.session_spread is not None
    assert (pair.decision.session_spread.basis, pair.decision.session_spread.sessions) == (Basis.CALIBRATED, 20)
    assert pair.verdict is Verdict.SLOWER
    assert pair.allowance is not None
    assert "learned from 20 sessions there" in pair.allowance


def test_the_runs_that_are_compared_are_not_their_own_noise(tmp_path: Path) -> None:
    rows = make_rows(STEADY, sweep="before", run_id="before-1")
    rows += make_rows(scale(2.0), sweep="after", run_id="after-1", started_at=LATER)
    store.append(str(tmp_path), rows)
    (pair,) = api.compare("before", "after", results=str(tmp_path)).comparison.pairs
    assert pair.verdict is Verdict.SLOWER


def test_the_noise_of_many_targets_is_learned_in_few_readings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    targets = [f"cpu@{number:012x}" for number in range(4)]
    for target_id in targets:
        fill(tmp_path, *[1.0, 1.001] * 3, target_id=target_id)
    readings: list[int] = []
    load = store.load

    def counting(results: str, **asked: Any) -> Any:
        readings.append(len(asked["target_ids"]))
        return load(results, **asked)

    monkeypatch.setattr(store, "load", counting)
    monkeypatch.setattr(noise, "ROWS_AT_ONCE", 2 * 6 * len(STEADY))
    pairs = api.compare("before", "after", results=str(tmp_path)).comparison.pairs
    spreads = [pair.decision.session_spread for pair in pairs if pair.decision]
    assert [(spread.basis, spread.sessions) for spread in spreads if spread] == [(Basis.CALIBRATED, 6)] * 4
    assert readings == [4, 2, 2]
