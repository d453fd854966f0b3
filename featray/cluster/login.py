"""Login: a link that logs a browser of this machine into the Ray dashboard, so that nobody has to copy the token.

Flow: `featray dashboard` -> `Login` -> the browser asks it -> Ray's cookie, and on to the dashboard.
Ray's dashboard gives its cookie only to whoever sends the token in a header, which no link can do. A browser sends a
cookie to every port of the host that it came from. So a server on another loopback port gets the cookie from Ray and
hands it on. Its link has a secret path, works once, and leaves no trace of the token in it.
"""

import http.server
import json
import secrets
import socket
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from featray.cluster import token
from featray.errors import BackendError, BadInput

LOOPBACK = ("127.0.0.1", "localhost", "::1")
ANSWER_S = 10.0  # of a dashboard on a busy machine; it answers in milliseconds
PATH_LENGTH = 24  # random bytes of the link's path, which nobody can guess
DEFAULT_URL = "http://127.0.0.1:8265"


def log_in(url: str) -> str:
    """Write the command that logs a browser in."""
    return "`featray dashboard`" if url == DEFAULT_URL else f"`featray dashboard {url}`"


def answers(url: str) -> bool:
    """Return True if a Ray dashboard answers on this machine's loopback there."""
    try:
        if urllib.parse.urlsplit(url).hostname not in LOOPBACK:
            return False
        return "authentication_mode" in json.loads(_ask(url, "/api/authentication_mode").read())
    except (BackendError, ValueError, TypeError, OSError):
        return False


class Login:
    """Logs one browser in; use it as a context."""

    def __init__(self, url: str) -> None:
        """Log in to a dashboard and start to listen.

        Args:
            url: Of the dashboard, on loopback.

        Raises:
            BadInput: the dashboard is not on loopback, so a link from here cannot carry its cookie.
            BackendError: no Ray dashboard answers there, or it refuses this machine's token.
        """
        parts = urllib.parse.urlsplit(url)
        host = parts.hostname or ""
        if host not in LOOPBACK:
            raise BadInput(
                f"{url}: a link can log in only on this machine; open a tunnel, `ssh -N -L 8265:127.0.0.1:8265 HEAD`, "
                f"and run `featray dashboard {DEFAULT_URL}`; or open {url} and paste there the line that "
                "`featray cluster token` prints"
            )
        self.url = url
        self.cookie = _get_cookie(url)
        self._path = f"/{secrets.token_urlsafe(PATH_LENGTH)}"
        self._host = f"[{host}]" if ":" in host else host
        self._server = _Server((host, 0), self._path, self.url, self.cookie)

    @property
    def link(self) -> str:
        """Give the link to open in a browser of this machine; where no token is asked for, that of the dashboard."""
        if self.cookie is None:
            return self.url
        return f"http://{self._host}:{self._server.server_address[1]}{self._path}"

    def wait(self, limit_s: float) -> bool:
        """Wait until a browser has opened the link; return False where none came in time."""
        until = time.monotonic() + limit_s
        while not self._server.is_used and time.monotonic() < until:
            self._server.timeout = max(0.0, until - time.monotonic())
            self._server.handle_request()
        return self._server.is_used

    def __enter__(self) -> "Login":
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        self._server.server_close()


def _get_cookie(url: str) -> str | None:
    """Log in with this machine's token; return the cookie that Ray sets, or None where it asks for no token."""
    mode = _ask(url, "/api/authentication_mode")
    try:
        asks = json.loads(mode.read())["authentication_mode"] == "token"
    except (ValueError, KeyError, TypeError) as wrong:
        raise BackendError(f"what answers at {url} is no Ray dashboard") from wrong
    if not asks:
        return None
    known = token.read()
    if known is None:
        raise BackendError(token.refusal(f"the dashboard at {url}"))
    answer = _ask(url, "/api/authenticate", {"Authorization": f"Bearer {known}"}, data=b"{}")
    return str(answer.headers["Set-Cookie"])


def _ask(url: str, path: str, headers: Mapping[str, str] | None = None, data: bytes | None = None) -> Any:
    request = urllib.request.Request(url.rstrip("/") + path, data=data, headers=dict(headers or {}))
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback is behind no proxy
    try:
        return direct.open(request, timeout=ANSWER_S)
    except urllib.error.HTTPError as wrong:
        if wrong.code in (401, 403):
            raise BackendError(token.refusal(f"the dashboard at {url}")) from wrong
        raise BackendError(f"what answers at {url} is no Ray dashboard of this version") from wrong
    except (OSError, ValueError) as wrong:
        raise BackendError(
            f"no Ray dashboard answers at {url}; `featray submit` and `cluster start` print the address of theirs"
        ) from wrong


class _Server(http.server.HTTPServer):
    """Listens on loopback for the one request that has the secret path."""

    def __init__(self, place: tuple[str, int], path: str, url: str, cookie: str | None) -> None:
        self.address_family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
        self.path, self.url, self.cookie, self.is_used = path, url, cookie, False
        super().__init__(place, _Handler)


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server
    timeout = 5  # seconds for a request that is never sent whole

    def do_GET(self) -> None:
        """Hand the cookie on to whoever knows the path, and lead to the dashboard."""
        if self.server.is_used or not secrets.compare_digest(self.path, self.server.path):
            self.send_error(404)
            return
        self.server.is_used = True
        self.send_response(302)
        self.send_header("Location", self.server.url)
        if self.server.cookie is not None:
            self.send_header("Set-Cookie", self.server.cookie)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""
