"""Fuzz: damaged sweeps, cluster files, inventories, rows and store files; nothing may end in a traceback.

    uv run python -m tests.benchmarks.fuzz [--seed 0] [--share 1.0]

It takes 10,000 sweeps, 3,000 cluster files, 3,000 inventories, 5,000 rows, and a parquet file of one row with each byte
changed. A sweep, cluster file or inventory is read and planned, or refused by an error of featray's. A row
is stored, read and reported, or named. Of a changed file the row is read as it was, or the file is named: a value that
has silently become null or another is counted. Exit code 1 where there is a traceback or a silent change.
"""

import argparse
import collections
import copy
import dataclasses
import functools
import json
import random
import sys
import tempfile
import time
import traceback
import typing
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

import featray
from featray import store, sweep
from featray.api.export import FORMATS
from featray.cluster import cluster_file
from featray.core.row import Row, columns
from featray.errors import FeatrayError
from featray.host import clips
from featray.planning import inventory
from featray.running import preparation
from featray.running.preparation import SubmitRequest
from tests.support.builders import make_row
from tests.support.plans import make_inventory
from tests.support.replays import NOW

ROOT = Path(__file__).parent.parent.parent
SWEEPS, CLUSTERS, INVENTORIES, ROWS, ROWS_OF_A_STORE = 10_000, 3_000, 3_000, 5_000, 25
PAGES_EVERY = 10  # stores of which one is also written as a page, a bundle and a dataset, which takes seconds

WORDS = (
    "",
    " ",
    "null",
    "~",
    "NaN",
    ".inf",
    "\x1b[31m",
    "../../etc",
    "~no-such-user/clip.mp4",
    "[" * 2000,
    "a" * 5000,
    "cpu",
    "cuda:9",
    "é\u202e",
)
NUMBERS = (0, -1, 1, 2**31, 2**63, 2**64, -(2**63), 10**400, 1.5, -0.0, 5e-324, 1e308, float("nan"), float("inf"))
LINES = ("\t", "- ", ": ", "&a ", "*a", "!!python/object:os.system ", "%", "---\n", "{", "]", "'", '"', "\x00", "<<: ")


def any_leaf(draw: random.Random) -> Any:
    """Draw a value that a file may hold anywhere."""
    values: tuple[Any, ...] = (
        draw.choice(WORDS),
        draw.choice(NUMBERS),
        None,
        True,
        [],
        {},
        [None],
        {"": 0},
        {1: 2},
        [[[]]],
    )
    return draw.choice(values)


def mutate(draw: random.Random, content: Any) -> Any:
    """Change a few places of a tree of mappings and lists."""
    changed = copy.deepcopy(content)
    for _ in range(draw.randint(1, 3)):
        place, key = _any_place(draw, changed)
        if place is None:
            return any_leaf(draw)
        action = draw.randrange(5)
        if action == 0:
            place[key] = any_leaf(draw)
        elif action == 1:
            del place[key]
        elif action == 2:
            place[key] = [place[key], any_leaf(draw)]
        elif action == 3:
            place[key] = {draw.choice(WORDS): place[key]}
        elif isinstance(place, dict):
            place[draw.choice((*WORDS, "name", "axes", "hosts", "faces"))] = any_leaf(draw)
        else:
            place.append(copy.deepcopy(draw.choice(place)))
    return changed


def _any_place(draw: random.Random, tree: Any) -> tuple[Any, Any]:
    """Draw a container of a tree and a key of it."""
    places = [
        (place, key) for place in _containers(tree) for key in (place if isinstance(place, dict) else range(len(place)))
    ]
    return draw.choice(places) if places else (None, None)


def _containers(tree: Any) -> Iterator[Any]:
    if isinstance(tree, dict | list):
        yield tree
        for value in tree.values() if isinstance(tree, dict) else tree:
            yield from _containers(value)


def damage(draw: random.Random, text: str) -> str:
    """Change a text in a few places, whatever it means."""
    for _ in range(draw.randint(1, 4)):
        start = draw.randrange(len(text) + 1)
        end = min(len(text), start + draw.choice((0, 0, 1, 5, 40)))
        text = text[:start] + draw.choice((*LINES, *WORDS[:7], "\n", "  ", "")) + text[end:]
    return text


