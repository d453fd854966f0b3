"""Fleets: every host of a cluster file, reached over ssh, started and stopped together.

Flow: `featray cluster start FILE` -> `survey` every host -> the head -> every other host joins it, side by side;
`featray cluster join FILE` -> `survey` -> the hosts that are not in the cluster yet join the running head.
On each host the same `featray cluster` command runs that a user would type there. The token goes over ssh on stdin,
never in a command line that others can see.
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
from featray.errors import ERROR_MARK, BackendError, Busy

SSH = "ssh -o BatchMode=yes -o ConnectTimeout=10"
"""Fails instead of asking for a password; $FEATRAY_SSH replaces it."""

ENDING = "ends with its cluster"
"""In each line about a detached submit that `featray cluster stop` prints; other lines may be those of ssh."""

CHECK_S = 60.0  # ssh's own 10 s, and a Python start on a cold disk
RUN_S = nodes.START_S + 60.0  # all raylets of a host, and ssh

_SURVEY = """
import importlib.metadata, json, platform, sys
versions, clusters = {"python": platform.python_version()}, None
try:
    versions["ray"] = importlib.metadata.version("ray")
except importlib.metadata.PackageNotFoundError:
    pass
try:
    import featray
    versions["featray"] = featray.__version__
    from featray.cluster import raylet_records
    clusters = sorted({raylet.address for raylet in raylet_records.running()})
except (ImportError, AttributeError):
    pass  # no featray, or another version, which keeps its records in another way
except Exception as wrong:
    sys.exit(" ".join(str(wrong).split()) or repr(wrong))
print(json.dumps({"versions": versions, "clusters": clusters}))
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class RemoteResult:
    """How a command on a host ended."""

    member: Member
    code: int
    stdout: str
    stderr: str

    @property
    def reason(self) -> str:
        """Return the last line that it printed, for people."""
        lines = (self.stderr.strip() or self.stdout.strip()).splitlines()
        return lines[-1].removeprefix(ERROR_MARK) if lines else f"exit code {self.code}"


