"""Steps: curves compared by arrays come to the same errors and verdicts as pair by pair, on random curves."""

import dataclasses
import random
from collections.abc import Sequence

import pytest

from featray.stats import Timing, curves
from featray.stats.steps import Steps
from tests.support import pair_by_pair

Curve = list[list[Timing]]
SEEDS = range(8)


def draw(rng: random.Random, settings: int, blocks: int, *, sd: float, unlike: float = 1.0) -> Curve:
    """Draw a curve that every process measured whole; some settings are slower, and the first scatters otherwise."""
    levels = [rng.gauss(0.0, 0.05) for _ in range(blocks)]
    times = [rng.choice((0.0, 0.0, 0.05, 0.15)) for _ in range(settings)]
    starts_s = [[100.0 * block + rng.random() for block in range(blocks)] for _ in range(settings)]
    return [
        [
            Timing(
                log=levels[block] + times[at] + rng.gauss(0.0, sd * (1.0 if at else unlike)),
                block=block,
                session="1",
                began_s=starts_s[at][block],
                process=str(block),
            )
            for block in range(blocks)
        ]
        for at in range(settings)
    ]


def without_some(rng: random.Random, curve: Curve, share: float = 0.4) -> Curve:
    """Leave some timings out, as where a process failed; at least one of each setting stays."""
    kept = [[timing for timing in setting if rng.random() > share] for setting in curve]
    return [some or setting[:1] for some, setting in zip(kept, curve, strict=True)]


def in_own_processes(curve: Curve) -> Curve:
    """Give each setting processes of its own, which take turns."""
    return [
        [dataclasses.replace(timing, process=f"{at} {timing.process}") for timing in setting]
        for at, setting in enumerate(curve)
    ]


def one_after_the_other(rng: random.Random, curve: Curve) -> Curve:
    """Measure some settings before others, so that other blocks begin in between."""
    return [
        [dataclasses.replace(timing, began_s=(timing.began_s or 0.0) + shift_s) for timing in setting]
        for setting, shift_s in zip(curve, rng.choices((0.0, 0.0, 10_000.0), k=len(curve)), strict=True)
    ]


def in_sessions(rng: random.Random, curve: Curve) -> Curve:
    """Spread the timings of each setting over sessions, some with the same ones and some with others."""
    names = rng.choices(("1111111111", "1112223334", "4455566677", "1222223333"), k=len(curve))
    return [
        [dataclasses.replace(timing, session=name[timing.block % 10], stretch=None) for timing in setting]
        for setting, name in zip(curve, names, strict=True)
    ]


def without_times(rng: random.Random, curve: Curve) -> Curve:
    """Forget when some timings began, and what process made them."""
    return [
        [
            dataclasses.replace(timing, began_s=None, process=None) if rng.random() < 0.3 else timing
            for timing in setting
        ]
        for setting in curve
    ]


def draw_report(seed: int) -> list[Curve]:
    """Draw curves of all kinds: whole, of unlike spread, with gaps, sessions, own processes, and single timings."""
    rng = random.Random(seed)
    sd = rng.choice((0.01, 0.03, 0.08))
    whole = [draw(rng, 7, blocks, sd=sd, unlike=rng.choice((1.0, 5.0))) for blocks in (3, 5, 9)]
    gaps = [without_some(rng, draw(rng, 7, blocks, sd=sd)) for blocks in (5, 9, 12)]
    late = [without_some(rng, one_after_the_other(rng, draw(rng, 6, 9, sd=sd)), 0.2) for _ in range(2)]
    sessions = [without_some(rng, in_sessions(rng, draw(rng, 6, 10, sd=sd)), 0.1) for _ in range(3)]
    single = [draw(rng, 9, 1, sd=sd), in_sessions(rng, draw(rng, 9, 2, sd=sd))]
    own = [in_own_processes(curve) for curve in (whole[1], gaps[0], gaps[1], gaps[2], late[0])]
    unknown = [without_times(rng, curve) for curve in (late[1], gaps[1], *own)]
    return [*whole, *gaps, *late, *sessions, *single, *own, *unknown]


@pytest.mark.parametrize("seed", SEEDS)
def test_arrays_find_the_errors_that_each_pair_has_by_itself(seed: int) -> None:
    report = draw_report(seed)
    scatter = curves.find_scatter(report)
    for curve in report:
        for step, plain in zip(curves.compare(curve, scatter), pair_by_pair.compare(curve, scatter), strict=True):
            assert (step.before, step.after) == (plain.before, plain.after)
            assert step.difference == pytest.approx(plain.difference, abs=1e-12)
            assert len(step.errors) == len(plain.errors)
            for found, expected in zip(step.errors, plain.errors, strict=True):
                assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_arrays_keep_the_steps_that_survive_pair_by_pair(seed: int) -> None:
    report = draw_report(seed)
    scatter = curves.find_scatter(report)
    found = [curves.compare(curve, scatter) for curve in report]
    plain = [pair_by_pair.compare(curve, scatter) for curve in report]
    longer, shorter = pair_by_pair.find_longer(plain), pair_by_pair.find_shorter(plain)
    assert _pairs(curves.find_longer(found)) == longer
    assert _pairs(curves.find_shorter(found)) == shorter


def test_the_drawn_curves_have_steps_of_both_directions() -> None:
    reports = [[pair_by_pair.compare(curve, curves.Scatter()) for curve in draw_report(seed)] for seed in SEEDS]
    assert sum(any(pair_by_pair.find_longer(report)) for report in reports) > len(SEEDS) / 2
    assert sum(any(pair_by_pair.find_shorter(report)) for report in reports) > len(SEEDS) / 2


def _pairs(kept: Sequence[Steps]) -> list[list[tuple[int, int]]]:
    return [[(step.before, step.after) for step in steps] for steps in kept]


@pytest.mark.parametrize("count", [2, 3, 4])
def test_settings_that_never_vary_are_told_apart_exactly(count: int) -> None:
    curve = [make_constant(0.1 * (at % 2)) for at in range(count)]
    plain = pair_by_pair.compare(curve, curves.Scatter())
    found = curves.find_longer([curves.compare(curve)])
    assert _pairs(found) == pair_by_pair.find_longer([plain])


def make_constant(log: float) -> list[Timing]:
    return [Timing(log=log, block=block, session="1", process=str(block)) for block in range(3)]


def test_a_setting_that_varies_among_others_that_never_do_has_another_spread() -> None:
    noisy = [Timing(log=log, block=block, session="1") for block, log in enumerate((0.0, 0.4, 0.1))]
    steps = list(curves.compare([make_constant(0.0), make_constant(0.3), noisy, make_constant(0.1)]))
    assert {len(step.errors) for step in steps} == {2}


def test_a_curve_of_many_settings_holds_every_pair() -> None:
    curve = [make_constant(0.0) for _ in range(400)]
    steps = curves.compare(curve)
    assert len(steps) == 400 * 399 // 2
    assert len(steps.between_neighbours()) == 399
    assert _pairs(curves.find_longer([steps])) == [[]]
