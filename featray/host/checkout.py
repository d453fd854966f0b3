"""Checkout: the git commit of the featray that runs, where it runs from a checkout.

Flow: `running.claims` -> `describe_commit` -> the metadata of the run's Ray job.
"""

import subprocess

from featray.host import environments

GIT_S = 5.0  # a local question; a network disk that hangs must not delay a submit for longer


def describe_commit() -> str | None:
    """Name the commit, with `+` where files differ from it; None without a checkout or git."""
    source = environments.source_folder()
    if not (source / ".git").exists():
        return None
    command = ["git", "-C", str(source), "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=GIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None
