"""Ports that another program holds: an error that says who and what to do, before Ray starts."""

import os
import socket
from collections.abc import Callable, Iterator

import pytest

from featray.cluster import ports
from featray.cluster.nodes import HeadOptions
from featray.errors import BackendError, BadInput

Hold = Callable[[str], int]


@pytest.fixture
def hold() -> Iterator[Hold]:
    """Listen on a free port of an address, as another program would."""
    held: list[socket.socket] = []

    def listen(address: str) -> int:
        held.append(socket.create_server((address, 0)))
        return int(held[-1].getsockname()[1])

    yield listen
    for one in held:
        one.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as trial:
        return int(trial.getsockname()[1])


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
@pytest.mark.parametrize(("name", "option"), [("port", " port=, or"), ("dashboard_port", " dashboard_port=, or")])
def test_a_port_that_another_program_holds_is_named_with_its_holder_and_the_option(
    hold: Hold, address: str, name: str, option: str
) -> None:
    port = hold(address)
    chosen = {"port": free_port(), "dashboard_port": free_port(), name: port}
    with pytest.raises(BackendError) as refused:
        ports.check(HeadOptions(**chosen))
    assert f"port {port} of this machine" in str(refused.value)
    assert f"(process {os.getpid()})" in str(refused.value)
    assert option in str(refused.value)


def test_free_ports_are_no_error() -> None:
    ports.check(HeadOptions(port=free_port(), dashboard_port=free_port()))


def test_one_port_for_two_things_is_refused() -> None:
    with pytest.raises(BadInput, match="cannot both listen on port 6379"):
        ports.check(HeadOptions(port=6379, dashboard_port=6379))
