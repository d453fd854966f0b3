"""The token: who can read it, and when Ray is told to use it."""

import stat
from pathlib import Path

import pytest

from featray.cluster import token
from featray.errors import BackendError, BadInput


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let no token be there, and no variable of the caller's."""
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "secret" / "token"))
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    return tmp_path / "secret" / "token"


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_a_token_is_made_once_and_readable_by_its_owner_alone(file: Path) -> None:
    first = token.ensure()
    assert token.ensure() == first == file.read_text()
    assert mode(file) == 0o600
    file.chmod(0o644)  # as Ray itself writes it
    token.ensure()
    assert mode(file) == 0o600


def test_the_variable_comes_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    token.save("f" * 64)
    monkeypatch.setenv("RAY_AUTH_TOKEN", "e" * 64)
    assert token.read() == "e" * 64


def test_a_driver_sends_its_token_unless_the_caller_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    assert token.driver_variables() == {}
    token.save("f" * 64)
    assert token.driver_variables() == {"RAY_AUTH_MODE": "token"}
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    assert token.driver_variables() == {"RAY_AUTH_MODE": "disabled"}


def test_where_authentication_is_off_no_ray_is_started_and_no_token_made(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    with pytest.raises(BadInput, match="unset RAY_AUTH_MODE"):
        token.ensure()
    assert not file.exists()


@pytest.mark.parametrize("text", ["", "short", "two words of some length", "a" * 20 + "\n" + "b" * 20])
def test_what_is_no_token_is_not_saved(text: str, file: Path) -> None:
    with pytest.raises(BadInput, match="that is no token"):
        token.save(text)
    assert not file.exists()


def test_a_refusal_says_what_to_copy_and_where_to(file: Path) -> None:
    assert token.refusal("10.0.0.5:6379") == (
        "10.0.0.5:6379 refuses this machine, which has no token: copy the line that `featray cluster token` prints on "
        f"the head into {file}, mode 0600"
    )
    token.save("f" * 64)
    assert "refuses this machine's token: " in token.refusal("10.0.0.5:6379")


def test_a_token_that_cannot_be_written_or_read_is_named_with_what_to_do(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.parent.write_text("no folder")
    with pytest.raises(BackendError, match=r"cannot be written .* name another file in RAY_AUTH_TOKEN_PATH"):
        token.ensure()
    file.parent.unlink()
    file.parent.mkdir()
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match="holds no token"):
        token.read()
    monkeypatch.delenv("RAY_AUTH_TOKEN_PATH")
    monkeypatch.setattr(Path, "home", _homeless)
    with pytest.raises(BadInput, match="name a file of its own in RAY_AUTH_TOKEN_PATH"):
        token.read()


def _homeless() -> Path:
    raise RuntimeError("Could not determine home directory.")
