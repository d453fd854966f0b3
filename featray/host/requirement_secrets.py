"""Requirement secrets: how an installer gets the tokens in requirements without showing them to other users.

Flow: `venvs` -> `hide` -> requirements for uv's stdin, variables for uv and the git that it calls.
Everybody on a machine sees the command lines of all its processes. uv starts git with the address on its command line,
and git starts its own helper so. So a token leaves the address, and git finds it in its environment, which only the
user's own processes can read. Pure.
"""

import base64
import dataclasses
import re
from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from featray.core import secret_values

_GIT = re.compile(r"git\+(?P<scheme>https?)://(?P<user>[^/?#\s]+)@(?P<place>[^/?#@\s]+)(?P<path>/[^?#@\s]*)?")
_VARIABLE = re.compile(r"\$\{(\w+)\}")


@dataclasses.dataclass(frozen=True)
class Hidden:
    """Requirements without the secrets that git would show, and the variables from which git gets them."""

    requirements: tuple[str, ...]
    variables: Mapping[str, str]


def hide(requirements: Sequence[str], environment: Mapping[str, str]) -> Hidden:
    """Take secrets out of the git addresses of requirements; other requirements are for uv's eyes alone.

    Args:
        requirements: As a sweep has them.
        environment: Of this process: an address may name a variable of it (`${TOKEN}`), and it may configure git.

    Raises:
        ValueError: git would show a secret wherever it is put; the message says where it can stand.
    """
    headers: dict[str, str] = {}

    def strip(match: re.Match[str]) -> str:
        user = _VARIABLE.sub(lambda name: environment.get(name[1], name[0]), match["user"])
        if user == match["user"] and not secret_values.list_secrets(f"https://{user}@host"):
            return match[0]
        place = f"{match['scheme']}://{match['place']}{match['path'] or ''}"
        headers[f"http.{place}.extraHeader"] = f"Authorization: Basic {_encode(user)}"
        return f"git+{place}"

    stripped = tuple(_GIT.sub(strip, " ".join(requirement.split())) for requirement in requirements)
    for requirement in stripped:
        if "git+" in requirement and secret_values.list_secrets(requirement):
            raise ValueError(
                f"{secret_values.recorded(requirement)}: every user of this machine would see the secret in this "
                "address while it is installed; write it before the host, as in git+https://TOKEN@host/name.git, or "
                "use a key of ssh"
            )
    return Hidden(stripped, _git_settings(headers, environment) if headers else {})


def _encode(user: str) -> str:
    """Write `NAME:PASSWORD`, or a token alone, as HTTP's basic authentication has it."""
    name, _, password = user.partition(":")
    return base64.b64encode(f"{unquote(name)}:{unquote(password)}".encode()).decode()


def _git_settings(settings: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """Write settings of git as variables (git 2.31 and later), after those that the environment has."""
    known = environment.get("GIT_CONFIG_COUNT", "")
    begin = int(known) if known.isdecimal() else 0
    variables = {"GIT_CONFIG_COUNT": str(begin + len(settings)), "GIT_TERMINAL_PROMPT": "0"}
    for index, (key, value) in enumerate(settings.items(), begin):
        variables |= {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
    return variables
