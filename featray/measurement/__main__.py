"""`python -m featray.measurement`: measures one invocation in this process, on its supervisor's word.

One line of JSON comes on stdin (`request`), events and rows go to stdout (`invocation`), everything printed goes to
stderr. The process ends when stdin closes. Exit codes: 0 done, 2 not a request, 75 start afresh for what is left.
"""

import faulthandler
import signal
import sys

from featray.measurement import channel


def main() -> None:
    """Measure what stdin asks for; never returns."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)  # die at once, also within a call that holds the interpreter
    faulthandler.enable()
    link = channel.take_over_stdio()
    from featray.measurement import invocation_run, request  # stdin is watched before anything is imported

    try:
        asked = request.from_mapping(link.request())
    except ValueError as wrong:
        print(f"featray.measurement: {wrong}", file=sys.stderr)
        channel.exit_now(2)
    channel.exit_now(invocation_run.InvocationRun(asked, link).run())


if __name__ == "__main__":
    main()
