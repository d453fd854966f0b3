"""Naming a store: for people, and for hosts and processes that have another working folder.

A URI may carry credentials (`s3://KEY:SECRET@bucket/...`, `?sas_token=...`). Neither name ever has them: what is shown
ends up in terminals and reports, and what names a store in file names, logs and a Ray dashboard that anybody can read.
Pure: nothing is opened, so that also a URI which no filesystem takes can be named in the message that says so.
"""

import os
import re
from pathlib import Path
from urllib.parse import unquote

HARMLESS = (
    "endpoint_override",
    "scheme",
    "region",
    "allow_bucket_creation",
    "allow_bucket_deletion",
    "force_virtual_addressing",
    "tls_ca_file_path",
    "tls_verify_certificates",
    "project_id",
    "retry_limit_seconds",
    "blob_storage_authority",
    "dfs_storage_authority",
    "blob_storage_scheme",
    "dfs_storage_scheme",
    "enable_tls",
    "replication",
    "buffer_size",
)
"""Options of a URI that are no secrets: they tell apart places of one bucket and folder, or how to open them."""
NAMING_USERS = ("abfs", "abfss")  # where what stands before the `@` is a container or account, not who asks

_USER = re.compile(r"^(?P<scheme>[^:/?#]+)://(?P<user>[^/@?#]*|[^/@:?#]+:(?!\d+/)[^@?#]*)@")
"""The second form is of a secret with a slash in it, as those of S3 have; a port is none."""


def shown(results: str | os.PathLike[str]) -> str:
    """Name a store in messages: as it was given, without credentials and options."""
    text = os.fspath(results)
    if "://" not in text:
        return text
    return _without_user(text).partition("?")[0].rstrip("/")


def full_name(results: str | os.PathLike[str]) -> str:
    """Name a store for hosts and processes that have another working folder: one name for each place, without secrets.

    Two people with credentials of their own name one bucket alike; it opens with those of the environment.
    """
    text = os.fspath(results)
    if "://" not in text:
        return str(Path(text).absolute())
    kept = [f"{name}={value.rpartition('@')[2]}" for name, value in _options(text) if name in HARMLESS]
    return "?".join([shown(text), *(["&".join(kept)] if kept else [])])


def censored(message: str, results: str) -> str:
    """Take a URI, and whatever of it may be secret, out of somebody else's message about it."""
    plain = message.replace(results, shown(results))
    for secret in sorted(_secrets(results), key=len, reverse=True):
        plain = plain.replace(secret, "...")
    return plain


def _secrets(text: str) -> set[str]:
    user = _USER.match(text)
    name, _, password = user["user"].partition(":") if user else ("", "", "")
    values = [value for option, value in _options(text) if option not in HARMLESS]
    parts = [password, *values, *([name] if user and not _names_place(user) else [])]
    return {form for part in parts for form in (part, unquote(part)) if form}


def _options(text: str) -> list[tuple[str, str]]:
    """List a URI's options, as they stand there."""
    found = [option.partition("=") for option in _without_user(text).partition("?")[2].split("&")]
    return [(name, value) for name, _, value in found]


def _without_user(text: str) -> str:
    user = _USER.match(text)
    if user is None:
        return text
    kept = f"{user['user'].partition(':')[0]}@" if _names_place(user) else ""
    return f"{user['scheme']}://{kept}{text[user.end() :]}"


def _names_place(user: re.Match[str]) -> bool:
    return user["scheme"].lower() in NAMING_USERS and not user["user"].startswith(":")
