"""Store names: one for messages, and one for hosts and processes that have another working folder.

A URI that carries credentials (`s3://KEY:SECRET@bucket/...`, `?sas_token=...`) is refused by `check_address`: it would
stand in command lines, logs and a Ray dashboard that anybody can read. Neither name has them either: the display name
ends up in terminals, reports and the message of that refusal, and the full name in file names.
Pure: nothing is opened, so that a message can name a URI that no filesystem takes.
"""

import os
import re
from pathlib import Path
from urllib.parse import unquote

from featray.core.argument_names import argument
from featray.core.files import NO_FOLDER, has_folder, is_text
from featray.errors import BadInput

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
"""Options of a URI that are no secrets: they say which server or account holds the bucket, or how to open it."""
CONTAINER_SCHEMES = ("abfs", "abfss")  # the part before the `@` is a container or account here, not a user

SERVERS = ("endpoint_override", "blob_storage_authority", "dfs_storage_authority")  # may be `USER:SECRET@HOST`
NAMING = ("credential_kind", "tenant_id", "client_id", "user", "kerb_ticket")
"""Options that say who opens the store and are no secrets by themselves."""

USER_SCHEMES = ("hdfs", "viewfs")  # the part before the `@` is a user's name, which opens nothing by itself
PUBLIC_USERS = ("anonymous",)  # Google's word for a bucket that everybody may read

_VARIABLES = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE with a profile in ~/.aws/credentials",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS, the path of a key file",
    "gcs": "GOOGLE_APPLICATION_CREDENTIALS, the path of a key file",
    "abfs": "AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
    "abfss": "AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
}
"""Scheme -> variables from which pyarrow's filesystem takes the credentials."""

_USER = re.compile(r"^(?P<scheme>[^:/?#]+)://(?P<user>[^/@?#]*|[^/@:?#]+:(?!\d+/)[^@?#]*)@")
"""The second form of `user` allows a slash in the secret, as S3's secrets have; digits and a slash are a port."""


_ENCODED_USER = re.compile(r"^(?P<scheme>[^:/?#]+://)(?P<user>[^/?#]*?)%40(?P<rest>[^/@?#]*)", re.IGNORECASE)
_FRAGMENT = re.compile(r"#[^#]*=.*$", re.DOTALL)
"""Options after a `#`, which no filesystem reads, so that what stands there was meant for before it."""


def check_address(results: str | os.PathLike[str]) -> None:
    """Check that a store's address carries no credentials, and that parquet's library can open a folder.

    Raises:
        BadInput: it does; the message names the variables to use instead, and holds no credentials. Or the path of the
            folder is not UTF-8, or is meant from a current folder that was deleted.
    """
    text = os.fspath(results)
    if "://" not in text and not Path(text).is_absolute() and not has_folder():
        raise BadInput(f"{text}: {NO_FOLDER}")
    if "://" not in text and not is_text(str(Path(text).absolute())):
        raise BadInput(
            f"{text!r}: the path of a store must be UTF-8; rename the folder, or name another with "
            f"{argument('results')}"
        )
    if "://" not in text or not (places := _credential_places(text)):
        return
    scheme = text.partition("://")[0].lower()
    variables = _VARIABLES.get(scheme, "the variables of its service")
    raise BadInput(
        f"{display_name(text)}: the address holds credentials ({', '.join(places)}), which command lines, logs and the "
        f"Ray dashboard would show; leave them out and set them in the environment, on every host that opens the "
        f"store: {variables}"
    )


def _credential_places(text: str) -> list[str]:
    """Name the parts of an address that hold credentials: user information, and options by name."""
    user = _USER.match(_decoded(text))
    places = ["before the '@'"] if user is not None and _opens_something(user) else []
    if _FRAGMENT.search(text):
        places.append("after the '#'")
    for name, value in _options(text):
        has_user = name in SERVERS and "@" in unquote(value)
        if value and (has_user or name not in (*HARMLESS, *NAMING)):
            places.append(f"option {name}")
    return places


def _opens_something(user: re.Match[str]) -> bool:
    name, _, password = user["user"].partition(":")
    is_name = _names_container(user) or user["scheme"].lower() in USER_SCHEMES or name in PUBLIC_USERS
    return bool(password) or bool(name and not is_name)


def display_name(results: str | os.PathLike[str]) -> str:
    """Name a store in messages: as it was given, without credentials and options."""
    text = os.fspath(results)
    if "://" not in text:
        return text
    return _without_user(_FRAGMENT.sub("", text)).partition("?")[0].rstrip("/")


def full_name(results: str | os.PathLike[str]) -> str:
    """Name a store for hosts and processes that have another working folder: one name per store, without secrets.

    Two people with their own credentials get the same name for one bucket. It opens with the credentials of the
    environment.
    """
    text = os.fspath(results)
    if "://" not in text:
        return str(Path(text).absolute())
    options = [f"{name}={value.rpartition('@')[2]}" for name, value in _options(text) if name in HARMLESS]
    return "?".join([display_name(text), *(["&".join(options)] if options else [])])


def hide_secrets(message: str, results: str) -> str:
    """Take a URI's secrets out of a library's message about it."""
    plain = message.replace(results, display_name(results))
    for secret in sorted(_secrets(results), key=len, reverse=True):
        plain = plain.replace(secret, "...")
    return plain


def _secrets(text: str) -> set[str]:
    user = _USER.match(_decoded(text))
    name, _, password = user["user"].partition(":") if user else ("", "", "")
    values = [value for option, value in _options(text) if option not in HARMLESS]
    values += [part.partition("=")[2] for match in _FRAGMENT.findall(text) for part in match[1:].split("&")]
    parts = [password, *values, *([name] if user and not _names_container(user) else [])]
    return {form for part in parts for form in (part, unquote(part)) if form}


def _options(text: str) -> list[tuple[str, str]]:
    """List a URI's options: name and value, still percent-encoded."""
    plain = _FRAGMENT.sub("", _without_user(text))
    options = [option.partition("=") for option in plain.partition("?")[2].split("&")]
    return [(name, value) for name, _, value in options]


def _decoded(text: str) -> str:
    """Write a user that is set off by an encoded `@` as it was meant: `s3://KEY%3ASECRET%40bucket`."""
    return _ENCODED_USER.sub(lambda match: f"{match['scheme']}{unquote(match['user'])}@{match['rest']}", text)


def _without_user(text: str) -> str:
    text = _decoded(text)
    user = _USER.match(text)
    if user is None:
        return text
    container = f"{user['user'].partition(':')[0]}@" if _names_container(user) else ""
    return f"{user['scheme']}://{container}{text[user.end() :]}"


def _names_container(user: re.Match[str]) -> bool:
    return user["scheme"].lower() in CONTAINER_SCHEMES and not user["user"].startswith(":")