class Fuzz:
    """What came of each kind, and the tracebacks."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.draw = folder, random.Random(seed)
        self.results: collections.Counter[tuple[str, str]] = collections.Counter()
        self.tracebacks: collections.Counter[str] = collections.Counter()
        self.silent: list[str] = []

    def attempt(self, kind: str, work: Callable[[], object]) -> None:
        """Do something that must succeed or be refused."""
        try:
            work()
            self.results[kind, "accepted"] += 1
        except FeatrayError:
            self.results[kind, "refused"] += 1
        except Exception as wrong:  # noqa: BLE001 - what this program looks for
            self.results[kind, "traceback"] += 1
            last = traceback.extract_tb(wrong.__traceback__)[-1]
            text = f"{kind}: {type(wrong).__name__} in {Path(last.filename).name}:{last.lineno}: {wrong}"[:200]
            if text not in self.tracebacks:
                print(text, *traceback.format_tb(wrong.__traceback__), sep="\n", flush=True)
            self.tracebacks[text] += 1

    def yaml_files(self, kind: str, shipped: list[Path], number: int, work: Callable[[Path], object]) -> None:
        """Damage shipped files in their structure or their text."""
        texts = [path.read_text(encoding="utf-8") for path in shipped]
        trees = [yaml.safe_load(text) for text in texts]
        file = self.folder / "fuzzed.yaml"
        for _ in range(number):
            index = self.draw.randrange(len(texts))
            if self.draw.random() < 0.6:
                text = yaml.safe_dump(mutate(self.draw, trees[index]), allow_unicode=True)
            else:
                text = damage(self.draw, texts[index])
            file.write_text(text, encoding="utf-8")
            self.attempt(kind, lambda: work(file))

    def inventories(self, number: int) -> None:
        """Damage a recorded inventory, read it and plan on it."""
        path = ROOT / "clusters" / "liquidswords2.inventory.json"
        text = path.read_text(encoding="utf-8")
        tree = json.loads(text)
        (self.folder / "cpu.yaml").write_text(
            "detectors: [retinaface]\ninputs: [short]\naxes: {device: [cpu, cuda], batch_size: 1}\n", encoding="utf-8"
        )
        request = SubmitRequest(
            sweep=sweep.load(self.folder / "cpu.yaml", probe_clip=clips.probe), results=str(self.folder / "none")
        )
        for _ in range(number):
            content = json.dumps(mutate(self.draw, tree)) if self.draw.random() < 0.7 else damage(self.draw, text)
            self.attempt("inventories", lambda content=content: self._plan(request, content))  # type: ignore[misc] # the value of this turn

    def _plan(self, request: SubmitRequest, content: str) -> None:
        preparation.prepare(request, inventory.from_json(content, "fuzzed.json"), now=NOW)

    def rows(self, number: int) -> None:
        """Store rows with any values, and do with them what users do."""
        for index in range(number // ROWS_OF_A_STORE):
            results = str(self.folder / f"rows-{index}")
            rows = [any_row(self.draw) for _ in range(ROWS_OF_A_STORE)]
            self.attempt("rows", lambda: self._store(results, rows))  # noqa: B023 - called at once
            for use in self._uses(results, is_long=index % PAGES_EVERY == 0):
                self.attempt("rows", use)
            self.results["rows", "made"] += len(rows)

    def _store(self, results: str, rows: list[Row]) -> None:
        store.append(results, rows)
        store.append(results, [make_row(run_id=run, invocation=9) for run in ("demo-1", "demo-2")])

    def _uses(self, results: str, *, is_long: bool) -> Iterator[Callable[[], object]]:
        """Give everything that reads rows; with `is_long`, also what takes seconds."""
        output = self.folder / "output"

        def report(form: str) -> None:
            featray.report("demo-1", results=results, baseline="demo-2", form=form, output=self.folder / "report")

        def history() -> None:
            found = featray.history(results=results)
            _read_strictly(found.to_json())
            found.text()

        def export(to: str) -> None:
            for name, text in featray.export(to, results=results, everything=True, output=output).files.items():
                for line in text.splitlines() if name.endswith("jsonl") else [text] if name.endswith("json") else []:
                    _read_strictly(line)

        for form in ("markdown", "json", *(["html"] if is_long else [])):
            yield functools.partial(report, form)
        yield lambda: _read_strictly((self.folder / "report").read_text(encoding="utf-8")) if not is_long else None
        yield lambda: featray.compare("demo-1", "demo-2", results=results)
        yield lambda: featray.recommend(results=results)
        yield lambda: featray.suggest("demo-1", results=results)
        yield lambda: featray.estimate(hours=1.0, detector="retinaface", results=results)
        yield lambda: featray.load(results=results)
        yield history
        for to in FORMATS if not is_long else (*FORMATS, "bundle", "hf-dataset"):
            yield functools.partial(export, to)

    def flipped_bytes(self) -> None:
        """Change each byte of a file of one row, and read it by every road.

        Each byte is turned over whole; of every fourth byte one bit is as well.
        """
        results = str(self.folder / "flipped")
        row = make_row()
        file = Path(results) / "rows" / store.append(results, [row])
        content = file.read_bytes()
        for place in range(len(content)):
            for change in (0xFF, 1 << self.draw.randrange(8))[: 2 - bool(place % 4)]:
                file.write_bytes(content[:place] + bytes([content[place] ^ change]) + content[place + 1 :])
                self.attempt("bytes", lambda: self._read_flipped(results, row, f"byte {place} ^ {change:#x}"))  # noqa: B023 - called at once

    def _read_flipped(self, results: str, row: Row, what: str) -> None:
        reading, keys, checked = store.read(results), store.keys(results), store.check(results)
        frame, problems = store.load(results, columns=["cell_id"])
        roads: dict[str, tuple[list[Any], list[Any], object]] = {
            "read": (list(reading.rows), [row], reading.problems),
            "keys": ([unit.key() for unit in keys.units], [row.key()], keys.problems),
            "load": (list(frame["cell_id"]), [row.cell_id], problems),
        }
        for road, (found, expected, named) in roads.items():
            if found != expected and not (not found and named):
                self.silent.append(f"{road}, {what}: {str(found)[:80]}")
        if reading.problems and not checked.problems:
            self.silent.append(f"check, {what}: sees nothing")


def _read_strictly(text: str) -> None:
    """Read JSON as most programs do, which know no NaN."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} in JSON")

    json.loads(text, parse_constant=refuse)


