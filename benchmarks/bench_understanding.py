"""Understanding: time a message, time to start, memory; beside jieba's segmentation of the same messages.

Messages are the training sentences; each is parsed once, so nothing is remembered. Times a message are those of the
processor, on one core: a busy machine does not count.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from datetime import date

START = """
import time; began = time.perf_counter(), time.process_time()
from datetime import date
from bot import understanding
from knowledge import names, places
engine = understanding.embedded()
engine.parse("玉米多少钱一斤", date(2026, 11, 23))
took = time.perf_counter() - began[0], time.process_time() - began[1]
import json, resource
print(json.dumps([*took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def started() -> tuple[float, float, float]:
    """Seconds until the first answer of a fresh process, those of them it computed, and its peak memory in MB."""
    done = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, check=True)
    took, computed, memory = json.loads(done.stdout)
    return took, computed, memory


def main() -> None:
    """Measure and print."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    starts = [started() for _ in range(5)]
    took, computed, memory = (statistics.median(column) for column in zip(*starts, strict=True))
    print(f"start to first answer: {took:.2f} s ({computed:.2f} s of computing); peak memory {memory:.0f} MB")

    from bot import understanding
    from bot.understanding import training
    from bot.understanding.query import Names
    from knowledge.names import commodity_aliases
    from knowledge.places import load as load_places
    from knowledge.places import short_name

    places = load_places()
    names: Names = {
        "village": {p.code: (p.name, short_name(p.name)) for p in places if p.kind in {"village", "community"}},
        "town": {p.code: (p.name, short_name(p.name)) for p in places.towns},
        "commodity": {name: (name, *others) for name, others in commodity_aliases().items()},
    }
    engine = understanding.load().with_names(names)
    texts = list({example.text for example in training.read(understanding.DATA / "nlu").examples})[:2000]
    today = date(2026, 11, 23)
    engine.parse(texts[0], today)
    taken = []
    for text in texts:
        began = time.process_time()
        engine.parse(text, today)
        taken.append((time.process_time() - began) * 1e6)
    ordered = sorted(taken)
    print(
        f"{len(texts)} messages: median {statistics.median(taken):.0f} µs, 95 % within {ordered[len(ordered) * 95 // 100]:.0f} µs"
    )

    import jieba

    jieba.setLogLevel(60)
    jieba.initialize()
    taken = []
    for text in texts:
        began = time.process_time()
        jieba.lcut(text)
        taken.append((time.process_time() - began) * 1e6)
    print(f"jieba alone, cutting the same messages into words: median {statistics.median(taken):.0f} µs")


if __name__ == "__main__":
    main()
