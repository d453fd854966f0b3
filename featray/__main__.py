"""The `featray` command: `featray` and `python -m featray` start here, and a stop is one line from then on.

Flow: SIGTERM, SIGHUP -> `KeyboardInterrupt`, as for Ctrl-C -> here while modules are imported; later `cli.app` and,
with an account of what is stored, `running.interrupts`.
At the top only what is imported at once: until `main` runs, a stop ends the process raw.
"""

import signal
import sys

STOPPED = "featray: stopped\n"
STOPPED_CODE = 130


def main() -> None:
    """Run the command line; exit with a code of `cli.exit_codes`."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows lacks one
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:  # `nohup` ignores SIGHUP
            signal.signal(number, signal.default_int_handler)
    try:
        from featray.cli import app

        app.main()
    except KeyboardInterrupt:
        sys.stderr.write(STOPPED)
        sys.exit(STOPPED_CODE)


if __name__ == "__main__":
    main()
