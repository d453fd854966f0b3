"""Secret values: what counts as one, and what a row holds instead."""

import hashlib

import pytest

from featray.core import secret_values

GITHUB = "ghp_" + "a1B2" * 9
DIGEST = f"sha256:{hashlib.sha256(GITHUB.encode()).hexdigest()[:12]}"


@pytest.mark.parametrize(
    "name",
    [
        *("HF_TOKEN", "GITHUB_TOKENS", "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "DB_PASSWORD", "PGPASSWORD"),
        *("AUTH", "HTTP_AUTHORIZATION", "COOKIE", "SESSION_COOKIES", "MY_PWD", "DB_PASS", "GITHUB_PAT", "API_BEARER"),
        *("API_KEY", "APIKEY", "apiKey", "SSH_KEYS", "LAB_PASSPHRASE", "NVIDIA_API_KEY", "AZURE_CREDENTIALS"),
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert secret_values.is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("TOKENIZERS_PARALLELISM", "CUDA_CACHE_KEY", "NCCL_KEY", "TORCH_SORT_KEY", "PYTORCH_TOKEN", "MAX_TOKENS"),
        *("KEYBOARD", "MONKEY", "HOTKEY", "PUBLIC_KEY", "SORT_KEY", "HF_TOKEN_PATH", "SECRET_FILE", "OMP_NUM_THREADS"),
        *("", "_", "PATH", "TOKEN_LIMIT", "PWD", "OLDPWD", "AUTHOR", "RAY_AUTH_MODE", "COMPASS", "COOKIE_FILE"),
    ],
)
def test_names_that_only_look_like_those_of_secrets(name: str) -> None:
    assert not secret_values.is_secret_name(name)


@pytest.mark.parametrize(
    ("name", "value", "held"),
    [
        ("HF_TOKEN", GITHUB, DIGEST),
        ("NOTE", f"by {GITHUB}.", f"by {DIGEST}."),
        ("HTTP_PROXY", f"http://{GITHUB}@proxy:3128", f"http://{DIGEST}@proxy:3128"),
        ("MIRROR", f"https://h/simple?a=b&api_key={GITHUB}#x", f"https://h/simple?a=b&api_key={DIGEST}#x"),
        (
            None,
            f"py-feat @ git+https://{GITHUB}@github.com/c/f@v2",
            f"py-feat @ git+https://{DIGEST}@github.com/c/f@v2",
        ),
    ],
)
def test_a_row_holds_the_digest_of_a_secret_and_the_rest_as_it_is(name: str | None, value: str, held: str) -> None:
    assert secret_values.recorded(value, name) == held
    assert secret_values.recorded(held, name) == held
    assert secret_values.list_secrets(value, name) == [GITHUB]
    assert secret_values.list_secrets(held, name) == []


@pytest.mark.parametrize(
    ("secret", "count"),
    [
        ("https://me:p@ss@h/x", 1),
        ("hf_" + "aB3" * 12, 1),
        ("AKIA" + "ABCD" * 4, 1),
        ("eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSMeK", 1),
        ("-----BEGIN PRIVATE KEY-----\nMIIE", 1),
    ],
)
def test_forms_of_tokens_are_known_under_any_name(secret: str, count: int) -> None:
    assert len(secret_values.list_secrets(secret, "NOTE")) == count


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (None, "torch==2.11.0"),
        (None, "py-feat @ git+https://github.com/cosanlab/py-feat@v2.0"),
        (None, "py-feat @ git+ssh://git@github.com/cosanlab/py-feat@c716340"),
        (None, "a @ https://${LAB_USER}:${LAB_TOKEN}@h/a.whl"),
        (None, "a==1; python_version=='3.12'"),
        ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1"),
        ("HF_TOKEN", ""),
        ("CUDA_MODULE_LOADING", "LAZY"),
        ("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True"),
        ("HF_ENDPOINT", "https://hub.lab/of@somebody?a=b"),
    ],
)
def test_what_holds_no_secret_is_held_unchanged(name: str | None, value: str) -> None:
    assert secret_values.recorded(value, name) == value


def test_a_programs_message_loses_secrets_also_where_it_decodes_them() -> None:
    text = secret_values.hidden("cannot clone https://p%40ssword@h: p@ssword is wrong", ["p%40ssword"])
    assert "ssword" not in text


def test_secrets_and_their_digests_are_named() -> None:
    variables, requirements = {"A": "1", "HF_TOKEN": GITHUB}, ["a", f"b @ https://{GITHUB}@h/b"]
    assert secret_values.name_secrets(variables, requirements) == ["env HF_TOKEN", f"b @ https://{DIGEST}@h/b"]
    assert secret_values.name_digests(variables, requirements) == []
    assert secret_values.name_digests({"HF_TOKEN": DIGEST}, [f"b @ https://{DIGEST}@h/b"]) == [
        "env HF_TOKEN",
        f"b @ https://{DIGEST}@h/b",
    ]
