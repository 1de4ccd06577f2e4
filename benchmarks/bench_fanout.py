"""A fan-out to a county: how many a second are put into the outbox and marked as sent, and what kill -9 costs.

`flask worker` runs as it always does (its own process, synchronous=NORMAL, a lease of two minutes), the gateway is an
HTTP server in a process of its own that takes everything and keeps count, and this process puts the messages in, a
thousand a transaction, while the worker sends. In the middle an emergency is put: how long until the gateway has it.
Beside it, in the same minute: the same requests without any outbox, and the outbox without any gateway.

    python benchmarks/bench_fanout.py --people 778000
    python benchmarks/bench_fanout.py --people 100000 --kills 20
    python benchmarks/bench_fanout.py --people 100000 --workers 2 --database postgresql     (one worker, then two)
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, select, text

from channels.base.sending import Letter, Wanted
from channels.outbox.worker import Worker
from channels.sms.kannel_sender import KannelSender
from config import Settings
from knowledge import database
from knowledge.outbox import Outbox, quiet
from knowledge.outbox_claims import Taken
from knowledge.service_tables import Outgoing
from tests.channels.fast_gateway import FastGateway
from tests.conftest import ROOT
from tests.servers import postgres_bin, postgresql

TEXT = "明天上午九点到下午五点停水，请提前存水。（来源：水务局 2026-11-23）"
CHUNK = 1000
BESIDE = 10_000
HANDS = Settings().kannel_connections

ROWS = database.table_of(Outgoing)
OPEN = ("queued", "sending")


# --- what runs -------------------------------------------------------------------------------------------------------


@contextmanager
def sqlite() -> Iterator[str]:
    """A new SQLite database."""
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/bench.db"


class Process:
    """`flask worker`, and the memory that it was seen to take, in MB."""

    def __init__(self, url: str, gateway: FastGateway) -> None:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("XIANGYIN_")} | {
            "XIANGYIN_DATABASE_URL": url,
            "XIANGYIN_KANNEL_SEND_URL": gateway.url,
            "XIANGYIN_KANNEL_SECRET": "bench",
            "XIANGYIN_KANNEL_PER_SECOND": "100000",
        }
        command = [sys.executable, "-m", "flask", "worker"]
        self.popen = subprocess.Popen(command, cwd=ROOT, env=environ, stderr=subprocess.DEVNULL)
        self.memory: list[float] = []

    def look(self) -> None:
        """Note the memory."""
        for line in Path(f"/proc/{self.popen.pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmRSS:"):
                self.memory.append(int(line.split()[1]) / 1024)

    def cpu(self) -> float:
        """The seconds of CPU that it has taken."""
        return cpu(self.popen.pid)

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait()


def cpu(pid: int) -> float:
    """The seconds of CPU that a process has taken."""
    ticks = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


class Run:
    """One fan-out: an empty database, a gateway and workers."""

    def __init__(self, url: str, people: int, workers: int) -> None:
        self.url = url
        self.people = people
        self.engine: Engine = database.connect(url)
        database.migrate(self.engine)
        self.outbox = Outbox(database.sessions(self.engine))
        self.gateway = FastGateway()
        self.workers = [Process(url, self.gateway) for _ in range(workers)]
        self.kind: Any = "reply" if quiet(Settings().now()) else "announcement"  # at night announcements wait

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()
        self.gateway.stop()
        self.engine.dispose()

    def warm(self) -> None:
        """Have each worker sent something, so that what is measured is not how long they take to start."""
        self.outbox.put([wanted("reply", number) for number in range(-HANDS * 8, 0)], Settings().now())
        while self.gateway.count() < HANDS * 8 or self.left():
            time.sleep(0.1)
        time.sleep(5)

    def put(self) -> None:
        """Put everything in, as a fan-out does: so many rows a transaction."""
        for first in range(0, self.people, CHUNK):
            numbers = range(first, min(first + CHUNK, self.people))
            self.outbox.put([wanted(self.kind, number) for number in numbers], Settings().now())

    def left(self) -> int:
        with self.engine.connect() as connection:
            return connection.scalar(select(func.count()).where(ROWS.c.state.in_(OPEN))) or 0

    def all_sent(self) -> bool:
        with self.engine.connect() as connection:
            left = connection.scalar(select(ROWS.c.id).where(ROWS.c.state.in_(OPEN)).limit(1))
        return left is None


def wanted(kind: Any, number: int) -> Wanted:
    """A message of an announcement to one of the people."""
    return Wanted("sms", f"139{abs(number):08}", TEXT, kind, f"{kind} {number}", person=f"139{abs(number):08}")


# --- what is measured ------------------------------------------------------------------------------------------------


def plain(url: str, people: int, workers: int) -> None:
    """The rate, the memory, and an emergency in between."""
    run = Run(url, people, workers)
    try:
        run.warm()
        before = run.gateway.count()
        spent = [sum(worker.cpu() for worker in run.workers), cpu(run.gateway.process.pid), time.process_time()]
        begun = time.perf_counter()
        putting = threading.Thread(target=run.put)
        putting.start()
        urgent: float | None = None
        marks: list[tuple[float, int]] = []
        while (count := run.gateway.count() - before) < people + (urgent is not None):
            marks.append((time.perf_counter() - begun, count))
            for worker in run.workers:
                worker.look()
            if urgent is None and count > people / 2:
                urgent = emergency(run)
            time.sleep(0.5)
        putting.join()
        while not run.all_sent():
            time.sleep(0.05)
        took = time.perf_counter() - begun
        now = [sum(worker.cpu() for worker in run.workers), cpu(run.gateway.process.pid), time.process_time()]
        each = [(after - before) / people * 1000 for before, after in zip(spent, now, strict=True)]
        ledger = run.gateway.ledger()
        doubled = sum(times - 1 for times in ledger.values())
        print(
            f"  put and marked as sent: {people / took:7.0f} a second ({people} in {took:.0f} s, {workers} worker(s))"
        )
        print("  CPU a message: worker {:.2f} ms, gateway {:.2f} ms, putting in {:.2f} ms".format(*each))
        tenths = [marks[len(marks) * tenth // 10][1] for tenth in range(10)] + [people]
        times = [marks[len(marks) * tenth // 10][0] for tenth in range(10)] + [took]
        rates = [(tenths[i + 1] - tenths[i]) / max(times[i + 1] - times[i], 1e-9) for i in range(10)]
        print(f"  in each tenth of the time: {' '.join(f'{rate:.0f}' for rate in rates)} a second")
        print(f"  twice: {doubled}; the emergency in the middle was at the gateway after {urgent or 0:.2f} s")
        for worker in run.workers:
            memory = [worker.memory[len(worker.memory) * tenth // 10] for tenth in range(10)] + [worker.memory[-1]]
            print(f"  memory of the worker over time: {' '.join(f'{each:.0f}' for each in memory)} MB")
    finally:
        run.close()


def emergency(run: Run) -> float:
    """Put one, and wait until it is sent: seconds."""
    begun = time.perf_counter()
    run.outbox.put([Wanted("sms", "13900000000", "洪水，马上转移。", "emergency", "flood")], Settings().now())
    with run.engine.connect() as connection:
        query = select(ROWS.c.state).where(ROWS.c.key == "flood")
        while connection.scalar(query) != "sent":
            connection.rollback()
            time.sleep(0.01)
    return time.perf_counter() - begun


def kills(url: str, people: int, workers: int, times: int) -> None:
    """The worker dies at random moments and is started again; then the gateway's ledger is laid beside the table."""
    run = Run(url, people, workers)
    chance = random.Random(20261123)
    try:
        run.warm()
        before = run.gateway.count()
        begun = time.perf_counter()
        putting = threading.Thread(target=run.put)
        putting.start()
        doubtful: list[int] = []
        for moment in sorted(chance.randrange(people) for _ in range(times)):
            while run.gateway.count() - before < moment:
                time.sleep(0.001)
            victim = chance.randrange(workers)
            run.workers[victim].kill()
            time.sleep(0.2)
            if workers == 1:
                with run.engine.connect() as connection:
                    held = connection.scalar(select(func.count()).where(ROWS.c.state == "sending"))
                    doubtful.append((held or 0) - sum(doubtful) + reclaimed(run))
            run.workers[victim] = Process(url, run.gateway)
        putting.join()
        while not run.all_sent():
            time.sleep(1)
        took = time.perf_counter() - begun
        ledger = run.gateway.ledger()
        with run.engine.connect() as connection:
            rows = connection.execute(select(ROWS.c.id, ROWS.c.state, ROWS.c.uncertain)).all()
    finally:
        run.close()
    lost = [row.id for row in rows if not ledger.get(row.id)]
    doubled = sum(count - 1 for count in ledger.values())
    uncounted = [row.id for row in rows if ledger.get(row.id, 0) > 1 + row.uncertain]
    uncertain = sum(row.uncertain for row in rows)
    states = Counter(row.state for row in rows)
    print(f"  {times} kills in {people} messages, {took:.0f} s with {times} starts and the lease of two minutes")
    print(f"  states: {dict(states)}; lost: {len(lost)}; twice: {doubled}, of them not counted: {len(uncounted)}")
    print(
        f"  in doubt after a kill: {uncertain} = {uncertain / times:.1f} a kill, at most {times * HANDS} = one a thread"
    )
    if doubtful:
        print(f"  left behind by each kill: {' '.join(map(str, doubtful))}")
    assert not lost, "messages were lost"
    assert not uncounted, "messages came twice without being counted"
    assert doubled <= uncertain <= times * HANDS
    assert len(rows) == people + HANDS * 8