def run(member: Member, command: Sequence[str], *, stdin: str = "", limit_s: float = RUN_S) -> RemoteResult:
    """Run a command on a host; a host that cannot be reached, or a command that does not end, gives a code above 0."""
    program = shlex.split(os.environ.get("FEATRAY_SSH", SSH))
    try:
        done = subprocess.run(
            [*program, member.destination, command_line(command)],
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            errors="replace",  # a host may have any locale
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return RemoteResult(member=member, code=124, stdout="", stderr=f"no answer within {limit_s:.0f} s")
    except OSError as wrong:
        return RemoteResult(member=member, code=127, stdout="", stderr=f"{program[0]}: {wrong.strerror}")
    return RemoteResult(member=member, code=done.returncode, stdout=done.stdout, stderr=done.stderr)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Survey:
    """What a host reports about itself, or the problem that keeps it from being used."""

    member: Member
    problem: str | None = None
    versions: Mapping[str, str] = dataclasses.field(default_factory=dict)
    clusters: tuple[str, ...] | None = ()  # addresses of the heads of its raylets; None: its featray cannot say


def survey(members: Sequence[Member]) -> list[Survey]:
    """Ask hosts for their versions and for the clusters that they are in."""
    return _on_all(members, _ask)


def _ask(member: Member) -> Survey:
    result = run(member, [member.interpreter, "-c", _SURVEY], limit_s=CHECK_S)
    if result.code == 0:
        try:
            answer = json.loads(result.stdout.strip().splitlines()[-1])  # a login may print a greeting first
            clusters = answer["clusters"]
            return Survey(
                member=member,
                versions=dict(answer["versions"]),
                clusters=None if clusters is None else tuple(clusters),
            )
        except (ValueError, LookupError, TypeError):
            pass
    why = result.reason if result.code else "it did not answer with its versions"
    return Survey(member=member, problem=f"{member.name} ({member.destination}) cannot be used: {why}")


def start(cluster: Cluster, file: str, token: str, say: Callable[[str], None]) -> None:
    """Start the head and join every other host.

    Args:
        cluster: With at least one host.
        file: The file that it was read from.
        token: For every host.
        say: Called before every step.

    Raises:
        Busy: some hosts are in a cluster already.
        BackendError: a host would be refused, and nothing was started; or a host does not start, and the others stay.
    """
    head, address = _head(cluster)
    surveys, wanted = survey(cluster.hosts), membership.own_versions()
    problems = [host.problem or membership.version_problem(host.member, host.versions, wanted) for host in surveys]
    if any(problems):
        raise BackendError("\n".join(["nothing was started:", *filter(None, problems)]))
    if any(host.clusters for host in surveys):
        raise Busy(_already_in_a_cluster(surveys, head, address, file))
    ports = [f"--port={cluster.port}", f"--dashboard-port={cluster.dashboard_port}"]
    say(f"{head.name}: starting the head at {address}")
    _raise_failures([run(head, [*_featray(head), "start", *ports, *_options(head)], stdin=token)])
    failures = _join([member for member in cluster.hosts if member is not head], address, token, say)
    if failures:
        raise BackendError("\n".join([*failures, f"the others are in; join these later: featray cluster join {file}"]))


def _already_in_a_cluster(surveys: Sequence[Survey], head: Member, address: str, file: str) -> str:
    """Write which hosts are in a cluster, and what to do: if it is this file's own, the other hosts can join it."""
    is_own = any(host.member is head and address in (host.clusters or ()) for host in surveys)
    cluster = address if is_own else next(host.clusters[0] for host in surveys if host.clusters)
    names = [host.member.name for host in surveys if cluster in (host.clusters or ())]
    is_or_are = "is" if len(names) == 1 else "are"
    join = f"join the others to it: featray cluster join {file}, or " if is_own and len(names) < len(surveys) else ""
    return (
        f"{', '.join(names)} {is_or_are} already in the cluster of {cluster}; {join}end it: featray cluster stop {file}"
    )


def join(cluster: Cluster, file: str, say: Callable[[str], None]) -> None:
    """Join the hosts of a file to its running head, with the head's token; hosts that are in it already stay.

    Raises:
        BackendError: the head does not run; or some hosts cannot join, which are named after the others have joined.
    """
    head, address = _head(cluster)
    head_survey, *others = survey([head, *(member for member in cluster.hosts if member is not head)])
    if problem := _head_problem(head_survey, address, file):
        raise BackendError(problem)
    problems, fit = [], []
    for host in others:
        if address in (host.clusters or ()):
            say(f"{host.member.name}: already in the cluster")
        elif problem := _join_problem(host, head_survey.versions):
            problems.append(problem)
        else:
            fit.append(host.member)
    for problem in problems:
        say(problem)
    problems += _join(fit, address, _token(head), say) if fit else []
    if problems:
        raise BackendError("\n".join(problems))


def _head_problem(head: Survey, address: str, file: str) -> str | None:
    """Write why no host can join this head; None when it runs."""
    if head.problem:
        return head.problem
    if head.clusters is None:
        wanted = {"featray": membership.own_versions()["featray"]}
        return membership.version_problem(head.member, head.versions, wanted) or (
            f"{head.member.name} cannot say which head runs there; reinstall its featray"
        )
    if address not in head.clusters:
        where = f", but is in the cluster of {head.clusters[0]}" if head.clusters else ""
        return f"{head.member.name} runs no head at {address}{where}; start it: featray cluster start {file}"
    return None


def _join_problem(host: Survey, wanted: Mapping[str, str]) -> str | None:
    """Write why a host cannot join a head with these versions; None when it can."""
    if host.problem is None and host.clusters:
        return f"{host.member.name} is in the cluster of {host.clusters[0]}; `featray cluster stop` there leaves it"
    return host.problem or membership.version_problem(host.member, host.versions, wanted)


def _token(head: Member) -> str:
    """Fetch the head's token: this machine may have another one, or none."""
    result = run(head, [*_featray(head), "token"])
    _raise_failures([result])
    return result.stdout.strip().rpartition("\n")[2]  # a login may print a greeting first


def _join(members: Sequence[Member], address: str, token: str, say: Callable[[str], None]) -> list[str]:
    """Let hosts join a head; return a text for each that failed."""
    for member in members:
        say(f"{member.name}: joining")

    def join_one(member: Member) -> RemoteResult:
        return run(member, [*_featray(member), "join", address, *_options(member)], stdin=token)

    return _failures(_on_all(members, join_one))


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
    results = list(_on_all(others, lambda member: run(member, [*_featray(member), "stop"])))
    results += [run(head, [*_featray(head), "stop"])] if head else []
    for result in results:
        for line in result.stderr.splitlines():
            if ENDING in line:
                say(f"{result.member.name}: {line}")
        if result.code == 0:
            say(f"{result.member.name}: stopped")
    _raise_failures(results)


def _featray(member: Member) -> list[str]:
    return [member.interpreter, "-m", "featray", "cluster"]


def _options(member: Member) -> list[str]:
    """Write what the file says of a host as options of `featray cluster`."""
    gpus = "all" if member.gpus is None else ",".join(member.gpus) or "none"
    labels = [f"--label={key}={value}" for key, value in member.labels.items()]
    return [f"--ip={member.address}", f"--name={member.name}", f"--gpus={gpus}", *labels, "--token-stdin"]


def _failures(results: Iterable[RemoteResult]) -> list[str]:
    return [f"{result.member.name}: {result.reason}" for result in results if result.code != 0]


def _raise_failures(results: Iterable[RemoteResult]) -> None:
    if failures := _failures(results):
        raise BackendError("\n".join(failures))


T = TypeVar("T")


def _on_all(members: Sequence[Member], act: Callable[[Member], T]) -> list[T]:
    """Act on all hosts side by side: ssh spends its time waiting."""
    if not members:
        return []
    with concurrent.futures.ThreadPoolExecutor(max_workers=min(32, len(members))) as pool:
        return list(pool.map(act, members))
