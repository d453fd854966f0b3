"""The child's end of its pipes, within one process."""

import json
import os
import threading
from collections.abc import Iterator

import pytest

from featray.core.events import EventKind
from featray.measurement.channel import Channel


class Pipes:
    """The supervisor's ends of a channel's two pipes."""

    def __init__(self) -> None:
        reader, self.answers = os.pipe()
        self.events, writer = os.pipe()
        self.channel = Channel(reader, writer)

    def say(self, text: str) -> None:
        os.write(self.answers, text.encode())

    def hear(self) -> str:
        return os.read(self.events, 65536).decode()


@pytest.fixture
def pipes() -> Iterator[Pipes]:
    pipes = Pipes()
    yield pipes
    pipes.channel.send(EventKind.DONE)  # without it, a closed pipe ends this process
    os.close(pipes.answers)


def test_a_request_may_arrive_in_pieces(pipes: Pipes) -> None:
    pipes.say('{"cells"')
    pipes.say(": [1, 2]}\n")
    assert pipes.channel.request() == {"cells": [1, 2]}


def test_an_event_is_one_line_of_json(pipes: Pipes) -> None:
    pipes.channel.send(EventKind.STARTED, cell_id="abc")
    line = pipes.hear()
    assert line.endswith("\n")
    assert json.loads(line) == {"event": "started", "cell_id": "abc"}


def test_a_row_is_sent_and_waits_for_next(pipes: Pipes) -> None:
    sending = threading.Thread(target=pipes.channel.send_row, args=('{"sweep": "x"}',))
    sending.start()
    assert json.loads(pipes.hear()) == {"event": "row", "row": {"sweep": "x"}}
    pipes.say("something else\n")
    sending.join(0.1)
    assert sending.is_alive()
    pipes.say("next\n")
    sending.join(10)
    assert not sending.is_alive()


def test_without_a_request_the_error_says_what_to_send() -> None:
    pipes = Pipes()
    os.close(pipes.answers)
    with pytest.raises(ValueError, match="send one line of JSON"):
        pipes.channel.request()
