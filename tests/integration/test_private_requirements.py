"""A private git address in `environments:`: it is installed, and no command line on the machine shows its token."""

import base64
import functools
import http.server
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from featray.host import venvs

TOKEN = "ghp_" + "a1B2" * 9

PROJECT = {
    "pyproject.toml": '[project]\nname = "secretive"\nversion = "7"\n'
    '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
    "backend.py": """
import zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "secretive-7-py3-none-any.whl"
    files = {
        "secretive.py": "",
        "secretive-7.dist-info/METADATA": "Metadata-Version: 2.1\\nName: secretive\\nVersion: 7\\n",
        "secretive-7.dist-info/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    record = "".join(f"{path},,\\n" for path in [*files, "secretive-7.dist-info/RECORD"])
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        for path, text in {**files, "secretive-7.dist-info/RECORD": record}.items():
            wheel.writestr(path, text)
    return name
""",
}
"""A package that builds itself without a network."""


def git(folder: Path, *arguments: str) -> None:
    names = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", *names, *arguments], cwd=folder, check=True, capture_output=True)


class Private(http.server.SimpleHTTPRequestHandler):
    """Serves files to whoever has the token."""

    def do_GET(self) -> None:
        """Refuse anybody else."""
        if self.headers.get("Authorization") == "Basic " + base64.b64encode(f"{TOKEN}:".encode()).decode():
            super().do_GET()
        else:
            self.send_error(401)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A private repository behind HTTP."""
    work = tmp_path / "work"
    work.mkdir()
    for name, text in PROJECT.items():
        (work / name).write_text(text, encoding="utf-8")
    git(work, "init", "--quiet")
    git(work, "add", ".")
    git(work, "commit", "--quiet", "-m", "first")
    git(tmp_path, "clone", "--quiet", "--bare", "work", "served/secretive.git")
    git(tmp_path / "served" / "secretive.git", "update-server-info")
    handler = functools.partial(Private, directory=str(tmp_path / "served"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}/secretive.git"
        server.shutdown()


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_a_private_address_is_installed_and_no_command_line_shows_its_token(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace, commands = tmp_path / "trace", list[list[str]]()
    run = subprocess.run

    def noted(command: list[str], **options: object) -> "subprocess.CompletedProcess[str]":
        commands.append(command)
        return run(command, **options)  # type: ignore[call-overload, no-any-return] # as `venvs` calls it

    monkeypatch.setattr(venvs, "MEASURING", ())
    monkeypatch.setattr(subprocess, "run", noted)
    monkeypatch.setenv("GIT_TRACE", str(trace))  # git writes each command that it starts
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    python = venvs.interpreter([f"secretive @ git+http://{TOKEN}@{address}"], tmp_path / "cache")
    done = run([python, "-c", "import secretive"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    started = trace.read_text(encoding="utf-8")
    assert f"http://{address}" in started
    assert TOKEN not in started
    assert [command[3:5] for command in commands] == [["venv", "--quiet"], ["pip", "install"]]
    assert all(TOKEN not in word for command in commands for word in command)
    left = [path for path in (tmp_path / "cache").rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
    assert left == []
