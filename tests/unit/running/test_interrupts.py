"""Interrupts: what Ctrl-C and SIGTERM become, and what happens to the handler."""

import os
import signal
import threading
import time

import pytest

from featray.errors import Interrupted
from featray.running import interrupts


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stop_is_an_error_with_its_own_exit_code_and_the_handler_is_given_back(number: signal.Signals) -> None:
    def stop() -> None:
        with interrupts.as_interrupted():
            os.kill(os.getpid(), number)
            time.sleep(10)  # the signal comes at once

    ours = {stop: signal.signal(stop, signal.SIG_DFL) for stop in interrupts.STOPS}  # under nohup SIGHUP is ignored
    try:
        with pytest.raises(Interrupted, match="finished rows are stored") as stopped:
            stop()
        assert stopped.value.exit_code == 130
        assert {signal.getsignal(stop) for stop in interrupts.STOPS} == {signal.SIG_DFL}
    finally:
        for number, handler in ours.items():
            signal.signal(number, handler)


def test_under_nohup_a_closed_terminal_stops_nothing() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupts.as_interrupted():
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_in_another_thread_handlers_stay_as_they_are() -> None:
    seen: list[object] = []

    def look() -> None:
        with interrupts.as_interrupted():
            seen.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [before]


ONE = "stopped; 0 rows are stored, the next submit goes on from there"


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), Interrupted(ONE)])
def test_a_command_of_several_submits_says_no_number_of_one_of_them(stop: BaseException) -> None:
    with pytest.raises(Interrupted) as stopped, interrupts.as_interrupted("the same `featray bisect`"):
        raise stop
    assert str(stopped.value) == "stopped; finished rows are stored, the same `featray bisect` goes on from there"


def test_a_single_submit_keeps_its_number() -> None:
    with pytest.raises(Interrupted) as stopped, interrupts.as_interrupted():
        raise Interrupted(ONE)
    assert str(stopped.value) == ONE
