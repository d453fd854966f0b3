"""Processes that tests of the store start: `python store_worker.py WHAT RESULTS NUMBER COUNT`."""

import resource
import sys

from featray import store
from featray.errors import StoreError
from tests.builders import make_row


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


def full(results: str, limit_b: int, _: int) -> None:
    """Append to a disk that takes no more than so many bytes a file."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_b, limit_b))
    try:
        store.append(results, [make_row(invocation=2)])
    except StoreError as wrong:
        print(wrong)


if __name__ == "__main__":
    {"append": append, "compact": compact, "full": full}[sys.argv[1]](sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
