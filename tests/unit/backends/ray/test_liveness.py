"""Heads and nodes that go away, on a clock that the test sets."""

import socket

import pytest

from featray.backends.ray.liveness import SETTLE_S, HeadWatch, NodeWatch
from featray.errors import HeadGone


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_head_that_answers_again_in_time_is_not_gone() -> None:
    clock = Clock()
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    head = HeadWatch(f"127.0.0.1:{port}", clock)
    server.close()
    clock.now += 6
    head.check()
    assert not head.answers()
    with socket.create_server(("127.0.0.1", port)):
        clock.now += 18
        head.check()
    clock.now += 18
    head.check()


def test_a_head_that_is_silent_for_20_s_is_gone() -> None:
    clock = Clock()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    head = HeadWatch(f"127.0.0.1:{port}", clock)
    clock.now += 19
    head.check()
    clock.now += 2
    head.check()  # too soon after the last one
    clock.now += 4
    with pytest.raises(HeadGone, match=r"head at 127.0.0.1:\d+ is gone .*Connection refused.*next submit goes on"):
        head.check()


def test_a_node_is_given_up_10_s_after_ray_declared_it_dead() -> None:
    clock = Clock()
    nodes = NodeWatch(clock=clock)
    assert not nodes.is_due()
    clock.now += 5
    assert nodes.is_due()
    assert nodes.update({"a": True, "b": False}) == set()
    clock.now += 9
    assert nodes.update({"a": False, "b": False}) == set()
    clock.now += 1
    assert nodes.update({"a": False, "b": False}) == {"b"}
    clock.now += 10
    assert nodes.update({"a": True, "b": False}) == {"b"}


def test_a_node_that_ended_with_a_task_is_dead_before_the_next_update() -> None:
    now = [0.0]
    nodes = NodeWatch(["a", "b"], clock=lambda: now[0])
    nodes.mark_lost("a")
    assert (nodes.is_dead("a"), nodes.is_dead("b")) == (True, False)
    nodes.update({"a": True, "b": True})  # Ray's list lags a little behind
    assert nodes.is_dead("a")
    now[0] = SETTLE_S
    assert not nodes.is_dead("a")


def test_a_node_is_new_once() -> None:
    nodes = NodeWatch(["a"])
    assert nodes.find_new({"a": True, "b": True, "c": False}) == ["b"]
    assert nodes.find_new({"a": True, "b": True, "c": True}) == ["c"]
