"""Secrets in requirements: git gets them from its environment, and no command line shows them."""

import base64

import pytest

from featray.host.requirement_secrets import hide

TOKEN = "ghp_" + "a1B2" * 9


def header(variables: object, index: int = 0) -> str:
    assert isinstance(variables, dict)
    kind, _, encoded = variables[f"GIT_CONFIG_VALUE_{index}"].rpartition(" ")
    assert kind == "Authorization: Basic"
    return base64.b64decode(encoded).decode()


@pytest.mark.parametrize(
    ("user", "expected"),
    [(TOKEN, f"{TOKEN}:"), (f"x-access-token:{TOKEN}", f"x-access-token:{TOKEN}"), ("ann:p%40ss%3A", "ann:p@ss:"),
     ("${FEAT_TOKEN}", f"{TOKEN}:"), ("oauth2:${FEAT_TOKEN}", f"oauth2:{TOKEN}")],
)  # fmt: skip
def test_a_token_of_a_git_address_goes_into_gits_environment(user: str, expected: str) -> None:
    hidden = hide([f"py-feat @ git+https://{user}@git.lab.org:8443/a/feat.git@main#egg=x"], {"FEAT_TOKEN": TOKEN})
    assert hidden.requirements == ("py-feat @ git+https://git.lab.org:8443/a/feat.git@main#egg=x",)
    assert hidden.variables["GIT_CONFIG_COUNT"] == "1"
    assert hidden.variables["GIT_CONFIG_KEY_0"] == "http.https://git.lab.org:8443/a/feat.git.extraHeader"
    assert header(hidden.variables) == expected
    assert hidden.variables["GIT_TERMINAL_PROMPT"] == "0"


@pytest.mark.parametrize(
    "requirement",
    ["torch==2.11.0", "py-feat[all]>=2", "x @ git+https://github.com/a/b@v1", "x @ git+https://git@github.com/a/b",
     "x @ git+ssh://git@github.com/a/b", f"x @ https://ann:{TOKEN}@host/x-1-py3-none-any.whl"],
)  # fmt: skip
def test_what_git_does_not_get_or_is_no_secret_stays(requirement: str) -> None:
    hidden = hide([requirement], {})
    assert (hidden.requirements, hidden.variables) == ((requirement,), {})


@pytest.mark.parametrize(
    "requirement",
    [f"x @ git+ssh://ann:{TOKEN}@host/a/b", f"x @ git+https://host/a/b?private_token={TOKEN}",
     f"x @ git+https://host/{TOKEN}/b"],
)  # fmt: skip
def test_a_secret_that_git_would_show_is_refused_without_being_printed(requirement: str) -> None:
    with pytest.raises(ValueError, match=r"git\+https://TOKEN@host") as refused:
        hide([requirement], {})
    assert TOKEN not in str(refused.value)


def test_what_the_environment_tells_git_already_is_kept() -> None:
    hidden = hide([f"x @ git+https://{TOKEN}@host/a"], {"GIT_CONFIG_COUNT": "2"})
    assert hidden.variables["GIT_CONFIG_COUNT"] == "3"
    assert header(hidden.variables, 2) == f"{TOKEN}:"


def test_a_requirement_stays_one_line_and_gives_the_installer_no_option() -> None:
    assert hide(["torch\n--no-deps"], {}).requirements == ("torch --no-deps",)
