"""Whether rows found the same number of faces in the same frames."""

import dataclasses

import pytest

from featray.analysis import cautions, face_counts, units
from featray.core import cell, identity, inputs
from featray.stats import Verdict
from tests.support.builders import make_cell, make_row, make_rows
from tests.support.sides import STEADY, compare_one, scale

OWN = inputs.Input(name="lab", kind=inputs.VIDEO, paths=("lab.mp4",), faces=None, source_frames=72, fps=30.0)
ANY = identity.canonical(cell.to_asked(make_cell(input=OWN)))

WHOLE = [1, 72]
ONE_LESS = [1, 40, 0, 1, 1, 31]  # 1.4% of the frames
LONG, LONG_ONE_LESS = [1, 400], [1, 200, 0, 1, 1, 199]  # 0.25%


def test_the_share_is_of_the_frames_and_unknown_without_counts() -> None:
    whole, less, old = (make_row(face_counts=counts) for counts in (WHOLE, ONE_LESS, None))
    assert face_counts.find_differing_share(whole, whole) == 0.0
    assert face_counts.find_differing_share(whole, less) == pytest.approx(1 / 72)
    assert face_counts.find_differing_share(whole, old) is None


def test_a_process_that_finds_other_faces_makes_its_unit_doubtful() -> None:
    rows = make_rows(STEADY, face_counts=WHOLE)
    rows[1] = dataclasses.replace(rows[1], face_counts=ONE_LESS)
    (unit,) = units.gather(rows)
    sentence = "its processes found other numbers of faces in up to 1.4% of the frames"
    assert [caution.sentence for caution in cautions.of_times(unit)] == [sentence]
    (told,) = [caution for caution in cautions.of_units([unit]) if caution.kind is cautions.CautionKind.UNEQUAL]
    assert told.sentence == "processes of one setting found other numbers of faces in up to 1.4% of the frames"


def test_units_that_find_other_faces_in_more_frames_than_tolerated_are_not_comparable() -> None:
    baseline = make_rows(STEADY, asked=ANY, face_counts=WHOLE, batch_size=4)
    candidate = make_rows(scale(0.5), asked=ANY, face_counts=ONE_LESS, faces=71, batch_size=16)
    pair = compare_one(baseline, candidate)
    assert pair.verdict is Verdict.NOT_COMPARABLE
    assert pair.reasons == ("faces differ in 1.4% of the frames",)


def test_fewer_frames_are_told_beside_the_verdict() -> None:
    baseline = make_rows(STEADY, asked=ANY, face_counts=LONG, batch_size=4, frames=400, faces=400)
    candidate = make_rows(scale(0.5), asked=ANY, face_counts=LONG_ONE_LESS, batch_size=16, frames=400, faces=399)
    pair = compare_one(baseline, candidate)
    assert pair.verdict is Verdict.FASTER
    assert "other numbers of faces in 0.2% of the frames" in pair.cautions


def test_of_an_input_that_declares_its_faces_every_face_counts() -> None:
    baseline = make_rows(STEADY, face_counts=LONG, batch_size=4, frames=400, faces=400)
    candidate = make_rows(scale(0.5), face_counts=LONG_ONE_LESS, batch_size=16, frames=400, faces=399)
    assert compare_one(baseline, candidate).reasons == ("faces 400 -> 399",)
