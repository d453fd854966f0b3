"""A stand-in for the login of Ray's dashboard: it wants a token in a header, and gives a cookie for it."""

import http.server
import json
import threading

COOKIE = "ray-authentication-token"


class TokenBoard:
    """Serves while its context is open; `url` is its address, `visits` the cookies that came with each visit."""

    def __init__(self, token: str | None = "s" * 20) -> None:
        """Ask for this token; None asks for none."""
        board = self
        self.visits: list[str | None] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/api/authentication_mode":
                    self.answer(200, json.dumps({"authentication_mode": "token" if token else "disabled"}))
                else:
                    board.visits.append(self.headers["Cookie"])
                    self.answer(200, "dashboard")

            def do_POST(self) -> None:
                is_known = self.headers["Authorization"] == f"Bearer {token}"
                cookie = f"{COOKIE}={token}; HttpOnly; Max-Age=2592000; Path=/; SameSite=Strict"
                self.answer(200 if is_known else 403, "{}", cookie if is_known else None)

            def answer(self, code: int, text: str, cookie: str | None = None) -> None:
                self.send_response(code)
                if cookie:
                    self.send_header("Set-Cookie", cookie)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "TokenBoard":
        """Start."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
