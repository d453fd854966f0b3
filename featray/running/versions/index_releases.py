"""Index releases: the releases of a package between two, as uv finds them in the index that it is set to.

Flow: `versions.find` -> uv -> `PackageVersion`. uv is asked for the newest release below the last one, again and again:
so index, credentials, cache, withdrawn releases and what this Python can install count as they do when uv installs.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable

from packaging.version import Version

from featray.core import wording
from featray.core.package_version import PackageVersion
from featray.errors import BadInput

RELEASES_MAX = 300  # between two: two minutes of questions, and more than any package here has
ASK_S = 120.0


def find(package: str, good: str, bad: str, *, say: Callable[[str], None]) -> list[PackageVersion]:
    """List the releases from one to another.

    Raises:
        BadInput: there is no such release, the two are the same or in the wrong order, or the index cannot be reached.
    """
    first, last = Version(good), Version(bad)
    if first == last:
        raise BadInput(f"{good} and {bad} are the same release of {package}")
    if first > last:
        raise BadInput(f"{package} {good} is newer than {bad}; name the older release first")
    say(f"looking for releases of {package} from {good} to {bad}")
    before = first.is_prerelease or last.is_prerelease
    found = [_newest(f"{package}=={last}", before)]
    while found[-1] > first and len(found) <= RELEASES_MAX:
        found.append(_newest(f"{package}>={first},<{found[-1]}", before))
    if found[-1] != first:
        raise BadInput(f"{package}: more than {RELEASES_MAX} releases from {good} to {bad}; name two closer ones")
    return [PackageVersion(name=str(one), requirement=f"{package}=={one}") for one in reversed(found)]


def _newest(requirement: str, before: bool) -> Version:
    """Ask for the newest release that meets a requirement; `before` allows those before a final release.

    Raises:
        BadInput: there is none, or uv cannot ask.
    """
    name = re.split("[<>=]", requirement, maxsplit=1)[0]
    command = [sys.executable, "-m", "uv", "pip", "compile", "--no-deps", "--no-header", "--no-annotate", "--quiet"]
    command += ["--python", sys.executable, "--prerelease", "allow" if before else "if-necessary", "-"]
    variables = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONPATH")}
    try:
        done = subprocess.run(
            command,
            input=requirement,
            capture_output=True,
            text=True,
            timeout=ASK_S,
            check=False,
            env=variables,
            cwd="/",
        )
    except subprocess.TimeoutExpired:
        raise BadInput(f"{name}: the package index does not answer within {ASK_S:.0f} s") from None
    pin = re.search(r"^[^#\s=]+==(\S+)", done.stdout, re.MULTILINE)
    if done.returncode != 0 or pin is None:
        why = wording.shortened(done.stderr, 300)
        raise BadInput(f"uv finds no release {requirement} ({why}); expected two releases of the package index")
    return Version(pin[1])
