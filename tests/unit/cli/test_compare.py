"""`featray compare`: options that change what it prints, and its exit codes."""

from featray import store
from tests.support.builders import make_rows
from tests.support.command import Shell


def test_a_margin_in_percent_widens_what_counts_as_equal(shell: Shell) -> None:
    before, after = (
        make_rows([1.0, 1.01, 0.99, 1.0, 1.0]),
        make_rows([1.2, 1.21, 1.19, 1.2, 1.2], sweep="after", run_id="a-1"),
    )
    store.append(shell.folder / "results", before + after)
    assert "1 SLOWER; differences below 3% do not count" in shell("compare", "demo", "after").out
    widened = shell("compare", "demo", "after", "--margin", "50")
    assert "1 EQUIVALENT; differences below 50% do not count" in widened.out
