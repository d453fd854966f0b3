"""Fleets: every host of a cluster file, reached over ssh, started and stopped together.

Flow: `featray cluster start FILE` -> `check` every host -> the head -> every other host joins it, side by side.
On each host the same `featray cluster` command runs as by hand; the token goes over ssh, on stdin, never in a command
line that others can see.
"""

import concurrent.futures
import dataclasses
import importlib.metadata
import json
import os
import platform
import shlex
import subprocess
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from featray.backends import nodes
from featray.cluster import Cluster, Member, command_line
from featray.errors import BackendError

SSH = "ssh -o BatchMode=yes -o ConnectTimeout=10"
"""Fails rather than asks; $FEATRAY_SSH replaces it."""

CHECK_S = 60.0  # ssh's own 10 s, and a Python start on a cold disk
RUN_S = nodes.START_S + 60.0  # all raylets of a host, and ssh

COMPARED = ("ray", "featray")
"""Distributions that Ray or the supervisor refuses in another version; Python itself is compared too."""

_VERSIONS = """
import importlib.metadata as m, json, platform
found = {"python": platform.python_version()}
for name in %r:
    try:
        found[name] = m.version(name)
    except m.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Done:
    """What a command on a host came to."""

    member: Member
    code: int
    out: str
    said: str

    @property
    def reason(self) -> str:
        """Take the last line that it said."""
        lines = (self.said.strip() or self.out.strip()).splitlines()
        return lines[-1].removeprefix("featray: error: ") if lines else f"exit code {self.code}"


def run(member: Member, command: Sequence[str], *, stdin: str = "", limit_s: float = RUN_S) -> Done:
    """Run a command on a host; a host that cannot be reached or does not end gives a code other than 0."""
    program = shlex.split(os.environ.get("FEATRAY_SSH", SSH))
    try:
        done = subprocess.run(
            [*program, member.destination, command_line(command)],
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            errors="replace",  # a host's locale may be any
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Done(member=member, code=124, out="", said=f"no answer within {limit_s:.0f} s")
    except OSError as wrong:
        return Done(member=member, code=127, out="", said=f"{program[0]}: {wrong.strerror}")
    return Done(member=member, code=done.returncode, out=done.stdout, said=done.stderr)


def check(cluster: Cluster) -> None:
    """Ask every host for its versions before anything is started.

    Raises:
        BackendError: a host cannot be reached or would be refused; every such host is named.
    """
    wanted = {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in COMPARED}
    problems = [problem for problem in _each(cluster.hosts, lambda member: _unfit(member, wanted)) if problem]
    if problems:
        raise BackendError("nothing was started:\n" + "\n".join(problems))


def _unfit(member: Member, wanted: dict[str, str]) -> str | None:
    done = run(member, [member.interpreter, "-c", _VERSIONS % (COMPARED,)], limit_s=CHECK_S)
    if done.code != 0:
        return f"{member.name} ({member.destination}) cannot be used: {done.reason}"
    try:
        found = json.loads(done.out.strip().splitlines()[-1])
    except (ValueError, IndexError):
        return f"{member.name} ({member.destination}) cannot be used: it answered something else than versions"
    return unlike(member, found, wanted)


def unlike(member: Member, found: dict[str, str], wanted: dict[str, str]) -> str | None:
    """Say which versions of a host would be refused, and the command that mends it; None when all are equal."""
    other = {name: found.get(name) for name in wanted if found.get(name) != wanted[name]}
    if not other:
        return None
    has = ", ".join(f"{name} {version or 'not installed'}" for name, version in other.items())
    needs = ", ".join(f"{name} {wanted[name]}" for name in other)
    packages = " ".join(f"{name}=={wanted[name]}" for name in other if name != "python")
    mend = f"; there: {member.interpreter} -m pip install {packages}" if packages else ""
    return f"{member.name} would be refused: it has {has}; the cluster needs {needs}{mend}"


def start(cluster: Cluster, token: str, say: Callable[[str], None]) -> None:
    """Start the head and join every other host.

    Raises:
        BackendError: a host does not come up; the others stay, and the message names it.
    """
    head, address = cluster.head_host, cluster.address
    if head is None or address is None:
        raise BackendError("the cluster file names no hosts; expected at least one under `hosts`")
    check(cluster)
    ports = [f"--port={cluster.port}", f"--dashboard-port={cluster.dashboard_port}"]
    say(f"{head.name}: starting the head at {address}")
    _expect([run(head, [*_featray(head), "start", *ports, *_own(head)], stdin=token)])
    others = [member for member in cluster.hosts if member is not head]
    for member in others:
        say(f"{member.name}: joining")
    joined = _each(others, lambda member: run(member, [*_featray(member), "join", address, *_own(member)], stdin=token))
    _expect(joined)


def stop(cluster: Cluster, say: Callable[[str], None]) -> None:
    """Stop featray's Ray on every host, the head last.

    Raises:
        BackendError: a host cannot be reached; the others are stopped.
    """
    head = cluster.head_host
    others = [member for member in cluster.hosts if member is not head]
    done = list(_each(others, lambda member: run(member, [*_featray(member), "stop"])))
    done += [run(head, [*_featray(head), "stop"])] if head else []
    for each in done:
        if each.code == 0:
            say(f"{each.member.name}: stopped")
    _expect(done)


def _featray(member: Member) -> list[str]:
    return [member.interpreter, "-m", "featray", "cluster"]


def _own(member: Member) -> list[str]:
    gpus = "all" if member.gpus is None else ",".join(member.gpus) or "none"
    labels = [f"--label={key}={value}" for key, value in member.labels.items()]
    return [f"--ip={member.address}", f"--name={member.name}", f"--gpus={gpus}", *labels, "--token-stdin"]


def _expect(done: Iterable[Done]) -> None:
    failed = [f"{each.member.name}: {each.reason}" for each in done if each.code != 0]
    if failed:
        raise BackendError("\n".join(failed))


T = TypeVar("T")


def _each(members: Sequence[Member], act: Callable[[Member], T]) -> list[T]:
    """Act on all hosts side by side; ssh mostly waits."""
    if not members:
        return []
    with concurrent.futures.ThreadPoolExecutor(max_workers=min(32, len(members))) as pool:
        return list(pool.map(act, members))
