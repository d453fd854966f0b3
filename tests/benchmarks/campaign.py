"""Campaign: parts of running sweeps are killed, stopped, filled and removed; nothing that was told may be lost.

    uv run python -m tests.benchmarks.campaign [--faults 100] [--seed 0] [--folder DIR]

Each round submits a sweep of cheap cells with `--json`, injects faults at random moments, and submits again without
`--retry-failed` until nothing is due. The detector writes a log of its calls that featray does not read. A round is
judged by what was printed, what the store holds, that log, the exit code, the report and the processes that are left.
Exit code 1 where anything does not hold.

It takes about 25 s per fault on two quiet cores. The faults of the disk need root: they fill and lock a small file
system of their own. Ctrl-C ends the campaign and prints the table of what was done.
"""

import argparse
import collections
import contextlib
import dataclasses
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil

from featray import store
from featray.core.row import RowKey
from tests.support.faults import CODES, DISK, ENDING, LIMIT_S, PASSING, RESTARTING, ROOT, RunningSubmit

BATCHES, INVOCATIONS, CALLS = 4, 12, 3
UNITS = BATCHES * INVOCATIONS
FAULTS_OF_A_ROUND = 12
UNANSWERED_MAX = 2  # faults in a row that start Ray again without a row between them: featray gives up after 3
AGENTS_S = 75.0  # Ray's own agents notice after 60 s that their head is gone
SUBMITS_MAX = 4  # after the faults, until nothing is due

SWEEP = f"""
name: campaign
detectors:
  - name: logged
    class: "tests.support.logged_detector:LoggedDetector"
    keywords: {{{{log: "{{log}}", seconds: 0.25}}}}
inputs: [short]
axes: {{{{device: cpu, batch_size: [1, 2, 4, 8]}}}}
seed: {{seed}}
measure: {{{{warmup: 1, repeats: 2, min_time_s: 0, stages: false, invocations: {INVOCATIONS}}}}}
"""


@dataclasses.dataclass
class Submit(RunningSubmit):
    """A submit under way: its process, and what it has printed."""

    told: dict[RowKey, str] = dataclasses.field(default_factory=dict)  # row key -> status
    printed: collections.Counter[tuple[RowKey, str]] = dataclasses.field(default_factory=collections.Counter)
    impure: list[str] = dataclasses.field(default_factory=list)  # lines of stdout that are no event
    errors: list[str] = dataclasses.field(default_factory=list)

    def read_output(self) -> None:
        """Read events until stdout ends."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                self.impure.append(line)
                continue
            if row := event.get("row"):
                key = (row["run_id"], row["cell_id"], row["target_id"], row["invocation"], row["attempt"])
                self.told[key] = row["status"]
                self.printed[key, row["status"]] += 1

    def read_errors(self) -> None:
        """Read stderr until it ends."""
        assert self.process.stderr is not None
        self.errors += list(self.process.stderr)


class Campaign:
    """All rounds and what went wrong in them."""

    def __init__(self, folder: Path, seed: int, fewest: int = 1) -> None:
        self.folder, self.rng, self.fewest = folder, random.Random(seed), fewest
        self.injected: collections.Counter[str] = collections.Counter()
        self.codes: collections.Counter[tuple[str, int]] = collections.Counter()
        self.wrong: list[str] = []
        self.rounds = self.rows = self.lost = self.doubled = self.hung = self.left = 0
        self._ended: list[tuple[float, Round]] = []  # rounds whose processes may be left until this time

    def run(self, faults: int) -> None:
        """Run rounds until so many faults were injected, or Ctrl-C."""
        with contextlib.suppress(KeyboardInterrupt):
            while self.injected.total() < faults:
                self._run_round(self._choose())
                self._check_processes(time.monotonic())
        time.sleep(max([0.0, *(until - time.monotonic() for until, _ in self._ended)]))
        self._check_processes(time.monotonic())

    def _run_round(self, kinds: list[str]) -> None:
        self.rounds += 1
        begun, before, done = time.monotonic(), len(self.wrong), self.injected.total()
        one = Round(self, self.rounds, kinds)
        one.run()
        self._ended.append((time.monotonic() + AGENTS_S, one))
        problems = "; ".join(self.wrong[before:]) or "holds"
        count = self.injected.total() - done
        print(
            f"round {self.rounds:3} {time.monotonic() - begun:4.0f} s {count} faults  {', '.join(kinds)}: {problems}",
            flush=True,
        )

    def _check_processes(self, now: float) -> None:
        """Look for what is left of rounds that ended so long ago that even Ray's own agents must be gone."""
        for until, one in list(self._ended):
            if until <= now:
                one.check_processes()
                self._ended.remove((until, one))

    def _choose(self) -> list[str]:
        """Draw faults; one that ends the submit comes last."""
        kinds = self.rng.choices(sorted(PASSING), k=self.rng.randint(self.fewest, FAULTS_OF_A_ROUND) - 1)
        return [*kinds, self.rng.choice(sorted(ENDING.keys() | PASSING.keys()))]

    def print_table(self) -> None:
        """Print what was done and what did not hold."""
        print(f"\n{self.injected.total()} faults in {self.rounds} rounds, {self.rows} rows")
        for kind, count in sorted(self.injected.items()):
            print(f"  {kind:24} {count:4}")
        print("last fault and exit code of the submit that it hit:")
        for (kind, code), count in sorted(self.codes.items()):
            print(f"  {kind:24} {code:4} {count:4}")
        print(f"told rows lost    {self.lost}")
        print(f"rows doubled      {self.doubled}")
        print(f"hangs             {self.hung}")
        print(f"processes left    {self.left}")
        for line in self.wrong:
            print(f"does not hold: {line}")


