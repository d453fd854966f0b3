"""Own classes of a sweep: which ones, and what a plan and a check say where a host cannot import one."""

import dataclasses

from featray.core.detectors import Detector
from featray.planning import own_classes, readiness
from featray.planning.own_classes import OwnClass
from featray.sweep import Selector
from tests.support import plans

OWN = plans.make_cell(detector=Detector(name="Own", class_name="own.detectors:Own", heading="Own"))
ELSEWHERE = dataclasses.replace(OWN, environment="mine", requirements=("own==1",))


def test_only_classes_that_are_not_pyfeats_are_looked_for_each_once() -> None:
    cells = [plans.make_cell(), OWN, dataclasses.replace(OWN, batch_size=1), ELSEWHERE]
    needed = own_classes.list_needed(cells)
    assert needed == (
        OwnClass(class_name="own.detectors:Own"),
        OwnClass(class_name="own.detectors:Own", requirements=("own==1",)),
    )
    assert needed[0].key == "own.detectors:Own"
    assert "own==1" not in needed[1].key  # a requirement may hold a secret


def test_a_class_that_a_host_cannot_import_is_refused_with_where_why_and_what_to_do() -> None:
    host = plans.make_host(classes={"own.detectors:Own": "no module named own"})
    (refusal,) = plans.place([OWN, ELSEWHERE], host).refusals
    assert refusal.reason == (
        "own.detectors:Own cannot be imported on box (no module named own): install its package there beside featray, "
        "or name it under `environments`; the current folder and PYTHONPATH do not count"
    )
    (lack,) = [
        lack
        for lack in readiness.check(
            [OWN], plans.make_inventory(host), Selector(), weights={}, version="0.1.0", here="desk"
        )
        if "own.detectors" in lack.what
    ]
    assert lack.what == refusal.reason


def test_an_environment_that_cannot_import_a_class_is_named() -> None:
    (_, own) = own_classes.list_needed([OWN, ELSEWHERE])
    host = plans.make_host(classes={own.key: "no module named own"})
    placed = plans.place([OWN, ELSEWHERE], host)
    assert [unit.cell for unit in placed.units] == [OWN]
    assert (
        "cannot be imported in environment mine on box (no module named own): name its package in environment mine"
        in (placed.refusals[0].reason)
    )


def test_a_class_whose_environment_is_not_built_is_named() -> None:
    (_, own) = own_classes.list_needed([OWN, ELSEWHERE])
    note = "looked for when its environment is built: own.detectors:Own (environment mine)"
    assert own_classes.note_unbuilt([OWN, ELSEWHERE], [plans.make_host(classes={})]) == note
    for classes in (None, {own.key: ""}):
        assert own_classes.note_unbuilt([OWN, ELSEWHERE], [plans.make_host(classes=classes)]) is None
    assert own_classes.note_unbuilt([OWN], [plans.make_host(classes={})]) is None


def test_a_class_that_was_not_looked_for_or_is_there_is_no_obstacle() -> None:
    for classes in (None, {}, {"own.detectors:Own": ""}):
        assert plans.place([OWN], plans.make_host(classes=classes)).refusals == ()
