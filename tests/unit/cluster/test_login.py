"""The link that logs a browser into Ray's dashboard."""

import http.client
import re
import threading
import urllib.parse
from collections.abc import Iterator

import pytest

from featray.cluster.login import Login, log_in
from featray.errors import BackendError, BadInput
from tests.support.token_boards import COOKIE, TokenBoard

TOKEN = "s" * 20


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", TOKEN)


@pytest.fixture
def board() -> Iterator[TokenBoard]:
    with TokenBoard(TOKEN) as up:
        yield up


def get(url: str) -> tuple[int, dict[str, str]]:
    """Ask once, without following where it leads."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    connection.request("GET", parts.path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders())


def ask(login: Login, *urls: str) -> list[tuple[int, dict[str, str]]]:
    """Ask for addresses one after the other while the login waits."""
    answers: list[tuple[int, dict[str, str]]] = []
    thread = threading.Thread(target=lambda: answers.extend(map(get, urls)))
    thread.start()
    assert login.wait(20)
    thread.join(20)
    return answers


def test_the_link_hands_the_cookie_on_and_leads_to_the_dashboard(board: TokenBoard) -> None:
    with Login(board.url) as login:
        assert TOKEN not in login.link
        ((code, headers),) = ask(login, login.link)
    assert (code, headers["Location"]) == (302, board.url)
    assert headers["Set-Cookie"].startswith(f"{COOKIE}={TOKEN}; HttpOnly")
    assert headers["Cache-Control"] == "no-store"


def test_another_path_gets_nothing(board: TokenBoard) -> None:
    with Login(board.url) as login:
        place = login.link.rpartition("/")[0]
        (wrong, right) = ask(login, f"{place}/guess", login.link)
    assert (wrong[0], "Set-Cookie" in wrong[1]) == (404, False)
    assert right[0] == 302


def test_a_link_that_nobody_opens_ends(board: TokenBoard) -> None:
    with Login(board.url) as login:
        assert not login.wait(0.05)


def test_another_token_is_refused_with_what_to_do(board: TokenBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "another" * 4)
    with pytest.raises(BackendError, match="refuses this machine's token: copy the line that `featray cluster token`"):
        Login(board.url)


def test_without_a_token_the_link_is_the_dashboard_itself() -> None:
    with TokenBoard(None) as free, Login(free.url) as login:
        assert (login.link, login.cookie) == (free.url, None)


def test_a_dashboard_elsewhere_needs_a_tunnel() -> None:
    with pytest.raises(BadInput, match=re.escape("ssh -N -L 8265:127.0.0.1:8265 HEAD")):
        Login("http://192.0.2.1:8265")


def test_nothing_there_is_no_dashboard() -> None:
    with pytest.raises(BackendError, match="no Ray dashboard answers at"):
        Login("http://127.0.0.1:1")


def test_the_usual_address_need_not_be_given() -> None:
    assert log_in("http://127.0.0.1:8265") == "`featray dashboard`"
    assert log_in("http://127.0.0.1:8266") == "`featray dashboard http://127.0.0.1:8266`"
