"""Processes that tests of the store start: `python store_worker.py ACTION RESULTS NUMBER COUNT`."""

import dataclasses
import os
import resource
import select
import signal
import sys

from featray import store
from featray.errors import StoreError
from featray.store import compaction, stored_files
from featray.store.location import Location
from tests.support.builders import make_row


def append(results: str, writer: int, count: int) -> None:
    """Append rows one by one, as a submit does; print each one's number when it is stored."""
    row = make_row(run_id=f"writer-{writer}")
    for number in range(1, count + 1):
        store.append(results, [dataclasses.replace(row, invocation=number)])
        print(number, flush=True)


def compact(results: str, _: int, __: int) -> None:
    """Compact until stdin closes."""
    while not select.select([sys.stdin], [], [], 0)[0]:
        store.compact(results)
    print("done")


def die(results: str, chunk_rows: int, _: int) -> None:
    """Compact into files of so many rows, and be killed when the first merged file is to be deleted."""

    def kill(location: Location, name: str) -> bool:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError(f"alive to delete {location.path(name)}")

    compaction.CHUNK_ROWS, stored_files.delete = chunk_rows, kill
    store.compact(results)


def full(results: str, limit_b: int, _: int) -> None:
    """Append to a disk that takes no more than so many bytes per file."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_b, limit_b))
    try:
        store.append(results, [make_row(invocation=2)])
    except StoreError as error:
        print(error)


ACTIONS = {"append": append, "compact": compact, "die": die, "full": full}

if __name__ == "__main__":
    ACTIONS[sys.argv[1]](sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
