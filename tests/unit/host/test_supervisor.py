"""The supervisor's judgement of dead children and of rows: who is to blame."""

import signal

import pytest

from featray.core.status import Status
from featray.host import cgroup
from featray.host.supervisor import _ChildProgress, _explained, _fate
from tests.support.builders import make_row

WORKER = "RuntimeError: DataLoader worker (pid 7) is killed by signal: Killed."


def progress(kills: int | None = 3) -> _ChildProgress:
    return _ChildProgress(remaining={}, kills=kills)


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the kernel have counted one more kill than when the child was started."""
    monkeypatch.setattr(cgroup, "kills", lambda: 4)


@pytest.mark.usefixtures("kernel")
@pytest.mark.parametrize(
    ("code", "kills", "status"),
    [
        (-signal.SIGKILL, 3, Status.OOM),
        (-signal.SIGKILL, 4, Status.CRASHED),  # nothing new: somebody else sent it
        (-signal.SIGKILL, None, Status.CRASHED),
        (-signal.SIGSEGV, 3, Status.CRASHED),  # the kernel killed another process of this cgroup
        (3, 3, Status.CRASHED),
    ],
)
def test_only_a_kill_that_the_kernel_counted_is_out_of_memory(code: int, kills: int | None, status: Status) -> None:
    assert _fate(code, progress(kills))[0] is status


@pytest.mark.usefixtures("kernel")
def test_a_worker_killed_for_memory_makes_its_cell_out_of_memory() -> None:
    row = make_row(status=Status.FAILED, reason=WORKER)
    assert _explained(row, progress()).status == Status.OOM
    assert WORKER in str(_explained(row, progress()).reason)
    assert _explained(row, progress(4)) is row
    other = make_row(status=Status.FAILED, reason="ValueError: no")
    assert _explained(other, progress()) is other
