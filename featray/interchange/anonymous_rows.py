"""Anonymous rows: rows without the names of hosts and users and without paths, for results that are published.

Flow: rows -> `hide` -> `api.shared_rows`; `find_leaks` -> warnings. Pure.
A host becomes `host-` with the digest of its id, so that it stays one machine in every bundle. A boot becomes `boot-`
with the digest of its id, so that sessions stay apart. A path becomes `path-` with its digest and suffix.
Like every digest, that of a short name that somebody can guess hides nothing from them.
The names that people gave stay: of sweeps, runs, detectors, inputs and environments. So do UUIDs of GPUs.
"""

import dataclasses
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from featray.core.row import Row, RowKey, to_json

DIGEST_LENGTH = 12  # hex digits, as of a cell's id
NAME_LENGTH_MIN = 3  # characters: shorter names would be found in unrelated words
NOBODY = frozenset({"root", "user", "users", "home", "runner", "shared"})
"""Names of users that say nothing about anybody."""

COMMON_LABELS = frozenset({"localhost", "host", "node", "cpu", "gpu", "cuda", "mps"})
"""First labels of host names that say nothing about a machine, and stand in rows for other things."""

REFERENCE = r"(?:@[0-9a-f]{7,40}(?![^\s#\"',;])|#(?:sha\d+|md5|egg|subdirectory)=)"
"""Begins what stays of a requirement after its path: a commit, or the digest of the file."""

REFERENCE_END = re.compile(rf"{REFERENCE}[\w.&=-]*$")

PATH = re.compile(
    r"(?<![\w./-])(?!//)(?:file:/{2})?(?:~|[A-Za-z]:)?"
    rf"(?:[/\\]+(?:(?!{REFERENCE})[^\s/\\\"',:;()<>\[\]{{}}|])+)+[/\\]?"
)
"""An absolute path in a text; a URL is none, nor is `ms/frame`."""

SSH = re.compile(
    r"(?:(?<=ssh://)|(?<=sftp://)|(?<=scp://)|\b(?=[\w.-]+@[\w.-]+:[\w.~-]*/))"
    rf"(?:(?!{REFERENCE})[^\s\"',;])+"
)
"""User, host and path of an address of ssh, also of the form `user@host:path`."""

SUFFIX = re.compile(r"\.\w{1,5}$")

HOME = re.compile(r"(?:/home/|/Users/|\\+Users\\+)([^/\\\s\"':;]+)")

LABELS = frozenset(
    {
        *("sweep", "run_id", "cell_id", "work_id", "process", "status", "started_at", "ended_at", "boot_id"),
        *("baseline", "detector", "input", "section_kind", "section_label", "device", "environment", "gpu_uuid"),
        *("hostname", "host_id", "target_id"),
    }
)
"""Columns that stay as they are or have a rule of their own."""


def hide(rows: Sequence[Row], users: Iterable[str] = ()) -> list[Row]:
    """Write rows without names of hosts and users and without paths; what a failed process wrote is left out.

    Args:
        rows: All that are published together.
        users: Names of users to look for, beside those in paths.
    """
    names = _Names(rows, users)
    return [_hide_row(row, names) for row in rows]


def find_leaks(original: Sequence[Row], hidden: Sequence[Row], users: Iterable[str] = ()) -> list[str]:
    """List the names that hidden rows still hold, such as a run that is named after its host."""
    names = _Names(original, users)
    text = "\n".join(map(to_json, hidden))
    return [name for name in [*names.hosts, *names.users] if _part(name).search(text)]


class _Names:
    """The names of hosts and users in rows, and what stands for them."""

    def __init__(self, rows: Sequence[Row], users: Iterable[str]) -> None:
        found: dict[str, str] = {}
        for row in rows:
            for name in (_host(row), row.hostname, row.host_id, *_first_label(row.hostname)):
                if name and len(name) >= NAME_LENGTH_MIN:
                    found.setdefault(name, pseudonym(_host(row) or name))
        self.hosts = dict(sorted(found.items(), key=lambda item: -len(item[0])))  # the full name before its first label
        in_paths = {name for row in rows for name in HOME.findall(to_json(row))}
        wanted = sorted({*users, *in_paths} - NOBODY - {*self.hosts})
        self.users = [name for name in wanted if len(name) >= NAME_LENGTH_MIN]

    def replace(self, text: str) -> str:
        """Replace paths, hosts and users in a text."""
        for pattern in (SSH, PATH):
            text = pattern.sub(lambda match: hide_path(match[0]), text)
        for name, instead in self.hosts.items():
            text = _word(name).sub(instead, text)
        for name in self.users:
            text = _word(name).sub("user", text)
        return text


