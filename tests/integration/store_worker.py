"""Processes that tests of the store start: `python store_worker.py WHAT RESULTS NUMBER COUNT`."""

import os
import resource
import signal
import sys

from featray import store
from featray.errors import StoreError
from tests.support.builders import make_row


def append(results: str, writer: int, count: int) -> None:
    """Append rows one by one, as a submit does; print each when it is stored."""
    one = make_row()
    for number in range(1, count + 1):
        row = one.__class__(**{**vars(one), "run_id": f"writer-{writer}", "invocation": number})
        store.append(results, [row])
        print(number, flush=True)


def compact(results: str, _: int, __: int) -> None:
    """Compact until stdin closes."""
    import select

    while not select.select([sys.stdin], [], [], 0)[0]:
        store.compact(results)
    print("done")


def die(results: str, chunk_rows: int, _: int) -> None:
    """Compact into files of so many rows, and be killed when the first file that was merged is to be deleted."""
    from featray.store import compaction
    from featray.store import stored_files as places

    def kill(place: places.Place, name: str) -> bool:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError(f"alive to delete {place.path(name)}")

    compaction.CHUNK_ROWS, places.unlink = chunk_rows, kill
    store.compact(results)


def full(results: str, limit_b: int, _: int) -> None:
    """Append to a disk that takes no more than so many bytes a file."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_b, limit_b))
    try:
        store.append(results, [make_row(invocation=2)])
    except StoreError as wrong:
        print(wrong)


if __name__ == "__main__":
    done = {"append": append, "compact": compact, "die": die, "full": full}[sys.argv[1]]
    done(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
