"""Drift: how far two outputs lie apart, with values worked by hand."""

import dataclasses
import math

import pandas as pd
import pytest

from featray.analysis import drift, drift_wording
from featray.analysis.drift import Drift, FamilyDrift
from featray.core.output_families import Family
from tests.support import fake_outputs
from tests.support.fake_outputs import BOX, CORRUPTIONS, EMOTIONS, LANDMARKS, make_fex, make_table

FEX = make_fex()


def measure(changed: pd.DataFrame) -> Drift:
    return drift.measure(make_table(FEX), make_table(changed))


def family(found: Drift, name: Family) -> FamilyDrift:
    (one,) = [each for each in found.families if each.family is name]
    return one


def test_an_output_does_not_drift_from_itself() -> None:
    found = measure(FEX)
    assert (found.is_beyond, found.matched_share, found.strongest_emotion) == (False, 1.0, 1.0)
    assert all(each.largest < 1e-7 for each in found.families)


def test_an_action_unit_that_moves_is_measured_in_its_own_unit() -> None:
    found = family(measure(fake_outputs.moved(FEX, ["AU12"], 0.16)), Family.ACTION_UNITS)
    assert found.median == 0.0  # one of twenty
    assert found.p99 == pytest.approx(0.16, abs=1e-6)
    assert found.largest == pytest.approx(0.16, abs=1e-6)


def test_a_box_moves_by_what_it_no_longer_overlaps() -> None:
    found = family(measure(fake_outputs.moved(FEX, BOX[:1], 30.0)), Family.BOX)
    assert found.median == pytest.approx(1 - 90 / 150, abs=1e-5)  # of 120 px: 90 in both, 150 in either


def test_a_face_that_is_elsewhere_is_lost() -> None:
    found = measure(fake_outputs.moved(FEX, BOX[:1], 80.0))  # 40 of 200 px in both
    assert (found.matched, found.matched_share) == (0, 0.0)
    assert found.is_beyond


def test_a_face_that_one_side_lacks_is_told() -> None:
    found = measure(FEX.drop(index=[0, 1, 2]))
    assert found.faces == (80, 77)
    assert found.matched_share == pytest.approx(2 * 77 / 157)
    assert found.is_beyond


def test_landmarks_move_by_shares_of_the_distance_between_the_eyes() -> None:
    flat = FEX.copy()
    flat[LANDMARKS] = 0.0
    flat["x_36"], flat["x_45"] = 100.0, 180.0
    shifted = fake_outputs.moved(flat, ["y_30"], 8.0)
    found = family(drift.measure(make_table(flat), make_table(shifted)), Family.LANDMARKS)
    assert found.largest == pytest.approx(0.1)
    assert found.median == 0.0


def test_pose_is_in_degrees_and_wraps() -> None:
    found = family(measure(fake_outputs.moved(FEX, ["Yaw"], 2 * math.pi + math.radians(3))), Family.POSE)
    assert found.largest == pytest.approx(3.0, abs=1e-3)


def test_gaze_is_the_angle_between_two_directions() -> None:
    level = FEX.copy()
    level["gaze_pitch"] = 0.0
    found = family(
        drift.measure(make_table(level), make_table(fake_outputs.moved(level, ["gaze_yaw"], math.radians(5)))),
        Family.GAZE,
    )
    assert found.median == pytest.approx(5.0, abs=1e-3)


def test_an_embedding_moves_by_its_cosine_distance() -> None:
    names = [f"Identity_{number}" for number in range(1, 17)]
    found = family(measure(fake_outputs.negated(FEX, names)), Family.IDENTITY)
    assert found.median == pytest.approx(2.0)


def test_the_strongest_emotion_is_compared() -> None:
    one, other = FEX.copy(), FEX.copy()
    one[EMOTIONS] = other[EMOTIONS] = 0.0
    one["happiness"] = 1.0
    other["happiness"] = [1.0, 0.0] * 40
    other["anger"] = [0.0, 1.0] * 40
    assert drift.measure(make_table(one), make_table(other)).strongest_emotion == 0.5


def test_columns_of_unknown_scale_move_by_shares_of_their_size() -> None:
    one = pd.DataFrame({"frame": [0, 1], "FaceScore": [1.0, 1.0], "mine": [1000.0, -1000.0]})
    other = one.assign(mine=[1010.0, -1000.0])
    found = family(drift.measure(make_table(one), make_table(other)), Family.OTHER)
    assert found.largest == pytest.approx(0.01)


def test_a_value_that_is_lost_is_beyond_tolerance() -> None:
    found = measure(fake_outputs.without(FEX, ["AU12"], slice(5, 6)))
    assert family(found, Family.ACTION_UNITS).lost == 1
    assert found.is_beyond
    assert "1 value missing on one side" in drift_wording.phrase(found)


@pytest.mark.parametrize("name", CORRUPTIONS.keys() - {"one box by 30 px", "one frame's pose by 40 degrees"})
def test_a_corruption_of_more_than_one_value_in_a_hundred_is_beyond_tolerance(name: str) -> None:
    found = measure(CORRUPTIONS[name](FEX))
    landmark = name == "one landmark by 30 px"  # one of 68: the largest value shows it, and the weighted sums refuse it
    assert found.is_beyond or (landmark and family(found, Family.LANDMARKS).largest > 0.2)


@pytest.mark.parametrize("relative", [1e-7, 1e-5])
def test_rounding_is_within_tolerance(relative: float) -> None:
    found = measure(fake_outputs.noisy(FEX, relative))
    assert not found.is_beyond
    assert found.share_of_tolerance < 1
    assert drift_wording.phrase(found).startswith("drift: within tolerance")


def test_outputs_without_faces_do_not_drift() -> None:
    nobody = make_table(FEX[:0])
    found = drift.measure(nobody, nobody)
    assert (found.is_beyond, found.share_of_tolerance) == (False, 0.0)
    assert drift_wording.phrase(found) == "drift: no value to compare (100% of faces matched)"


def test_a_column_of_one_side_only_is_named() -> None:
    found = measure(FEX.drop(columns="AU43"))
    assert found.columns_only == ("AU43",)
    assert drift_wording.refusals(found) == ["outputs drifted: columns AU43 only on one side"]


def test_figures_are_in_the_unit_of_their_family() -> None:
    assert [drift_wording.amount(name, 0.016) for name in (Family.POSE, Family.LANDMARKS, Family.EMOTIONS)] == [
        "0.016°",
        "1.6%",
        "0.016",
    ]


def test_every_family_has_a_tolerance() -> None:
    assert set(drift.TOLERANCES) == set(Family)


def test_a_share_of_tolerance_of_one_is_the_edge() -> None:
    at_edge = FamilyDrift(family=Family.GAZE, values=1, median=0.0, p99=drift.TOLERANCES[Family.GAZE], largest=1.0)
    assert at_edge.share_of_tolerance == 1.0
    further = dataclasses.replace(at_edge, p99=at_edge.p99 * 1.01)
    drifts = [Drift(families=(each,), faces=(1, 1), matched=1, strongest_emotion=None) for each in (at_edge, further)]
    assert [each.is_beyond for each in drifts] == [False, True]