def _first_label(hostname: str | None) -> list[str]:
    """Give `box` of `box.lab.example`: what people call a machine; nothing for an address or a common word."""
    label, _, domain = (hostname or "").partition(".")
    return [label] if domain and not label.isdigit() and label.lower() not in COMMON_LABELS else []


def _word(name: str) -> re.Pattern[str]:
    """Match a name as a word of its own; names of hosts are the same in upper case."""
    return re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])", re.IGNORECASE)


def _part(name: str) -> re.Pattern[str]:
    """Match a name also as a part of another, such as `box` in `box-2026`, but not in `boxes`."""
    return re.compile(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", re.IGNORECASE)


HIDDEN = re.compile(rf"(?:host|boot|path)-[0-9a-f]{{{DIGEST_LENGTH}}}(?:\.\w{{1,5}})?")
"""A name that stands for a host, a boot or a path. It stays, so that rows that are hidden again keep their machine."""


def pseudonym(host: str) -> str:
    """Name a host by the digest of its id."""
    return _hide_name("host", host)


def hide_path(path: str) -> str:
    """Name a path by its digest; its suffix stays, since it says what kind of file that is."""
    suffix = SUFFIX.search(path)
    return _hide_name("path", path, suffix[0] if suffix else "")


def _hide_name(kind: str, name: str, suffix: str = "") -> str:
    if HIDDEN.fullmatch(name):
        return name
    return f"{kind}-{hashlib.sha256(name.encode()).hexdigest()[:DIGEST_LENGTH]}{suffix}"


def _host(row: Row) -> str | None:
    return row.host_id or (row.target_id.partition("@")[2] or None) or row.hostname


def hidden_key(row: Row) -> RowKey:
    """Identify a row in every store, whether the names of hosts are hidden there or not."""
    run_id, cell_id, _, invocation, attempt = row.key()
    return run_id, cell_id, _hide_target(row), invocation, attempt


def hidden_place(row: Row) -> str:
    """Name the target and its host as they are named where names are hidden."""
    return f"{_hide_target(row)} {pseudonym(row.host_id or '')}"


def _hide_target(row: Row) -> str:
    host, (kind, at, _) = _host(row), row.target_id.partition("@")
    return f"{kind}@{pseudonym(host)}" if at and host else row.target_id


def _hide_row(row: Row, names: _Names) -> Row:
    host = _host(row)
    changes: dict[str, Any] = {
        "stderr_tail": None,
        "hostname": pseudonym(host) if host and row.hostname else None,
        "host_id": pseudonym(host) if host and row.host_id else None,
        "target_id": _hide_target(row),
        "boot_id": _hide_name("boot", row.boot_id) if row.boot_id else None,
        "asked": None if row.asked is None else _hide_asked(row.asked, names.replace),
        "work": None if row.work is None else _hide_work(row.work, names.replace),
    }
    for name, value in vars(row).items():
        if name not in LABELS and name not in changes:
            changes[name] = _hide_value(value, names.replace)
    return dataclasses.replace(row, **changes)


def _hide_work(work: Mapping[str, str], replace: Callable[[str], str]) -> dict[str, str]:
    """Hide what a child resolved; the name of a weight file stands in the key."""
    return {replace(key): _hide_json(text, replace) for key, text in work.items()}


def _hide_value(value: Any, replace: Callable[[str], str]) -> Any:
    """Replace in every text within a value; a text that is a path as a whole is hidden as a whole, spaces included."""
    if isinstance(value, str):
        is_path = PATH.match(value) is not None and "\n" not in value and ":" not in value[2:]
        return _hide_whole_path(value) if is_path else replace(value)
    if isinstance(value, Mapping):
        return {key: _hide_value(item, replace) for key, item in value.items()}
    return [_hide_value(item, replace) for item in value] if isinstance(value, list) else value


def _hide_whole_path(text: str) -> str:
    end = REFERENCE_END.search(text)
    path = text[: end.start()] if end else text
    return hide_path(path) + text[len(path) :]


def _hide_json(text: str, replace: Callable[[str], str]) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return replace(text)
    return _canonical(_hide_value(value, replace))


def _hide_asked(text: str, replace: Callable[[str], str]) -> str:
    """Hide the paths of the input and of its labels, also relative ones, and then as in any other text."""
    try:
        value = json.loads(text)
    except ValueError:
        return replace(text)
    given = value.get("input") if isinstance(value, dict) else None
    if isinstance(given, dict):
        given["paths"] = [hide_path(path) for path in given.get("paths") or [] if isinstance(path, str)]
        if isinstance(given.get("labels"), str):
            given["labels"] = hide_path(given["labels"])
    return _canonical(_hide_value(value, replace))


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
