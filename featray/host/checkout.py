"""Checkout: which commit of featray runs, where it runs from a git checkout."""

import subprocess

from featray.host import environments

GIT_S = 5.0  # a local question; a hung network disk must not hold a submit up


def commit() -> str | None:
    """Name the commit, with `+` where files differ from it; None where featray is installed without git."""
    source = environments.source()
    if not (source / ".git").exists():
        return None
    command = ["git", "-C", str(source), "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=GIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None
