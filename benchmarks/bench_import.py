"""How long a county export takes to import and how much memory, beside bare reading and inserting of the same rows.

    python benchmarks/bench_import.py [EXPORT]        (default: ../shared/platform)

Both run in processes of their own, turn about, so that the peak memory is theirs and a busy machine slows both.
To reach: 30 s on two cores, 400 MB.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import insert

from config import SHANGHAI
from knowledge import database
from knowledge.imports import readers

ROOT = Path(__file__).parent.parent
EXPORT = ROOT.parent / "shared" / "platform"
ROUNDS = 3
SECONDS, MEGABYTES = 30.0, 400.0


def whole(export: Path, url: str) -> int:
    """The import as `flask import` does it; returns the rows that were stored."""
    from datetime import datetime

    from knowledge.imports import import_paths

    engine = database.connect(url)
    database.migrate(engine)
    summary = import_paths(engine, [export], datetime.now(SHANGHAI))
    return sum(counts.stored for counts in summary.datasets.values())


def bare(export: Path, url: str) -> int:
    """Cells read and put as text into one table, nothing understood: what no import can be quicker than."""
    from sqlalchemy import Column, Integer, MetaData, Table, Text

    engine = database.connect(url)
    metadata = MetaData()
    table = Table("cells", metadata, Column("id", Integer, primary_key=True), Column("row", Text))
    metadata.create_all(engine)
    count = 0
    with engine.begin() as connection:
        for path in sorted(export.rglob("*")):
            if path.suffix.lower() in readers.TABULAR and not path.name.startswith("_"):
                for grid in readers.read(path):
                    rows = [{"row": json.dumps([str(cell) for cell in row], ensure_ascii=False)} for row in grid.rows]
                    if rows:
                        connection.execute(insert(table), rows)
                        count += len(rows)
    return count


def measured(work: str, export: Path) -> tuple[float, float, int]:
    """Seconds, peak megabytes and rows of one run in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, f"--{work}", str(export), f"sqlite:///{folder}/bench.db"]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    seconds, megabytes, rows = json.loads(done.stdout)
    return seconds, megabytes, rows


def main() -> int:
    """Prints the medians and their ratio; 1 where the aim is missed."""
    if len(sys.argv) == 4:
        work = {"--whole": whole, "--bare": bare}[sys.argv[1]]
        start = time.perf_counter()
        rows = work(Path(sys.argv[2]), sys.argv[3])
        seconds = time.perf_counter() - start
        print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, rows]))
        return 0
    export = Path(sys.argv[1]) if len(sys.argv) > 1 else EXPORT
    if not export.is_dir():
        print(f"no county export at {export}: nothing measured")
        return 0
    runs: dict[str, list[tuple[float, float, int]]] = {"bare": [], "whole": []}
    for _ in range(ROUNDS):
        for name, done in runs.items():
            done.append(measured(name, export))
    middle = {name: sorted(done)[len(done) // 2] for name, done in runs.items()}
    for name, label in (("bare", "reading and inserting alone"), ("whole", "import")):
        seconds, megabytes, rows = middle[name]
        print(f"{label:28} {seconds:6.1f} s  {megabytes:5.0f} MB  {rows:6} rows  {rows / seconds:7.0f} rows/s")
    seconds, megabytes, _ = middle["whole"]
    print(f"{'ratio':28} {seconds / middle['bare'][0]:6.1f}    (aim: {SECONDS:.0f} s, {MEGABYTES:.0f} MB)")
    return int(seconds > SECONDS or megabytes > MEGABYTES)


if __name__ == "__main__":
    sys.exit(main())
