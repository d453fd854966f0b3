"""Token: the secret that lets drivers and hosts into a Ray cluster. Without it a cluster runs anybody's code.

Flow: `featray cluster start`, an embedded Ray -> `ensure`; `join` -> `save`; a driver -> `driver_variables`; a raylet
-> `raylet_variables`.
Ray reads $RAY_AUTH_TOKEN, else the file $RAY_AUTH_TOKEN_PATH, else ~/.ray/auth_token; so does this module. It makes the
file readable by its owner alone (Ray itself writes it with mode 0644).
"""

import contextlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from featray.core.files import expand_home, write_whole
from featray.errors import BackendError, BadInput

LENGTH = 32  # random bytes, written as 64 hex digits: nobody can guess that

REFUSED = "InvalidAuthToken"
"""What Ray prints on stderr when a head refuses the token. Ray goes on trying and has no other signal."""


def path(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the token's file.

    Raises:
        BadInput: the user has no home, and the environment names no file.
    """
    if chosen := environ.get("RAY_AUTH_TOKEN_PATH"):
        return expand_home(chosen)
    try:
        return Path.home() / ".ray" / "auth_token"
    except RuntimeError as wrong:
        raise BadInput("this user has no home folder; name a file of its own in RAY_AUTH_TOKEN_PATH") from wrong


def read(environ: Mapping[str, str] = os.environ) -> str | None:
    """Read the token that Ray would use; None when there is none.

    Raises:
        BadInput: its file cannot be read.
    """
    if given := environ.get("RAY_AUTH_TOKEN"):
        return given
    try:
        return path(environ).read_text(encoding="utf-8").strip() or None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as wrong:
        raise BadInput(f"{path(environ)} cannot be read: {wrong.strerror}; it must be yours, mode 0600") from wrong
    except UnicodeDecodeError as wrong:
        raise BadInput(
            f"{path(environ)} holds no token; remove it, or name another file in RAY_AUTH_TOKEN_PATH"
        ) from wrong


def ensure() -> str:
    """Read the token, or make one before Ray makes one that everybody can read; only its owner can read its file.

    Raises:
        BadInput: the environment switches Ray's authentication off, or the token's file cannot be read.
        BackendError: its file cannot be written.
    """
    if _is_disabled():
        raise BadInput(
            "RAY_AUTH_MODE switches Ray's authentication off: whoever reaches one of Ray's ports, such as another user "
            "of this machine, could run code as you; unset RAY_AUTH_MODE"
        )
    token = read()
    if token is None:
        token = secrets.token_hex(LENGTH)
        save(token)
    elif path().exists():
        with contextlib.suppress(PermissionError):  # another user's, who decides who may read it
            path().chmod(0o600)
    return token


def _is_disabled() -> bool:
    return os.environ.get("RAY_AUTH_MODE", "token").lower() != "token"


def save(token: str) -> None:
    """Put a token where Ray looks for it, readable by its owner alone from the first moment.

    Raises:
        BadInput: the text cannot be a token.
        BackendError: its file cannot be written.
    """
    if not token.isalnum() or len(token) < 16:
        raise BadInput("that is no token; expected the line that `featray cluster token` prints on the head")
    try:
        write_whole(path(), token, mode=0o600)
    except OSError as wrong:
        reason = wrong.strerror or str(wrong)
        raise BackendError(
            f"{path()} cannot be written ({reason}); name another file in RAY_AUTH_TOKEN_PATH"
        ) from wrong


def refusal(where: str) -> str:
    """Write the error for a head or dashboard that refuses this machine's token, with what to do."""
    who = "this machine's token" if read() else "this machine, which has no token"
    return (
        f"{where} refuses {who}: copy the line that `featray cluster token` prints on the head into {path()}, mode 0600"
    )


def raylet_variables() -> dict[str, str]:
    """Return the variables with which a raylet demands the token from everybody."""
    return {"RAY_AUTH_MODE": "token"}


def driver_variables() -> dict[str, str]:
    """Return the variables with which a driver sends the token, if there is one; set them before Ray is imported.

    With an address, Ray sends the token only when told to. A cluster that demands no token accepts one.
    """
    mode = os.environ.get("RAY_AUTH_MODE") or ("token" if read() else None)
    return {"RAY_AUTH_MODE": mode} if mode else {}