class Round:
    """One sweep, its faults, and what must hold afterwards."""

    def __init__(self, campaign: Campaign, number: int, kinds: list[str]) -> None:
        self._campaign, self._number, self._kinds = campaign, number, kinds
        self._folder = campaign.folder / f"round-{number}"
        self._results, self._log = self._folder / "r", self._folder / "calls"
        self._log.mkdir(parents=True)
        self._sweep = self._folder / "campaign.yaml"
        self._sweep.write_text(SWEEP.format(log=self._log, seed=number), encoding="utf-8")
        self._told: dict[RowKey, str] = {}

    def fail(self, text: str) -> None:
        """Note what does not hold."""
        self._campaign.wrong.append(f"round {self._number} ({', '.join(self._kinds)}): {text}")

    def run(self) -> None:
        """Submit with faults, then without, and judge."""
        with self._small_disk() if self._kinds[-1] in DISK else contextlib.nullcontext():
            self._submit_with_faults()
            for _ in range(SUBMITS_MAX):
                submit, _ = self._submit(lambda _: None)
                if submit.process.returncode != 0 or not self._is_due():
                    break
            self._judge(submit.process.returncode)
        if not self._campaign.wrong or not self._campaign.wrong[-1].startswith(f"round {self._number} "):
            shutil.rmtree(self._folder, ignore_errors=True)

    def _is_due(self) -> bool:
        return len(store.read(str(self._results)).rows) < UNITS

    @contextlib.contextmanager
    def _small_disk(self) -> Iterator[None]:
        self._results.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(self._results)], check=True)
        try:
            yield
        finally:
            subprocess.run(["umount", "-l", str(self._results)], check=True)

    def _submit(self, during: Callable[[Submit], None]) -> tuple[Submit, bool]:
        """Submit; return it with whether it ended in time."""
        environment = {
            **os.environ,
            "FEATRAY_CACHE": str(self._folder / "cache"),
            "FEATRAY_LEASES": str(self._campaign.folder / "leases"),
            "PYTHONPATH": str(ROOT),
        }
        command = ["-m", "featray", "submit", str(self._sweep), "--results", str(self._results), "--json"]
        process = subprocess.Popen(
            [sys.executable, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=ROOT,
            start_new_session=True,
        )
        submit = Submit(process, self._sweep, self._results)
        readers = [threading.Thread(target=read, daemon=True) for read in (submit.read_output, submit.read_errors)]
        for reader in readers:
            reader.start()
        is_in_time = True
        try:
            during(submit)
            process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            self._campaign.hung += 1
            self.fail(f"hangs; {''.join(submit.errors[-3:])}")
            is_in_time = False
        finally:
            process.kill()
            process.wait()
        for reader in readers:
            reader.join(AGENTS_S)
        self._told |= submit.told
        for problem in submit.problems:
            self.fail(problem)
        if submit.impure:
            self.fail(f"{len(submit.impure)} lines of stdout are no JSON: {submit.impure[0]!r}")
        if any("Traceback" in line for line in submit.errors):
            self.fail(f"a traceback: {submit.errors[-1]!r}")
        repeated = {key for key, count in submit.printed.items() if count > 1}
        if repeated:
            self._campaign.doubled += len(repeated)
            self.fail(f"{len(repeated)} rows were told twice")
        return submit, is_in_time

    @staticmethod
    def _wait_for_row(submit: Submit, told: int) -> None:
        """Wait until more rows than these were told, or the submit has ended."""
        deadline = time.monotonic() + LIMIT_S
        while len(submit.told) <= told and submit.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)

    def _submit_with_faults(self) -> None:
        outcomes: list[str] = []

        def inject(submit: Submit) -> None:
            self._wait_for_row(submit, 0)
            in_a_row, told = 0, 0
            for kind in self._kinds:
                if kind in RESTARTING:
                    in_a_row = 1 if len(submit.told) > told else in_a_row + 1
                    if in_a_row > UNANSWERED_MAX:
                        self._wait_for_row(submit, told)
                        in_a_row = 1
                    told = len(submit.told)
                time.sleep(self._campaign.rng.uniform(0.2, 4.0))
                if submit.process.poll() is not None:
                    return
                if {**PASSING, **ENDING}[kind](submit):
                    self._campaign.injected[kind] += 1
                    outcomes.append(kind)

        submit, is_in_time = self._submit(inject)
        code = submit.process.returncode
        last = outcomes[-1] if outcomes else "none"
        self._campaign.codes[last, code] += 1
        expected = CODES.get(last, {0, 1})
        if sum(kind in RESTARTING for kind in outcomes) > UNANSWERED_MAX and "times in vain" in "".join(submit.errors):
            expected = expected | {4}  # faults came faster than Ray starts, and the submit said so
        # The last fault may come after the last row, when nothing is left to end.
        if is_in_time and code not in expected and not (code in (0, 1) and len(submit.told) >= UNITS):
            self.fail(f"exit code {code} instead of {sorted(expected)}: {''.join(submit.errors[-2:]).strip()}")
        if code in (0, 1, 4) and not list((self._results / "reports").glob("*.md")):
            self.fail("no report")
        if code == 3 and last in {*DISK, "store removed"} and "featray: error:" not in "".join(submit.errors):
            self.fail("no message")
        self._check_store(submit, removed=last == "store removed")

    def _check_store(self, submit: Submit, *, removed: bool) -> None:
        """Check that every row that was told is in the store, or was counted as vanished."""
        stored = {row.key() for row in store.read(str(self._results), every_attempt=True).rows}
        missing = [key for key in submit.told if key not in stored]
        if removed:
            counted = re.search(r"(\d+) rows? of \S+ vanished", "".join(submit.errors))
            if missing and submit.process.returncode == 0:
                self._campaign.lost += len(missing)
                self.fail(f"{len(missing)} rows have vanished and nobody said so")
            elif missing and counted and int(counted[1]) != len(missing):
                self.fail(f"{len(missing)} rows have vanished, {counted[1]} were counted")
            for key in missing:
                del self._told[key]
        elif missing and self._kinds[-1] not in DISK:
            self._campaign.lost += len(missing)
            self.fail(f"{len(missing)} of {len(submit.told)} told rows are not in the store")

    def _judge(self, code: int) -> None:
        """Judge the store after the last submit."""
        attempts = store.read(str(self._results), every_attempt=True).rows
        final = store.read(str(self._results)).rows
        checked = store.check(str(self._results))
        self._campaign.rows += len(attempts)
        keys = {row.key() for row in attempts}
        lost = [key for key in self._told if key not in keys]
        if lost:
            self._campaign.lost += len(lost)
            self.fail(f"{len(lost)} told rows are gone in the end")
        if checked.duplicates or len(keys) != len(attempts):
            self._campaign.doubled += checked.duplicates
            self.fail(f"{checked.duplicates} rows are doubled")
        if checked.problems and "store removed" not in self._kinds:
            self.fail(f"the store has problems: {checked.problems[0]}")
        statuses = collections.Counter(row.status for row in final)
        crashed = statuses.pop("crashed", 0)
        if len(final) != UNITS or set(statuses) != {"ok"} or (code != 0) != bool(crashed):
            self.fail(f"ends with {len(final)} of {UNITS} units, {dict(statuses)}, {crashed} crashed, exit code {code}")
        self._check_calls({row.key(): row for row in attempts if row.status == "ok"})

    def _check_calls(self, measured: Mapping[RowKey, Any]) -> None:
        """Check that the detector made at least the calls that the rows claim."""
        calls: collections.Counter[int] = collections.Counter()
        for file in self._log.glob("*.jsonl"):
            for line in file.read_text(encoding="utf-8").splitlines():
                calls[json.loads(line)["batch"]] += 1
        claimed: collections.Counter[int] = collections.Counter()
        for row in measured.values():
            claimed[row.batch_size] += CALLS
        if any(calls[batch] < count for batch, count in claimed.items()):
            self.fail(f"rows claim {dict(claimed)} calls, the detector made {dict(calls)}")

    def check_processes(self) -> None:
        """Check that no process of this round is left."""
        left = list(_processes_of(self._folder))
        if left:
            self._campaign.left += len(left)
            self.fail(f"{len(left)} processes are left: {left[0].name()}")
            for process in left:
                with contextlib.suppress(psutil.Error):
                    process.kill()


def _processes_of(folder: Path) -> Iterator[psutil.Process]:
    """List the processes that a round started, by its cache in their environment."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            is_of_round = process.environ().get("FEATRAY_CACHE") == str(folder / "cache")
            if is_of_round and process.status() != psutil.STATUS_ZOMBIE:
                yield process


def main() -> int:
    """Run the campaign and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fewest", type=int, default=1, help="faults of a round; more make the campaign shorter")
    parser.add_argument("--folder", type=Path, help="keeps the rounds that fail; default: a temporary folder")
    options = parser.parse_args()
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # a shell's background job is deaf to it, and so are its children
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    folder = options.folder or Path(tempfile.mkdtemp(prefix="featray-campaign-"))
    campaign = Campaign(folder, options.seed, options.fewest)
    campaign.run(options.faults)
    campaign.print_table()
    return 1 if campaign.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
