"""A stand-in for the Hugging Face hub, on loopback: one dataset with its files, and commits to it."""

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

DATASET = "lab/speed"


class Hub:
    """Serves while its context is open; `url` is its address."""

    def __init__(self, **files: bytes) -> None:
        """Hold a dataset with these files."""
        self.files = dict(files)
        self.commits: list[str] = []  # their messages
        self.is_raced = False  # somebody else commits between reading and writing
        self.broken: tuple[int, bytes] | None = None  # answers this to everything, as a proxy does
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "Hub":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, wrong: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def head(self) -> str:
        """Name the last commit."""
        return hashlib.sha1(str(len(self.commits)).encode(), usedforsecurity=False).hexdigest()

    def commit(self, lines: list[dict[str, Any]]) -> tuple[int, dict[str, Any]]:
        """Take the lines of a commit; one whose parent is not the last commit is refused, as the hub does."""
        header = lines[0]["value"]
        if self.is_raced or header.get("parentCommit") not in (None, self.head):
            return 412, {"error": "A commit has happened since. Please refresh and try again."}
        for line in lines[1:]:
            assert line["key"] == "file"
            self.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
        self.commits.append(header["summary"])
        return 200, {
            "success": True,
            "commitOid": self.head,
            "commitUrl": f"{self.url}/datasets/{DATASET}/commit/{self.head}",
        }

    def _handler(hub) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - the handler has a `self` of its own
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Print nothing."""

            def answer(self, status: int, content: bytes, kind: str = "application/json", **headers: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            def do_GET(self) -> None:
                if hub.broken is not None:
                    self.answer(*hub.broken)
                    return
                if self.path.partition("?")[0] == f"/api/datasets/{DATASET}":
                    siblings = [{"rfilename": name} for name in hub.files]
                    self.answer(200, json.dumps({"id": DATASET, "sha": hub.head, "siblings": siblings}).encode())
                    return
                _, _, name = self.path.partition(f"/datasets/{DATASET}/resolve/")
                content = hub.files.get(name.partition("/")[2])
                if content is None:
                    self.answer(404, b'{"error": "Repository Not Found"}', X_Error_Code="RepoNotFound")
                else:
                    etag = f'"{hashlib.sha1(content, usedforsecurity=False).hexdigest()}"'
                    self.answer(200, content, "text/plain", ETag=etag, X_Repo_Commit=hub.head)

            do_HEAD = do_GET  # noqa: N815

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                if "/preupload/" in self.path:
                    files = [
                        {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False, "oid": None}
                        for file in json.loads(body)["files"]
                    ]
                    self.answer(200, json.dumps({"files": files}).encode())
                elif "/commit/" in self.path:
                    status, value = hub.commit([json.loads(line) for line in body.splitlines()])
                    self.answer(status, json.dumps(value).encode())
                else:  # the hub checks the head of a card
                    self.answer(200, b'{"warnings": [], "errors": []}')

        return Handler
