"""Process names: which units one process can measure."""

import dataclasses

from featray.planning.process_names import ProcessNames, process_key
from tests.support.plans import make_cell


def test_names_stay_the_same_in_every_version_since_orders_follow_from_them() -> None:
    assert process_key(make_cell(), "cpu@id-a") == "3997bc6ec3f5"
    assert process_key(make_cell(processes=2, env={"A": "1"}), "cpu@id-a") == "5a4cc29f631d"


def test_many_units_are_named_like_each_alone() -> None:
    names, targets = ProcessNames(), ("cpu@id-a", 'cpu@"b"')
    cells = [
        make_cell(),
        make_cell(batch_size=1),
        make_cell(threads=2),
        make_cell(env={"A": "1"}),
        make_cell(processes=2),
        make_cell(environment="new", requirements=("torch==2.11.0",)),
    ]
    for cell in cells * 2:
        for target_id in targets:
            assert names.of(cell, target_id) == process_key(cell, target_id)
    assert names.of(cells[0], targets[0]) == names.of(cells[1], targets[0])  # a process measures every batch size
    assert len({names.of(cell, target_id) for cell in cells for target_id in targets}) == 10


def test_the_processes_of_all_environments_may_have_one_name() -> None:
    names = ProcessNames(all_environments=True)
    before, after = (make_cell(environment=name, requirements=(f"torch=={name}",)) for name in ("2.10", "2.11"))
    assert names.of(before, "cpu@id-a") == names.of(after, "cpu@id-a")
    assert names.of(before, "cpu@id-a") == process_key(dataclasses.replace(before, requirements=()), "cpu@id-a")
    assert ProcessNames().of(before, "cpu@id-a") != ProcessNames().of(after, "cpu@id-a")
