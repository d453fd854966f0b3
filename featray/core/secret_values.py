"""Secret values: what of a cell's variables and requirements no row may hold, and the digests that rows hold instead.

Flow: `core.cell.cell_id`, `core.invocation.record` -> `recorded`, `hidden`; `running.recorded_secrets` -> the names.
Pure. A digest is recorded as itself, so a cell that is read back from a row has the id of the cell that was measured.
What holds no secret is recorded unchanged, byte for byte.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import unquote

DIGEST_LENGTH = 12  # hex digits, as of a cell's id
HIDDEN_MIN = 6  # characters: replacing shorter texts in a message would damage unrelated words

_DIGEST = r"sha256:[0-9a-f]{12}"

SECRET_WORDS = re.compile(
    r"TOKEN(?!IZ)|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|KEYS?(_|$)"
    r"|(^|_)(AUTH|AUTHORIZATION|BEARER|COOKIES?)$|_(PWD|PASS|PAT)$"
)
"""In a name in capitals. A tokenizer is no token, a keyboard no key, and PWD alone the working folder."""

SETTINGS = frozenset(
    {
        *("CUDA", "CUDNN", "CUBLAS", "NCCL", "TORCH", "TORCHINDUCTOR", "PYTORCH"),
        *("OMP", "GOMP", "KMP", "MKL", "OPENBLAS", "MALLOC", "MAX", "MIN", "NUM"),
    }
)
"""First words of names that set how a library computes, or count something: never secrets."""

PLACES = frozenset({"PATH", "FILE", "DIR", "FOLDER", "LENGTH", "SIZE", "LIMIT", "COUNT"})
"""Last words of names that say where a secret lies, or how long it is, and not the secret itself."""

OPEN_KEYS = re.compile(r"(^|_)((PUBLIC|PRIMARY|SORT|CACHE|PARTITION)_?|MON|HOT|TUR|DON)KEYS?(_|$)")
"""Keys that are no secrets, and words that only end like one."""

SWITCHES = frozenset({"", "0", "1", "true", "false", "yes", "no", "on", "off"})  # `HF_HUB_DISABLE_IMPLICIT_TOKEN=1`

_TOKEN = re.compile(
    r"(?P<before>)(?P<secret>"
    r"gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}"  # GitHub, GitLab
    r"|hf_[A-Za-z0-9]{20,}|sk-[\w-]{20,}|npm_[A-Za-z0-9]{30,}|pypi-[\w-]{30,}|xox[abposr]-[\w-]{10,}"
    r"|(?<![A-Z0-9])(AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])|AIza[\w-]{35}"  # Amazon, Google
    r"|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}"  # JSON web tokens
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*)"
)
"""Forms of tokens that their services document."""

_USER = re.compile(r"(?P<before>(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://)(?P<secret>[^/?#\s]+)(?=@)")
"""The part of a URL before its last `@`: `USER:PASSWORD`, or a token alone."""

_OPTION = re.compile(r"(?P<before>[?&;](?P<name>[\w.-]+)=)(?P<secret>[^&;#\s]+)")

_OPEN_USER = re.compile(rf"git|{_DIGEST}|(\$\{{\w+\}}:?)+")  # everybody's user name, a digest, or names of variables


def digest(secret: str) -> str:
    """Write what a row holds instead of a secret; the same secret has the same digest everywhere."""
    return f"sha256:{hashlib.sha256(secret.encode()).hexdigest()[:DIGEST_LENGTH]}"


def is_secret_name(name: str) -> bool:
    """Return True where a variable or option of this name holds a secret: `HF_TOKEN`, `apiKey`, `DB_PASSWORD`."""
    upper = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")
    words = upper.split("_")
    if words[0] in SETTINGS or words[-1] in PLACES:
        return False
    return SECRET_WORDS.search(OPEN_KEYS.sub("_", upper)) is not None


def recorded(value: str, name: str | None = None) -> str:
    """Write a variable's value, or a requirement, as a row holds it: each secret in it as its digest."""
    return _replaced(value, name, digest)


def list_secrets(value: str, name: str | None = None) -> list[str]:
    """List the secrets in a variable's value or in a requirement."""
    secrets: list[str] = []

    def note(secret: str) -> str:
        secrets.append(secret)
        return digest(secret)

    _replaced(value, name, note)
    return secrets


def name_secrets(variables: Mapping[str, str], requirements: Iterable[str]) -> list[str]:
    """Name the variables and requirements that hold secrets; a requirement by its recorded form."""
    names = [f"env {name}" for name, value in variables.items() if list_secrets(value, name)]
    return names + [recorded(text) for text in requirements if list_secrets(text)]


def name_digests(variables: Mapping[str, str], requirements: Iterable[str]) -> list[str]:
    """Name the variables and requirements that hold the digest of a secret, which nothing can be measured with."""
    names = [f"env {name}" for name, value in variables.items() if re.search(rf"(^|//){_DIGEST}($|@)", value)]
    return names + [text for text in requirements if re.search(rf"//{_DIGEST}@", text)]


def hidden(text: str, secrets: Iterable[str]) -> str:
    """Replace secrets by their digests in a text that a program wrote, such as an error message."""
    forms = {form: secret for secret in secrets for form in (secret, unquote(secret)) if len(form) >= HIDDEN_MIN}
    for form, secret in sorted(forms.items(), key=lambda item: -len(item[0])):
        text = text.replace(form, digest(secret))
    return text


def _replaced(value: str, name: str | None, write: Callable[[str], str]) -> str:
    if name is not None and is_secret_name(name):
        is_open = value.lower() in SWITCHES or re.fullmatch(_DIGEST, value)
        return value if is_open else write(value)
    for pattern in (_USER, _OPTION, _TOKEN):
        value = pattern.sub(lambda match: match["before"] + _part(match, write), value)
    return value


def _part(match: re.Match[str], write: Callable[[str], str]) -> str:
    groups, secret = match.groupdict(), match["secret"]
    is_user_name = groups.get("scheme", "").lower().endswith("ssh") and ":" not in secret
    is_other_option = "name" in groups and not is_secret_name(groups["name"])
    is_open = is_user_name or is_other_option or _OPEN_USER.fullmatch(secret)
    return secret if is_open else write(secret)