def reclaimed(run: Run) -> int:
    """How many strays were queued again so far."""
    with run.engine.connect() as connection:
        return int(connection.scalar(select(func.sum(ROWS.c.uncertain))) or 0)


# --- beside it -------------------------------------------------------------------------------------------------------


class Nowhere:
    """A gateway that costs nothing."""

    name = "kannel"
    channel = "sms"
    per_second = 1e9
    at_once = HANDS

    def send(self, letter: Letter) -> None:
        pass

    def has(self, letter: Letter) -> bool | None:
        return None

    def collect(self) -> int:
        return 0


def beside(url: str) -> None:
    """The requests alone, and the outbox alone."""
    gateway = FastGateway()
    sender = KannelSender(Settings(kannel_send_url=gateway.url, kannel_secret="bench"))
    now = Settings().now()

    def ask() -> None:
        for _ in range(BESIDE // HANDS):
            sender.send(Taken(1, 1, now, now, "13900000000", TEXT, 1))

    rate = timed(BESIDE, [threading.Thread(target=ask) for _ in range(HANDS)])
    gateway.stop()
    print(f"  the same requests alone, {HANDS} threads: {rate:7.0f} a second")
    engine = database.connect(url)
    database.migrate(engine)
    outbox = Outbox(database.sessions(engine))
    for first in range(0, BESIDE, CHUNK):
        outbox.put([wanted("reply", number) for number in range(first, first + CHUNK)], now)
    worker = Worker(outbox, Nowhere(), Settings().now)

    def work() -> None:
        wait = 0.0
        while not wait or worker.rest(wait):
            wait = worker.step()
        worker.finish()

    print(f"  the outbox alone:                     {timed(BESIDE, [threading.Thread(target=work)]):7.0f} a second")
    commits = []
    for _ in range(200):
        begun = time.perf_counter()
        with engine.begin() as connection:
            connection.execute(text("UPDATE outbox SET reason = reason WHERE id = 1"))
        commits.append(time.perf_counter() - begun)
    print(f"  a bare commit: {statistics.median(commits) * 1000:.2f} ms")
    with engine.begin() as connection:
        connection.execute(ROWS.delete())
    engine.dispose()


def timed(count: int, threads: list[threading.Thread]) -> float:
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return count / (time.perf_counter() - begun)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--database", choices=["sqlite", "postgresql"])
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    made = {"sqlite": sqlite, "postgresql": postgresql}
    names = [options.database] if options.database else ["sqlite", *(["postgresql"] if postgres_bin() else [])]
    for name in names:
        if name == "sqlite" and options.workers > 1:
            continue
        if options.kills:
            with made[name]() as url:
                heading(name)
                kills(url, options.people, options.workers, options.kills)
            continue
        for workers in sorted({1, options.workers}):
            with made[name]() as url:
                heading(name)
                beside(url)
                plain(url, options.people, workers)


def heading(name: str) -> None:
    print(f"{name}; load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)


if __name__ == "__main__":
    main()
