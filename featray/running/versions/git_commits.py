"""Git commits: the commits between two, from a local clone or from a git address.

Flow: `versions.find` -> git -> `PackageVersion`. A merge counts as one commit: the commits are those of the branch
itself (`--first-parent`). uv builds each from its hash, so changes that are not committed are not measured.
"""

import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from featray.core import identity, secret_values, wording
from featray.core.argument_names import argument
from featray.core.package_version import PackageVersion
from featray.errors import BadInput

CLONE_S = 1800.0  # of a large repository over a slow line
ASK_S = 60.0  # a local question

SUBJECT_LENGTH = 60  # characters of a commit's subject beside its hash


def is_clone(folder: Path) -> bool:
    """Return True for a folder that is a git checkout or a bare repository, and not just a folder inside of one."""
    return (folder / ".git").exists() or ((folder / "HEAD").is_file() and (folder / "objects").is_dir())


def find_in_clone(package: str, folder: Path, good: str, bad: str) -> list[PackageVersion]:
    """List the commits of a local clone from one to another.

    Raises:
        BadInput: there is no such commit, or the first is no ancestor of the last.
    """
    return _list(package, folder, good, bad, address=folder.as_uri(), shown=str(folder))


def find_at(
    package: str, address: str, good: str, bad: str, *, cache: Path, say: Callable[[str], None]
) -> list[PackageVersion]:
    """List the commits at a git address, of which the cache keeps a clone without files.

    Raises:
        BadInput: the address cannot be reached, or as `find_in_clone`.
    """
    address, _, fragment = address.removeprefix("git+").partition("#")
    folder = cache / "repositories" / identity.digest({"address": address})
    if is_clone(folder):
        say(f"fetching {_shown(address)}")
        _fetch(address, folder, (good, bad), say)
    else:
        say(f"cloning {_shown(address)}")
        folder.parent.mkdir(parents=True, exist_ok=True)
        _clone(address, folder)
    return _list(package, folder, good, bad, address=address, shown=_shown(address), fragment=fragment)


def _fetch(address: str, folder: Path, names: Sequence[str], say: Callable[[str], None]) -> None:
    """Fetch what is new at an address; a name may be a branch that has moved on.

    Raises:
        BadInput: it cannot be reached, and the clone lacks a name.
    """
    done = _run(["-C", str(folder), "fetch", "--quiet", "--tags", address, "+refs/heads/*:refs/heads/*"], CLONE_S)
    if done.returncode != 0:
        if not all(_has(folder, name) for name in names):
            raise BadInput(_unreachable(address, done))
        say(f"{_shown(address)} cannot be reached; its commits are those of the last time")


def _clone(address: str, folder: Path) -> None:
    """Clone all commits and no files: what a commit holds is fetched when it is built.

    Raises:
        BadInput: it cannot be cloned.
    """
    temporary = folder.with_name(f".{folder.name}-{os.getpid()}")
    done = _run(["clone", "--quiet", "--bare", "--filter=blob:none", address, str(temporary)], CLONE_S)
    if done.returncode != 0:
        raise BadInput(_unreachable(address, done))
    if secret_values.list_secrets(address):  # git has written it into its settings
        _run(["-C", str(temporary), "remote", "set-url", "origin", secret_values.recorded(address)], ASK_S)
    try:
        temporary.rename(folder)
    except OSError:  # another process has cloned it meanwhile
        if not is_clone(folder):
            raise


def _unreachable(address: str, done: "subprocess.CompletedProcess[str]") -> str:
    why = wording.shortened(secret_values.hidden(done.stderr, secret_values.list_secrets(address)), 200)
    return (
        f"{_shown(address)} cannot be cloned ({why}). Without a network name a local clone with "
        f"{argument('source')}, or bisect releases of the package index: two release numbers without "
        f"{argument('source')}"
    )


def _shown(address: str) -> str:
    """Write an address for people, with digests instead of secrets."""
    return wording.short(secret_values.recorded(address))


def _list(
    package: str, folder: Path, good: str, bad: str, *, address: str, shown: str, fragment: str = ""
) -> list[PackageVersion]:
    first, last = (_resolve(folder, name, shown) for name in (good, bad))
    if first == last:
        raise BadInput(f"{good} and {bad} are the same commit of {wording.short(shown)}")
    if not _is_ancestor(folder, first, last):
        hint = f"; {bad} is one of {good}, so exchange the two" if _is_ancestor(folder, last, first) else ""
        raise BadInput(f"{good} is no ancestor of {bad} in {wording.short(shown)}{hint}")
    lines = _ask(folder, "log", "--reverse", "--first-parent", "--format=%H %h %cs %s", f"{first}..{last}")
    own = _ask(folder, "log", "-1", "--format=%H %h %cs %s", first)
    suffix = f"#{fragment}" if fragment else ""
    return [_read(line, f"{package} @ git+{address}", suffix) for line in (own + lines).splitlines()]


def _read(line: str, origin: str, suffix: str) -> PackageVersion:
    commit, short, day, subject = [*line.split(" ", 3), ""][:4]
    note = f"{day} {wording.shortened(subject, SUBJECT_LENGTH)}".rstrip()
    return PackageVersion(name=short, requirement=f"{origin}@{commit}{suffix}", note=note)


def _has(folder: Path, name: str) -> bool:
    return _run(["-C", str(folder), "cat-file", "-e", f"{name}^{{commit}}"], ASK_S).returncode == 0


def _resolve(folder: Path, name: str, shown: str) -> str:
    done = _run(
        ["-C", str(folder), "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"], ASK_S
    )
    if done.returncode != 0:
        why = f" ({wording.shortened(done.stderr, 200)})" if done.stderr.strip() else ""
        raise BadInput(f"{wording.short(shown)} has no commit {name!r}{why}; expected a hash, a tag or a branch")
    return done.stdout.strip()


def _is_ancestor(folder: Path, first: str, last: str) -> bool:
    return _run(["-C", str(folder), "merge-base", "--is-ancestor", first, last], ASK_S).returncode == 0


def _ask(folder: Path, *arguments: str) -> str:
    done = _run(["-C", str(folder), *arguments], ASK_S)
    if done.returncode != 0:
        raise BadInput(f"{folder}: git cannot read it ({wording.shortened(done.stderr, 200)})")
    return done.stdout


def _run(arguments: list[str], limit_s: float) -> "subprocess.CompletedProcess[str]":
    """Run git. It asks for no password: nobody would see the question.

    Raises:
        BadInput: git is missing, or takes too long.
    """
    variables = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    command = ["git", *arguments]
    try:
        return subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=limit_s, check=False, env=variables
        )
    except FileNotFoundError:
        raise BadInput("git is not installed; install it, or bisect releases of the package index") from None
    except subprocess.TimeoutExpired:
        raise BadInput(f"git {arguments[0]} takes longer than {limit_s:.0f} s") from None
