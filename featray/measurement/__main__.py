"""`python -m featray.measurement`: measures one invocation in this process.

The supervisor writes one line of JSON to stdin (`request`). Events and rows go to stdout (`core.events.EventKind`).
Everything printed goes to stderr. The process ends when stdin closes.
Exit codes: 0 done, 2 not a request, 75 start a new process for the cells that are left.
"""

import faulthandler
import signal
import sys

from featray.measurement import channel


def main() -> None:
    """Measure what stdin asks for; never returns."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)  # end at once, also during a call that holds the interpreter lock
    faulthandler.enable()
    supervisor = channel.take_over_stdio()
    from featray.measurement import invocation_run, request  # stdin is watched before these imports

    try:
        asked = request.from_mapping(supervisor.request())
    except ValueError as wrong:
        print(f"featray.measurement: {wrong}", file=sys.stderr)
        channel.exit_now(2)
    channel.keep_to_this_process(asked.lease)
    channel.exit_now(invocation_run.InvocationRun(asked, supervisor).run())


if __name__ == "__main__":
    main()
