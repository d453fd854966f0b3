"""Assignments by heaps and by sums give what the rule gives that weighs every invocation on every target."""

import dataclasses
import random

import pytest

from featray.core import cell
from featray.core.choices import Exclusive
from featray.planning.assignment import FEW, Assigner
from featray.planning.planned_invocation import PlannedInvocation
from featray.planning.waiting import PlacesFinder, Waiting
from tests.support import plain_assignment
from tests.support.plans import RTX3090, make_cell, make_host, make_plan, place

HOSTS = 2 * FEW  # a process of two invocations is few, one of five is many


@pytest.mark.parametrize("seed", range(12))
def test_an_assignment_follows_the_rule(seed: int) -> None:
    rng = random.Random(seed)
    waiting, leases = draw_waiting(rng), dict[str, str]()
    for planned in waiting:
        for target, _ in planned.everywhere():
            leases[target.target_id] = target.lease(Exclusive.HOST)
    gone = rng.choice(sorted(leases))
    leases = {target_id: lease for target_id, lease in leases.items() if target_id != gone}
    ready_s = {lease: rng.choice((0.0, 10.0, rng.uniform(0, 50))) for lease in sorted(set(leases.values()))}
    own = {planned.cell_ids[0]: rng.choice([None, gone, *sorted(leases)]) for planned in waiting}

    def own_target(planned: PlannedInvocation) -> str | None:
        return own[planned.cell_ids[0]]

    finder = PlacesFinder()
    found, _ = Assigner(leases).assign([Waiting(one, finder.find(one)[0]) for one in waiting], ready_s, own_target)
    expected = plain_assignment.assign(waiting, leases, ready_s, own_target)
    assert {lease: [(one.planned, target) for one, target in queue] for lease, queue in found.items()} == expected


def draw_waiting(rng: random.Random) -> list[PlannedInvocation]:
    """Draw invocations of several processes: some take the same time everywhere, of some many wait, of some few."""
    device = rng.choice(("cpu", "cuda"))
    hosts = [
        make_host(
            f"h{number}",
            *(
                dataclasses.replace(RTX3090, uuid=f"GPU-{number:08x}-0000-4000-8000-{gpu:012x}")
                for gpu in range(rng.choice((1, 2)) if device == "cuda" else 0)
            ),
        )
        for number in range(HOSTS)
    ]
    cells = [make_cell(threads=number, device=device) for number in range(1, 5)]
    placed = place(cells, *hosts, interchangeable=True)
    targets = sorted({target.target_id for unit in placed.units for target in unit.targets})
    durations = {
        (cell.cell_id(asked), target_id): rng.choice((5.0, 9.0, rng.uniform(1, 60)))
        for asked in cells[: rng.choice((0, 4))]
        for target_id in targets
    }
    planned = [*make_plan(placed, n=5, durations=durations).invocations]
    return sorted(rng.sample(planned, len(planned) * 3 // 4), key=lambda one: (one.invocation.block, -one.expected_s))


def test_the_invocations_of_one_process_share_what_depends_on_the_targets() -> None:
    hosts = [make_host(name) for name in "abc"]
    work = make_plan(place([make_cell(threads=1), make_cell(threads=2)], *hosts, interchangeable=True), n=3)
    finder = PlacesFinder()
    found = [finder.find(planned) for planned in work.invocations]
    assert len({id(places) for places, _ in found}) == 2
    assert [are_new for _, are_new in found].count(True) == 2
