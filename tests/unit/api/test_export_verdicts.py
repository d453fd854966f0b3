"""Export verdicts: what each exported unit is called against a baseline."""

from pathlib import Path

import pytest

from featray import store
from featray.api.export_verdicts import judge_runs
from featray.errors import NothingMatches
from tests.support.builders import make_rows


def test_a_run_is_judged_unit_by_unit_and_the_baseline_is_not(tmp_path: Path) -> None:
    store.append(tmp_path, make_rows([0.72] * 3, run_id="old-1", sweep="old"))
    after = make_rows([0.36] * 3, run_id="new, 1", sweep="new")  # a comma ends a term of a selection, unless quoted
    store.append(tmp_path, after)
    judged = judge_runs(str(tmp_path), "old", ["old-1", "new, 1"])
    key = ("new, 1", after[0].cell_id, after[0].target_id)
    assert judged.verdicts == {key: "FASTER against old: 0.5 times its time (95% CI 0.456 to 0.548)"}
    assert judged.without_verdict == ("old-1: is the baseline itself",)


def test_a_baseline_that_does_not_exist_is_answered_with_what_does(tmp_path: Path) -> None:
    store.append(tmp_path, make_rows([0.72] * 3, run_id="old-1", sweep="old"))
    with pytest.raises(NothingMatches, match=r"no run or sweep 'od'; expected old, old-1\. Did you mean 'old'\?"):
        judge_runs(str(tmp_path), "od", ["old-1"])
