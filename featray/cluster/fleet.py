"""Fleets: every host of a cluster file, reached over ssh, started and stopped together.

Flow: `featray cluster start FILE` -> `survey` every host -> the head -> every other host joins it, side by side;
`featray cluster join FILE` -> `survey` -> the hosts that are not in yet join the running head.
On each host the same `featray cluster` command runs as by hand; the token goes over ssh, on stdin, never in a command
line that others can see.
"""

import concurrent.futures
import dataclasses
import json
import os
import shlex
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from featray.cluster import membership, nodes
from featray.cluster.cluster_file import Cluster, Member, command_line
from featray.errors import BackendError, Busy

SSH = "ssh -o BatchMode=yes -o ConnectTimeout=10"
"""Fails rather than asks; $FEATRAY_SSH replaces it."""

CHECK_S = 60.0  # ssh's own 10 s, and a Python start on a cold disk
RUN_S = nodes.START_S + 60.0  # all raylets of a host, and ssh

_SURVEY = """
import importlib.metadata, json, platform, sys
versions, clusters = {"python": platform.python_version()}, []
try:
    versions["ray"] = importlib.metadata.version("ray")
except importlib.metadata.PackageNotFoundError:
    pass
try:
    import featray
    versions["featray"] = featray.__version__
    from featray.cluster import nodes  # another version may not have it there
    clusters = sorted({each.address for each in nodes.running()})
except ImportError:
    pass
except Exception as wrong:
    sys.exit(" ".join(str(wrong).split()) or repr(wrong))
print(json.dumps({"versions": versions, "clusters": clusters}))
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


@dataclasses.dataclass(frozen=True, kw_only=True)
class Survey:
    """What a host says of itself: nothing is started on one with a problem."""

    member: Member
    problem: str | None = None
    versions: Mapping[str, str] = dataclasses.field(default_factory=dict)
    clusters: tuple[str, ...] = ()  # addresses of the heads that its raylets belong to


def survey(members: Sequence[Member]) -> list[Survey]:
    """Ask hosts for their versions and the clusters that they are in."""
    return _each(members, _ask)


def _ask(member: Member) -> Survey:
    done = run(member, [member.interpreter, "-c", _SURVEY], limit_s=CHECK_S)
    if done.code == 0:
        try:
            said = json.loads(done.out.strip().splitlines()[-1])
            return Survey(member=member, versions=dict(said["versions"]), clusters=tuple(said["clusters"]))
        except (ValueError, LookupError, TypeError):
            pass
    why = done.reason if done.code else "it answered something else than its versions"
    return Survey(member=member, problem=f"{member.name} ({member.destination}) cannot be used: {why}")


def start(cluster: Cluster, file: str, token: str, say: Callable[[str], None]) -> None:
    """Start the head and join every other host.

    Args:
        cluster: With at least one host.
        file: What it was read from.
        token: For every host.
        say: Told of every step.

    Raises:
        Busy: some hosts are in a cluster already.
        BackendError: a host would be refused, and nothing was started; or one does not come up, and the others stay.
    """
    head, address = _head(cluster)
    found, wanted = survey(cluster.hosts), membership.own_versions()
    problems = [each.problem or membership.unlike(each.member, each.versions, wanted) for each in found]
    if any(problems):
        raise BackendError("\n".join(["nothing was started:", *filter(None, problems)]))
    if any(each.clusters for each in found):
        raise Busy(_already(found, head, address, file))
    ports = [f"--port={cluster.port}", f"--dashboard-port={cluster.dashboard_port}"]
    say(f"{head.name}: starting the head at {address}")
    _expect([run(head, [*_featray(head), "start", *ports, *_own(head)], stdin=token)])
    failed = _join([member for member in cluster.hosts if member is not head], address, token, say)
    if failed:
        raise BackendError("\n".join([*failed, f"the others are in; join these later: featray cluster join {file}"]))


def _already(found: Sequence[Survey], head: Member, address: str, file: str) -> str:
    """Say which hosts are in a cluster, and what to do: the others can join where it is this file's own."""
    is_own = any(each.member is head and address in each.clusters for each in found)
    there = address if is_own else next(each.clusters[0] for each in found if each.clusters)
    names = [each.member.name for each in found if there in each.clusters]
    is_or_are = "is" if len(names) == 1 else "are"
    join = f"join the others to it: featray cluster join {file}, or " if is_own and len(names) < len(found) else ""
    return (
        f"{', '.join(names)} {is_or_are} in the cluster of {there} already; {join}end it: featray cluster stop {file}"
    )


def join(cluster: Cluster, file: str, say: Callable[[str], None]) -> None:
    """Join the hosts of a file to its running head, with the head's token; those that are in already stay.

    Raises:
        BackendError: the head does not run; or some hosts cannot join, which are named when the others have.
    """
    head, address = _head(cluster)
    first, *others = survey([head, *(member for member in cluster.hosts if member is not head)])
    if first.problem:
        raise BackendError(first.problem)
    if address not in first.clusters:
        within = f", but is in the cluster of {first.clusters[0]}" if first.clusters else ""
        raise BackendError(f"{head.name} runs no head at {address}{within}; start it: featray cluster start {file}")
    problems, fit = [], []
    for each in others:
        if address in each.clusters:
            say(f"{each.member.name}: in already")
        elif problem := _unfit(each, first.versions):
            problems.append(problem)
        else:
            fit.append(each.member)
    for problem in problems:
        say(problem)
    problems += _join(fit, address, _token(head), say) if fit else []
    if problems:
        raise BackendError("\n".join(problems))


def _unfit(found: Survey, wanted: Mapping[str, str]) -> str | None:
    if found.problem is None and found.clusters:
        return f"{found.member.name} is in the cluster of {found.clusters[0]}; `featray cluster stop` there leaves it"
    return found.problem or membership.unlike(found.member, found.versions, wanted)


def _token(head: Member) -> str:
    """Fetch the head's token: this machine may have another, or none."""
    done = run(head, [*_featray(head), "token"])
    _expect([done])
    return done.out.strip().rpartition("\n")[2]  # a login may print a greeting first


def _join(members: Sequence[Member], address: str, token: str, say: Callable[[str], None]) -> list[str]:
    for member in members:
        say(f"{member.name}: joining")
    return _failed(
        _each(members, lambda member: run(member, [*_featray(member), "join", address, *_own(member)], stdin=token))
    )


def _head(cluster: Cluster) -> tuple[Member, str]:
    if cluster.head_host is None or cluster.address is None:
        raise ValueError("a cluster without hosts has no head")
    return cluster.head_host, cluster.address


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


def _failed(done: Iterable[Done]) -> list[str]:
    return [f"{each.member.name}: {each.reason}" for each in done if each.code != 0]


def _expect(done: Iterable[Done]) -> None:
    if failed := _failed(done):
        raise BackendError("\n".join(failed))


T = TypeVar("T")


def _each(members: Sequence[Member], act: Callable[[Member], T]) -> list[T]:
    """Act on all hosts side by side; ssh mostly waits."""
    if not members:
        return []
    with concurrent.futures.ThreadPoolExecutor(max_workers=min(32, len(members))) as pool:
        return list(pool.map(act, members))
