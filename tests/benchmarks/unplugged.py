"""Unplugged: hosts of a cluster lose their network while a sweep runs; report, summary and exit code must be right.

    uv run python -m tests.benchmarks.unplugged [--hosts 20] [--seed 0] [--patient]

Three hosts made of namespaces are one cluster: the driver is on the head. In each round a sweep is submitted, and at a
random moment the cable of one of the other hosts is pulled, or of both. When the submit has ended, it is plugged in,
and the hosts join again for the next round. Judged are the exit code, the report, the summary, and every unit's status.
Exit code 1 where anything does not hold. Ctrl-C ends it and prints the table of what was done.

Ray takes a host for dead after 10 s here, and after half a minute with `--patient`, as it does by default. Needs root
and iproute2. The hosts run the installed featray, which must not change meanwhile. A round takes about a minute on two
quiet cores.
"""

import argparse
import collections
import contextlib
import dataclasses
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from featray import store
from tests.integration.hosts import NETWORK, Network
from tests.support.command import CommandResult, featray

IMPATIENT = {
    "RAY_health_check_initial_delay_ms": "2000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "2000",
    "RAY_health_check_failure_threshold": "5",
}
"""Settings of Ray by which a host is dead after 10 s instead of half a minute."""

LIMIT_S = 400.0  # for one submit; without a fault it takes 30 s
UNITS = 12

LAB = """
head: alpha
hosts:
  - {name: alpha, address: NETWORK.10, gpus: [], python: PYTHON}
  - {name: beta, address: NETWORK.11, gpus: [], python: PYTHON}
  - {name: gamma, address: NETWORK.12, gpus: [], python: PYTHON}
"""

SWEEP = """
name: unplugged
detectors:
- {name: tick, class: "featray.measurement.clockwork:Clockwork", keywords: {seconds_per_frame: 0.012, frames: 72}}
inputs: [short]
axes: {device: cpu, batch_size: [1, 2]}
measure: {warmup: 1, repeats: 2, min_time_s: 0, stages: false, invocations: 2, time_limit_s: 20, load_limit_s: 20}
"""


@dataclasses.dataclass
class Tally:
    """What came of all rounds."""

    hosts: int = 0
    rounds: int = 0
    reports: int = 0
    summaries: int = 0
    codes: collections.Counter[int] = dataclasses.field(default_factory=collections.Counter)
    statuses: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    wrong: list[str] = dataclasses.field(default_factory=list)


class Lab:
    """A cluster of three hosts that is made whole again between rounds."""

    def __init__(self, network: Network) -> None:
        self.network, self.file = network, network.folder / "lab.yaml"
        text = LAB.replace("PYTHON", sys.executable).replace("NETWORK", NETWORK)
        self.file.write_text(text, encoding="utf-8")
        started = self._from_desk("cluster", "start", self.file)
        if started.code != 0:
            raise RuntimeError(f"the cluster does not start: {started.err}")

    def _from_desk(self, *arguments: str | Path) -> CommandResult:
        desk = self.network.folder / "desk"
        desk.mkdir(exist_ok=True)
        cache, ssh = str(desk / "cache"), self.network.ssh()
        return featray(*arguments, timeout=400, HOME=str(desk), FEATRAY_CACHE=cache, FEATRAY_SSH=ssh)

    def mend(self, names: list[str]) -> None:
        """Plug hosts in, end what runs there, and let them join again."""
        for name in names:
            self.network.plug(name)
            self.network.hosts[name].featray("cluster", "stop")
        joined = self._from_desk("cluster", "join", self.file)
        if joined.code != 0:
            raise RuntimeError(f"the hosts do not join again: {joined.err}")

    def close(self) -> None:
        """Stop the cluster."""
        self._from_desk("cluster", "stop", self.file)


def run_round(lab: Lab, draw: random.Random, number: int, tally: Tally) -> None:
    """Submit, pull cables at a random moment, wait for the end and judge it."""
    network = lab.network
    names = draw.choice([["beta"], ["gamma"], ["beta", "gamma"]])
    sweep, results = network.folder / "unplugged.yaml", network.folder / f"r{number}"
    sweep.write_text(SWEEP, encoding="utf-8")
    alpha, begun = network.hosts["alpha"], time.monotonic()
    arguments = ["-m", "featray", "submit", str(sweep), "--address", str(lab.file), "--results", str(results)]
    with subprocess.Popen(
        alpha.command([sys.executable, *arguments]),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=alpha.environment(),
    ) as submit:
        while not list((results / "rows").rglob("*.parquet")) and submit.poll() is None:
            time.sleep(0.1)
        time.sleep(draw.uniform(0.0, 3.0))
        is_running = submit.poll() is None
        for name in names:
            network.unplug(name)
        try:
            _, errors = submit.communicate(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            submit.kill()
            _, errors = submit.communicate()
            tally.wrong.append(f"round {number}: hangs")
    if is_running:
        problems = judge(results, submit.returncode, errors, tally)
    else:
        problems = [f"it ended before a cable was pulled, with exit code {submit.returncode}: {errors[-300:].strip()}"]
    tally.rounds += 1
    tally.hosts += len(names) if is_running else 0
    tally.wrong += [f"round {number} ({', '.join(names)}): {problem}" for problem in problems]
    took_s = time.monotonic() - begun
    print(f"round {number:2} {took_s:4.0f} s  {', '.join(names):12} {'; '.join(problems) or 'holds'}", flush=True)
    lab.mend(names)


def judge(results: Path, code: int, errors: str, tally: Tally) -> list[str]:
    """Say what is not as it must be after a submit that lost hosts."""
    reports = list((results / "reports").glob("*.md"))
    rows = store.read(str(results)).rows
    statuses = collections.Counter(row.status for row in rows)
    has_summary = "report: " in errors
    expected = 0 if set(statuses) == {"ok"} else 1
    tally.reports += bool(reports)
    tally.summaries += has_summary
    tally.codes[code] += 1
    tally.statuses += statuses
    problems = {
        "no report": not reports,
        "no summary": not has_summary,
        f"exit code {code} instead of {expected}: {errors[-300:]}": code != expected,
        f"{len(rows)} of {UNITS} units have a status": len(rows) != UNITS,
        f"statuses {dict(statuses)}": not set(statuses) <= {"ok", "lost"},
        "a traceback": "Traceback" in errors,
    }
    return [problem for problem, holds in problems.items() if holds]


def main() -> int:
    """Unplug hosts and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=20, help="to unplug in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--patient", action="store_true", help="Ray's own time until a host is dead")
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell's background job is deaf to Ctrl-C
        signal.signal(number, signal.default_int_handler)
    draw, tally = random.Random(options.seed), Tally()
    folder = Path(tempfile.mkdtemp(prefix="featray-unplugged-"))
    with Network(folder, ["alpha", "beta", "gamma"], {} if options.patient else IMPATIENT) as network:
        lab = Lab(network)
        try:
            with contextlib.suppress(KeyboardInterrupt):
                while tally.hosts < options.hosts:
                    run_round(lab, draw, tally.rounds + 1, tally)
        finally:
            lab.close()
    print(
        f"\n{tally.hosts} hosts unplugged, {tally.rounds} rounds: {tally.reports} reports, {tally.summaries} summaries"
    )
    print(f"exit codes {dict(tally.codes)}, units by status {dict(tally.statuses)}")
    for line in tally.wrong:
        print(f"does not hold: {line}")
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
