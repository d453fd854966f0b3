"""Limits of the operating system."""

import resource
import socket

from featray.host import limits


def test_a_port_that_something_listens_on_is_taken() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert limits.read([port]).taken_ports == (port,)
    assert limits.read([port]).taken_ports == ()


def test_the_number_of_open_files_is_that_of_this_process() -> None:
    read = limits.read([])
    assert (read.open_files, read.open_files_max) == resource.getrlimit(resource.RLIMIT_NOFILE)
