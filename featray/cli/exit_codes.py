"""Exit codes: what each means, for the help of the command.

`featray.errors` holds those of errors. The README has the same table, which a test checks.
"""

import signal

UNWRITTEN = 120
"""The output cannot be written; Python's own code for it."""

PIPE_CLOSED = 128 + signal.SIGPIPE
"""Nobody reads the output any more, as after `| head`: the shell's code for a process that SIGPIPE ended."""

MEANINGS = {
    0: "all is well; with --fail-if: no pair fails, and enough is known",
    1: "units have no number, a check found something, or a pair fails",
    2: "the input is wrong; nothing was started or written",
    3: "the store cannot be read or written",
    4: "Ray or a machine cannot be reached, or refuses",
    5: "another featray process holds what is needed",
    6: "--fail-if or bisect could not decide: too little is known",
    UNWRITTEN: "the output cannot be written",
    130: "stopped by Ctrl-C, SIGTERM or SIGHUP",
    PIPE_CLOSED: "the reader of the output closed the pipe",
}
"""Exit code -> meaning."""

TABLE = "\b\nExit codes:\n" + "\n".join(f"  {code:<4} {meaning}" for code, meaning in MEANINGS.items())
"""The end of a help text; the first character keeps its lines."""
