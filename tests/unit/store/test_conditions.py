"""Conditions: which rows a reader asks for."""

from featray import store
from tests.support.builders import CPU, make_row


def test_filters_choose_rows(results: str) -> None:
    one = make_row(sweep="a", run_id="a-1")
    two = make_row(sweep="b", run_id="b-1", batch_size=4, environment="old")
    three = make_row(sweep="b", run_id="b-2", **CPU)
    store.append(results, [one, two])
    store.append(results, [three])
    assert store.read(results, sweep="a").rows == (one,)
    assert store.read(results, run_id="b-2").rows == (three,)
    assert store.read(results, cell_ids=[two.cell_id, "none"]).rows == (two,)
    assert store.read(results, cell_ids=[]).rows == ()
    assert store.read(results, where={"device": "cpu"}).rows == (three,)
    assert store.read(results, sweep="b", where={"environment": None}).rows == (three,)
    assert store.read(results, named="b").rows == (two, three)
    assert store.read(results, named="b-1").rows == (two,)
    assert list(store.load(results, sweep="b")[0]["run_id"]) == ["b-1", "b-2"]
