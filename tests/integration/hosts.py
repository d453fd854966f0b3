"""Hosts made of namespaces: network, UTS, PID and mount, so that each has an address, a name and a /tmp/ray of its own.

Their traffic stays among them: the bridge that connects them is in a network namespace too, and the machine's own
interfaces are not touched. Needs root and iproute2.

Run as a program, it replaces ssh, for $FEATRAY_SSH:
    python hosts.py FOLDER DESTINATION COMMAND
"""

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

NETWORK = "10.77.0"

INIT = """
set -e
hostname {name}
mount --bind {folder}/ray /tmp/ray
mount -t tmpfs -o size=2g none /dev/shm
ip link set lo up
touch {folder}/ready
exec sleep infinity
"""


@dataclasses.dataclass(frozen=True)
class Host:
    """One running host. `pid` is its first process as the machine numbers it, `outer` is that process's parent."""

    name: str
    address: str
    folder: Path
    outer: int
    pid: int
    variables: Mapping[str, str] = dataclasses.field(default_factory=dict)  # of every login, beside the usual ones

    def environment(self, **changes: str) -> dict[str, str]:
        """Return the variables of a login on this host: a home, a cache and leases of its own."""
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder / "home"),
            "FEATRAY_CACHE": str(self.folder / "cache"),
            "FEATRAY_LEASES": str(self.folder / "leases"),
            "COLUMNS": "160",
        }
        return {**variables, **self.variables, **changes}

    def command(self, arguments: Sequence[str]) -> list[str]:
        """Write the command line that runs something on this host."""
        return ["nsenter", "-t", str(self.pid), "-m", "-u", "-n", "-p", "--", *arguments]

    def run(self, *arguments: str, limit_s: float = 300, **changes: str) -> "subprocess.CompletedProcess[str]":
        """Run something on this host to its end."""
        return subprocess.run(
            self.command(arguments),
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
            env=self.environment(**changes),
        )

    def featray(self, *arguments: str, limit_s: float = 300, **changes: str) -> "subprocess.CompletedProcess[str]":
        """Run featray on this host."""
        return self.run(sys.executable, "-m", "featray", *arguments, limit_s=limit_s, **changes)

    def processes(self, word: str) -> list[int]:
        """List this host's processes whose command line contains a word."""
        listed = self.run("ps", "-eo", "pid=,args=").stdout.splitlines()
        return [int(line.split()[0]) for line in listed if word in line and "ps -eo" not in line]


class Network:
    """Hosts on one bridge. A context manager: leaving it ends every process of every host."""

    def __init__(self, folder: Path, names: Sequence[str], variables: Mapping[str, str] | None = None) -> None:
        """Plan the hosts.

        Args:
            folder: Holds their homes and caches.
            names: Of the hosts.
            variables: Of every login on them.
        """
        self.folder = folder
        self._variables = dict(variables or {})
        self.names = names
        self.hosts: dict[str, Host] = {}
        self._started: list[subprocess.Popen[bytes]] = []
        self._switch = 0

    def __enter__(self) -> "Network":
        """Bring up the bridge and every host."""
        try:
            self._switch = self._unshare(["--net"], "exec sleep infinity")[1]
            self._in_switch("link", "add", "bridge", "type", "bridge")
            self._in_switch("link", "set", "bridge", "up")
            for index, name in enumerate(self.names):
                self.hosts[name] = self._bring_up(name, f"{NETWORK}.{10 + index}")
        except BaseException:
            self._end()
            raise
        (self.folder / "hosts.json").write_text(
            json.dumps({host.address: dataclasses.asdict(host) for host in self.hosts.values()}, default=str)
        )
        return self

    def __exit__(self, *_: object) -> None:
        """Take everything down."""
        self._end()

    def _end(self) -> None:
        for process in reversed(self._started):
            process.kill()  # --kill-child: the first process of its PID namespace dies too, and all others with it
            process.wait()

    def _unshare(self, namespaces: Sequence[str], script: str) -> tuple[int, int]:
        """Start a shell in namespaces of its own; return the holder's process id and the shell's."""
        command = ["unshare", *namespaces, "--fork", "--kill-child", "sh", "-c", script]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
        self._started.append(process)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        return process.pid, int(_wait_for(lambda: children.read_text().split()[:1])[0])

    def _bring_up(self, name: str, address: str) -> Host:
        folder = self.folder / name
        for name_ in ("home", "cache", "leases", "ray"):
            (folder / name_).mkdir(parents=True)
        Path("/tmp/ray").mkdir(exist_ok=True)
        namespaces = ["--net", "--uts", "--pid", "--mount", "--mount-proc"]
        outer, pid = self._unshare(namespaces, INIT.format(name=name, folder=folder))
        _wait_for(lambda: [1] if (folder / "ready").exists() else [])
        host = Host(name=name, address=address, folder=folder, outer=outer, pid=pid, variables=self._variables)
        self._in_switch("link", "add", f"to-{name}", "type", "veth", "peer", "name", "eth0", "netns", str(pid))
        self._in_switch("link", "set", f"to-{name}", "master", "bridge")
        self.plug(name)
        for arguments in (["addr", "add", f"{address}/24", "dev", "eth0"], ["link", "set", "eth0", "up"]):
            _check(host.run("ip", *arguments))
        _check(host.run("ip", "route", "add", "default", "dev", "eth0"))
        return host

    def _in_switch(self, *arguments: str) -> None:
        command = ["nsenter", "-t", str(self._switch), "-n", "--", "ip", *arguments]
        _check(subprocess.run(command, capture_output=True, text=True, check=False))

    def unplug(self, name: str) -> None:
        """Pull a host's cable; its processes keep running."""
        self._in_switch("link", "set", f"to-{name}", "down")

    def plug(self, name: str) -> None:
        """Plug the cable in."""
        self._in_switch("link", "set", f"to-{name}", "up")

    def crash(self, name: str) -> None:
        """Cut a host's power."""
        os.kill(self.hosts[name].outer, signal.SIGKILL)

    def ssh(self) -> str:
        """Return the value of $FEATRAY_SSH that reaches these hosts."""
        return f"{sys.executable} {Path(__file__).resolve()} {self.folder}"


def _check(done: "subprocess.CompletedProcess[str]") -> None:
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, done.args))}: {done.stderr.strip()}")


T = TypeVar("T")


def _wait_for(find: Callable[[], list[T]], limit_s: float = 10.0) -> list[T]:
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if items := find():
                return items
        time.sleep(0.02)
    raise TimeoutError(f"a namespace did not come up within {limit_s} s")


def main() -> None:
    """Run a command on a host as a login shell would."""
    folder, destination, command = sys.argv[1:4]
    fields = json.loads((Path(folder) / "hosts.json").read_text()).get(destination.rpartition("@")[2])
    if fields is None:
        sys.exit(f"ssh: connect to host {destination} port 22: No route to host")
    host = Host(**(fields | {"folder": Path(fields["folder"])}))
    arguments = host.command(["sh", "-c", command])
    os.execvpe(arguments[0], arguments, host.environment())


if __name__ == "__main__":
    main()