FLOATS = (float("nan"), float("inf"), -1.0, 0.0, 5e-324, 1e18, 1e308, None)
INTEGERS = (-(2**63), -1, 0, 1, 2**63 - 1, None)
TEXTS = ("", "\x1b[31m", "../../x", "[" * 5000, "null", '{"detector": {}}', "NaN", "0", "gpu", "=1+1", "\n# x", None)


def any_row(draw: random.Random) -> Row:
    """Make a row with up to three values that are of the column's type and may be anything else."""
    row = make_row(run_id=draw.choice(["demo-1", "demo-2"]), invocation=draw.randint(1, 4))
    changed = draw.sample([column for column in columns() if column.name != "schema_version"], draw.randint(1, 3))
    values = {column.name: _any_value(draw, column.type) for column in changed}
    left_out = {column.name for column in changed if not column.nullable and values[column.name] is None}
    return dataclasses.replace(row, **{name: value for name, value in values.items() if name not in left_out})


def _any_value(draw: random.Random, kind: Any) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is list:
        return draw.choice([None, [], [_any_value(draw, arguments[0]) for _ in range(draw.randint(1, 4))]])
    if origin is dict:
        name = draw.choice(["", "sec", "fps", "metadata", "config", "Roll"])
        return draw.choice([None, {}, {name: _any_value(draw, arguments[1])}])
    values: dict[Any, Any] = {str: TEXTS, float: FLOATS, int: INTEGERS, bool: (True, False, None)}
    return draw.choice(values[kind])


KINDS = ("sweeps", "clusters", "inventories", "rows", "bytes")


def main() -> int:
    """Run everything and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--share", type=float, default=1.0, help="of the numbers above")
    parser.add_argument("--only", nargs="*", choices=KINDS, help="these kinds alone, such as one after another")
    options = parser.parse_args()
    warnings.simplefilter("ignore", store.StoreWarning)  # of the rows that are set aside
    with tempfile.TemporaryDirectory(prefix="featray-fuzz-") as name:
        fuzz = Fuzz(Path(name), options.seed)
        hosts = make_inventory()

        def plan_sweep(path: Path) -> None:
            request = SubmitRequest(sweep=sweep.load(path, probe_clip=clips.probe), results=str(fuzz.folder / "none"))
            preparation.prepare(request, hosts, now=NOW)

        sweeps = [path for path in (ROOT / "sweeps").glob("*.yaml") if path.stem != "ceiling"]
        clusters = [ROOT / "clusters" / f"{stem}.yaml" for stem in ("lab", "local")]
        stages: dict[str, Callable[[], None]] = {
            "sweeps": lambda: fuzz.yaml_files("sweeps", sweeps, int(SWEEPS * options.share), plan_sweep),
            "clusters": lambda: fuzz.yaml_files(
                "clusters", clusters, int(CLUSTERS * options.share), cluster_file.load_hosts
            ),
            "inventories": lambda: fuzz.inventories(int(INVENTORIES * options.share)),
            "rows": lambda: fuzz.rows(int(ROWS * options.share)),
            "bytes": fuzz.flipped_bytes,
        }
        for kind, run in stages.items():
            if options.only and kind not in options.only:
                continue
            begun = time.monotonic()
            run()
            counts = {result: count for (of, result), count in fuzz.results.items() if of == kind}
            print(f"{kind:12} {counts}, {time.monotonic() - begun:.0f} s", flush=True)
    for text, count in fuzz.tracebacks.most_common():
        print(f"traceback, {count} times: {text}")
    for text in fuzz.silent[:20]:
        print(f"silent: {text}")
    print(f"tracebacks {fuzz.tracebacks.total()}, silent changes {len(fuzz.silent)}")
    return 1 if fuzz.tracebacks or fuzz.silent else 0


if __name__ == "__main__":
    sys.exit(main())
