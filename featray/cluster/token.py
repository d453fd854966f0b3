"""Token: the secret that lets drivers and hosts into a Ray cluster. Without it a cluster runs anybody's code.

Ray reads $RAY_AUTH_TOKEN, else the file $RAY_AUTH_TOKEN_PATH, else ~/.ray/auth_token; this module goes by that order
and sees to it that the file is readable by its owner alone (Ray itself writes it with mode 0644).
"""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from featray.core.files import write_whole
from featray.errors import BadInput

LENGTH = 32  # bytes of randomness, written as 64 hex digits: out of reach of guessing


def path(environ: Mapping[str, str] = os.environ) -> Path:
    """Find the token's file."""
    chosen = environ.get("RAY_AUTH_TOKEN_PATH")
    return Path(chosen).expanduser() if chosen else Path.home() / ".ray" / "auth_token"


def read(environ: Mapping[str, str] = os.environ) -> str | None:
    """Read the token that Ray would use; None where there is none."""
    if given := environ.get("RAY_AUTH_TOKEN"):
        return given
    try:
        return path(environ).read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None


def ensure() -> str:
    """Read the token, or make one; its file is then readable by its owner alone.

    Raises:
        BadInput: the environment switches Ray's authentication off.
    """
    if os.environ.get("RAY_AUTH_MODE", "token").lower() != "token":
        raise BadInput(
            "RAY_AUTH_MODE switches Ray's authentication off, and Ray listens on every network address: anybody who "
            "reaches this machine could run code on it; unset RAY_AUTH_MODE"
        )
    known = read()
    if known is None:
        known = secrets.token_hex(LENGTH)
        save(known)
    elif path().exists():
        path().chmod(0o600)
    return known


def guard() -> None:
    """Make the token before an embedded Ray does, which writes it for everybody to read; not where it wants none."""
    if os.environ.get("RAY_AUTH_MODE", "token").lower() == "token":
        ensure()


def save(token: str) -> None:
    """Put a token where Ray looks for it, readable by its owner alone from the first moment.

    Raises:
        BadInput: the text cannot be a token.
    """
    if not token.isalnum() or len(token) < 16:
        raise BadInput("that is no token; expected the line that `featray cluster token` prints on the head")
    write_whole(path(), token, mode=0o600)


def refusal(where: str) -> str:
    """Say that a head or dashboard does not take this machine's token, and what to do."""
    what = "this machine's token" if read() else "this machine, which has no token"
    return (
        f"{where} refuses {what}: copy the line that `featray cluster token` prints on the head into {path()}, "
        "mode 0600"
    )


def demanded() -> dict[str, str]:
    """Give the variables that make a raylet demand the token of everybody."""
    return {"RAY_AUTH_MODE": "token"}


def shown() -> dict[str, str]:
    """Give the variables that make a driver show the token where there is one; they must be set before Ray is imported.

    Given an address, Ray shows it only when told to. A cluster that wants no token takes one all the same.
    """
    mode = os.environ.get("RAY_AUTH_MODE") or ("token" if read() else None)
    return {"RAY_AUTH_MODE": mode} if mode else {}
