"""A stand-in for ssh, named by $FEATRAY_SSH, whose hosts are only a file:

    python fake_ssh.py FOLDER DESTINATION COMMAND

FOLDER/hosts.json holds what each destination answers when it is asked for its versions and clusters,
{"versions": {}, "clusters": []}, or an exit code. Every other command succeeds and is written to FOLDER/log with its
stdin; `cluster token` prints a token.
"""

import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TOKEN = "a" * 64


def write_answers(folder: Path, hosts: Mapping[str, Any]) -> str:
    """Write what the hosts answer; return the value for $FEATRAY_SSH."""
    (folder / "hosts.json").write_text(json.dumps(hosts))
    return f"{sys.executable} {Path(__file__).resolve()} {shlex.quote(str(folder))}"


def list_commands(folder: Path) -> list[tuple[str, str, str]]:
    """List (destination, featray's arguments, stdin) of every command in the log, sorted."""
    log = folder / "log"
    lines = log.read_text().splitlines() if log.exists() else []
    return sorted(tuple(json.loads(line)) for line in lines)


def main() -> None:
    """Answer as a host."""
    folder, destination, command = Path(sys.argv[1]), *sys.argv[2:4]
    answer = json.loads((folder / "hosts.json").read_text())[destination]
    if isinstance(answer, int):
        sys.exit(answer)
    if "importlib.metadata" in command:
        print(json.dumps(answer))
        return
    arguments = command.partition(" -m featray ")[2]
    with (folder / "log").open("a") as log:
        log.write(json.dumps([destination, arguments, sys.stdin.read()]) + "\n")
    if arguments == "cluster token":
        print(TOKEN)


if __name__ == "__main__":
    main()
