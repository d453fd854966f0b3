"""Outcome: what an error makes of a unit."""

import errno
import io
import sys

import pytest

from featray.core.status import Status
from featray.errors import NotReady
from featray.measurement import outcome
from featray.measurement.outcome import Failure, Refused, WrongWork


def raising(error: Exception) -> Failure:
    def step() -> None:
        raise error

    failure = outcome.attempt(step)
    assert isinstance(failure, Failure)
    return failure


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 23.57 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory: you tried"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("MPS backend out of memory (MPS allocated: 5 GB)"),
    ],
)
def test_every_way_of_running_out_of_memory_is_oom(error: Exception) -> None:
    assert raising(error).status is Status.OOM


@pytest.mark.parametrize("error", [ValueError("out of memory"), OSError(errno.ENOENT, "x"), RuntimeError("shape")])
def test_other_errors_are_failures(error: Exception) -> None:
    assert raising(error).status is Status.FAILED


def test_a_missing_package_is_unsupported() -> None:
    assert raising(ModuleNotFoundError("No module named 'feat'")).status is Status.UNSUPPORTED


def test_the_reason_is_one_line_and_the_trace_has_the_rest() -> None:
    failure = raising(ValueError("\n  first line \nsecond line"))
    assert failure.reason == "ValueError: first line"
    assert failure.trace is not None
    assert failure.trace.endswith("second line")


def test_an_error_of_featrays_own_is_shown_without_its_type() -> None:
    failure = raising(NotReady("py-feat/l2cs: file x is missing; run this:\n  hf download py-feat/l2cs x"))
    assert failure.reason == "py-feat/l2cs: file x is missing; run this:"
    assert failure.trace is not None
    assert "hf download" in failure.trace


def test_an_error_without_a_message_is_named() -> None:
    assert raising(KeyboardError()).reason == "KeyboardError"


class KeyboardError(Exception):
    """Says nothing."""


def test_a_very_long_message_is_cut() -> None:
    reason = raising(ValueError("x" * 10_000)).reason
    assert len(reason) == outcome.REASON_LENGTH
    assert reason.endswith("...")


def test_a_very_long_message_leaves_a_short_trace_with_the_calls_and_the_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    failure = raising(ValueError("m" * 1_000_000))
    lines = str(failure.trace).splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-1].startswith("ValueError: mmm")
    assert "characters left out" in lines[-1]
    assert len(str(failure.trace)) < 2000
    assert len(capsys.readouterr().err) < 2000


def test_wrong_work_and_refusals_need_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert raising(WrongWork("found 0 faces")) == Failure(status=Status.WRONG_WORK, reason="found 0 faces")
    assert raising(Refused(Status.WRONG_DEVICE, "saw another")).status is Status.WRONG_DEVICE
    assert capsys.readouterr().err == ""


class Hostile(Exception):
    """Cannot be written in any way."""

    @property
    def __notes__(self) -> list[str]:  # type: ignore[override]  # a hostile one
        raise RuntimeError

    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__


def test_an_error_that_cannot_be_written_is_named() -> None:
    failure = raising(Hostile())
    assert failure.reason == "Hostile: its message cannot be written (RuntimeError)"
    assert failure.trace is not None
    assert "Hostile" in failure.trace


def test_a_stream_that_was_closed_or_taken_away_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in (None, object(), io.StringIO()):
        if isinstance(stream, io.StringIO):
            stream.close()
        monkeypatch.setattr(sys, "stderr", stream)
        assert raising(ValueError("x")).reason == "ValueError: x"


def test_the_end_of_the_program_is_a_failure_only_in_the_measuring_process() -> None:
    def step() -> None:
        sys.exit("bye")

    with pytest.raises(SystemExit):
        outcome.attempt(step)
    failure = outcome.attempt(step, catches=BaseException)
    assert isinstance(failure, Failure)
    assert (failure.status, failure.reason) == (Status.FAILED, "SystemExit: bye")


def test_a_step_that_works_gives_its_value() -> None:
    assert outcome.attempt(lambda: 7) == 7
