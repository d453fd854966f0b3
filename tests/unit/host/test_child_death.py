"""Why a child died: the memory limit, a signal, or a limit of time."""

import signal

import pytest

from featray.core.rules import Rules
from featray.core.status import Status
from featray.host import cgroup, child_death
from tests.support.builders import make_row

WORKER = "RuntimeError: DataLoader worker (pid 7) is killed by signal: Killed."


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the kernel have counted 4 kills."""
    monkeypatch.setattr(cgroup, "count_oom_kills", lambda: 4)


@pytest.mark.usefixtures("kernel")
@pytest.mark.parametrize(
    ("code", "kills_before", "status"),
    [
        (-signal.SIGKILL, 3, Status.OOM),
        (-signal.SIGKILL, 4, Status.CRASHED),  # no new kill: somebody else sent the signal
        (-signal.SIGKILL, None, Status.CRASHED),
        (-signal.SIGSEGV, 3, Status.CRASHED),  # the kernel killed another process of this cgroup
        (3, 3, Status.CRASHED),
    ],
)
def test_only_a_kill_that_the_kernel_counted_is_out_of_memory(
    code: int, kills_before: int | None, status: Status
) -> None:
    assert child_death.find_cause(code, finished=0, oom_kills_before=kills_before).status is status


@pytest.mark.usefixtures("kernel")
def test_a_child_that_died_at_a_later_cell_says_how_many_it_had_finished() -> None:
    for finished, named in ((1, "1 cell"), (2, "2 cells")):
        cause = child_death.find_cause(3, finished=finished, oom_kills_before=4)
        assert cause.reason == f"the child died after {named} of this process (exit code 3)"


@pytest.mark.usefixtures("kernel")
def test_a_worker_killed_for_memory_makes_its_cell_out_of_memory() -> None:
    row = make_row(status=Status.FAILED, reason=WORKER)
    explained = child_death.with_memory_limit(row, 3)
    assert explained.status == Status.OOM
    assert explained.reason == f"a worker was killed by the memory limit of its cgroup: {WORKER}"
    assert child_death.with_memory_limit(row, 4) is row
    other = make_row(status=Status.FAILED, reason="ValueError: no")
    assert child_death.with_memory_limit(other, 3) is other


def test_a_limit_that_passed_is_named_with_its_length() -> None:
    rules = Rules(load_limit_s=600.0, time_limit_s=2.0)
    loading, measuring = (child_death.overdue(rules, is_loading=is_loading) for is_loading in (True, False))
    assert loading.reason == "import and load took longer than 10 min 00 s"
    assert measuring.reason == "took longer than its limit of 2.0 s"
    sustained = child_death.overdue(Rules(sustained_s=60.0, time_limit_s=2.0), is_loading=False)
    assert sustained.reason == "took longer than its limit of 1 min 17 s"  # and a rest of 15 s
