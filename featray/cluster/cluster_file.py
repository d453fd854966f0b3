"""Cluster files: YAML files that name the hosts that measure, and how to reach and start each.

Flow: clusters/*.yaml -> `load` -> `Cluster` -> `fleet` (starts Ray on the hosts); `--address` -> `head_address`.
Reads the file and nothing else; no host is asked.
"""

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from featray import yamlfile
from featray.core.argument_names import argument
from featray.core.files import PathLike, is_yaml
from featray.errors import BadInput, ClusterFileError, suggest
from featray.yamlfile import FileProblem, StrictModel
from featray.yamlfile.editor_schema import ShortForm

RAY_PORT = 6379  # Ray's own default for a head
DASHBOARD_PORT = 8265  # Ray's own default

WORKER_PORTS = range(10001, 20000)  # Ray's client server and workers listen on these (`ray start`)

LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
"""What Ray accepts as a label's value, and as the last part of its key: at most 63 characters."""

UUID = re.compile(r"(GPU|MIG)-[0-9A-Za-z-]{4,}")
"""How the driver writes a GPU's UUID (`nvidia-smi -L`)."""

RESERVED_LABELS = ("featray.", "ray.io/")
"""How the names of labels begin that featray and Ray set themselves."""

FILE_KEYS = {
    "--port": "`port`",
    "--dashboard-port": "`dashboard_port`",
    "--ip": "`address` of the host",
    "--name": "`name` of the host",
    "--gpus": "`gpus` of the host",
    "--label": "`labels` of the host",
}
"""Option of `featray cluster` -> the key of a cluster file that says the same."""


def _slug(text: str) -> str:
    if not LABEL.fullmatch(text):
        raise ValueError(f"'{text[:80]}' cannot be a name; expected up to 63 letters, digits, '.', '_' or '-'")
    return text


def _uuids(value: tuple[str, ...] | None) -> tuple[str, ...] | None:
    for index, uuid in enumerate(value or ()):
        if not UUID.fullmatch(uuid):
            raise ValueError(f"'{uuid[:80]}' is not a GPU's UUID; expected one such as GPU-8f2d3c1a (`nvidia-smi -L`)")
        if uuid in (value or ())[:index]:
            raise ValueError(f"'{uuid}' is listed twice; expected distinct UUIDs")
    return value


def _all_or_listed(value: Any) -> Any:
    if value == "all":
        return None
    if isinstance(value, tuple):
        return value
    raise ValueError("expected 'all' or a list of UUIDs, which may be empty")


def _free(port: int) -> int:
    if port in WORKER_PORTS:
        raise ValueError(f"Ray's own processes use {port}; expected a port below {WORKER_PORTS[0]} or above 19999")
    return port


def _labels(values: dict[str, str]) -> dict[str, str]:
    for key, value in values.items():
        if key.startswith(RESERVED_LABELS):
            raise ValueError(f"label '{key}' is set by featray or Ray; expected a name of your own")
        if not (LABEL.fullmatch(key) and LABEL.fullmatch(value)):
            raise ValueError(f"label '{key}={value}': Ray accepts up to 63 letters, digits, '.', '_' or '-'")
    return values


def _ssh_word(meaning: str, characters: str) -> AfterValidator:
    """Check a word of ssh's command line: no part of it may look like an option."""

    def check(text: str) -> str:
        if any(part.startswith("-") for part in text.split("@")):
            raise ValueError(
                f"'{text[:80]}' cannot be {meaning}: it may not begin with '-', or ssh would read it as an option"
            )
        if not re.fullmatch(rf"[A-Za-z0-9{characters}-]+", text):
            raise ValueError(f"'{text[:80]}' cannot be {meaning}; expected letters, digits, and any of {characters}-")
        return text

    return AfterValidator(check)


Slug = Annotated[str, AfterValidator(_slug)]
HostAddress = Annotated[str, _ssh_word("an address", "._:")]
Destination = Annotated[str, _ssh_word("an ssh destination", "._@")]
User = Annotated[str, _ssh_word("a user", "._")]
Price = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
"""Per hour, in any currency."""
Port = Annotated[int, Field(ge=1, le=65535), AfterValidator(_free)]
GpuChoice = Annotated[
    tuple[str, ...] | None, BeforeValidator(_all_or_listed), AfterValidator(_uuids), ShortForm('[{"const": "all"}]')
]
"""UUIDs; None for all."""


class Member(StrictModel):
    """One machine, reached over ssh."""

    name: Slug
    address: HostAddress  # at which the other hosts reach it
    ssh: Destination | None = None  # default user@address
    user: User | None = None
    python: Annotated[str | None, Field(min_length=1)] = None  # interpreter that has featray and Ray
    venv: Annotated[str | None, Field(min_length=1)] = None  # or its virtual environment; ~/ is the home on that host
    gpus: GpuChoice = None
    labels: Annotated[dict[str, str], AfterValidator(_labels)] = Field(default_factory=dict)
    price_per_hour: Price | None = None  # for `featray estimate`; of the whole host, in any currency

    @model_validator(mode="after")
    def _has_one_interpreter(self) -> Self:
        if self.python is not None and self.venv is not None:
            raise ValueError("python and venv say the same; keep one")
        return self

    @property
    def destination(self) -> str:
        """Return the destination for ssh."""
        return self.ssh or (f"{self.user}@{self.address}" if self.user else self.address)

    @property
    def interpreter(self) -> str:
        """Return the Python to run there; without python or venv, the first on that machine's path."""
        return self.python or (f"{self.venv.rstrip('/')}/bin/python" if self.venv else "python3")


