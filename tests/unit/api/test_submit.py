"""`featray.submit` on a replay: what it returns, and what its watcher hears last."""

from pathlib import Path

import pytest

import featray
from featray import store
from featray.api import Submitted
from featray.errors import BadInput
from featray.planning import inventory
from featray.running.progress import Progress, RunEnd
from tests.support.plans import make_host, make_inventory
from tests.support.replays import load_sweep, make_rows_of


@pytest.fixture
def hosts(tmp_path: Path) -> Path:
    """A sweep, `demo.yaml`, a store `tape` to replay it from, and recorded hosts."""
    loaded = load_sweep(tmp_path, "measure: {invocations: 1}")
    store.append(tmp_path / "tape", make_rows_of(loaded))
    path = tmp_path / "hosts.json"
    path.write_text(inventory.to_json(make_inventory(make_host("box"))), encoding="utf-8")
    return path


def submit(tmp_path: Path, hosts: Path, progresses: list[Progress], **options: object) -> Submitted:
    return featray.submit(
        tmp_path / "demo.yaml",
        results=str(tmp_path / "results"),
        replay=str(tmp_path / "tape"),
        inventory=hosts,
        watch=progresses.append,
        **options,  # type: ignore[arg-type]
    )


def test_a_submit_returns_its_rows_and_its_report(tmp_path: Path, hosts: Path) -> None:
    progresses: list[Progress] = []
    submitted = submit(tmp_path, hosts, progresses)
    assert (submitted.measured, len(submitted.rows), submitted.without_number, submitted.exit_code) == (2, 2, 0, 0)
    assert submitted.report == tmp_path / "results" / "reports" / f"{submitted.run_id}.md"
    assert submitted.reason is None
    assert progresses[-1] == Progress(end=RunEnd(code=0))


def test_the_watcher_hears_last_why_a_submit_failed(tmp_path: Path, hosts: Path) -> None:
    progresses: list[Progress] = []
    with pytest.raises(BadInput, match="budget_s: expected seconds above 0, got -1"):
        submit(tmp_path, hosts, progresses, budget_s=-1)
    assert progresses == [Progress(end=RunEnd(code=2, message="budget_s: expected seconds above 0, got -1"))]


@pytest.mark.parametrize(
    ("problems", "reason"), [((), "2 measurements without a number"), (("x", "the budget left 2"), "the budget left 2")]
)
def test_the_reason_for_missing_numbers_is_the_last_problem_or_their_count(
    problems: tuple[str, ...], reason: str
) -> None:
    submitted = Submitted(run_id="r", rows=(), measured=0, report=None, problems=problems, without_number=2)
    assert (submitted.exit_code, submitted.reason) == (1, reason)