class Cluster(StrictModel):
    """A cluster file. Without hosts the cluster is this machine alone, with Ray embedded in featray."""

    name: Slug | None = None
    description: Annotated[str | None, Field(min_length=1)] = None
    port: Port = RAY_PORT
    dashboard_port: Port = DASHBOARD_PORT
    head: str | None = None  # name of the host that runs the head; default: the first
    hosts: tuple[Member, ...] = ()

    @property
    def address(self) -> str | None:
        """Return the head's address as Ray writes it, `host:port`; None where Ray is embedded."""
        host = self.head_host
        return None if host is None else f"{host.address}:{self.port}"

    @property
    def head_host(self) -> Member | None:
        """Return the host that runs the head; None where Ray is embedded."""
        return next((host for host in self.hosts if self.head in (None, host.name)), None)


def command_line(words: Sequence[str]) -> str:
    """Write a command for the shell of another machine: a leading `~/` is the home there, nothing else is expanded."""
    return " ".join(
        f'"$HOME"/{shlex.quote(word[2:])}' if word.startswith("~/") else shlex.quote(word) for word in words
    )


def load(path: Path) -> Cluster:
    """Read a cluster file.

    Raises:
        ClusterFileError: one line per problem, `file:line: path: what; expected; suggestion`.
    """
    document = yamlfile.parse(path, ClusterFileError)
    _refuse_other_tools(path, document.value)
    cluster = document.check(Cluster)
    problems = [*_duplicates(cluster, "name"), *_duplicates(cluster, "address")]
    names = [host.name for host in cluster.hosts]
    if cluster.head is not None and cluster.head not in names:
        problems.append(FileProblem(("head",), f"no host is called '{cluster.head}'{suggest(cluster.head, names)}"))
    if problems:
        raise document.make_error(problems)
    return cluster


def _refuse_other_tools(path: Path, value: object) -> None:
    """Say what a file is for that belongs to another tool and says so by its keys."""
    keys = set(value) if isinstance(value, Mapping) else set()
    for own, tool in OTHER_TOOLS.items():
        if own <= keys:
            raise ClusterFileError(
                f"{path} is for `{tool} {path}`, and no cluster file of featray's. Once that cluster runs, give the "
                f"address of its head instead: {argument('address', 'HOST:6379')}. A cluster file lists machines under "
                "`hosts`, as clusters/lab.yaml does"
            )


OTHER_TOOLS: Mapping[frozenset[str], str] = {
    frozenset({"cluster_name", "provider"}): "ray up",
    frozenset({"apiVersion", "kind"}): "kubectl apply -f",
}
"""Keys that a file of another tool has -> the command that it is for."""


def load_hosts(path: Path) -> Cluster:
    """Read a cluster file that names at least one host, and so has a head.

    Raises:
        ClusterFileError: as `load`, or the cluster has no hosts: Ray is embedded.
    """
    cluster = load(path)
    if not cluster.hosts:
        raise ClusterFileError(
            f"{path} names no hosts: its Ray is embedded, starts with `featray submit` and ends with it. So there is "
            "nothing to start, join, stop or detach to; expected at least one machine under `hosts`"
        )
    return cluster


def head_address(address: PathLike | None, *, must_run: bool = False) -> str | None:
    """Find the address of the head from `--address`, which is an address or a cluster file.

    Args:
        address: As given, as a text or a path.
        must_run: Refuse a file whose Ray is embedded: nothing of it runs outside a submit.

    Returns:
        `host:port` of the head, or the given address; None where none is given or the file's Ray is embedded.

    Raises:
        BadInput: `address` is neither.
        ClusterFileError: the file is wrong, or its Ray is embedded and `must_run` is set.
    """
    if address is not None and not isinstance(address, str | os.PathLike):
        raise BadInput(f"address: {address!r}; expected host:port of a head, such as 10.0.0.1:6379, or a cluster file")
    if not is_yaml(address):
        return None if address is None else os.fspath(address)
    return (load_hosts if must_run else load)(Path(address)).address


def refuse_options(path: Path, given: Mapping[str, object]) -> None:
    """Refuse options of one host together with a file that describes all hosts.

    Args:
        path: The cluster file.
        given: Option -> value; None, False and empty values mean that the option was not given.

    Raises:
        BadInput: an option was given; the message says where it belongs.
    """
    for option, value in given.items():
        if value in (None, False, [], ()):
            continue
        key = FILE_KEYS.get(option)
        remedy = f"write {key} in {path}" if key else "its hosts get the token over ssh"
        raise BadInput(f"{option} does not go with a cluster file; {remedy}")


def _duplicates(cluster: Cluster, key: str) -> list[FileProblem]:
    values = [getattr(host, key) for host in cluster.hosts]
    return [
        FileProblem(("hosts", index, key), f"two hosts have the {key} '{value}'; expected distinct ones")
        for index, value in enumerate(values)
        if value in values[:index]
    ]
